/// Modulators in regions of a network: spikes of nuclei, drugs, lesions and exchange, what gates and drives hear, against an integration of the same
/// equations written here; the same bits for any execution; a modulator of the card's own; what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>

#include "core/error.hpp"
#include "network/network.hpp"
#include "pharmacology/modulation.hpp"
#include "run/network_card.hpp"
#include "run/network_run.hpp"

namespace labile {
namespace {

/// Dopamine with a terminal autoreceptor and two receptors; cells that fire as told.
const std::string kCard = R"(
seed = 1
[network]
dt = 0.1
duration = 600
[[population]]
name = "SNc"
model = "replay"
size = 4
units = [0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 3]
times = [10, 10, 11, 30, 90.3, 90.4, 91, 95, 200, 200, 450]
[[population]]
name = "cell"
model = "lif_exp"
size = 1
[[projection]]
source = "SNc"
target = "cell"
connect = "all_to_all"
weight = 1
delay = 2
[modulation]
regions = ["striatum", "accumbens"]
[[nucleus]]
modulator = "dopamine"
population = "SNc"
regions = ["striatum"]
release_delay = 3
[[modulator]]
name = "dopamine"
short = "DA"
tonic_hz = 4
quantum = 0.1
[[modulator.transporter]]
name = "DAT"
km = 0.21
vmax = { striatum = 4.1, accumbens = 1.5 }
[[modulator.receptor]]
name = "D1"
ec50 = 1
tau = 50
[[modulator.receptor]]
name = "5D"
ec50 = 0.01
tau = 300
[[modulator.autoreceptor]]
name = "D2"
ec50 = 0.02
tau = 500
most = 0.6
[[gate]]
name = "both"
text = "D1.striatum + 2 * 5D.accumbens - DA.striatum"
)";

NetworkCard parsed(const std::string& text) {
  return parse_network_card(text, "card.toml", ".");
}
std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}
void expect_says(const std::string& text, const std::string& words) {
  try {
    (void)parsed(text);
    ADD_FAILURE() << "nothing was refused; wanted: " << words;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
  }
}

/// The striatum of kCard by Euler's method with 200 steps a step of the network's.
struct ByHand {
  double c, d1, a;
  explicit ByHand(double rest) : c(rest), d1(rest / (1 + rest)), a(rest / (0.02 + rest)) {}
  void run(double ms) {
    const double h = 5e-4;
    for (int k = 0; k < std::lround(ms / h); ++k) {
      const double dc = -4.1 * c / (0.21 + c) / 1000, dr = (c / (1 + c) - d1) / 50,
                   da = (c / (0.02 + c) - a) / 500;
      c += h * dc;
      d1 += h * dr;
      a += h * da;
    }
  }
  void spike(double units) { c += 0.1 * units / 4 * (1 - 0.6 * a); }
};

TEST(RegionalModulation, SpikesReleaseAsTheEquationsSay) {
  const auto card = parsed(kCard);
  Network net(card.conditions[0].network, 1);
  // Regions without a nucleus keep the tonic rate; those with one start at its steady state: C with release 0.4 (1 - 0.6 a) = 4.1 C / (0.21 + C).
  const double rest = net.modulation_value("DA.striatum");
  EXPECT_NEAR(0.4 * (1 - 0.6 * rest / (0.02 + rest)), 4.1 * rest / (0.21 + rest), 1e-12);
  const double elsewhere = net.modulation_value("DA.accumbens");
  EXPECT_NEAR(0.4 * (1 - 0.6 * elsewhere / (0.02 + elsewhere)), 1.5 * elsewhere / (0.21 + elsewhere), 1e-12);
  ByHand hand(rest);
  const std::vector<std::pair<double, double>> arrivals{{13, 2}, {14, 1}, {33, 1},  {93.3, 1}, {93.4, 1},
                                                        {94, 1}, {98, 1}, {203, 2}, {453, 1}};
  double t = 0;
  const auto compare = [&] {
    EXPECT_NEAR(net.modulation_value("DA.striatum"), hand.c, 2e-6) << t << " ms";
    EXPECT_NEAR(net.modulation_value("D1.striatum"), hand.d1, 2e-6) << t << " ms";
    EXPECT_NEAR(net.modulation_value("DA.accumbens"), elsewhere, 1e-12);
    EXPECT_NEAR(net.gate_value(0),
                net.modulation_value("D1.striatum") + 2 * elsewhere / (0.01 + elsewhere) -
                    net.modulation_value("DA.striatum"),
                1e-12);
  };
  for (const auto& [at, units] : arrivals) {
    net.run_until(std::lround((at - 0.1) * 10));
    hand.run(at - 0.1 - t);
    t = at - 0.1;
    compare();
    net.run_until(std::lround(at * 10));
    hand.run(0.1);
    hand.spike(units);
    t = at;
    compare();
  }
  net.run_until(6000);
  hand.run(600 - t);
  compare();
}

TEST(RegionalModulation, ReceptorsDriveNeurons) {
  // In the accumbens nothing changes: a current of 100 pA times its receptor, and of a gate that reads it, into a leaky membrane.
  const std::string cell = "name = \"cell\"\nmodel = \"lif_exp\"\nsize = 1\n";
  const auto card = parsed(with(kCard, cell,
                                cell + "E_L = -70\nV_th = 1000\nC_m = 200\ntau_m = 20\ndrive = { I_mod = "
                                       "\"100 * 5D.accumbens + 0 * both\" }\n"));
  Network net(card.conditions[0].network, 1);
  net.run_until(4000);
  const double c = net.modulation_value("DA.accumbens");
  const std::vector<int> first{0};
  double v = 0;
  net.read_state(net.population("cell"), "V", first, {&v, 1});
  EXPECT_NEAR(v, -70 + 100 * c / (0.01 + c) * 20 / 200, 0.05);
}

TEST(RegionalModulation, GateIntegralsHearReleases) {
  // A plastic synapse whose gate is a concentration: after one pairing its change is eta times the integral of exp(-t/tau_e) DA(t), whatever the window.
  const std::string plastic = R"(
[[population]]
name = "pre"
model = "replay"
size = 1
units = [0, 0]
times = [20, 580]
[[population]]
name = "post"
model = "lif_exp"
size = 1
current = { times = [21, 23], amplitude = [20000, 0] }
[[projection]]
name = "learns"
source = "pre"
target = "post"
connect = "all_to_all"
weight = 1
delay = 1
rule = "three_factor_stdp"
gate = "da"
eta = 0.01
tau_e = 100
A_minus = 0
w_max = 100
[[gate]]
name = "da"
text = "DA.striatum"
)";
  const auto card = parsed(kCard + plastic);
  Network net(card.conditions[0].network, 1),
      short_windows(card.conditions[0].network, 1, {.exchange_steps = 1});
  net.run_until(6000);
  short_windows.run_until(6000);
  const double w = net.synapses(net.projection("learns"))[0].w;
  EXPECT_EQ(w, short_windows.synapses(short_windows.projection("learns"))[0].w);
  // The same from values read each step, by the trapezoid rule, from the pairing on.
  Network again(card.conditions[0].network, 1);
  std::vector<double> da, e;
  for (Step n = 1; n <= 6000; ++n) {
    again.run_until(n);
    da.push_back(again.modulation_value("DA.striatum"));
    e.push_back(again.synapses(again.projection("learns"))[0].e);
  }
  double change = 0;
  for (std::size_t n = 1; n < da.size(); ++n)
    change += 0.01 * 0.1 * (e[n - 1] * da[n - 1] + e[n] * da[n]) / 2;
  EXPECT_GT(w, 1.001);
  EXPECT_NEAR(w - 1, change, 0.01 * change);
}

TEST(RegionalModulation, TheSameBitsForAnyExecution) {
  std::string text = with(kCard, "model = \"replay\"", "model = \"poisson\"\nrate = 20");
  text = with(text, "units = [0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 3]\n", "");
  text = with(text, "times = [10, 10, 11, 30, 90.3, 90.4, 91, 95, 200, 200, 450]\n", "");
  const auto card = parsed(text);
  const auto values = [&](Execution e, std::vector<Step> stops) {
    Network net(card.conditions[0].network, 3, e);
    for (const Step s : stops) net.run_until(s);
    return std::vector{net.modulation_value("DA.striatum"), net.modulation_value("D1.striatum"),
                       net.gate_value(0)};
  };
  const auto reference = values({}, {5000});
  EXPECT_EQ(reference, values({.threads = 2}, {5000}));
  EXPECT_EQ(reference, values({.exchange_steps = 1}, {5000}));
  EXPECT_EQ(reference, values({.exchange_steps = 7}, {13, 14, 999, 5000}));
}

TEST(RegionalModulation, NucleiThatReachOneRegionShareIt) {
  const auto nucleus = [](const char* name) {
    return std::string("[[population]]\nname = \"") + name +
           "\"\nmodel = \"replay\"\nsize = 2\nunits = [0, 1]\ntimes = [10, 10]\n"
           "[[nucleus]]\nmodulator = \"dopamine\"\npopulation = \"" +
           name + "\"\nregions = [\"striatum\"]\nrelease_delay = 3\n";
  };
  // Six units in all: four of SNc (two spikes at 10 ms) and two of VTA (both): 4/6 of Q.
  Network net(parsed(kCard + nucleus("VTA")).conditions[0].network, 1);
  net.run_until(129);
  const double before = net.modulation_value("DA.striatum");
  net.run_until(130);
  const double jump = net.modulation_value("DA.striatum") - before;
  Network alone(parsed(kCard).conditions[0].network, 1);
  alone.run_until(129);
  const double alone_before = alone.modulation_value("DA.striatum");
  alone.run_until(130);
  EXPECT_NEAR(jump / (alone.modulation_value("DA.striatum") - alone_before), (4.0 / 6) / (2.0 / 4), 0.02);
}

TEST(RegionalModulation, DosesLesionsAndStimulationOfACard) {
  const std::string protocols = R"(
[[protocol]]
name = "drug"
kind = "dose"
drug = "blocker"
amount = 0
[[protocol]]
name = "burst"
kind = "stimulate"
population = "VTA"
value = 0
times = [100]
width = 50
interval = 100
count = 3
[[protocol]]
name = "lesion"
kind = "lesion"
population = "VTA"
share = 0
times = [0]
[[population]]
name = "VTA"
model = "poisson"
size = 200
rate = 4
[[nucleus]]
modulator = "dopamine"
population = "VTA"
regions = ["accumbens"]
[[drug]]
name = "blocker"
unit = "mg"
[[drug.target]]
site = "DAT"
action = "uptake_inhibitor"
ki_nM = 10
[drug.dose]
site = "DAT"
ed50 = 2
[[condition]]
name = "blocked"
set = { "protocol.drug.amount" = 8 }
[[condition]]
name = "bursts"
set = { "protocol.burst.value" = 36 }
[[condition]]
name = "lesioned"
set = { "protocol.lesion.share" = 0.75 }
[[measure]]
id = "rest"
kind = "mean"
of = "DA.accumbens"
from = 300
to = 600
[[measure]]
id = "spikes"
kind = "rate"
population = "VTA"
[[measure]]
id = "start"
kind = "max"
of = "DA.accumbens"
from = 0
to = 1
)";
  std::string text = with(kCard, "seed = 1", "seed = 1\nseeds = 6");
  const auto r = run_network_card(parsed(text + protocols));
  const auto value = [&](std::size_t condition, std::size_t measure) {
    return r.cells[condition].values[measure].value;
  };
  // 3 x 50 ms of 600 at 40 Hz instead of 4.
  EXPECT_NEAR(value(0, 1), 4, 0.3);
  EXPECT_NEAR(value(2, 1), 4 + 36 * 150.0 / 600, 0.5);
  EXPECT_NEAR(value(3, 1), 1, 0.15);
  EXPECT_LT(value(3, 0), 0.5 * value(0, 0));
  EXPECT_GT(value(2, 0), value(0, 0));
  // The network starts in the steady state with the drug: I/Ki = 4 makes Km five times as large.
  const double c = value(1, 2), source = 0.4 * (1 - 0.6 * c / (0.02 + c));
  EXPECT_NEAR(1.5 * c / (0.21 * 5 + c), source, 0.02 * source);
  EXPECT_GT(value(1, 0), 2 * value(0, 0));
}

TEST(RegionalModulation, EachDrugDoesToANetworkWhatItDoesToAgents) {
  const std::string text = R"(
seed = 1
[network]
dt = 0.1
duration = 1
[[population]]
name = "cell"
model = "lif_exp"
size = 1
[modulation]
regions = ["dorsal_striatum", "prefrontal"]
modulators = ["DA", "NE", "5HT", "ACh"]
)";
  const auto card = parsed(text);
  int moved = 0;
  for (const Drug& drug : formulary()) {
    const double amount = drug.usual ? drug.usual->value : drug.ed50->value;
    Network net(card.conditions[0].network, 1);
    net.treat({{{&drug, amount}}});
    Modulation agents(ready_modulators(), {"dorsal_striatum", "prefrontal"}, 1);
    const Modulation intact = agents;
    agents.add(drug, amount);
    agents.settle();
    bool any = false;
    for (const auto& [name, place] : agents.places()) {
      EXPECT_NEAR(net.modulation_value(name), *agents.address(place), 1e-12) << drug.name << ", " << name;
      any = any || std::abs(*agents.address(place) - *intact.address(place)) > 1e-6;
    }
    moved += any;
    net.run_until(2000);  // and it is a steady state of the network's own steps
    for (const auto& [name, place] : agents.places())
      EXPECT_NEAR(net.modulation_value(name), *agents.address(place), 1e-8) << drug.name << ", " << name;
  }
  EXPECT_EQ(moved, static_cast<int>(formulary().size()));
}

TEST(RegionalModulation, LostTerminalsTakeUpNothing) {
  const auto card = parsed(kCard);
  // Half of four units: their spikes and half of the uptake, however often it is said.
  Network net(card.conditions[0].network, 1);
  const int snc = net.population("SNc");
  const std::vector<int> half{1, 3}, all{0, 1, 2, 3};
  net.silence(snc, half);
  net.lose_terminals(snc);
  net.lose_terminals(snc);
  net.silence(snc, all);
  const double start = net.modulation_value("DA.striatum");
  net.run(100);
  // C + Km ln C falls by Vmax/2 a second.
  const double c = net.modulation_value("DA.striatum");
  EXPECT_NEAR(start - c + 0.21 * std::log(start / c), 2.05 * 0.1, 1e-5);
  EXPECT_THROW(net.lose_terminals(net.population("cell")), Error);
  EXPECT_THROW(net.lose_terminals(snc), Error) << "nothing clears dopamine any more";
}

TEST(RegionalModulation, NucleiLoseTheirOwnShareOfUptake) {
  // Two nuclei of four and two units; all of the first is lost: 2/6 of Vmax are left.
  const std::string second =
      "[[population]]\nname = \"VTA\"\nmodel = \"replay\"\nsize = 2\nunits = [0]\ntimes = [500]\n"
      "[[nucleus]]\nmodulator = \"dopamine\"\npopulation = \"VTA\"\nregions = [\"striatum\"]\n";
  Network net(parsed(kCard + second).conditions[0].network, 1);
  const std::vector<int> all{0, 1, 2, 3};
  net.silence(net.population("SNc"), all);
  net.lose_terminals(net.population("SNc"));
  const double start = net.modulation_value("DA.striatum");
  net.run(100);
  const double c = net.modulation_value("DA.striatum");
  EXPECT_NEAR(start - c + 0.21 * std::log(start / c), 4.1 * 2 / 6 * 0.1, 1e-5);
}

TEST(RegionalModulation, StartsWithWhatIsThereWhateverTheOrder) {
  const std::string drug =
      "[[drug]]\nname = \"x\"\nunit = \"mg\"\n[[drug.target]]\nsite = \"DAT\"\naction = "
      "\"uptake_inhibitor\"\n"
      "[drug.dose]\nsite = \"DAT\"\ned50 = 1\n";
  const std::string lesion =
      "[[protocol]]\nkind = \"lesion\"\npopulation = \"SNc\"\nshare = 0.5\ntimes = [0]\nuptake = true\n";
  const std::string dose = "[[protocol]]\nkind = \"dose\"\ndrug = \"x\"\namount = 1\n";
  const std::string measure = "[[measure]]\nkind = \"max\"\nof = \"DA.striatum\"\nto = 1\n";
  const auto value = [&](const std::string& protocols) {
    return run_network_card(parsed(kCard + drug + protocols + measure)).cells[0].values[0].value;
  };
  const double c = value(lesion + dose), a = c / (0.02 + c);
  EXPECT_EQ(c, value(dose + lesion));
  // Half of the release and of the uptake, half of that blocked (Km twice as large).
  EXPECT_NEAR(0.2 * (1 - 0.6 * a), 2.05 * c / (0.42 + c), 1e-9);
}

TEST(RegionalModulation, GatesGetUsedToLevelsThatStay) {
  const auto card = parsed(with(kCard, "text = \"D1.striatum + 2 * 5D.accumbens - DA.striatum\"",
                                "text = \"3 * DA.striatum\"\nbaseline = 70"));
  Network net(card.conditions[0].network, 1),
      short_windows(card.conditions[0].network, 1, {.exchange_steps = 1});
  EXPECT_EQ(net.gate_value(0), 0);
  ByHand hand(net.modulation_value("DA.striatum"));
  double slow = 3 * hand.c;
  const std::vector<std::pair<double, double>> arrivals{{13, 2}, {14, 1}, {33, 1}};
  double t = 0;
  const auto advance = [&](double to) {  // Euler's method with the concentration's own
    for (; t < to - 1e-9; t += 0.01) {
      hand.run(0.01);
      slow += 0.01 * (3 * hand.c - slow) / 70;
    }
  };
  for (const auto& [at, units] : arrivals) {
    advance(at);
    hand.spike(units);
    net.run_until(std::lround(at * 10));
    EXPECT_NEAR(net.gate_value(0), 3 * hand.c - slow, 2e-5) << at;
  }
  net.run_until(900);
  advance(90);
  EXPECT_NEAR(net.gate_value(0), 3 * hand.c - slow, 2e-5);
  short_windows.run_until(900);
  EXPECT_EQ(net.gate_value(0), short_windows.gate_value(0));
}

TEST(RegionalModulation, DecaysCountFromThePeakOrFromATime) {
  // A field that jumps by 2 at 100 ms and decays with 50 ms: half at 50 ln 2 after.
  const auto value = [](const std::string& more, double dt) {
    const std::string text = fmt::format(R"(
seed = 1
[network]
dt = {}
duration = 600
[[population]]
name = "p"
model = "poisson"
size = 1
rate = 1
[[field]]
name = "f"
tau = 50
tonic = 1
pulses = [[100, 2]]
[[measure]]
kind = "decay"
of = "f"
{})",
                                         dt, more);
    return run_network_card(parse_network_card(text, "card.toml", ".")).cells[0].values[0].value;
  };
  const double half = 50 * std::log(2.0);
  EXPECT_NEAR(value("", 0.1), half, 0.5);
  EXPECT_NEAR(value("", 0.4), half, 0.5);
  EXPECT_NEAR(value("every = 0.1\nfrom = 50\nsince = 120", 0.1), half, 0.06);
  EXPECT_NEAR(value("every = 0.2\nfrom = 50\nsince = 200\npart = 0.75", 0.1), 2 * half, 0.1);
}

TEST(RegionalModulation, ExchangeHasTheSteadyStateOfTwoRegions) {
  const std::string text = R"(
[[modulator]]
name = "histamine"
short = "HA"
tonic_hz = 2
quantum = 0.5
loss = 3
innervation = { here = 1, there = 0 }
[[modulator.receptor]]
name = "H1"
ec50 = 1
)";
  Modulation m(read_modulators(toml_tree::parse(text, "card.toml")), {"here", "there"}, 1);
  m.exchange("here", "there", 0.7);
  m.settle();
  // J = 1: k a + g (a - b) = 1, k b = g (a - b).
  const double k = 3, g = 0.7, b = g / (k * (k + 2 * g)), a = b * (k + g) / g;
  EXPECT_NEAR(m.concentration("HA", "here"), a, 1e-12);
  EXPECT_NEAR(m.concentration("HA", "there"), b, 1e-12);
  for (int n = 0; n < 2000; ++n) m.step();
  EXPECT_NEAR(m.concentration("HA", "here"), a, 1e-6);  // halves of a step are split
  EXPECT_NEAR(m.concentration("HA", "there"), b, 1e-6);
  EXPECT_NEAR(m.activation("HA", "H1", "there"), b / (1 + b), 1e-6);
  EXPECT_THROW(m.exchange("here", "nowhere", 1), Error);
  EXPECT_THROW(m.exchange("here", "here", 1), Error);
  EXPECT_THROW(m.exchange("here", "there", -1), Error);
  EXPECT_THROW(m.exchange("here", "there", 1e4), Error);
  m.exchange("here", "there", 99.3);  // 100 in all: nearly one region
  m.settle();
  EXPECT_NEAR(m.concentration("HA", "here") + m.concentration("HA", "there"), 1 / k, 1e-10);
}

TEST(RegionalModulation, WhatIsWrongIsRefusedByName) {
  expect_says(with(kCard, "D1.striatum +", "D1.stratum +"), "did you mean 'D1.striatum'");
  expect_says(with(kCard, "2 * 5D.accumbens", "2 * 5D.cortex"), "column");
  expect_says(with(kCard, "modulator = \"dopamine\"\npop", "modulator = \"dopamin\"\npop"),
              "did you mean 'dopamine'");
  expect_says(with(kCard, "population = \"SNc\"\nregions", "population = \"SN\"\nregions"),
              "did you mean 'SNc'");
  expect_says(with(kCard, "regions = [\"striatum\"]", "regions = [\"stratum\"]"), "did you mean 'striatum'");
  expect_says(with(kCard, "release_delay = 3", "release_delay = 1"), "below the network's minimal delay");
  expect_says(with(kCard, "accumbens = 1.5", "amygdala = 1.5"), "nothing clears dopamine in 'accumbens'");
  expect_says(kCard + "[[exchange]]\nbetween = [\"striatum\", \"cortex\"]\nrate = 1\n",
              "no region is called 'cortex'");
  const std::string dose = "[[protocol]]\nkind = \"dose\"\ndrug = \"haloperidol\"\namount = 2\n";
  expect_says(kCard + dose + "regions = [\"cortex\"]\n", "no region is called 'cortex'");
  expect_says(kCard + with(dose, "haloperidol", "haloperidl"), "did you mean 'haloperidol'");
  expect_says(kCard + with(dose, "= 2", "= -2"), "-2");
  expect_says(kCard + with(dose, "haloperidol", "propranolol"), "nothing here answers to");
  expect_says(with(kCard, "[modulation]\nregions = [\"striatum\", \"accumbens\"]", ""), "wants regions");
  const std::string lesion =
      "[[protocol]]\nkind = \"lesion\"\npopulation = \"SNc\"\nshare = 1\ntimes = [5]\nuptake = true\n";
  expect_says(kCard + lesion, "nothing clears dopamine in striatum");
  expect_says(kCard + dose + dose + "name = \"a\"\n" + dose + "name = \"a\"\n", "a");
  expect_says(kCard + dose + "chronic = true\ntimes = [3]\n", "leave times out");
  (void)parsed(kCard + dose + "chronic = false\ntimes = [3]\n");
  expect_says(kCard + dose + "regions = []\n", "leave it out for everywhere");
  expect_says(with(kCard, "short = \"DA\"", "short = \"do-pa\""), "gates cannot say 'do-pa'");
  expect_says(kCard +
                  "[[drug]]\nname = \"y\"\n[[drug.target]]\nsite = \"DTA\"\naction = "
                  "\"uptake_inhibitor\"\ned50 = 1\n",
              "no modulator has a site 'DTA'");
  expect_says(kCard +
                  "[[measure]]\nkind = \"max\"\nof = \"DA.accumbens\"\n[[condition]]\nname = \"c\"\nset = { "
                  "\"modulation.regions\" = [\"striatum\"] }\n",
              "accumbens");
  const std::string rate = "[[protocol]]\nkind = \"rate\"\npopulation = \"P\"\nvalue = 3\ntimes = [5]\n";
  expect_says(kCard + "[[population]]\nname = \"P\"\nmodel = \"poisson\"\nsize = 1\nrate = 1\n" + rate + rate,
              "contradicts the protocol");
}

}  // namespace
}  // namespace labile
