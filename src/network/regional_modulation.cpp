#include "network/regional_modulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "toml/read_keys.hpp"

namespace labile {

RegionalModulation::RegionalModulation(const ModulationSpec& spec, const std::vector<Population>& populations,
                                       double dt_ms)
    : modulation_(located(spec.where, [&] { return Modulation(spec.modulators, spec.regions, dt_ms); })),
      places_(modulation_.places()) {
  for (std::size_t i = 0; i < places_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (places_[i].first == places_[j].first)
        throw Error(spec.where, fmt::format("two modulators or receptors are called '{}'",
                                            places_[i].first.substr(0, places_[i].first.find('.'))));
  for (const ExchangeSpec& x : spec.exchange)
    located(x.where, [&] { modulation_.exchange(x.a, x.b, x.rate_per_s, x.modulator); });
  for (const NucleusSpec& n : spec.nuclei) {
    const auto at =
        std::ranges::find_if(populations, [&](const Population& p) { return p.spec->name == n.population; });
    if (at == populations.end())
      throw Error(n.where, fmt::format("no population is called '{}'", n.population));
    nuclei_.push_back({&n, at->index, located(n.where, [&] {
                         return modulation_.add_nucleus(n.modulator, at->size, n.regions);
                       })});
  }
}

std::vector<std::string> RegionalModulation::names() const {
  std::vector<std::string> r;
  for (const auto& [name, place] : places_) r.push_back(name);
  return r;
}
void RegionalModulation::listen(const std::vector<std::string>& names) {
  heard_names_ = names;
  heard_.clear();
  jumps_.clear();
  jumping_.clear();
  for (const auto& name : names) {
    const auto at = std::ranges::find(places_, name, &std::pair<std::string, Modulation::Place>::first);
    jumps_.push_back(at->second.receptor < 0);
    if (jumps_.back()) jumping_.push_back(heard_.size());
    heard_.push_back(modulation_.address(at->second));
  }
}
double RegionalModulation::value(std::string_view name) const {
  for (const auto& [known, place] : places_)
    if (known == name) return *modulation_.address(place);
  throw Error(fmt::format("nothing here is called '{}'{}", name, suggest(name, names())));
}

void RegionalModulation::arrive(const std::vector<Population>& populations, Step n) {
  for (const Nucleus& x : nuclei_)
    for (const std::uint32_t unit :
         populations[static_cast<std::size_t>(x.population)].log.at(n - x.release_delay))
      modulation_.spike(x.number, static_cast<int>(unit), n);
  modulation_.arrive();
}

}  // namespace labile
