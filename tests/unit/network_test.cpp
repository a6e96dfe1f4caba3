/// What running a network promises: the same bits however it is run and read, spikes that arrive when they
/// should, connections as asked for, and the handles of a closed loop.
#include "network/network.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/parallel.hpp"
#include "plasticity_oracle.hpp"

namespace labile::told {
namespace {

/// Excitatory and inhibitory neurons under noise, dopamine from spikes of its own population, all kinds of
/// plasticity.
NetworkSpec lively(int size = 400) {
  NetworkSpec s;
  const auto lif = [&](const char* name, int n) {
    PopulationSpec p;
    p.name = name;
    p.model = "lif_exp";
    p.size = n;
    p.params = {{"tau_m", is(20)}, {"E_L", is(0)}, {"V_reset", is(0)}, {"V_th", is(20)}};
    p.initial.push_back({"V", uniform(0, 20), {}});
    p.background.push_back({12000, 20, "AMPA", {}});
    p.noise.kind = NoiseSpec::Kind::normal;
    p.noise.amplitude_pA = 100;
    s.populations.push_back(p);
  };
  lif("E", size);
  lif("I", size / 4);
  s.populations[1].current.times_ms = {20, 60};
  s.populations[1].current.amplitude_pA = {30, -10};
  PopulationSpec da;
  da.name = "DA";
  da.model = "poisson";
  da.size = 30;
  da.params = {{"rate", is(20)}};
  s.populations.push_back(da);
  s.populations[0].drive.push_back({"I_mod", "10 * dopamine", {}});
  FieldSpec f;
  f.name = "dopamine";
  f.quantum = 0.02;
  f.sources = {"DA"};
  s.fields.push_back(f);
  s.gates.push_back({"reward", "dopamine - 1", {}});
  s.gates.push_back({"up", "1 + dopamine", {}});
  const auto project = [&](const char* name, const char* from, const char* to, const char* rule, double w,
                           const char* port) {
    ProjectionSpec p;
    p.name = name;
    p.source = from;
    p.target = to;
    p.port = port;
    p.connect.kind = ConnectivitySpec::Kind::fixed_indegree;
    p.connect.degree = 30;
    p.weight = constant(w);
    p.delay_ms = uniform(1.5, 6);
    p.rule = rule;
    if (p.rule != "static")
      p.params = {{"w_max", is(80)}, {"eta", is(p.rule == "three_factor_stdp" ? 0.1 : 1.0)}};
    if (p.rule == "three_factor_stdp") p.gate = "reward";
    s.projections.push_back(p);
  };
  project("EE", "E", "E", "three_factor_stdp", 40, "AMPA");
  project("EI", "E", "I", "pair_stdp", 40, "AMPA");
  project("EE3", "E", "E", "triplet_stdp", 10, "AMPA");
  project("IE", "I", "E", "static", -200, "GABA_A");
  s.projections[1].params["A_plus_gate"] = is("up");
  s.projections[2].params["bounds"] = is("soft");
  s.projections[2].weight = uniform(5, 15);
  s.projections[2].params["eta"] = is(0.01);
  s.projections[3].weight = {Distribution::Kind::normal, -200, 20};
  return s;
}

/// All that a run may leave behind, as bits.
struct Bits {
  std::vector<std::uint64_t> values;
  void add(double v) { values.push_back(std::bit_cast<std::uint64_t>(v)); }
};
Bits bits_of(const Network& net) {
  Bits b;
  for (int p = 0; p < static_cast<int>(net.spec().projections.size()); ++p)
    for (const SynapseState& s : net.synapses(p)) {
      b.values.push_back((static_cast<std::uint64_t>(s.source) << 32) | static_cast<std::uint64_t>(s.target));
      b.add(s.delay_ms);
      b.add(s.w);
      b.add(s.e);
    }
  for (int p = 0; p < static_cast<int>(net.spec().populations.size()); ++p) {
    for (const std::uint64_t n : net.counts(p)) b.values.push_back(n);
    if (net.spec().populations[static_cast<std::size_t>(p)].model != "lif_exp") continue;
    std::vector<int> all;
    for (int i = 0; i < net.size(p); ++i) all.push_back(i);
    std::vector<double> v(all.size());
    for (const char* variable : {"V", "I_ex", "I_in", "refractory"}) {
      net.read_state(p, variable, all, v);
      for (const double x : v) b.add(x);
    }
  }
  b.add(net.field_value(0));
  b.add(net.gate_value(0));
  b.values.push_back(net.events());
  b.values.push_back(net.plastic_events());
  return b;
}
Bits run_whole(const NetworkSpec& spec, double ms, Execution e = {}, std::uint64_t seed = 4) {
  Network net(spec, seed, e);
  net.run(ms);
  return bits_of(net);
}
void expect_same(const Bits& a, const Bits& b) {
  ASSERT_EQ(a.values.size(), b.values.size());
  for (std::size_t i = 0; i < a.values.size(); ++i) ASSERT_EQ(a.values[i], b.values[i]) << i;
}

TEST(Network, RunInPartsIsTheSameBitForBit) {
  const NetworkSpec spec = lively();
  const Bits whole = run_whole(spec, 100);
  Network halves(spec, 4);
  halves.run(50);
  halves.run(50);
  expect_same(whole, bits_of(halves));
  Network odd(spec, 4);  // pieces that fit no window
  for (const Step at : {1, 2, 9, 10, 11, 38, 39, 500, 507, 1000}) odd.run_until(at);
  expect_same(whole, bits_of(odd));
}

TEST(Network, ReadersChangeNoBit) {
  const NetworkSpec spec = lively();
  const Bits whole = run_whole(spec, 100);
  Network read(spec, 4);
  std::size_t seen = 0;
  read.watch_spikes(0, [&](std::span<const Network::Spike> s) { seen += s.size(); });
  while (read.now() < 1000) {
    (void)bits_of(read);
    for (int p = 0; p < 4; ++p) (void)read.weight_summary(p);
    (void)read.synapses(0, 7);
    (void)read.memory();
    read.run_until(std::min<Step>(1000, read.now() + 61));
  }
  expect_same(whole, bits_of(read));
  EXPECT_EQ(seen, read.total_spikes(0));
  EXPECT_GT(seen, 100u);
}

TEST(Network, ThreadsExchangeIntervalsAndVectorsChangeNoBit) {
  // Two blocks of targets in E, so that threads share a population.
  NetworkSpec spec = lively(5200);
  for (auto& p : spec.projections) p.connect.degree = 6;
  spec.projections[0].weight = constant(60);
  const Bits one = run_whole(spec, 60);
  expect_same(one, run_whole(spec, 60, {4, 0, true}));
  expect_same(one, run_whole(spec, 60, {4, 7, true}));
  expect_same(one, run_whole(spec, 60, {1, 1, true}));
  expect_same(one, run_whole(spec, 60, {2, 4, false}));
}

TEST(Network, AnotherSeedIsAnotherNetwork) {
  const NetworkSpec spec = lively();
  EXPECT_NE(run_whole(spec, 20).values, run_whole(spec, 20, {}, 5).values);
}

TEST(Network, EventsAreDeliveriesOfSpikesToSynapses) {
  Case c;
  c.steps = 300;
  c.pre = {{10, 20, 20}, {250}, {}};
  c.post = {{100}, {}, {}, {}};
  c.params = {{"eta", is(1)}};
  c.weight = constant(0.5);
  c.gates = {{"1", {}}};
  Network net(spec_of(c), 1);
  net.run_until(c.steps);
  EXPECT_EQ(net.plastic_events(), 4u * 4u);
  EXPECT_EQ(net.events(), 4u * 4u + 1u);
  EXPECT_EQ(net.counts(net.population("pre"))[0], 3u);
  EXPECT_EQ(net.total_spikes(net.population("post")), 1u);
  EXPECT_EQ(net.synapse_count(net.projection("plastic")), 12u);
}

TEST(Network, DeliveredWeightsAreThoseOfTheArrival) {
  // The plastic synapse drives its target: with time constants of seconds the current is the sum of weights
  // delivered.
  Case c;
  c.steps = 4000;
  c.pre = {{1000, 3000}};
  c.post = {{1100}};
  c.rule = "pair_stdp";
  c.weight = constant(0.5);
  c.params = {{"A_plus", is(0.1)}, {"A_minus", is(0.2)}};
  NetworkSpec spec = spec_of(c);
  spec.populations[2].params["tau_syn_in"] = is(1e6);
  Network net(spec, 1);
  const std::vector<int> unit{0};
  std::vector<double> current(1);
  const auto read = [&](Step at) {
    net.run_until(at);
    net.read_state(2, "I_in", unit, current);
    return current[0];
  };
  const double up = 0.1 * std::exp(-9.0 / 20), down = 0.2 * std::exp(-191.0 / 20);
  EXPECT_EQ(read(1009), 0);
  EXPECT_NEAR(read(1010), 0.5, 1e-6);
  EXPECT_NEAR(read(3009), 0.5, 2e-4);
  EXPECT_NEAR(read(3010), 0.5 + 0.5 + up - down, 5e-4);
  EXPECT_NEAR(net.synapses(1)[0].w, 0.5 + up - down, 1e-7);
}

TEST(Network, DelaysAreKeptToTheStep) {
  // 200 delays from 0.1 to 20 ms from one source: each target's current steps when its delay has passed.
  NetworkSpec s;
  add_replay(s, "pre", {{50}}, 0);
  PopulationSpec post = obedient("post", 300, s.dt_ms);
  post.params["tau_syn_ex"] = is(1e6);
  post.params["V_th"] = is(1e3);
  s.populations.push_back(post);
  ProjectionSpec p;
  p.name = "p";
  p.source = "pre";
  p.target = "post";
  p.weight = constant(1e-3);
  p.delay_ms = uniform(0.1, 20);
  s.projections.push_back(p);
  Network net(s, 3);
  std::vector<int> all;
  for (int i = 0; i < 300; ++i) all.push_back(i);
  std::vector<double> now(300);
  std::vector<Step> arrived(300, 0);
  for (Step n = 1; n <= 300; ++n) {
    net.run_until(n);
    net.read_state(1, "I_ex", all, now);
    for (std::size_t i = 0; i < 300; ++i)
      if (now[i] > 0 && arrived[i] == 0) arrived[i] = n;
  }
  std::set<Step> delays;
  for (const SynapseState& syn : net.synapses(0)) {
    const Step d = std::llround(syn.delay_ms / s.dt_ms);
    EXPECT_GE(d, 1);
    EXPECT_LE(d, 200);
    delays.insert(d);
    EXPECT_EQ(arrived[static_cast<std::size_t>(syn.target)], 50 + d);
  }
  EXPECT_GT(delays.size(), 100u);
}

std::vector<SynapseState> connected(const ConnectivitySpec& connect, int sources, int targets,
                                    bool same = false) {
  NetworkSpec s;
  s.populations.push_back(obedient("a", sources, s.dt_ms));
  if (!same) s.populations.push_back(obedient("b", targets, s.dt_ms));
  ProjectionSpec p;
  p.name = "p";
  p.source = "a";
  p.target = same ? "a" : "b";
  p.connect = connect;
  p.weight = uniform(1, 2);
  s.projections.push_back(p);
  return Network(s, 9).synapses(0);
}
std::vector<int> degrees(const std::vector<SynapseState>& all, int n, bool in) {
  std::vector<int> r(static_cast<std::size_t>(n), 0);
  for (const auto& s : all) ++r[static_cast<std::size_t>(in ? s.target : s.source)];
  return r;
}

TEST(Connectivity, DegreesAreAsAskedFor) {
  using Kind = ConnectivitySpec::Kind;
  ConnectivitySpec c;
  c.degree = 7;
  c.kind = Kind::fixed_indegree;
  EXPECT_EQ(degrees(connected(c, 50, 80), 80, true), std::vector<int>(80, 7));
  c.kind = Kind::fixed_outdegree;
  EXPECT_EQ(degrees(connected(c, 50, 80), 50, false), std::vector<int>(50, 7));
  c.kind = Kind::all_to_all;
  EXPECT_EQ(degrees(connected(c, 50, 80), 80, true), std::vector<int>(80, 50));
  c.kind = Kind::one_to_one;
  for (const auto& s : connected(c, 60, 60)) EXPECT_EQ(s.source, s.target);
  c.kind = Kind::bernoulli;
  c.probability = 0.2;
  // 500 x 400 draws: within 5 standard deviations, false alarms 6e-7, at a fixed seed.
  const auto drawn = connected(c, 500, 400);
  EXPECT_NEAR(static_cast<double>(drawn.size()), 40000, 5 * std::sqrt(200000 * 0.2 * 0.8));
  std::set<std::pair<int, int>> pairs;
  for (const auto& s : drawn) EXPECT_TRUE(pairs.insert({s.source, s.target}).second);
}

TEST(Connectivity, ANormalWhoseMeanIsItsDeviationStillSpreads) {
  NetworkSpec s = lively();
  s.projections[3].weight = {Distribution::Kind::normal, 200, 200};
  s.projections[3].connect.degree = 100;
  const auto w = Network(s, 1).weight_summary(3);  // 40,000 weights: within 5 standard errors
  EXPECT_NEAR(w.mean, 200, 5 * 200 / std::sqrt(40000.0));
  EXPECT_NEAR(w.sd, 200, 5 * 200 / std::sqrt(80000.0));
}

TEST(Connectivity, AutapsesAndMultapsesStayOutWhenRefused) {
  ConnectivitySpec c;
  c.kind = ConnectivitySpec::Kind::fixed_indegree;
  c.degree = 29;
  c.autapses = c.multapses = false;
  const auto all = connected(c, 30, 30, true);  // 29 others: every one, once
  std::set<std::pair<int, int>> pairs;
  for (const auto& s : all) {
    EXPECT_NE(s.source, s.target);
    EXPECT_TRUE(pairs.insert({s.source, s.target}).second);
  }
  EXPECT_EQ(all.size(), 30u * 29u);
}

TEST(Connectivity, ListsAreTakenAsTheyStand) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("labile_list_" + std::to_string(getpid()) + ".csv"))
          .string();
  std::ofstream(path) << "source,target,weight,delay\n0,1,2.5,1.5\n2,0,-3,0.1\n0,1,4,1.5\n";
  ConnectivitySpec c;
  c.kind = ConnectivitySpec::Kind::list;
  c.file = path;
  const auto all = connected(c, 3, 2);
  std::filesystem::remove(path);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].target, 1);
  EXPECT_NEAR(all[0].delay_ms, 1.5, 1e-12);
  EXPECT_EQ(all[0].w + all[1].w, 6.5);
  EXPECT_EQ(all[2].source, 2);
  EXPECT_EQ(all[2].w, -3);
}

NetworkSpec dopamine_only(double rate, double release_ms = 0) {
  NetworkSpec s;
  PopulationSpec da;
  da.name = "DA";
  da.model = "poisson";
  da.size = 50;
  da.params = {{"rate", is(rate)}};
  s.populations.push_back(da);
  FieldSpec f;
  f.name = "d";
  f.tau_ms = 200;
  f.tonic = 0.1;
  f.quantum = 0.02;
  f.sources = {"DA"};
  f.release_delay_ms = release_ms;
  s.fields.push_back(f);
  s.gates.push_back({"g", "2 * d", {}});
  return s;
}

TEST(Network, AFieldHearsItsSourcesAfterTheReleaseDelay) {
  NetworkSpec s = dopamine_only(0, 1.2);
  s.populations.clear();
  add_replay(s, "DA", {{100}, {100, 400}}, 0);
  Network net(s, 1);
  const auto at = [&](Step n) {
    net.run_until(n);
    return net.field_value(0);
  };
  EXPECT_EQ(at(111), 0.1);
  EXPECT_NEAR(at(112), 0.1 + 0.04, 1e-15);
  EXPECT_NEAR(net.gate_value(0), 0.28, 1e-15);
  EXPECT_NEAR(at(600), 0.1 + 0.04 * std::exp(-48.8 / 200) + 0.02 * std::exp(-18.8 / 200), 1e-14);
}

TEST(Network, FieldsAreAddedToHeldAndLetGo) {
  Network net(dopamine_only(0), 1);
  net.run(1);
  net.add_to_field(0, 0.5);
  EXPECT_NEAR(net.field_value(0), 0.6, 1e-15);
  net.run(100);
  EXPECT_NEAR(net.field_value(0), 0.1 + 0.5 * std::exp(-0.5), 1e-14);
  net.clamp_field(0, 0.9);
  net.run(50);
  EXPECT_EQ(net.field_value(0), 0.9);
  EXPECT_EQ(net.gate_value(0), 1.8);
  net.add_to_field(0, 1);  // held means held
  net.run(50);
  EXPECT_EQ(net.field_value(0), 0.9);
  net.release_field(0);
  net.run(200);
  EXPECT_NEAR(net.field_value(0), 0.1 + 0.8 * std::exp(-1.0), 1e-14);
}

TEST(Network, WhatIsDoneToAFieldReachesWeightsFromTheNextStepOn) {
  // A tag of 1 at step 100; from step 1000 on the gate is held at 1, from step 3000 at 0, at 5000 it gets a
  // pulse.
  Case c;
  c.steps = 20000;
  c.pre = {{90}};
  c.post = {{100}};
  c.params = {{"A_plus", is(1)}, {"eta", is(1e-4)}};
  c.weight = constant(0.25);
  c.fields = {FieldSpec{}};
  c.fields[0].name = "d";
  c.gates = {{"d", {}}};
  Network net(spec_of(c), 1);
  net.run_until(1000);
  EXPECT_EQ(net.synapses(1)[0].w, 0.25);
  net.clamp_field(0, 1);
  net.run_until(3000);
  const double e1 = std::exp(-0.09), e2 = std::exp(-0.29), e3 = std::exp(-0.49);
  EXPECT_NEAR(net.synapses(1)[0].w, 0.25 + 0.1 * (e1 - e2), 1e-8);
  net.clamp_field(0, 0);
  net.run_until(5000);
  EXPECT_NEAR(net.synapses(1)[0].w, 0.25 + 0.1 * (e1 - e2), 1e-8);
  net.release_field(0);
  net.add_to_field(0, 2);
  net.run_until(c.steps);
  const double rate = 1 / 1000.0 + 1 / 200.0, t = 1500;
  EXPECT_NEAR(net.synapses(1)[0].w, 0.25 + 0.1 * (e1 - e2) + 2e-4 * e3 / rate * (1 - std::exp(-rate * t)),
              2e-8);
}

TEST(Network, SilencedUnitsFallSilentFromNowOn) {
  Network net(dopamine_only(200), 1);
  net.run(500);
  const std::vector<int> some{3, 49};
  net.silence(0, some);
  const std::vector<std::uint64_t> before(net.counts(0).begin(), net.counts(0).end());
  EXPECT_GT(before[3], 0u);
  net.run(500);
  for (std::size_t i = 0; i < 50; ++i) {
    if (i == 3 || i == 49)
      EXPECT_EQ(net.counts(0)[i], before[i]);
    else
      EXPECT_GT(net.counts(0)[i], before[i]);
  }
  const std::vector<int> none{50};
  EXPECT_THROW(net.silence(0, none), Error);
}

TEST(Network, SilencedTargetsWriteNoTag) {
  Case c;
  c.steps = 2000;
  c.pre = {{90}};
  c.post = {{100}, {100}};
  c.params = {{"A_plus", is(1)}};
  c.weight = constant(0.5);
  c.gates = {{"0", {}}};
  Network net(spec_of(c), 1);
  const std::vector<int> second{1};
  net.silence(net.population("post"), second);
  net.run_until(c.steps);
  EXPECT_GT(net.synapses(1)[0].e, 0.5);
  EXPECT_EQ(net.synapses(1)[1].e, 0);
}

TEST(Network, RatesAndCurrentsHoldFromTheNextStepOn) {
  Network net(dopamine_only(0), 1);
  net.run(100);
  EXPECT_EQ(net.total_spikes(0), 0u);
  const std::vector<double> all{100};
  net.set_rate(0, all);
  net.run(10000);
  // 50 units x 10 s x 100 Hz: 50,000 +- 224; 5 standard deviations, false alarms 6e-7, at a fixed seed.
  EXPECT_NEAR(static_cast<double>(net.total_spikes(0)), 50000, 5 * 224);
  std::vector<double> each(50, 0.0);
  each[7] = 400;
  net.set_rate(0, each);
  const auto before = net.total_spikes(0), seventh = net.counts(0)[7];
  net.run(1000);
  EXPECT_EQ(net.total_spikes(0) - before, net.counts(0)[7] - seventh);
  const std::vector<double> wrong(7, 1.0), negative{-1};
  EXPECT_THROW(net.set_rate(0, wrong), Error);
  EXPECT_THROW(net.set_rate(0, negative), Error);
  const std::vector<double> endless{1e9};
  EXPECT_THROW(net.set_rate(0, endless), Error);
  EXPECT_THROW(net.set_current(0, all), Error);

  NetworkSpec s;
  s.populations.push_back(obedient("a", 3, s.dt_ms));
  s.populations[0].params["tau_m"] = is(10);
  s.populations[0].params["C_m"] = is(250);
  Network lif(s, 1);
  const std::vector<double> current{0, 250, 500};
  lif.set_current(0, current);
  lif.run(200);
  std::vector<double> v(3);
  const std::vector<int> units{0, 1, 2};
  lif.read_state(0, "V", units, v);
  EXPECT_EQ(v[0], 0);
  EXPECT_NEAR(v[1], 10, 1e-4);
  EXPECT_NEAR(v[2], 20, 2e-4);
}

TEST(Network, WeightSummaryIsThatOfItsSynapses) {
  Network net(lively(), 2);
  net.run(50);
  for (int p = 0; p < 4; ++p) {
    const auto all = net.synapses(p);
    double sum = 0, square = 0, lo = 1e300, hi = -1e300;
    for (const auto& s : all) sum += s.w;
    const double mean = sum / static_cast<double>(all.size());
    for (const auto& s : all) {
      square += (s.w - mean) * (s.w - mean);
      lo = std::min(lo, s.w);
      hi = std::max(hi, s.w);
    }
    const auto w = net.weight_summary(p);
    EXPECT_EQ(w.n, all.size());
    EXPECT_EQ(w.n, net.synapse_count(p));
    EXPECT_NEAR(w.mean, mean, 1e-10 * std::abs(mean));
    EXPECT_NEAR(w.sd, std::sqrt(square / static_cast<double>(all.size() - 1)), 1e-9 * std::abs(mean));
    EXPECT_EQ(w.min, lo);
    EXPECT_EQ(w.max, hi);
  }
}

std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}
#define EXPECT_SAYS(what, part) EXPECT_NE((what).find(part), std::string::npos) << (what)

TEST(Network, RefusesWhatItDoesNotKnowAndNamesTheNearest) {
  Network net(lively(), 1);
  EXPECT_SAYS(refusal([&] { (void)net.projection("EEE"); }), "'EE'");
  EXPECT_SAYS(refusal([&] { (void)net.field("dopamin"); }), "dopamine");
  EXPECT_SAYS(refusal([&] { net.set_weight(0, 400, 0, 1); }), "0..399");
  EXPECT_SAYS(refusal([&] { net.set_weight(0, 0, 0, 81); }), "81");
  EXPECT_SAYS(refusal([&] { net.clear_eligibility(1); }), "EI");
  const auto bad = [](const std::function<void(NetworkSpec&)>& change) {
    NetworkSpec s = lively();
    change(s);
    return refusal([&] { Network n(s, 1); });
  };
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].gate = "rewrad"; }), "reward");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].gate = ""; }), "gate");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].rule = "three_factor"; }), "three_factor_stdp");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].weight = constant(90); }), "90");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].dendritic_ms = 2; }), "1.5");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.fields[0].release_delay_ms = 0.5; }), "release_delay");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.gates[0].text = "dopamin - 1"; }), "dopamine");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.populations[0].size = 0; }), "'E'");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].params["tau_pluss"] = is(3); }), "tau_plus");
  EXPECT_SAYS(bad([](NetworkSpec& s) { s.projections[0].params["w_min"] = is(100); }), "w_min");
  const auto conductances = [](const std::function<void(NetworkSpec&)>& change) {
    NetworkSpec s;
    PopulationSpec p;
    p.name = "E";
    p.model = "lif_cond";
    p.size = 20;
    s.populations.push_back(p);
    ProjectionSpec between;
    between.source = between.target = "E";
    s.projections.push_back(between);
    change(s);
    return refusal([&] { Network n(s, 1); });
  };
  EXPECT_EQ(conductances([](NetworkSpec&) {}), "");
  EXPECT_SAYS(conductances([](NetworkSpec& s) { s.projections[0].weight = constant(-2); }), "here -2");
  EXPECT_SAYS(conductances([](NetworkSpec& s) { s.projections[0].weight = uniform(-1, 2); }), "0 nS");
  Distribution normal{Distribution::Kind::normal, 2, 1};
  EXPECT_SAYS(conductances([&](NetworkSpec& s) { s.projections[0].weight = normal; }), "min = 0");
  normal.lo = 0;
  EXPECT_EQ(conductances([&](NetworkSpec& s) { s.projections[0].weight = normal; }), "");
  EXPECT_SAYS(conductances([](NetworkSpec& s) {
                s.populations[0].background.push_back({100, -1, "", {}});
              }),
              "background of 'E'");
}

TEST(Network, RefusesMoreMemoryThanThereIsBeforeTakingIt) {
  NetworkSpec s = lively();
  s.populations[0].size = 400'000;
  s.projections[0].connect.degree = 39'000;
  EXPECT_SAYS(refusal([&] { Network n(s, 1); }), "GB");
}

TEST(Network, EstimatesTheMemoryOfClocksToo) {
  // Long traces on a fine grid: what all synapses share is more than the synapses.
  NetworkSpec s = lively();
  s.dt_ms = 0.05;
  s.projections[0].params["tau_plus"] = is(8000);
  s.projections[0].params["tau_minus"] = is(8000);
  const MemoryUse before = estimate_memory(s), built = Network(s, 1).memory();
  EXPECT_GT(built.total_bytes, 50e6);
  EXPECT_NEAR(static_cast<double>(before.total_bytes) / static_cast<double>(built.total_bytes), 1, 0.1);
}

TEST(Network, CheckingRefusesWhatBuildingDoes) {
  EXPECT_EQ(refusal([] { Network::check(lively()); }), "");
  const auto both = [](const std::function<void(NetworkSpec&)>& change) {
    NetworkSpec s = lively();
    change(s);
    const std::string checked = refusal([&] { Network::check(s); });
    EXPECT_EQ(checked, refusal([&] { Network n(s, 1); }));
    return checked;
  };
  EXPECT_SAYS(both([](NetworkSpec& s) { s.gates[0].text = "dopamin"; }), "dopamine");
  EXPECT_SAYS(both([](NetworkSpec& s) { s.gates[0].name = "dopamine"; }), "name of a field");
  EXPECT_SAYS(both([](NetworkSpec& s) { s.dt_ms = 0; }), "dt");
  EXPECT_SAYS(both([](NetworkSpec& s) { s.projections[0].delay_ms = constant(0.01); }), "delay");
}

TEST(Network, BuildingCanBeInterrupted) {
  request_interrupt();
  EXPECT_THROW(Network(lively(), 1), Interrupted);
  clear_interrupt();
  EXPECT_NO_THROW(Network(lively(), 1));
}

TEST(Network, AShortRunDoesNotEndOnAStateThatIsNotFinite) {
  NetworkSpec s;
  s.populations.push_back(obedient("a", 40, s.dt_ms));
  s.populations[0].params["C_m"] = is(1e-3);
  Network hot(s, 1);
  std::vector<double> huge(40, 0.0);
  huge[7] = -3e38;
  hot.set_current(0, huge);
  EXPECT_SAYS(refusal([&] { hot.run(0.5); }), "V of neuron 7 (lif_exp)");
}

TEST(Network, AStateThatIsNotFiniteStopsTheRunWithItsNameAndTime) {
  NetworkSpec s;
  s.populations.push_back(obedient("a", 40, s.dt_ms));
  s.populations[0].params["C_m"] = is(1e-3);
  s.populations[0].params["V_th"] = is(1e3);
  Network hot(s, 1);
  std::vector<double> huge(40, 0.0);
  huge[33] = -3e38;
  hot.set_current(0, huge);
  const std::string said = refusal([&] { hot.run(100); });
  EXPECT_SAYS(said, "'a'");
  EXPECT_SAYS(said, "33");
  EXPECT_SAYS(said, "ms");
}

}  // namespace
}  // namespace labile::told
