#include "pharmacology/own_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "toml/read_keys.hpp"
#include "toml/toml_text.hpp"

namespace labile {
namespace {
template <class T>
std::vector<T> with_ready(std::vector<T> own, const std::vector<T>& ready) {
  for (const T& r : ready)
    if (std::ranges::find(own, r.name, &T::name) == own.end()) own.push_back(r);
  return own;
}
/// Each target must be of some modulator that can be had, whether it is in this run or not.
void refuse_unknown_sites(const Drug& drug, const std::vector<ModulatorInfo>& modulators) {
  std::vector<std::string> known;
  for (const auto& m : modulators) {
    known.insert(known.end(), {m.name, m.short_name});
    if (!m.enzyme.empty()) known.push_back(m.enzyme);
    for (const auto& x : m.transporters) known.push_back(x.name);
    for (const auto& x : m.receptors) known.push_back(x.name);
    for (const auto& x : m.autoreceptors) known.push_back(x.name);
  }
  for (const auto& t : drug.targets)
    if (std::ranges::find(known, t.site) == known.end())
      throw Error(fmt::format("drug '{}': no modulator has a site '{}'{}", drug.name, t.site,
                              suggest(t.site, known)));
}
}  // namespace

PharmacologyTables read_pharmacology(const Node& root) {
  PharmacologyTables r;
  const auto own = read_modulators(root);
  for (const auto& m : own) r.own_modulators.push_back(m.name);
  r.modulators = with_ready(own, ready_modulators());
  const auto own_drugs = read_drugs(root);
  const auto tables = tables_of(root, "drug");
  for (std::size_t i = 0; i < own_drugs.size(); ++i)
    located(tables[i]->where, [&] { refuse_unknown_sites(own_drugs[i], r.modulators); });
  r.drugs = with_ready(own_drugs, formulary());
  for (const char* section : {"modulator", "drug"})
    for (const Node* t : tables_of(root, section)) {
      TomlWriter w;
      w.header(fmt::format("[[{}]]", section));
      for (const auto& m : t->members) w.raw(toml_key(m.name), toml_text(m.node));
      r.text.push_back(w.text());
    }
  return r;
}

}  // namespace labile
