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
}  // namespace

PharmacologyTables read_pharmacology(const Node& root) {
  PharmacologyTables r;
  const auto own = read_modulators(root);
  for (const auto& m : own) r.own_modulators.push_back(m.name);
  r.modulators = with_ready(own, ready_modulators());
  r.drugs = with_ready(read_drugs(root), formulary());
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
