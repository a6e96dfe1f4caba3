#include "run/network_run.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/random.hpp"
#include "record/traces.hpp"

namespace labile {
namespace {
namespace fs = std::filesystem;

/// Unit 0 of `pre` fires at given times, unit 0 of `post` too; one plastic synapse between them.
std::string replay(const std::string& pre_times, const std::string& post_times, const std::string& rest) {
  const auto zeros = [](const std::string& times) {
    std::string r = "[0";
    for (const char c : times)
      if (c == ',') r += ", 0";
    return r + "]";
  };
  return R"(seed = 5
[network]
dt = 1
duration = "6 s"
[[population]]
name = "pre"
model = "replay"
size = 1
units = )" +
         zeros(pre_times) + "\ntimes = [" + pre_times + R"(]
[[population]]
name = "driver"
model = "replay"
size = 1
units = )" +
         zeros(post_times) + "\ntimes = [" + post_times + R"(]
[[population]]
name = "post"
model = "lif_exp"
size = 1
t_ref = 50
[[projection]]
name = "plastic"
source = "pre"
target = "post"
connect = "all_to_all"
weight = 1
delay = 1
rule = "three_factor_stdp"
gate = "g"
eta = 0
[[projection]]
name = "drive"
source = "driver"
target = "post"
connect = "all_to_all"
weight = 1e6
delay = 1
[[field]]
name = "dopamine"
tau = "1000 s"
[[gate]]
name = "g"
text = "dopamine"
)" + rest;
}

NetworkCard card(const std::string& text, const std::vector<Override>& overrides = {}) {
  return parse_network_card(text, "n.toml", "", overrides);
}

class Folder {
 public:
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  fs::path path = fs::temp_directory_path() / ("labile_network_run_" + std::to_string(::getpid()));
};

std::vector<double> read(const fs::path& file, const std::string& path) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t d = H5Dopen2(f, path.c_str(), H5P_DEFAULT);
  const hid_t s = H5Dget_space(d);
  std::vector<double> r(static_cast<std::size_t>(H5Sget_simple_extent_npoints(s)));
  H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, r.data());
  H5Sclose(s);
  H5Dclose(d);
  H5Fclose(f);
  return r;
}

/// Runs with records into a file.
NetworkResult run_recorded(const NetworkCard& c, const fs::path& file, int threads = 1) {
  Traces traces(file);
  NetworkOptions options;
  options.threads = threads;
  options.traces = [&](int condition) { return condition == 0 ? &traces : nullptr; };
  auto r = run_network_card(c, options);
  traces.commit();
  return r;
}

double value(const NetworkResult& r, std::size_t measure, std::size_t cell = 0) {
  return r.cells.at(cell).values.at(measure).value;
}

TEST(NetworkRun, MeasuresAreThoseOfTheSpikesGiven) {
  // 20 ms apart from 100 ms on: 50 Hz within (1000, 2000], no spread of intervals.
  std::string times = "100";
  for (int t = 120; t <= 5000; t += 20) times += ", " + std::to_string(t);
  const auto r = run_network_card(card(replay(times, "1", R"([[measure]]
kind = "rate"
population = "pre"
from = 1000
to = 2000
[[measure]]
kind = "cv_isi"
population = "pre"
[[measure]]
kind = "weight_mean"
projection = ["plastic", "drive"]
[[measure]]
kind = "weight_sd"
projection = ["plastic", "drive"]
[[measure]]
kind = "weight_change"
projection = "plastic"
)")));
  EXPECT_DOUBLE_EQ(value(r, 0), 50);
  EXPECT_NEAR(value(r, 1), 0, 1e-9);
  EXPECT_DOUBLE_EQ(value(r, 2), (1e6 + 1) / 2);
  EXPECT_NEAR(value(r, 3), (1e6 - 1) / 2, 1e-6);
  EXPECT_EQ(value(r, 4), 0);
}

TEST(NetworkRun, CvOfTwoAlternatingIntervalsIsTheirs) {
  const auto r = run_network_card(card(replay("10, 20, 50, 60, 90", "1",
                                              "[[measure]]\nkind = \"cv_isi\"\n"
                                              "population = \"pre\"\n")));
  EXPECT_NEAR(value(r, 0), std::sqrt(400.0 / 3) / 20, 1e-12);  // 10, 30, 10, 30
}

TEST(NetworkRun, PulsesAndClampsActAtTheirTimes) {
  const Folder folder;
  const auto c = card(replay("1", "1", R"([[protocol]]
kind = "pulse"
field = "dopamine"
amount = 2
times = [10, 30]
[[protocol]]
kind = "clamp"
field = "dopamine"
value = 7
from = 50
to = 60
[[record]]
field = "dopamine"
every = 1
)"),
                      {{"network.duration", "100"}});
  (void)run_recorded(c, folder.path / "t.h5");
  const auto t = read(folder.path / "t.h5", "/fields/dopamine/t_ms");
  const auto x = read(folder.path / "t.h5", "/fields/dopamine/value");
  ASSERT_EQ(t.size(), 101u);
  const auto decayed = [](double from, double ms) { return from * std::exp(-ms / 1e6); };
  EXPECT_EQ(x[10], 0) << "a record at the time of a pulse shows what was before it";
  EXPECT_NEAR(x[11], decayed(2, 1), 1e-9);
  EXPECT_NEAR(x[31], decayed(decayed(2, 20) + 2, 1), 1e-9);
  for (int k = 51; k <= 60; ++k) EXPECT_EQ(x[static_cast<std::size_t>(k)], 7) << k;
  EXPECT_NEAR(x[61], decayed(7, 1), 1e-9);
}

TEST(NetworkRun, RewardFollowsACoincidenceAfterTheDrawnDelay) {
  const Folder folder;
  // `post` fires when the driver's spike arrives: at 101 + about 1. The second pair is too far apart.
  const std::string protocol = R"([[protocol]]
kind = "reward_on_coincidence"
projection = "plastic"
field = "dopamine"
amount = 1
window = 20
weight = 0.25
delay = { uniform = ["1 s", "3 s"] }
[[record]]
field = "dopamine"
every = 1
[[record]]
spikes = "post"
[[measure]]
kind = "rewards"
[[measure]]
kind = "chosen_weight"
)";
  const auto r = run_recorded(card(replay("90, 400", "100, 500", protocol)), folder.path / "t.h5");
  EXPECT_EQ(value(r, 0), 1);
  EXPECT_EQ(value(r, 1), 0.25);
  const auto post = read(folder.path / "t.h5", "/spikes/post/times_ms");
  ASSERT_EQ(post.size(), 2u);
  const auto x = read(folder.path / "t.h5", "/fields/dopamine/value");
  std::size_t first = 0;
  while (first < x.size() && x[first] == 0) ++first;
  const double delay = 1000 + 2000 * Draw{5, Purpose::protocol, 0}.uniform(0, 2);
  EXPECT_NEAR(static_cast<double>(first), post[0] + std::ceil(delay) + 1, 1.0);
  // In the other order there is none.
  EXPECT_EQ(value(run_network_card(card(replay("110", "100", protocol))), 0), 0);
}

TEST(NetworkRun, RewardMayStimulateANucleus) {
  const Folder folder;
  const std::string protocol = R"([[population]]
name = "VTA"
model = "poisson"
size = 100
rate = 0
[[protocol]]
kind = "reward_on_coincidence"
projection = "plastic"
population = "VTA"
value = 50
width = 200
delay = 300
[[record]]
spikes = "VTA"
[[record]]
spikes = "post"
[[measure]]
kind = "rewards"
)";
  const auto r = run_recorded(card(replay("90, 400", "100, 500", protocol)), folder.path / "t.h5");
  EXPECT_EQ(value(r, 0), 1);
  const double post = read(folder.path / "t.h5", "/spikes/post/times_ms")[0];
  const auto spikes = read(folder.path / "t.h5", "/spikes/VTA/times_ms");
  EXPECT_NEAR(static_cast<double>(spikes.size()), 1000, 4 * std::sqrt(1000));
  EXPECT_GE(spikes.front(), post + 300);
  EXPECT_LE(spikes.back(), post + 501);
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& said) {
    std::string text = protocol;
    text.replace(text.find(from), from.size(), to);
    try {
      (void)card(replay("90", "100", text));
      ADD_FAILURE() << "nothing was refused; wanted: " << said;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(said), std::string::npos) << e.what();
    }
  };
  refused("width = 200\n", "", "width");
  refused("population = \"VTA\"\n", "", "what rewards?");
  refused("value = 50\n", "value = 50\nfield = \"dopamine\"\namount = 1\n", "what rewards?");
}

const std::string kBalanced = R"(seed = 2
seeds = 3
[network]
dt = 0.1
duration = "100 ms"
[[population]]
name = "E"
model = "lif_exp"
size = 200
tau_m = 20
E_L = 0
V_th = 20
V_reset = 0
initial = { V = { uniform = [0, 20] } }
background = { rate = 9000, weight = 20 }
[[projection]]
name = "EE"
source = "E"
target = "E"
connect = { bernoulli = 0.1, autapses = false }
weight = { normal = [10, 1], min = 0 }
delay = { uniform = [1, 3] }
rule = "three_factor_stdp"
gate = "g"
tau_e = 200
eta = 0.1
w_max = 20
[[field]]
name = "dopamine"
[[gate]]
name = "g"
text = "dopamine"
[[protocol]]
name = "reward"
kind = "pulse"
field = "dopamine"
amount = 1
times = [20, 50]
[[condition]]
name = "none"
set = { "protocol.reward.amount" = 0 }
[[measure]]
kind = "rate"
population = "E"
[[measure]]
kind = "weight_change"
projection = "EE"
[[measure]]
kind = "weight_sd"
projection = "EE"
[[prediction]]
claim = "no dopamine, no change"
metric = "weight_sd"
contrast = ["intact", "none"]
relation = "difference > 0"
)";
const std::string kRecords = R"([[record]]
spikes = "E"
[[record]]
rates = "E"
every = 10
[[record]]
state = "V"
of = "E"
units = [0, 7]
every = 0.3
[[record]]
gate = "g"
every = 1
[[record]]
synapses = "EE"
sources = [0, 5]
every = 10
)";

TEST(NetworkRun, ResultsDependOnNeitherThreadsNorRecords) {
  const Folder folder;
  const auto plain = run_network_card(card(kBalanced), {.threads = 1, .traces = {}, .progress = {}});
  const auto threads = run_network_card(card(kBalanced), {.threads = 4, .traces = {}, .progress = {}});
  const auto recorded = run_recorded(card(kBalanced + kRecords), folder.path / "t.h5", 2);
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t m = 0; m < 3; ++m)
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(plain.cells[c].samples[m][k].num, threads.cells[c].samples[m][k].num);
        EXPECT_EQ(plain.cells[c].samples[m][k].num, recorded.cells[c].samples[m][k].num);
      }
  EXPECT_NE(plain.cells[0].samples[0][0].num, plain.cells[0].samples[0][1].num)
      << "another seed, another network";
  EXPECT_NE(plain.cells[0].samples[1][0].num, 0);
  EXPECT_EQ(plain.cells[1].samples[1][0].num, 0);
  EXPECT_EQ(plain.predictions.at(0).verdict, "supported");
}

TEST(NetworkRun, NetworkKIsThatOfSeedPlusK) {
  const auto three = run_network_card(card(kBalanced));
  const auto last = run_network_card(card(kBalanced, {{"seed", "4"}, {"seeds", "1"}}));
  EXPECT_EQ(three.cells[0].samples[0][2].num, last.cells[0].samples[0][0].num);
}

TEST(NetworkRun, TracesAgreeWithEachOther) {
  const Folder folder;
  const fs::path file = folder.path / "t.h5";
  const auto r = run_recorded(card(kBalanced + kRecords, {{"seeds", "1"}}), file);
  const auto times = read(file, "/spikes/E/times_ms");
  const auto bins = read(file, "/rates/E/t_ms"), rates = read(file, "/rates/E/rate_hz");
  ASSERT_EQ(bins.size(), 10u);
  for (std::size_t b = 0; b < bins.size(); ++b) {
    const auto in = std::count_if(times.begin(), times.end(),
                                  [&](double t) { return t > bins[b] - 10 + 1e-9 && t <= bins[b] + 1e-9; });
    EXPECT_NEAR(rates[b], static_cast<double>(in) * 1000 / (10 * 200), 1e-9);
  }
  EXPECT_NEAR(value(r, 0), static_cast<double>(times.size()) / (200 * 0.1), 1e-9);
  EXPECT_EQ(read(file, "/state/E/V/values").size(), 2 * read(file, "/state/E/V/t_ms").size());
  const auto w = read(file, "/synapses/EE/w");
  const auto n = read(file, "/synapses/EE/target").size();
  EXPECT_EQ(w.size(), 11 * n);
  EXPECT_NE(std::vector<double>(w.begin(), w.begin() + static_cast<long>(n)),
            std::vector<double>(w.end() - static_cast<long>(n), w.end()));
}

TEST(NetworkRun, ACountIsJudgedAsACountAndAShareByItsInterval) {
  const std::string text = replay("1", "1", R"([[protocol]]
kind = "reward_on_coincidence"
projection = "plastic"
field = "dopamine"
amount = 1
delay = 1000
[[measure]]
id = "top"
kind = "chosen_in_top"
top = 1
[[prediction]]
claim = "count"
metric = "top"
contrast = ["intact"]
relation = "count >= 9"
[[prediction]]
claim = "share"
metric = "top"
contrast = ["intact"]
relation = "value >= 0.9"
[[prediction]]
claim = "low share"
metric = "top"
contrast = ["intact"]
relation = "value >= 0.5"
)");
  const auto r = run_network_card(card(text, {{"seeds", "10"}, {"network.duration", "10"}}));
  EXPECT_EQ(r.predictions[0].verdict, "supported");
  EXPECT_EQ(r.predictions[0].effect.value, 10);
  EXPECT_EQ(r.predictions[1].verdict, "undecided") << "ten of ten say no more than 72% or more";
  EXPECT_NEAR(r.predictions[1].effect.low, 0.7225, 1e-4);  // Wilson (1927)
  EXPECT_EQ(r.predictions[2].verdict, "supported");
}

TEST(NetworkRun, ResultsAreJsonThatNamesTheCard) {
  const auto r = run_network_card(card(kBalanced, {{"network.duration", "10"}}));
  const auto j = nlohmann::json::parse(results_json(r));
  EXPECT_EQ(j["conditions"].size(), 2u);
  EXPECT_EQ(j["cells"][0]["networks"]["rate"].size(), 3u);
  EXPECT_EQ(j["networks"][0]["populations"][0]["name"], "E");
  EXPECT_EQ(j["card"]["hash"], card_hash(card(kBalanced, {{"network.duration", "10"}})));
  EXPECT_EQ(nlohmann::json::parse(manifest_json(r))["seed"], 2);
}

}  // namespace
}  // namespace labile
