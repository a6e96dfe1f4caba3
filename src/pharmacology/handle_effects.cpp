#include "pharmacology/handle_effects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace labile {
namespace {
struct Reading {
  const char *modulator, *receptor, *region;
};
double activation(const Modulation& m, const Reading& r) {
  return m.activation(r.modulator, r.receptor, r.region);
}

/// Largest change of an activation from rest, upwards in a burst, downwards in a pause.
double response(Modulation m, const Reading& r, bool burst) {
  const double rest = activation(m, r);
  const auto& info = find_modulator(r.modulator, m.modulators());
  double most = 0;
  for (int n = 0; n < kPhaseMs + kAfterMs; ++n) {
    m.set_rate(r.modulator, n >= kPhaseMs ? info.tonic_hz.value : burst ? info.burst_hz.value : 0);
    m.step();
    most = std::max(most, burst ? activation(m, r) - rest : rest - activation(m, r));
  }
  return most;
}
}  // namespace

std::vector<std::string> agent_regions(const std::vector<ModulatorInfo>& modulators) {
  std::vector<std::string> list{"dorsal_striatum", "prefrontal"};
  for (const auto& m : modulators)
    for (const auto& a : m.autoreceptors)
      if (!a.at.empty() && std::ranges::find(list, a.at) == list.end()) list.push_back(a.at);
  return list;
}

AgentModulation::AgentModulation(const std::vector<ModulatorInfo>& modulators)
    : rest_(modulators, agent_regions(modulators), 1), intact_(responses(rest_)) {
  const auto want = [](double response, const char* modulator, const char* receptor, const char* key) {
    if (!(response > 0))
      throw Error(
          fmt::format("agents' handles are read from {} of {}, which does not respond here: it wants {}",
                      receptor, modulator, key));
  };
  want(intact_.d1, "dopamine", "D1", "a burst_hz above tonic_hz");
  want(intact_.d2, "dopamine", "D2", "a tonic_hz above 0");
  want(intact_.nicotinic, "acetylcholine", "nicotinic", "a tonic_hz above 0");
  want(intact_.m1, "acetylcholine", "M1", "a tonic_hz above 0");
  want(intact_.alpha1, "noradrenaline", "alpha1", "a tonic_hz or burst_hz above 0");
  want(intact_.beta, "noradrenaline", "beta", "a tonic_hz or burst_hz above 0");
  want(intact_.ht1a, "serotonin", "5HT1A", "a tonic_hz above 0");
  want(intact_.ht2a, "serotonin", "5HT2A", "a tonic_hz above 0");
  want(intact_.ht2c, "serotonin", "5HT2C", "a tonic_hz above 0");
}

AgentModulation::Responses AgentModulation::responses(const Modulation& m) {
  constexpr Reading kD1{"DA", "D1", "dorsal_striatum"}, kD2{"DA", "D2", "dorsal_striatum"};
  const auto rest = [&](const char* modulator, const char* receptor) {
    return activation(m, {modulator, receptor, "prefrontal"});
  };
  const auto height = [&](const char* receptor) {
    return rest("NE", receptor) + response(m, {"NE", receptor, "prefrontal"}, true);
  };
  return {.d1 = response(m, kD1, true),
          .d2 = response(m, kD2, false),
          .d1_at_rest = activation(m, kD1),
          .d2_at_rest = activation(m, kD2),
          .nicotinic = rest("ACh", "nicotinic"),
          .m1 = rest("ACh", "M1"),
          .alpha1 = height("alpha1"),
          .beta = height("beta"),
          .ht1a = rest("5HT", "5HT1A"),
          .ht2a = rest("5HT", "5HT2A"),
          .ht2c = rest("5HT", "5HT2C")};
}

std::vector<HandleEffect> AgentModulation::effects(const std::function<void(Modulation&)>& treat) const {
  Modulation treated = rest_;
  treat(treated);
  treated.settle();
  const Responses after = responses(treated);
  const auto ratio = [&](double Responses::*of) { return after.*of / intact_.*of; };
  const double d1 = ratio(&Responses::d1), d2 = ratio(&Responses::d2);
  const double tilt = (after.d1_at_rest - intact_.d1_at_rest + after.d2_at_rest - intact_.d2_at_rest) / 2;
  const double ach = (ratio(&Responses::nicotinic) + ratio(&Responses::m1)) / 2;
  const double ne = (ratio(&Responses::alpha1) + ratio(&Responses::beta)) / 2;
  const double ser = (ratio(&Responses::ht1a) + ratio(&Responses::ht2a) + ratio(&Responses::ht2c)) / 3;
  return {{"striatum.D1", d1, 1, ""},
          {"striatum.D2", d2, 1, ""},
          {"da.release", (d1 + d2) / 2, 1, "striatum.D1"},
          {"da.tonic", tilt, 0, ""},
          {"ach.release", ach, 1, ""},
          {"ne.release", ne, 1, ""},
          {"ser.release", ser, 1, ""}};
}

std::vector<HandleEffect> handle_effects(const std::function<void(Modulation&)>& treat,
                                         const std::vector<ModulatorInfo>& modulators) {
  return AgentModulation(modulators).effects(treat);
}

}  // namespace labile
