/// Modulators in regions under drugs and lesions: steady states against closed forms and against long runs, every drug without its
/// targets, modulators of a user's own, and what is refused.
#include "pharmacology/modulation.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace labile {
namespace {

std::vector<ModulatorInfo> from_text(const std::string& text) {
  return read_modulators(toml_tree::parse(text, "card.toml"));
}
/// Dopamine of the closed forms: 4.1 and 0.21, 0.1 µM a spike, two receptors, nothing that feeds back.
const std::string kPlain = R"(
[[modulator]]
name = "dopamine"
short = "DA"
tonic_hz = 4
quantum = 0.1
[[modulator.transporter]]
name = "DAT"
km = 0.21
vmax = 4.1
[[modulator.receptor]]
name = "D1"
ec50 = 1
tau = 50
[[modulator.receptor]]
name = "D2"
ec50 = 0.01
tau = 300
)";
void expect_says(const std::function<void()>& f, const std::string& words) {
  try {
    f();
    ADD_FAILURE() << "nothing was refused; wanted: " << words;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
  }
}

TEST(Modulation, StartsInTheClosedFormsOfSteadyStates) {
  Modulation m(from_text(kPlain), {"striatum"}, 1);
  const auto expect = [&](double c, double d2, double d1) {
    EXPECT_NEAR(m.concentration("DA", "striatum"), c, 5e-7);
    EXPECT_NEAR(m.activation("DA", "D2", "striatum"), d2, 1e-6);
    EXPECT_NEAR(m.activation("dopamine", "D1", "striatum"), d1, 1e-6);
  };
  expect(0.0227027, 0.694215, 0.022199);
  m.set_rate("DA", 20);
  m.settle();
  expect(0.2, 0.952381, 0.166667);
  m.add({.site = "DAT", .action = DrugAction::uptake_inhibitor}, 4);
  m.settle();
  expect(1, 0.990099, 0.5);
  m.set_rate("DA", 4);
  m.settle();
  expect(0.113514, 0.919037, 0.101942);
  m.clear();
  m.settle();
  expect(0.0227027, 0.694215, 0.022199);
  // A third is lost to depletion, J = .8/3; in one region it leaves the other alone.
  Modulation two(from_text(kPlain), {"striatum", "cortex"}, 1);
  const std::vector<std::string> striatum{"striatum"};
  two.add({.site = "DA", .action = DrugAction::depletion}, 1.0 / 3, striatum);
  two.settle();
  EXPECT_NEAR(two.concentration("DA", "striatum"), 0.21 * (0.8 / 3) / (4.1 - 0.8 / 3), 1e-12);
  EXPECT_NEAR(two.concentration("DA", "cortex"), 0.21 * 0.4 / 3.7, 1e-12);
  // A lesion of half: J = .2; with its uptake: J / Vmax as before.
  m.lesion("DA", 0.5);
  m.settle();
  EXPECT_NEAR(m.concentration("DA", "striatum"), 0.21 * 0.2 / 3.9, 1e-12);
  m.clear();
  m.lesion("DA", 0.5, true);
  m.settle();
  EXPECT_NEAR(m.concentration("DA", "striatum"), 0.21 * 0.2 / 1.85, 1e-12);
}

TEST(Modulation, SettlesWhereLongRunsEnd) {
  // Autoreceptors, vesicles, several transporters, hydrolysis, drugs in some regions: the steady state is found apart.
  auto all = ready_modulators();
  const std::vector<std::string> regions{"dorsal_striatum", "accumbens", "prefrontal", "raphe", "amygdala"};
  for (auto& m : all)
    if (m.name == "serotonin") m.autoreceptors[0].at = "raphe";
  for (const double dt : {0.5, 10.0}) {
    // Dopamine is not taken up in raphe and amygdala of our table: a little loss everywhere.
    for (auto& m : all)
      if (m.name == "dopamine") m.loss.value = 2;
    Modulation found(all, regions, dt), run(all, regions, dt);
    const std::vector<std::string> front{"prefrontal"}, raphe{"raphe", "amygdala"};
    for (Modulation* m : {&found, &run}) {
      m->add({.site = "NET", .action = DrugAction::uptake_inhibitor}, 3, front);
      m->add({.site = "SERT", .action = DrugAction::uptake_inhibitor}, 2, raphe);
      m->add({.site = "D2", .action = DrugAction::antagonist}, 1.5);
      m->add({.site = "alpha2", .action = DrugAction::partial_agonist, .efficacy = 0.4}, 2, front);
      m->add({.site = "AChE", .action = DrugAction::cholinesterase_inhibitor}, 1, front);
      m->add({.site = "5HT", .action = DrugAction::depletion}, 0.3, front);
      m->add({.site = "ACh", .action = DrugAction::precursor}, 0.2);
      m->lesion("NE", 0.25, true, front);
      m->set_rate("DA", 6);
    }
    found.settle();
    for (int n = 0; n < 120'000 / dt; ++n) run.step();
    for (const auto& m : all)
      for (const auto& r : regions) {
        const double c = found.concentration(m.name, r);
        EXPECT_NEAR(run.concentration(m.name, r), c, 1e-9 * (1 + c))
            << m.name << " in " << r << ", dt " << dt;
        for (const auto& x : m.receptors)
          EXPECT_NEAR(run.activation(m.name, x.name, r), found.activation(m.name, x.name, r), 1e-9)
              << x.name << " in " << r;
      }
  }
}

TEST(Modulation, BurstsAndPausesRunThroughReceptors) {
  Modulation m(from_text(kPlain), {"striatum"}, 1);
  const double d1 = m.activation("DA", "D1", "striatum"), d2 = m.activation("DA", "D2", "striatum");
  m.set_rate("DA", 20);
  for (int n = 0; n < 200; ++n) m.step();
  EXPECT_GT(m.activation("DA", "D1", "striatum"), 3 * d1);
  EXPECT_LT(m.activation("DA", "D2", "striatum"), 1.4 * d2) << "nearly full at rest";
  m.set_rate("DA", 0);
  for (int n = 0; n < 2000; ++n) m.step();
  EXPECT_LT(m.activation("DA", "D1", "striatum"), 1e-6);
  EXPECT_LT(m.activation("DA", "D2", "striatum"), 0.01 * d2) << "a pause is what D2 hears";
}

TEST(Modulation, StepsConverge) {
  const auto at_200_ms = [](double dt) {
    auto all = ready_modulators();
    Modulation m(all, {"dorsal_striatum"}, dt);
    m.set_rate("DA", 20);
    for (int n = 0; n < std::lround(200 / dt); ++n) m.step();
    return std::pair{m.concentration("DA", "dorsal_striatum"), m.activation("DA", "D1", "dorsal_striatum")};
  };
  const auto fine = at_200_ms(0.01), small = at_200_ms(0.1), one = at_200_ms(1), ten = at_200_ms(10);
  for (const auto& [x, bound] : {std::pair{small, 2e-4}, {one, 2e-3}, {ten, 2e-2}}) {
    EXPECT_NEAR(x.first, fine.first, bound * fine.first);
    EXPECT_NEAR(x.second, fine.second, bound * fine.second);
  }
}

/// A system with every site that drugs know.
Modulation everything(std::vector<ModulatorInfo> all) {
  return Modulation(std::move(all), {"dorsal_striatum", "accumbens", "prefrontal"}, 1);
}
std::vector<double> state(const Modulation& m) {
  std::vector<double> r;
  for (const auto& x : m.modulators())
    for (const auto& region : m.regions()) {
      r.push_back(m.concentration(x.name, region));
      for (const auto& y : x.receptors) r.push_back(m.activation(x.name, y.name, region));
    }
  return r;
}

TEST(Drugs, ActThroughTheirTargetsAlone) {
  for (const auto& drug : formulary()) {
    const double dose = drug.usual ? drug.usual->value : drug.ed50->value;
    auto m = everything(ready_modulators());
    const auto before = state(m);
    m.add(drug, dose);
    m.settle();
    const auto after = state(m);
    double most = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
      most = std::max(most, std::abs(after[i] - before[i]) / (1e-3 + before[i]));
    EXPECT_GT(most, 0.02) << drug.name << " does nothing";
    // Without the sites that it acts on, it is refused: there is nothing left for it to do.
    auto without = ready_modulators();
    for (const auto& t : drug.targets) {
      const auto gone = [&](const auto& x) { return x.name == t.site; };
      for (auto& x : without) {
        std::erase_if(x.receptors, gone);
        std::erase_if(x.autoreceptors, gone);
        std::erase_if(x.transporters, gone);
        if (x.enzyme == t.site) x.enzyme.clear();
        if (x.transporters.empty() && x.loss.value == 0) x.loss.value = 2;
      }
      std::erase_if(without, [&](const auto& x) { return x.short_name == t.site || x.name == t.site; });
    }
    for (auto& x : without)
      if (x.name == "dopamine") x.loss.value = 2;
    Modulation bare(without, {"dorsal_striatum", "accumbens", "prefrontal"}, 1);
    const auto bare_before = state(bare);
    EXPECT_THROW(bare.add(drug, dose), Error) << drug.name;
    bare.settle();
    const auto bare_after = state(bare);
    for (std::size_t i = 0; i < bare_before.size(); ++i)
      EXPECT_EQ(bare_before[i], bare_after[i]) << drug.name;
  }
}

TEST(Drugs, TakeHalfOfTheirPlacesAtTheirDose) {
  for (const auto& drug : formulary()) {
    if (!drug.ed50) continue;
    for (const auto& t : drug.targets)
      if (t.site == drug.dose_site) {
        EXPECT_DOUBLE_EQ(drug.relative(t, drug.ed50->value), 1) << drug.name;
        EXPECT_DOUBLE_EQ(drug.relative(t, 3 * drug.ed50->value), 3) << drug.name;
        if (drug.peak_h && drug.half_life_h) {
          EXPECT_NEAR(drug.relative(t, drug.ed50->value, drug.peak_h->value), 1, 1e-9) << drug.name;
          EXPECT_EQ(drug.relative(t, drug.ed50->value, 0), 0) << drug.name;
          EXPECT_LT(drug.relative(t, drug.ed50->value, drug.peak_h->value + 3 * drug.half_life_h->value), 0.5)
              << drug.name;
        }
      }
  }
  // Of two sites, the one that binds ten times as weakly has a tenth.
  const auto two = read_drugs(toml_tree::parse(R"(
[[drug]]
name = "x"
target = [{ site = "D2", action = "antagonist", ki_nM = 2 }, { site = "D1", action = "antagonist", ki_nM = 20 }]
dose = { site = "D2", ed50 = 5 }
)",
                                               "card.toml"));
  EXPECT_DOUBLE_EQ(two[0].relative(two[0].targets[1], 10), 0.2);
}

TEST(Modulation, AutoreceptorsDesensitizeInProportion) {
  Modulation m(from_text(kPlain + R"(
[[modulator.autoreceptor]]
name = "D2"
ec50 = 0.02
most = 0.6
desensitizes = 0.5
)"),
               {"striatum"}, 1);
  const auto activated = [&] {
    const double c = m.concentration("DA", "striatum");
    return c / (0.02 + c);
  };
  const double rest = activated();
  m.add({.site = "DAT", .action = DrugAction::uptake_inhibitor}, 4);
  m.settle();
  const double kept = 1 - 0.5 * (activated() - rest) / (1 - rest);
  m.desensitize();
  const double c = m.concentration("DA", "striatum");
  EXPECT_NEAR(0.4 * (1 - 0.6 * kept * activated()), 4.1 * c / (0.21 * 5 + c), 1e-10);
}

TEST(Modulation, CellBodyAutoreceptorsTurnASignWhereUptakeIsNearlyFull) {
  // Autoreceptors in the raphe alone. u = C_r / (Km (1 + I) + C_r) falls with I, and the forebrain's C_f = Km (1 + I) k u / (1 - k u) with k its
  // (release received / Vmax) over the raphe's. With k = 1 C_f rises at every dose; with k u near 1 a low dose lowers it.
  const auto forebrain = [](double vmax, double inhibitor) {
    Modulation m(from_text(fmt::format(R"(
[[modulator]]
name = "serotonin"
short = "5HT"
tonic_hz = 2
quantum = 0.02
[[modulator.transporter]]
name = "SERT"
km = 0.17
vmax = {{ raphe = 0.8, forebrain = {} }}
[[modulator.autoreceptor]]
name = "5HT1A"
at = "raphe"
ec50 = 0.01
most = 1
)",
                                       vmax)),
                 {"raphe", "forebrain"}, 1);
    m.add({.site = "SERT", .action = DrugAction::uptake_inhibitor}, inhibitor);
    m.settle();
    const double c = m.concentration("5HT", "raphe"), km = 0.17 * (1 + inhibitor), u = c / (km + c),
                 k = 0.8 / vmax;
    EXPECT_NEAR(0.04 * (1 - c / (0.01 + c)), 0.8 * u, 1e-9);
    EXPECT_NEAR(m.concentration("5HT", "forebrain"), km * k * u / (1 - k * u), 1e-7);
    return m.concentration("5HT", "forebrain");
  };
  double last = forebrain(0.8, 0);
  for (const double i : {0.1, 0.5, 1.0, 5.0, 50.0}) {
    const double now = forebrain(0.8, i);
    EXPECT_GT(now, last);
    last = now;
  }
  EXPECT_LT(forebrain(0.032, 0.5), forebrain(0.032, 0));
  EXPECT_GT(forebrain(0.032, 5), forebrain(0.032, 0));
}

TEST(Modulation, DosesMeasuredInPeopleDoNotDependOnTheListOfRegions) {
  const auto& drug = find_drug("haloperidol", formulary());
  const auto d2 = [&](std::vector<std::string> regions) {
    Modulation m(ready_modulators(), std::move(regions), 1);
    m.add(drug, 2);
    m.settle();
    return m.activation("DA", "D2", "dorsal_striatum");
  };
  EXPECT_NEAR(d2({"dorsal_striatum", "prefrontal"}), d2({"prefrontal", "dorsal_striatum"}), 1e-12);
  const auto alpha1 = [&](std::vector<ModulatorInfo> modulators) {
    Modulation m(std::move(modulators), {"prefrontal"}, 1);
    m.add(drug, 2);
    m.settle();
    return m.activation("NE", "alpha1", "prefrontal");
  };
  EXPECT_NEAR(alpha1({find_modulator("NE", ready_modulators())}), alpha1(ready_modulators()), 1e-12);
}

TEST(Modulation, RegionsMayLackReceptors) {
  std::string text = kPlain;
  text.replace(text.find("tau = 50\n"), 9, "tau = 50\ndensity = { striatum = 0.5, cortex = 0 }\n");
  Modulation m(from_text(text), {"striatum", "cortex"}, 1);
  const double c = m.concentration("DA", "striatum");
  EXPECT_NEAR(m.activation("DA", "D1", "striatum"), 0.5 * c / (1 + c), 1e-12);
  EXPECT_EQ(m.activation("DA", "D1", "cortex"), 0);
  for (const auto& [name, place] : m.places()) EXPECT_NE(name, "D1.cortex");
  const std::vector<std::string> cortex{"cortex"};
  expect_says([&] { m.add({.site = "D1", .action = DrugAction::antagonist}, 1, cortex); },
              "nothing here answers to");
  m.add({.site = "D1", .action = DrugAction::antagonist}, 3);
  m.settle();
  EXPECT_NEAR(m.activation("DA", "D1", "striatum"), 0.5 * c / (4 + c), 1e-12);
}

TEST(Modulation, ReleasersNeedTerminals) {
  Modulation m(from_text(kPlain), {"striatum"}, 1);
  m.add({.site = "DA", .action = DrugAction::releaser}, 1);
  m.settle();
  double c = m.concentration("DA", "striatum");
  EXPECT_NEAR(1.4, 4.1 * c / (0.21 + c), 1e-9);
  m.lesion("DA", 0.75);
  m.settle();
  c = m.concentration("DA", "striatum");
  EXPECT_NEAR(0.35, 4.1 * c / (0.21 + c), 1e-9);
  m.clear();
  m.settle();
  EXPECT_NEAR(m.concentration("DA", "striatum"), 0.21 * 0.4 / 3.7, 1e-9);
}

TEST(Drugs, MayReachAutoreceptorsAlone) {
  // A blocker that takes half of the autoreceptors at 1 mg and of the receptors at 100 mg.
  const auto drug = read_drugs(toml_tree::parse(R"(
[[drug]]
name = "x"
[[drug.target]]
site = "D2"
action = "antagonist"
on = "receptors"
[[drug.target]]
site = "D2"
action = "antagonist"
on = "autoreceptors"
ed50 = 1
[drug.dose]
site = "D2"
ed50 = 100
)",
                                                "card.toml"))
                        .front();
  const auto autoreceptor = from_text(kPlain + R"(
[[modulator.autoreceptor]]
name = "D2"
ec50 = 0.02
most = 0.6
)");
  Modulation m(autoreceptor, {"striatum"}, 1);
  const auto expect = [&](double b_auto, double b_post) {
    const double c = m.concentration("DA", "striatum"), x = c / 0.02, a = x / (1 + x + b_auto);
    EXPECT_NEAR(0.4 * (1 - 0.6 * a), 4.1 * c / (0.21 + c), 1e-10);
    EXPECT_NEAR(m.activation("DA", "D2", "striatum"), c / 0.01 / (1 + c / 0.01 + b_post), 1e-10);
  };
  expect(0, 0);
  const double rest = m.activation("DA", "D2", "striatum");
  m.add(drug, 3);
  m.settle();
  expect(3, 0.03);
  EXPECT_GT(m.activation("DA", "D2", "striatum"), rest)
      << "a low dose of a blocker raises what it blocks at high ones";
  m.clear();
  m.add(drug, 300);
  m.settle();
  expect(300, 3);
  EXPECT_LT(m.activation("DA", "D2", "striatum"), rest);
  expect_says(
      [] {
        (void)read_drugs(
            toml_tree::parse("[[drug]]\nname = \"x\"\n[[drug.target]]\nsite = \"DAT\"\naction = "
                             "\"uptake_inhibitor\"\non = \"receptors\"\n",
                             "card.toml"));
      },
      "acts on no receptor");
}

TEST(Drugs, HaveOneOrTwoCompartmentsByMouthOrAtOnce) {
  const auto drug = [](const std::string& kinetics) {
    return read_drugs(toml_tree::parse(
                          "[[drug]]\nname = \"x\"\n[[drug.target]]\nsite = \"D2\"\naction = \"antagonist\"\n"
                          "[drug.dose]\nsite = \"D2\"\ned50 = 1\n[drug.kinetics]\n" +
                              kinetics,
                          "card.toml"))
        .front();
  };
  // Plasma p and tissue q by Euler's method; what is swallowed is absorbed at ka.
  const auto by_hand = [](double ka, double ke, double k12, double k21, double until) {
    const double h = 1e-5;
    double gut = ka > 0 ? 1 : 0, p = 1 - gut, q = 0, most = p;
    for (int n = 0; n < std::lround(until / h); ++n) {
      const double in = ka * gut, out = k12 * p - k21 * q, dp = in - ke * p - out;
      gut -= h * in;
      p += h * dp;
      q += h * out;
      most = std::max(most, p);
    }
    return std::pair(p, most);
  };
  const double ke = std::log(2.0) / 3;
  const auto bolus = drug("half_life_h = 3\n");
  EXPECT_NEAR(bolus.course(0), 1, 1e-12);
  EXPECT_NEAR(bolus.course(3), 0.5, 1e-12);
  const auto two = drug("half_life_h = 3\nto_tissue_per_h = 2\nfrom_tissue_per_h = 0.5\n");
  EXPECT_NEAR(two.course(1), by_hand(0, ke, 2, 0.5, 1).first, 1e-4);
  EXPECT_NEAR(two.course(4), by_hand(0, ke, 2, 0.5, 4).first, 1e-4);
  // By mouth: ka so that one compartment would peak at 1 h.
  double ka = 1;
  for (int i = 0; i < 200; ++i) ka = ke + std::log(ka / ke);  // ln(ka/ke)/(ka - ke) = 1
  const auto swallowed = drug("peak_h = 1\nhalf_life_h = 3\nto_tissue_per_h = 2\nfrom_tissue_per_h = 0.5\n");
  const auto [at, most] = by_hand(ka, ke, 2, 0.5, 2);
  EXPECT_NEAR(swallowed.course(2), at / most, 1e-4);
  double highest = 0;
  for (double t = 0; t < 3; t += 1e-3) highest = std::max(highest, swallowed.course(t));
  EXPECT_NEAR(highest, 1, 1e-5);
  EXPECT_THROW(drug("half_life_h = 3\nto_tissue_per_h = 2\n"), Error);
}

TEST(Drugs, TwoHalvesAreAWhole) {
  for (const auto& drug : formulary()) {
    const double dose = drug.usual->value;
    auto whole = everything(ready_modulators()), halves = everything(ready_modulators());
    whole.add(drug, dose);
    halves.add(drug, dose / 2);
    halves.add(drug, dose / 2);
    whole.settle();
    halves.settle();
    const auto a = state(whole), b = state(halves);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12 * (1 + a[i])) << drug.name;
  }
}

TEST(Drugs, TakeHalfBesideTheModulatorWhereThatWasMeasured) {
  // What a blocker holds is B / (1 + x + B): half at its dose in living people, in striatum.
  int found = 0;
  for (const auto& drug : formulary()) {
    if (!drug.in_vivo || drug.targets[0].action != DrugAction::antagonist) continue;
    ++found;
    auto m = everything(ready_modulators());
    const auto& of = drug.dose_site == "D2" ? "DA" : "ACh";
    const double before = m.activation(of, drug.dose_site, "dorsal_striatum");
    // Nothing feeds back here: the receptor alone.
    Modulation alone({find_modulator(of, ready_modulators())}, {"dorsal_striatum"}, 1);
    const double c = alone.concentration(of, "dorsal_striatum");
    alone.add(drug, drug.ed50->value);
    const double ec50 = before > 0 ? c * (1 - before) / before : 0;  // C / EC50 = r / (1 - r)
    const double x = c / ec50, b = 1 + x;
    alone.settle();
    const double now = alone.concentration(of, "dorsal_striatum") / ec50;
    EXPECT_NEAR(alone.activation(of, drug.dose_site, "dorsal_striatum"), now / (1 + now + b), 1e-9)
        << drug.name;
  }
  EXPECT_EQ(found, 3);
}

TEST(Modulation, LesionsTakeTheirOwnTerminals) {
  auto m = everything(ready_modulators());
  const double before = m.concentration("DA", "prefrontal");
  m.lesion("NE", 0.5, true);
  m.settle();
  EXPECT_GT(m.concentration("DA", "prefrontal"), 1.3 * before)
      << "NET, on noradrenaline's terminals, cleared it";
  m.clear();
  m.lesion("DA", 0.5, true);
  m.settle();
  EXPECT_LT(m.concentration("DA", "prefrontal"), 0.7 * before)
      << "half is released, most is cleared as before";
}

TEST(Modulation, TakesAUsersOwnModulator) {
  auto own = from_text(R"(
[[modulator]]
name = "histamine"
tonic_hz = 3
quantum = 0.05
loss = 1.5
[[modulator.receptor]]
name = "H1"
ec50 = { value = 0.1, sure = "guess", source = "mine" }
)");
  EXPECT_EQ(own[0].receptors[0].ec50.sure, "guess");
  EXPECT_EQ(own[0].loss.sure, "card");
  Modulation m(own, {"hypothalamus", "cortex"}, 1);
  EXPECT_NEAR(m.concentration("histamine", "cortex"), 0.1, 1e-12);
  EXPECT_NEAR(m.activation("histamine", "H1", "cortex"), 0.5, 1e-12);
  const std::vector<std::string> cortex{"cortex"};
  m.add({.site = "H1", .action = DrugAction::antagonist}, 2, cortex);
  m.settle();
  EXPECT_NEAR(m.activation("histamine", "H1", "cortex"), 0.25, 1e-12);
  EXPECT_NEAR(m.activation("histamine", "H1", "hypothalamus"), 0.5, 1e-12) << "the site is the cortex";
}

TEST(Modulation, RefusesByName) {
  Modulation m(from_text(kPlain), {"striatum"}, 1);
  const std::vector<std::string> nowhere{"striatun"};
  expect_says([&] { m.add({.site = "D2", .action = DrugAction::antagonist}, 1, nowhere); },
              "did you mean 'striatum'");
  expect_says([&] { m.add({.site = "D3", .action = DrugAction::antagonist}, 1); }, "known: DA, DAT, D1, D2");
  expect_says([&] { m.add({.site = "DAT", .action = DrugAction::antagonist}, 1); },
              "nothing here answers to antagonist at 'DAT'");
  expect_says([&] { m.add({.site = "D2", .action = DrugAction::antagonist}, -1); }, ">= 0");
  expect_says([&] { m.add({.site = "DA", .action = DrugAction::depletion}, 1.5); }, "at most 1");
  expect_says([&] { m.add(find_drug("haloperidol", formulary()), -2); }, "dose of -2");
  expect_says([] { (void)find_drug("haloperidole", formulary()); }, "did you mean 'haloperidol'");
  expect_says([&] { m.lesion("DA", 2); }, "between 0 and 1");
  expect_says([&] { m.lesion("serotonine", 0.5); }, "no modulator is called");
  expect_says([&] { (void)m.activation("DA", "D5", "striatum"); }, "has no receptor 'D5'");
  m.set_rate("DA", 100);
  expect_says([&] { m.settle(); }, "more is released than is cleared at 100 Hz");
  expect_says([] { (void)from_text("[[modulator]]\nname = \"x\"\ntonic_hz = 1\nquantum = 1\n"); },
              "nothing clears 'x'");
  expect_says([] { (void)from_text("[[modulator]]\nname = \"x\"\ntonic_hz = -1\nquantum = 1\nloss = 1\n"); },
              "card.toml:3");
  expect_says([] { (void)from_text("[[modulator]]\nname = \"x\"\ntonic = 1\n"); }, "tonic_hz");
  expect_says(
      [] {
        (void)from_text(
            "[[modulator]]\nname = \"x\"\ntonic_hz = { value = 1, sure = \"recaled\" }\nquantum = 1\nloss = "
            "1\n");
      },
      "did you mean 'recalled'");
  expect_says(
      [] {
        (void)read_drugs(toml_tree::parse(
            "[[drug]]\nname = \"x\"\ntarget = [{ site = \"D2\", action = \"blocks\" }]\n", "card.toml"));
      },
      "a drug cannot 'blocks'");
  expect_says([] { (void)read_drugs(toml_tree::parse("[[drug]]\nname = \"x\"\n", "card.toml")); },
              "acts on nothing");
}

}  // namespace
}  // namespace labile
