#include "network/read_network.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/output_file.hpp"
#include "run/network_card.hpp"

namespace labile {
namespace {

const std::string kSmall = R"(seed = 3
seeds = 4
[network]
dt = 0.1
duration = "1 s"
[[population]]
name = "E"
model = "lif_exp"
size = 80
tau_m = "0.02 s"
params = { C_m = 250 }
initial = { V = { uniform = [-70, -55] } }
noise = { normal = "0.1 nA", mean = 5 }
current = { times = ["0 ms", "0.5 s"], amplitude = [0, 100] }
drive = { I_mod = "20 * dopamine" }
[[population.background]]
rate = "8 kHz"
weight = 20
[[population.background]]
rate = 100
weight = -3
port = "GABA_A"
[[population]]
name = "VTA"
model = "poisson"
size = 5
rate = 4
[[projection]]
name = "EE"
source = "E"
target = "E"
connect = { fixed_indegree = 10, autapses = false }
weight = { normal = [20, 2], min = 0 }
delay = { uniform = [1, "2 ms"] }
dendritic = 0.5
rule = "three_factor_stdp"
gate = "reward"
eta = 0.5
w_max = "0.04 nA"
[[projection]]
source = "VTA"
target = "E"
connect = "all_to_all"
weight = 1
[[field]]
name = "dopamine"
tau = "0.2 s"
quantum = 0.1
sources = ["VTA"]
pulses = [[100, 0.5], ["0.2 s", 1]]
[[gate]]
name = "reward"
text = "dopamine - 0.1"
[[protocol]]
kind = "reward_on_coincidence"
name = "pairing"
projection = "EE"
field = "dopamine"
amount = 0.5
delay = { uniform = ["1 s", "3 s"] }
[[condition]]
name = "no reward"
set = { "protocol.pairing.amount" = 0, "projection.EE.eta" = 0.25 }
[[record]]
spikes = ["E", "VTA"]
[[record]]
synapses = "EE"
sources = [0, 3]
every = 10
[[measure]]
kind = "rate"
population = "E"
from = 200
[[measure]]
id = "top"
kind = "chosen_in_top"
[[prediction]]
claim = "reward finds its synapse"
metric = "top"
contrast = ["intact"]
relation = "count >= 3"
[[prediction]]
claim = "reward excites"
metric = "rate"
contrast = ["intact", "no reward"]
relation = "ratio >= 1"
)";

std::string with(const std::string& old, const std::string& now) {
  std::string s = kSmall;
  const auto at = s.find(old);
  if (at == std::string::npos) throw Bug("no '" + old + "' in the small card");
  return s.replace(at, old.size(), now);
}

NetworkCard parse(const std::string& text, const std::vector<Override>& overrides = {}) {
  return parse_network_card(text, "n.toml", "", overrides);
}

std::string refusal(const std::string& text, const std::vector<Override>& overrides = {}) {
  try {
    (void)parse(text, overrides);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

#define EXPECT_REFUSED(text, ...)                                                                    \
  do {                                                                                               \
    const std::string message = refusal(text);                                                       \
    for (const std::string& part : std::vector<std::string>{__VA_ARGS__})                            \
      EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message; \
  } while (false)

double number(const Settings& s, const std::string& key) {
  return std::get<double>(s.at(key).value);
}

TEST(ReadNetwork, HoldsWhatWasWritten) {
  const NetworkCard card = parse(kSmall);
  EXPECT_EQ(card.seed, 3u);
  EXPECT_EQ(card.seeds, 4);
  const NetworkCondition& c = card.conditions.at(0);
  EXPECT_EQ(c.name, "intact");
  EXPECT_DOUBLE_EQ(c.duration_ms, 1000);
  const NetworkSpec& n = c.network;
  EXPECT_DOUBLE_EQ(n.dt_ms, 0.1);
  const PopulationSpec& e = n.populations.at(0);
  EXPECT_EQ(e.size, 80);
  EXPECT_EQ(number(e.params, "C_m"), 250);
  EXPECT_TRUE(e.params.contains("tau_m"));
  EXPECT_EQ(e.initial.at(0).variable, "V");
  EXPECT_EQ(e.initial.at(0).value, (Distribution{Distribution::Kind::uniform, -70, -55}));
  EXPECT_EQ(e.noise.kind, NoiseSpec::Kind::normal);
  EXPECT_DOUBLE_EQ(e.noise.amplitude_pA, 100);
  EXPECT_DOUBLE_EQ(e.noise.mean_pA, 5);
  EXPECT_EQ(e.current.times_ms, (std::vector<double>{0, 500}));
  EXPECT_EQ(e.drive.at(0).text, "20 * dopamine");
  EXPECT_DOUBLE_EQ(e.background.at(0).rate_hz, 8000);
  EXPECT_EQ(e.background.at(1).port, "GABA_A");
  EXPECT_EQ(n.populations.at(1).model, "poisson");

  const ProjectionSpec& p = n.projections.at(0);
  EXPECT_EQ(p.connect.kind, ConnectivitySpec::Kind::fixed_indegree);
  EXPECT_EQ(p.connect.degree, 10);
  EXPECT_FALSE(p.connect.autapses);
  EXPECT_TRUE(p.connect.multapses);
  EXPECT_EQ(p.weight.kind, Distribution::Kind::normal);
  EXPECT_EQ(p.weight.lo, 0);
  EXPECT_DOUBLE_EQ(p.delay_ms.b, 2);
  EXPECT_EQ(p.gate, "reward");
  EXPECT_DOUBLE_EQ(number(p.params, "w_max"), 40) << "in the port's unit";
  EXPECT_EQ(n.projections.at(1).name, "VTA->E");
  EXPECT_EQ(n.projections.at(1).rule, "static");

  EXPECT_DOUBLE_EQ(n.fields.at(0).tau_ms, 200);
  EXPECT_DOUBLE_EQ(n.fields.at(0).pulses.at(1).time_ms, 200);
  EXPECT_EQ(n.gates.at(0).text, "dopamine - 0.1");
  EXPECT_EQ(c.protocols.at(0).delay_ms.b, 3000);
  EXPECT_EQ(card.records.size(), 3u) << "one for each population, one for the projection";
  EXPECT_EQ(card.measures.at(0).id, "rate");
}

TEST(ReadNetwork, ConditionsChangeWhatTheySetAndNothingElse) {
  const NetworkCard card = parse(kSmall);
  const auto &intact = card.conditions.at(0), &changed = card.conditions.at(1);
  EXPECT_EQ(intact.protocols.at(0).amount, 0.5);
  EXPECT_EQ(changed.protocols.at(0).amount, 0);
  EXPECT_EQ(number(intact.network.projections.at(0).params, "eta"), 0.5);
  EXPECT_EQ(number(changed.network.projections.at(0).params, "eta"), 0.25);
  std::string text = network_text(changed.network);
  text.replace(text.find("eta = 0.25"), 10, "eta = 0.5");
  EXPECT_EQ(text, network_text(intact.network));
}

TEST(ReadNetwork, OverridesReachEveryPart) {
  const NetworkCard card = parse(kSmall, {{"network.projection.EE.eta", "0"},
                                          {"population.E.params.tau_m", "30"},
                                          {"network.duration", "50"},
                                          {"protocol.0.window", "10"},
                                          {"measure.0.from", "0"},
                                          {"seed", "9"}});
  EXPECT_EQ(number(card.conditions[0].network.projections[0].params, "eta"), 0);
  EXPECT_EQ(number(card.conditions[1].network.projections[0].params, "eta"), 0.25) << "the condition's own";
  EXPECT_EQ(number(card.conditions[0].network.populations[0].params, "tau_m"), 30);
  EXPECT_EQ(card.conditions[0].duration_ms, 50);
  EXPECT_EQ(card.conditions[1].protocols[0].window_ms, 10);
  EXPECT_EQ(card.seed, 9u);
}

TEST(ReadNetwork, CanonicalTextReadsBackAsTheSameCard) {
  const NetworkCard card = parse(kSmall);
  const std::string text = canonical_text(card);
  EXPECT_EQ(canonical_text(parse(text)), text);
  EXPECT_EQ(card_hash(parse(text)), card_hash(card));
  EXPECT_NE(card_hash(parse(kSmall, {{"projection.EE.eta", "0.6"}})), card_hash(card));
  EXPECT_EQ(card_hash(parse(with("tau_m = \"0.02 s\"", "tau_m = 20"))), card_hash(card));
  EXPECT_NE(text.find("tau_e = 1000"), std::string::npos) << "defaults are written out";
}

TEST(ReadNetwork, EveryCardOfTheFolderReadsAndReadsBack) {
  int cards = 0;
  for (const auto& e : std::filesystem::directory_iterator(LABILE_SOURCE_DIR "/experiments/networks")) {
    if (e.path().extension() != ".toml") continue;
    const std::string text = read_file(e.path());
    EXPECT_TRUE(is_network_card(text, e.path().string()));
    const NetworkCard card = parse_network_card(text, e.path().string(), e.path().parent_path());
    const std::string canonical = canonical_text(card);
    EXPECT_EQ(canonical_text(parse_network_card(canonical, "canonical", e.path().parent_path())), canonical)
        << e.path();
    ++cards;
  }
  EXPECT_GE(cards, 4);
}

TEST(ReadNetwork, ReadsEveryWayToConnect) {
  using Kind = ConnectivitySpec::Kind;
  const auto connect = [](const std::string& text) {
    return parse(with("{ fixed_indegree = 10, autapses = false }", text))
        .conditions[0]
        .network.projections[0]
        .connect;
  };
  EXPECT_EQ(connect("\"one_to_one\"").kind, Kind::one_to_one);
  EXPECT_EQ(connect("{ fixed_outdegree = 7, multapses = false }").degree, 7);
  EXPECT_FALSE(connect("{ fixed_outdegree = 7, multapses = false }").multapses);
  const auto group = parse(with("{ fixed_indegree = 10, autapses = false }",
                                "{ fixed_outdegree = 7, among = [\"E\"], draw = 2 }"))
                         .conditions[0]
                         .network.projections[0];
  EXPECT_EQ(group.group, std::vector<std::string>{"E"});
  EXPECT_EQ(group.group_draw, 2);
  EXPECT_EQ(connect("{ bernoulli = \"5 %\" }").probability, 0.05);
  const auto d = connect("{ distance = { p = 0.3, sigma = 0.1 } }");
  EXPECT_EQ(d.kind, Kind::distance);
  EXPECT_EQ(d.probability, 0.3);
  EXPECT_EQ(d.sigma, 0.1);
  const auto folder = std::filesystem::temp_directory_path();
  const auto listed = [&](const std::string& file, const std::string& rows) {
    write_file(folder / file, "source,target\n" + rows);
    return parse_network_card(
        with("{ fixed_indegree = 10, autapses = false }", "{ list = \"" + file + "\" }"), "n.toml", folder);
  };
  const NetworkCard a = listed("labile_list_a.csv", "0,1\n"), b = listed("labile_list_b.csv", "0,1\n");
  EXPECT_EQ(a.conditions[0].network.projections[0].connect.file, (folder / "labile_list_a.csv").string());
  // The card's hash is that of the synapses, wherever their file lies.
  EXPECT_EQ(card_hash(a), card_hash(b));
  EXPECT_NE(card_hash(a), card_hash(listed("labile_list_b.csv", "0,2\n")));
  for (const char* file : {"labile_list_a.csv", "labile_list_b.csv"}) std::filesystem::remove(folder / file);
}

TEST(ReadNetwork, RefusesUnknownKeysAndNamesTheNearest) {
  EXPECT_REFUSED(with("tau_m = \"0.02 s\"", "tau_mm = 20"), "n.toml:10:", "population.E.tau_mm",
                 "did you mean 'tau_m'");
  EXPECT_REFUSED(with("drive = ", "drives = "), "did you mean 'drive'");
  EXPECT_REFUSED(with("eta = 0.5", "etta = 0.5"), "three_factor_stdp", "did you mean 'eta'");
  EXPECT_REFUSED(with("duration = ", "duraton = "), "did you mean 'duration'");
  EXPECT_REFUSED(with("quantum = 0.1", "quanta = 0.1"), "did you mean 'quantum'");
  EXPECT_REFUSED(with("[[field]]", "[[feild]]"), "did you mean 'field'");
  EXPECT_REFUSED(with("model = \"lif_exp\"", "model = \"lif_exq\""), "did you mean 'lif_exp'");
  EXPECT_REFUSED(with("rule = \"three_factor_stdp\"", "rule = \"three_factor\""), "three_factor_stdp");
  EXPECT_REFUSED(with("source = \"VTA\"", "source = \"VTB\""), "no population 'VTB'", "did you mean 'VTA'");
  EXPECT_REFUSED(with("gate = \"reward\"", "gate = \"rewart\""), "did you mean 'reward'");
  EXPECT_REFUSED(with("port = \"GABA_A\"", "port = \"GABA\""), "did you mean 'GABA_A'");
  EXPECT_REFUSED(with("V = {", "v_m = {"), "no state 'v_m'");
  EXPECT_REFUSED(with("I_mod = ", "I_mood = "), "did you mean 'I_mod'");
  EXPECT_REFUSED(with("rate = 4", "rte = 4"), "source 'poisson'", "did you mean 'rate'");
  EXPECT_REFUSED(with("spikes = [\"E\", \"VTA\"]", "spikes = [\"E\", \"VTAs\"]"), "did you mean 'VTA'");
  EXPECT_REFUSED(with("metric = \"top\"", "metric = \"tip\""), "did you mean 'top'");
  EXPECT_REFUSED(with("\"projection.EE.eta\" = 0.25", "\"projection.EF.eta\" = 0.25"), "no projection 'EF'");
}

TEST(ReadNetwork, RefusesNumbersThatCannotBe) {
  EXPECT_REFUSED(with("size = 80", "size = 0"), "n.toml:9:", "0 is out of bounds");
  EXPECT_REFUSED(with("size = 80", "size = 2.5"), "not a whole number");
  EXPECT_REFUSED(with("tau = \"0.2 s\"", "tau = -1"), "field.dopamine.tau", "out of bounds");
  EXPECT_REFUSED(with("tau = \"0.2 s\"", "tau = \"0.2 mV\""), "unit 'mV' does not fit");
  EXPECT_REFUSED(with("weight = 1", "weight = nan"), "is NaN");
  EXPECT_REFUSED(with("weight = 1", "weight = inf"), "projection.VTA->E.weight", "inf is out of bounds");
  EXPECT_REFUSED(with("rate = \"8 kHz\"", "rate = -1"), "out of bounds");
  EXPECT_REFUSED(with("delay = { uniform = [1, \"2 ms\"] }", "delay = -1"), "out of bounds");
  EXPECT_REFUSED(with("uniform = [1, \"2 ms\"]", "uniform = [2, 1]"), "must not exceed");
  EXPECT_REFUSED(with("normal = [20, 2]", "normal = [20, -2]"), "out of bounds");
  EXPECT_REFUSED(with("normal = [20, 2]", "normal = [20]"), "expected two numbers");
  EXPECT_REFUSED(with("normal = [20, 2]", "normal = [20, 2], uniform = [0, 1]"), "exclude each other");
  EXPECT_REFUSED(with("normal = [20, 2], min = 0", "lognormal = [-1, 2]"), "must be positive");
  EXPECT_REFUSED(with("times = [\"0 ms\", \"0.5 s\"]", "times = [500, 0]"), "must ascend");
  EXPECT_REFUSED(with("w_max = \"0.04 nA\"", "w_max = -1"), "w_min must be below w_max");
  EXPECT_REFUSED(with("w_max = \"0.04 nA\"", "w_max = \"40 mV\""), "unit 'mV' does not fit");
  EXPECT_REFUSED(with("duration = \"1 s\"", "duration = 0.25"), "whole number of steps");
  EXPECT_REFUSED(with("sources = [0, 3]", "sources = [0, 80]"), "units 0 to 79");
  EXPECT_REFUSED(with("from = 200", "from = 2000"), "lasts 1000 ms");
}

TEST(ReadNetwork, RefusesWhatContradictsItself) {
  EXPECT_REFUSED(with("name = \"VTA\"", "name = \"E\""), "a second population");
  EXPECT_REFUSED(with("params = { C_m = 250 }", "params = { tau_m = 250 }"), "given twice");
  EXPECT_REFUSED(
      with("target = \"E\"\nconnect = \"all_to_all\"", "target = \"VTA\"\nconnect = \"all_to_all\""),
      "source of spikes");
  EXPECT_REFUSED(with("autapses = false }", "bernoulli = 0.1 }"), "exclude each other");
  EXPECT_REFUSED(with("{ fixed_indegree = 10, autapses = false }", "{ bernoulli = 0.1, multapses = false }"),
                 "one synapse at most");
  EXPECT_REFUSED(
      with("{ fixed_indegree = 10, autapses = false }", "{ fixed_outdegree = 1, among = [\"VTA\"] }"),
      "the target, 'E', is not among them");
  EXPECT_REFUSED(with("autapses = false }", "among = [\"E\"] }"), "fixed_outdegree has");
  EXPECT_REFUSED(with("{ fixed_indegree = 10, autapses = false }", "{ list = \"nowhere.csv\" }"),
                 "no such file");
  EXPECT_REFUSED(with("rate = 4", "rate = 4\nnoise = { normal = 1 }"),
                 "a source such as 'poisson' has no noise");
  EXPECT_REFUSED(with("sources = [0, 3]", "sources = [0]\npairs = [[0, 1]]"), "either pairs");
  EXPECT_REFUSED(with("seed = 3\n", ""), "a seed has no default");
}

TEST(ReadNetwork, RefusesWhatOnlyBuildingWouldHaveShown) {
  EXPECT_REFUSED(with("dopamine - 0.1", "dopamin - 0.1"), "n.toml:51:1: gate.reward",
                 "did you mean 'dopamine'");
  EXPECT_REFUSED(with("name = \"reward\"\ntext", "name = \"dopamine\"\ntext"), "n.toml");
  EXPECT_REFUSED(with("dt = 0.1", "dt = 50"), "n.toml");
  EXPECT_REFUSED(with("projection.EE.eta\" = 0.25", "projection.EE.etta\" = 0.25"),
                 "n.toml:63:", "did you mean 'eta'");
}

TEST(ReadNetwork, RefusesProtocolsOnTheWrongKindOfPart) {
  const auto protocol = [](const std::string& text) { return kSmall + "[[protocol]]\n" + text; };
  EXPECT_REFUSED(protocol("kind = \"rate\"\npopulation = \"E\"\nvalue = 3\ntimes = [1]\n"),
                 "n.toml:", "Poisson");
  EXPECT_REFUSED(protocol("kind = \"current\"\npopulation = \"VTA\"\nvalue = 3\ntimes = [1]\n"),
                 "n.toml:", "takes no current");
  EXPECT_REFUSED(protocol("kind = \"clear_eligibility\"\nprojection = \"VTA->E\"\ntimes = [1]\n"),
                 "n.toml:", "no eligibility");
  EXPECT_REFUSED(with("amount = 0.5\n", "amount = 0.5\nweight = 90\n"), "n.toml:", "90", "0 to 40");
  EXPECT_REFUSED(with("projection = \"EE\"\nfield", "projection = [\"EE\", \"VTA->E\"]\nfield"),
                 "different sources");
}

TEST(ReadNetwork, DrivesOfAReceptorThatNeuronsLackAreRefused) {
  const auto card = [](const std::string& receptor, const std::string& drive) {
    return fmt::format(
        "seed = 1\n[network]\nduration = 10\n[[population]]\nname = \"S\"\nmodel = \"msn\"\nsize = 3\n{}"
        "drive = {{ {} = \"d\" }}\n[[field]]\nname = \"d\"\n",
        receptor, drive);
  };
  EXPECT_EQ(refusal(card("", "phi_D1")), "");
  EXPECT_EQ(refusal(card("receptor = \"D2\"\n", "phi_D2")), "");
  EXPECT_REFUSED(card("", "phi_D2"), "n.toml:8:", "receptor = \"D2\"", "\"D1\"");
  EXPECT_REFUSED(card("receptor = \"D2\"\n", "phi_D1"), "n.toml:9:", "receptor = \"D1\"");
}

TEST(ReadNetwork, NotesWhatDoesNothing) {
  EXPECT_TRUE(parse(kSmall).notes.empty());
  const auto note = [](const std::string& text) {
    const auto notes = parse(text).notes;
    return notes.size() == 1 ? notes[0] : fmt::format("{} notes", notes.size());
  };
  EXPECT_NE(note(with("[\"0.2 s\", 1]", "[\"2 s\", 1]")).find("2000 ms, but a run ends at 1000 ms"),
            std::string::npos);
  EXPECT_NE(note(with("{ \"protocol.pairing.amount\" = 0, \"projection.EE.eta\" = 0.25 }",
                      "{ \"projection.EE.eta\" = 0.5 }"))
                .find("'no reward' changes nothing"),
            std::string::npos);
  EXPECT_NE(note(with("connect = \"all_to_all\"\n", "connect = \"all_to_all\"\nport = \"GABA_A\"\n"))
                .find("so they excite"),
            std::string::npos);
}

TEST(ReadNetwork, ProjectionsWithoutANameAreReachedByTheirDefaultOne) {
  const NetworkCard card = parse(kSmall, {{"projection.VTA->E.weight", "3"}});
  EXPECT_EQ(card.conditions[0].network.projections.at(1).weight.a, 3);
  EXPECT_EQ(card.conditions[0].network.projections.at(1).name, "VTA->E");
}

TEST(ReadNetwork, RulesTakeThePortsUnits) {
  EXPECT_EQ(
      number(parse(with("eta = 0.5", "eta = \"0.5 pA/ms\"")).conditions[0].network.projections.at(0).params,
             "eta"),
      0.5);
  EXPECT_REFUSED(with("eta = 0.5", "eta = \"0.5 mV\""), "eta is in pA/ms");
}

TEST(ReadNetwork, PredictionsFitTheirContrast) {
  EXPECT_REFUSED(with("contrast = [\"intact\"]", "contrast = [\"intact\", \"no reward\"]"), "one condition");
  EXPECT_REFUSED(with("contrast = [\"intact\", \"no reward\"]", "contrast = [\"intact\"]"), "two conditions");
  EXPECT_REFUSED(with("metric = \"top\"", "metric = \"rate\""), "counts networks that say yes");
  EXPECT_EQ(parse(with("count >= 3", "value >= 0.9")).predictions[0].of, Prediction::Of::value);
  EXPECT_REFUSED(
      with("kind = \"reward_on_coincidence\"\nname = \"pairing\"\nprojection = \"EE\"\nfield = "
           "\"dopamine\"\namount = 0.5\ndelay = { uniform = [\"1 s\", \"3 s\"] }",
           "kind = \"pulse\"\nname = \"pairing\"\nfield = \"dopamine\"\namount = 0.5\ntimes = [1]"),
      "needs a [[protocol]] of kind reward_on_coincidence");
}

TEST(ReadNetwork, DrawsOfADelayStayAboveZero) {
  const auto info = number_info("delay", "ms", {0, 100});
  const auto d = read_distribution(toml_tree::parse("x = { normal = [1, 5] }", "d").members.at(0).node, info);
  EXPECT_EQ(d.lo, 0);
  EXPECT_EQ(d.hi, 100);
}

}  // namespace
}  // namespace labile
