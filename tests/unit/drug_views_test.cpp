/// What drugs take, in closed form and by a second way; phases and traces against the handles and exact solutions; curves over doses.
#include "pharmacology/drug_views.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.hpp"
#include "pharmacology/handle_effects.hpp"

namespace labile {
namespace {
using Kind = SiteView::Kind;

GivenDose of(const char* drug, double amount, std::vector<std::string> regions = {}) {
  return {&find_drug(drug, formulary()), amount, std::nullopt, std::move(regions)};
}
const AgentModulation& agent() {
  static const AgentModulation one;
  return one;
}
DrugView view(std::vector<GivenDose> doses) {
  return drug_view(agent(), {.doses = std::move(doses)});
}
const SiteView& site(const DrugView& v, Kind kind, std::string_view name, std::string_view region) {
  const auto at = std::ranges::find_if(
      v.sites, [&](const auto& s) { return s.kind == kind && s.site == name && s.region == region; });
  if (at == v.sites.end()) throw Bug("no such site");
  return *at;
}
template <class T>
const T& find(const std::vector<T>& list, std::string_view modulator, std::string_view region) {
  const auto at = std::ranges::find_if(
      list, [&](const auto& x) { return x.modulator == modulator && x.region == region; });
  if (at == list.end()) throw Bug("no such modulator");
  return *at;
}
const ActivationView& activation(const DrugView& v, std::string_view receptor, std::string_view region) {
  const auto at = std::ranges::find_if(
      v.activations, [&](const auto& x) { return x.receptor == receptor && x.region == region; });
  if (at == v.activations.end()) throw Bug("no such receptor");
  return *at;
}
double handle(const GivenDose& dose, std::string_view name) {
  const auto list = handle_effects([&](Modulation& m) { give(m, {.doses = {dose}}); });
  return std::ranges::find(list, name, &HandleEffect::handle)->value;
}

// Acetylcholine at rest: 5 Hz x 1 µM / 50 per s = 0.1 µM of an EC50 of 1; nothing feeds back.
constexpr double kAch = 0.1;

TEST(DrugViews, ABlockerIsGaddum) {
  const auto& drug = find_drug("scopolamine", formulary());
  ASSERT_FALSE(drug.in_vivo);
  for (const double b : {0.5, 1.0, 2.0}) {
    const auto v = view({of("scopolamine", b * drug.ed50->value)});
    EXPECT_NEAR(site(v, Kind::receptor, "M1", "prefrontal").taken, b / (1 + kAch + b), 1e-9);
    EXPECT_NEAR(activation(v, "M1", "prefrontal").drug.rest, kAch / (1 + kAch + b), 1e-9);
    EXPECT_NEAR(activation(v, "M1", "prefrontal").intact.rest, kAch / (1 + kAch), 1e-9);
  }
}

TEST(DrugViews, ABlockerTakesHalfAtADoseOfLivingPeople) {
  const auto& drug = find_drug("biperiden", formulary());
  ASSERT_TRUE(drug.in_vivo);
  for (const double times : {0.5, 1.0, 2.0}) {
    const auto v = view({of("biperiden", times * drug.ed50->value)});
    EXPECT_NEAR(site(v, Kind::receptor, "M1", "prefrontal").taken, times / (1 + times), 1e-9);
    EXPECT_NEAR(activation(v, "M1", "prefrontal").drug.rest, kAch / (1 + kAch) / (1 + times), 1e-9);
  }
}

TEST(DrugViews, AnAgonistIsGaddum) {
  const auto& drug = find_drug("nicotine", formulary());
  ASSERT_EQ(drug.dose_site, "nicotinic");
  ASSERT_FALSE(drug.in_vivo);
  const double t = 3, s = drug.targets[0].efficacy * t;
  const auto v = view({of("nicotine", t * drug.ed50->value)});
  EXPECT_NEAR(site(v, Kind::receptor, "nicotinic", "prefrontal").taken, t / (1 + kAch + t), 1e-9);
  EXPECT_NEAR(activation(v, "nicotinic", "prefrontal").drug.rest, (kAch + s) / (1 + kAch + t), 1e-9);
}

TEST(DrugViews, WhatEveryDrugTakesFollowsFromConcentrationAndActivation) {
  // r = (x + eT) / (1 + x + T + B) has one unknown: solved for it, from what the modulation system itself says.
  int compared = 0;
  for (const auto& drug : formulary()) {
    const auto v = view({of(drug.name.c_str(), 2 * (drug.usual ? drug.usual->value : drug.ed50->value))});
    for (const auto& s : v.sites) {
      if (s.kind != Kind::receptor) continue;
      const auto& t = *std::ranges::find(drug.targets, s.site, &DrugTarget::site);
      const auto& info = find_modulator(s.modulator, ready_modulators());
      const auto& receptor = *std::ranges::find(info.receptors, s.site, &ReceptorInfo::name);
      const double x = find(v.concentrations, s.modulator, s.region).drug / receptor.ec50.value;
      const double r = activation(v, s.site, s.region).drug.rest;
      const double held =
          t.action == DrugAction::antagonist ? x / r - 1 - x : (r * (1 + x) - x) / (t.efficacy - r);
      EXPECT_NEAR(s.taken, held / (1 + x + held), 1e-6) << drug.name << " at " << s.site << ", " << s.region;
      EXPECT_GT(s.taken, 0.01);
      ++compared;
    }
  }
  EXPECT_GE(compared, 20);
}

TEST(DrugViews, AnUptakeInhibitorTakesItsShareAndWhatIsReleasedIsCleared) {
  const auto& drug = find_drug("citalopram", formulary());
  const auto& ser = find_modulator("5HT", ready_modulators());
  const double inhibitor = 2;
  const auto v = view({of("citalopram", inhibitor * drug.ed50->value)});
  const double c = find(v.concentrations, "5HT", "prefrontal").drug, km = ser.transporters[0].km.value;
  EXPECT_NEAR(site(v, Kind::transporter, "SERT", "prefrontal").taken, inhibitor / (1 + c / km + inhibitor),
              1e-12);
  // Balance of the rates.
  const auto& a = ser.autoreceptors[0];
  const double released =
      ser.quantum.value * ser.tonic_hz.value * (1 - a.most.value * c / (c + a.ec50.value));
  EXPECT_NEAR(released,
              ModulatorInfo::vmax(ser.transporters[0], "prefrontal") * c / (km * (1 + inhibitor) + c), 1e-9);
}

TEST(DrugViews, AnInhibitedEnzymeLeavesMore) {
  const auto& drug = find_drug("donepezil", formulary());
  const auto v = view({of("donepezil", 3 * drug.ed50->value)});
  EXPECT_NEAR(site(v, Kind::enzyme, "AChE", "prefrontal").taken, 0.75, 1e-12);
  EXPECT_NEAR(find(v.concentrations, "ACh", "prefrontal").drug, 4 * kAch, 1e-9);
  EXPECT_NEAR(find(v.concentrations, "ACh", "prefrontal").intact, kAch, 1e-9);
}

TEST(DrugViews, ReleaseIsGainedInProportionAndLostInShares) {
  const auto& levodopa = find_drug("levodopa", formulary());
  const auto more = view({of("levodopa", 1.5 * levodopa.usual->value)});
  EXPECT_NEAR(find(more.releases, "DA", "prefrontal").times, 1 + 1.5 * levodopa.effect->value, 1e-12);
  EXPECT_TRUE(more.sites.empty());
  const auto& diet = find_drug("tryptophan_depletion", formulary());
  const auto less = view({of("tryptophan_depletion", 2 * diet.usual->value)});
  EXPECT_NEAR(find(less.releases, "5HT", "prefrontal").times, std::pow(1 - diet.effect->value, 2), 1e-12);
}

TEST(DrugViews, DrugsOfOneSiteAddUp) {
  const auto& prazosin = find_drug("prazosin", formulary());
  const auto& haloperidol = find_drug("haloperidol", formulary());
  const auto taken = [](const DrugView& v) { return site(v, Kind::receptor, "alpha1", "prefrontal").taken; };
  const GivenDose a = of("prazosin", prazosin.usual->value), b = of("haloperidol", haloperidol.usual->value);
  // Nothing at alpha1 feeds back, so that x stays: B = (1 + x) taken / (1 - taken).
  const double pa = taken(view({a})), pb = taken(view({b}));
  const double sum = pa / (1 - pa) + pb / (1 - pb);
  EXPECT_NEAR(taken(view({a, b})), sum / (1 + sum), 1e-9);
}

TEST(DrugViews, ADrugActsWhereItIs) {
  const auto v = view({of("haloperidol", 2, {"prefrontal"})});
  EXPECT_EQ(site(v, Kind::receptor, "D2", "dorsal_striatum").taken, 0);
  EXPECT_GT(site(v, Kind::receptor, "D2", "prefrontal").taken, 0.2);
  const auto& striatum = activation(v, "D2", "dorsal_striatum");
  EXPECT_EQ(striatum.intact.pause, striatum.drug.pause);
  for (const auto& t : v.traces) EXPECT_EQ(t.region, "prefrontal");
}

TEST(DrugViews, PhasesAreWhatHandlesAreMadeOf) {
  const auto dose = of("methylphenidate", 20);
  const auto v = view({dose});
  const auto& d1 = activation(v, "D1", "dorsal_striatum");
  const auto& d2 = activation(v, "D2", "dorsal_striatum");
  EXPECT_NEAR((d1.drug.burst - d1.drug.rest) / (d1.intact.burst - d1.intact.rest),
              handle(dose, "striatum.D1"), 1e-12);
  EXPECT_NEAR((d2.drug.rest - d2.drug.pause) / (d2.intact.rest - d2.intact.pause),
              handle(dose, "striatum.D2"), 1e-12);
  const auto& alpha1 = activation(v, "alpha1", "prefrontal");
  const auto& beta = activation(v, "beta", "prefrontal");
  EXPECT_NEAR((alpha1.drug.burst / alpha1.intact.burst + beta.drug.burst / beta.intact.burst) / 2,
              handle(dose, "ne.release"), 1e-12);
}

TEST(DrugViews, TracesAreTheExactSolutionOfALinearClearance) {
  // dC/dt = Q f - k C with k / (1 + I): from Qf/k to its new level.
  const auto& drug = find_drug("donepezil", formulary());
  const auto v = view({of("donepezil", drug.ed50->value)});
  const auto& trace = find(v.traces, "ACh", "dorsal_striatum");
  const auto& times = trace_times();
  ASSERT_EQ(times.ms.size(), trace.drug.size());
  ASSERT_EQ(times.ms.size(), trace.intact.size());
  for (std::size_t i = 0; i < times.ms.size(); ++i) {
    if (times.ms[i] > times.pause_from) break;
    for (const auto& [list, k] : {std::pair{&trace.intact, 50.0}, {&trace.drug, 25.0}}) {
      const double t = times.ms[i] / 1000, end = times.burst_to / 1000, rest = 5 / k, high = 50 / k;
      double c = rest;
      if (t > 0) c = high + (rest - high) * std::exp(-k * std::min(t, end));
      if (t > end) c = rest + (c - rest) * std::exp(-k * (t - end));
      EXPECT_NEAR((*list)[i], c, 1e-9) << times.ms[i] << " ms";
    }
  }
  // In the pause it falls from rest.
  const auto at = [&](double ms) {
    return trace.intact[static_cast<std::size_t>(std::ranges::find(times.ms, ms) - times.ms.begin())];
  };
  EXPECT_NEAR(at(times.pause_to), kAch * std::exp(-50 * (times.pause_to - times.pause_from) / 1000), 1e-6);
}

TEST(DrugViews, SharesOfAReceptorSumToOne) {
  for (const double x : {0.0, 0.1, 3.0})
    for (const double t : {0.0, 0.5, 4.0})
      for (const double b : {0.0, 0.7, 9.0}) {
        const Occupants o{.stimulus = t, .agonist = t, .blocker = b};
        EXPECT_NEAR(taken_by_drugs(x, 1, o), (t + b) / (1 + x + t + b), 1e-12);
        for (const double hill : {0.5, 2.0}) {
          // Active places are the modulator's and agonists'; the others are blockers' or free.
          const double active = activation(x, hill, o);
          const double of_modulator = x + t > 0 ? x / (x + t) * active : 0, free = (1 - active) / (1 + b);
          EXPECT_NEAR(taken_by_drugs(x, hill, o), 1 - of_modulator - free, 1e-12);
        }
      }
}

TEST(DrugViews, LesionsOfAConditionActToo) {
  const auto& diet = find_drug("tryptophan_depletion", formulary());
  const auto v = drug_view(agent(), {.doses = {of("tryptophan_depletion", diet.usual->value)},
                                     .lesions = {{"5HT", 0.25}, {"ACh", 0.5, false, {"prefrontal"}}}});
  EXPECT_NEAR(find(v.releases, "5HT", "prefrontal").times, 0.75 * (1 - diet.effect->value), 1e-12);
  EXPECT_NEAR(find(v.releases, "ACh", "prefrontal").times, 0.5, 1e-12);
  EXPECT_NEAR(find(v.releases, "ACh", "dorsal_striatum").times, 1, 1e-12);
  EXPECT_NEAR(find(v.concentrations, "ACh", "prefrontal").drug, kAch / 2, 1e-9) << "cleared in proportion";
}

TEST(DrugViews, AChronicDoseLeavesMoreSerotonin) {
  auto dose = of("citalopram", 20);
  const double acute = find(view({dose}).concentrations, "5HT", "prefrontal").drug;
  dose.chronic = true;
  EXPECT_GT(find(view({dose}).concentrations, "5HT", "prefrontal").drug, 1.05 * acute);
  EXPECT_TRUE(dose_course(agent(), dose).hours.empty());
}

TEST(DrugViews, SystemsMayBeACardsOwn) {
  auto own = ready_modulators();
  for (auto& m : own)
    if (m.short_name == "ACh")
      for (auto& r : m.receptors)
        if (r.name == "M1") r.ec50.value = 0.1;  // x = 1
  const auto& drug = find_drug("scopolamine", formulary());
  const auto v = drug_view(AgentModulation(own), {.doses = {of("scopolamine", 2 * drug.ed50->value)}});
  EXPECT_NEAR(site(v, Kind::receptor, "M1", "prefrontal").taken, 0.5, 1e-9);
  EXPECT_NEAR(activation(v, "M1", "prefrontal").drug.rest, 0.25, 1e-9);
}

TEST(DrugViews, SayHowSureTheyAre) {
  const auto v = view({of("haloperidol", 2)});
  EXPECT_EQ(weakest(site(v, Kind::receptor, "D2", "dorsal_striatum").rests_on), "guess");
  EXPECT_EQ(weakest(find(v.concentrations, "DA", "prefrontal").rests_on), "ours");
  EXPECT_EQ(weakest({}), "");
  const auto pharma =
      view({of("citalopram", 20), of("prazosin", 1), of("donepezil", 5), of("levodopa", 100)});
  for (const auto& s : pharma.sites) EXPECT_FALSE(s.rests_on.empty()) << s.site;
  for (const auto& r : pharma.releases) EXPECT_FALSE(r.rests_on.empty());
  // A time rests on the course in plasma.
  auto late = of("haloperidol", 2);
  late.since_h = 12;
  const auto list = view({late}).sites.front().rests_on;
  EXPECT_TRUE(std::ranges::any_of(list, [](const auto& b) { return b.what.ends_with("half-life"); }));
}

TEST(DoseResponse, IsASaturationCurveThroughTheDoseGiven) {
  const auto dose = of("scopolamine", 0.4);
  const auto grid = dose_grid(dose);
  EXPECT_NEAR(grid.front(), 0.4 / 30, 1e-12);
  EXPECT_NEAR(grid.back(), 0.4 * 30, 1e-9);
  const auto at = std::ranges::find(grid, 0.4);
  ASSERT_NE(at, grid.end());
  for (std::size_t k = 1; k < grid.size(); ++k) EXPECT_NEAR(grid[k] / grid[k - 1], grid[1] / grid[0], 1e-9);
  const auto r = dose_response(agent(), dose, grid);
  EXPECT_TRUE(r.refused.empty());
  const double ed50 = dose.drug->ed50->value;
  const auto m1 = std::ranges::find(r.sites, "M1", &DoseResponse::Site::site);
  ASSERT_NE(m1, r.sites.end());
  for (std::size_t k = 0; k < grid.size(); ++k)
    EXPECT_NEAR(m1->taken[k], grid[k] / (grid[k] + (1 + kAch) * ed50), 1e-9);
  ASSERT_EQ(r.handles.size(), 1U) << "only what moves";
  EXPECT_EQ(r.handles[0].handle, "ach.release");
  EXPECT_NEAR(r.handles[0].value[static_cast<std::size_t>(at - grid.begin())], handle(dose, "ach.release"),
              1e-12);
}

TEST(DoseCourse, IsTheViewAtEveryHour) {
  for (const char* name : {"methylphenidate", "tryptophan_depletion"}) {
    auto dose = of(name, find_drug(name, formulary()).usual->value);
    const auto c = dose_course(agent(), dose);
    ASSERT_GT(c.hours.size(), 10U);
    EXPECT_EQ(c.read_h, dose.drug->peak_h->value);
    for (std::size_t k = 0; k < c.hours.size(); k += 10) {
      dose.since_h = c.hours[k];
      const auto v = view({dose});
      ASSERT_EQ(v.sites.size(), c.there.sites.size());
      for (std::size_t i = 0; i < v.sites.size(); ++i) {
        ASSERT_EQ(v.sites[i].site, c.there.sites[i].site);
        EXPECT_NEAR(c.there.sites[i].taken[k], v.sites[i].taken, 1e-9) << c.hours[k] << " h";
      }
      for (const auto& r : c.there.releases)
        EXPECT_NEAR(r.times[k], find(v.releases, r.modulator, r.region).times, 1e-9) << c.hours[k] << " h";
    }
  }
}

TEST(DoseCourse, FallsByHalfLivesAfterAll) {
  // B falls by half in a half-life once it is absorbed; taken / (1 - taken) = B / (1 + x) where nothing feeds back.
  const auto dose = of("scopolamine", 0.4);
  const auto c = dose_course(agent(), dose);
  const auto m1 = std::ranges::find(c.there.sites, "M1", &DoseResponse::Site::site);
  const auto odds = [&](std::size_t k) { return m1->taken[k] / (1 - m1->taken[k]); };
  const std::size_t last = c.hours.size() - 1;
  EXPECT_NEAR(odds(last) / odds(last - 5),
              std::exp2(-(c.hours[last] - c.hours[last - 5]) / dose.drug->half_life_h->value), 0.02);
}

TEST(DoseCourse, OfADrugThatIsThereAtOnceOrGoesToTissue) {
  Drug drug = find_drug("scopolamine", formulary());
  drug.peak_h.reset();
  const auto once = dose_course(agent(), {.drug = &drug, .amount = 0.4});
  EXPECT_EQ(once.read_h, 0);
  const auto& taken = once.there.sites.front().taken;
  EXPECT_EQ(std::ranges::max_element(taken), taken.begin());
  EXPECT_TRUE(std::ranges::is_sorted(taken, std::greater{}));
  drug.peak_h = Constant{1.0, "guess", "", ""};
  drug.to_tissue_per_h = drug.from_tissue_per_h = Constant{0.5, "guess", "", ""};
  const auto two = dose_course(agent(), {.drug = &drug, .amount = 0.4});
  EXPECT_GT(two.read_h, 0);
  EXPECT_LE(two.read_h, 1);
}

TEST(DoseResponse, SaysWhereTheModelHasNoAnswer) {
  const std::vector<double> doses{100, 10000};
  const auto r = dose_response(agent(), of("levodopa", 100), doses);
  EXPECT_TRUE(std::isfinite(r.handles[0].value[0]));
  EXPECT_TRUE(std::isnan(r.handles[0].value[1]));
  EXPECT_TRUE(std::isnan(r.releases[0].times[1]));
  EXPECT_NE(r.refused.find("more is released than is cleared"), std::string::npos) << r.refused;
}

TEST(DoseResponse, GridsOfSharesAreNarrowAndPlacebosHaveTheUsualDose) {
  EXPECT_NEAR(dose_grid(of("levodopa", 150)).back(), 450, 1e-9);
  const auto grid = dose_grid(of("haloperidol", 0));
  EXPECT_NE(std::ranges::find(grid, find_drug("haloperidol", formulary()).usual->value), grid.end());
}

}  // namespace
}  // namespace labile
