#include "learners/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "contract/parts.hpp"

namespace labile {

#define ENTRY(name) LearnerEntry name();
#include "learners/catalogue.def"
#undef ENTRY

std::span<const LearnerEntry> all_learners() {
  static const std::vector<LearnerEntry> entries{
#define ENTRY(name) name(),
#include "learners/catalogue.def"
#undef ENTRY
  };
  return entries;
}

namespace {
/// Names by which fitting packages know models of ours that have the same parameters.
constexpr std::pair<const char*, const char*> kAlso[] = {{"prl_ewa", "experience_weighted"},
                                                         {"gng_m4", "pavlovian_bias"}};

/// A learner with parts, made once for each combination: parameters of parts that were not asked for are held
/// at nothing.
const LearnerEntry& combined(std::string_view name, const Where& where) {
  static std::mutex lock;
  static std::map<std::string, LearnerEntry, std::less<>> made;
  const std::lock_guard guard(lock);
  const auto found = made.find(name);
  if (found != made.end()) return found->second;
  const auto plus = name.find('+');
  const LearnerEntry& base = find_learner(name.substr(0, plus), where);
  if (!base.with_parts)
    throw Error(where, fmt::format("'{}' takes no parts: {}", base.info.name,
                                   base.timed     ? "they change probabilities of choices, not response times"
                                   : base.reports ? "they change probabilities of choices, not reports"
                                                  : "it is no learner with a likelihood"));
  LearnerEntry e = base.with_parts();
  std::vector<std::string> known;
  for (const auto& part : all_parts()) known.emplace_back(part.name);
  std::vector<std::string> asked;
  for (std::string_view rest = name.substr(plus); !rest.empty();) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('+'), rest.size());
    const std::string part(rest.substr(0, end));
    rest.remove_prefix(end);
    if (std::find(known.begin(), known.end(), part) == known.end())
      throw Error(where, fmt::format("no part is called '{}'{}", part, suggest(part, known)));
    if (std::find(asked.begin(), asked.end(), part) != asked.end())
      throw Error(where, fmt::format("part '{}' is asked for twice", part));
    if (part == "forgetting" && !e.forgets)
      throw Error(where, fmt::format("'{}' keeps no values that could be forgotten", base.info.name));
    asked.push_back(part);
  }
  for (const auto& part : all_parts())
    if (std::find(asked.begin(), asked.end(), part.name) == asked.end())
      for (const char* param : part.params)
        for (auto& p : e.params)
          if (p.name == param) p.prior = fixed_prior(), p.bounds = {0, 0};
  const auto it = made.emplace(std::string(name), std::move(e)).first;
  it->second.info.name = it->first.c_str();
  return it->second;
}
}  // namespace

const LearnerEntry* learner_named(std::string_view name, const Where& where) {
  if (name.find('+') != std::string_view::npos) return &combined(name, where);
  for (const auto& [also, ours] : kAlso)
    if (name == also) return learner_named(ours, where);
  for (const auto& e : all_learners())
    if (name == e.info.name) return &e;
  return nullptr;
}

std::vector<std::string> learner_names() {
  std::vector<std::string> r;
  for (const auto& e : all_learners()) r.emplace_back(e.info.name);
  for (const auto& names : kAlso) r.emplace_back(names.first);
  return r;
}

const LearnerEntry& find_learner(std::string_view name, const Where& where) {
  if (const LearnerEntry* e = learner_named(name, where)) return *e;
  throw Error(where,
              fmt::format("no learner or agent is called '{}'{}", name, suggest(name, learner_names())));
}

}  // namespace labile
