#include "pharmacology/handle_effects.hpp"

#include <algorithm>

namespace labile {
namespace {
constexpr double kStepMs = 1;
constexpr int kPhase = 200, kAfter = 300;  // steps

struct Reading {
  const char *modulator, *receptor, *region;
};
double at_rest(const Modulation& m, const Reading& r) {
  return m.activation(r.modulator, r.receptor, r.region);
}

/// Largest change of an activation from rest, upwards in a burst, downwards in a pause.
double response(Modulation m, const Reading& r, bool burst) {
  const double rest = at_rest(m, r);
  const auto& info = find_modulator(r.modulator, m.modulators());
  double most = 0;
  for (int n = 0; n < kPhase + kAfter; ++n) {
    m.set_rate(r.modulator, n >= kPhase ? info.tonic_hz.value : burst ? info.burst_hz.value : 0);
    m.step();
    most = std::max(most, burst ? at_rest(m, r) - rest : rest - at_rest(m, r));
  }
  return most;
}
constexpr Reading kD1{"DA", "D1", "dorsal_striatum"}, kD2{"DA", "D2", "dorsal_striatum"};
}  // namespace

std::vector<std::string> agent_regions(const std::vector<ModulatorInfo>& modulators) {
  std::vector<std::string> list{"dorsal_striatum", "prefrontal"};
  for (const auto& m : modulators)
    for (const auto& a : m.autoreceptors)
      if (!a.at.empty() && std::ranges::find(list, a.at) == list.end()) list.push_back(a.at);
  return list;
}

std::vector<HandleEffect> handle_effects(const std::function<void(Modulation&)>& treat,
                                         const std::vector<ModulatorInfo>& modulators) {
  const Modulation intact(modulators, agent_regions(modulators), kStepMs);
  Modulation treated = intact;
  treat(treated);
  treated.settle();
  const auto ratio = [&](const Reading& r, auto&& of) { return of(treated, r) / of(intact, r); };
  const auto burst = [](const Modulation& m, const Reading& r) { return response(m, r, true); };
  const auto pause = [](const Modulation& m, const Reading& r) { return response(m, r, false); };
  const auto level = [](const Modulation& m, const Reading& r) {
    return at_rest(m, r) + response(m, r, true);
  };
  const auto front = [](const char* modulator, const char* receptor) {
    return Reading{modulator, receptor, "prefrontal"};
  };
  const double d1 = ratio(kD1, burst), d2 = ratio(kD2, pause);
  const double tilt =
      (at_rest(treated, kD1) - at_rest(intact, kD1) + at_rest(treated, kD2) - at_rest(intact, kD2)) / 2;
  const double ach = (ratio(front("ACh", "nicotinic"), at_rest) + ratio(front("ACh", "M1"), at_rest)) / 2;
  const double ne = (ratio(front("NE", "alpha1"), level) + ratio(front("NE", "beta"), level)) / 2;
  const double ser = (ratio(front("5HT", "5HT1A"), at_rest) + ratio(front("5HT", "5HT2A"), at_rest) +
                      ratio(front("5HT", "5HT2C"), at_rest)) /
                     3;
  return {{"striatum.D1", d1, 1, ""},
          {"striatum.D2", d2, 1, ""},
          {"da.release", (d1 + d2) / 2, 1, "striatum.D1"},
          {"da.tonic", tilt, 0, ""},
          {"ach.release", ach, 1, ""},
          {"ne.release", ne, 1, ""},
          {"ser.release", ser, 1, ""}};
}

}  // namespace labile
