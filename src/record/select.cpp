#include "record/select.hpp"

#include <algorithm>

namespace labile {

Trials only_rows(const Trials& t, std::span<const std::size_t> rows) {
  Trials r;
  r.source = t.source;
  r.layout = t.layout;
  r.report_after = t.report_after;
  r.conditions = t.conditions;
  const auto pick = [&](const auto& from, auto& to, std::size_t wide = 1) {
    if (from.empty()) return;
    to.reserve(rows.size() * wide);
    for (const auto k : rows)
      for (std::size_t j = 0; j < wide; ++j) to.push_back(from[k * wide + j]);
  };
  pick(t.session, r.session);
  pick(t.block, r.block);
  pick(t.trial, r.trial);
  pick(t.stage, r.stage);
  pick(t.choice, r.choice);
  pick(t.best, r.best);
  pick(t.old_best, r.old_best);
  pick(t.correct, r.correct);
  pick(t.outcome, r.outcome);
  pick(t.rt_s, r.rt_s);
  pick(t.condition, r.condition);
  pick(t.state, r.state);
  pick(t.right, r.right);
  pick(t.report, r.report);
  pick(t.feature, r.feature, t.rows() ? t.feature.size() / t.rows() : 0);
  for (const auto& [name, values] : t.signals) pick(values, r.signals[name]);
  return r;
}

Trials only_condition(const Trials& t, int condition) {
  std::vector<std::size_t> rows, first{0};
  std::vector<std::string> subjects;
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    for (std::size_t k = t.first[s]; k < t.first[s + 1]; ++k)
      if (t.condition[k] == condition) rows.push_back(k);
    if (rows.size() == first.back()) continue;
    subjects.push_back(t.subjects[s]);
    first.push_back(rows.size());
  }
  Trials r = only_rows(t, rows);
  r.conditions = {t.conditions[static_cast<std::size_t>(condition)]};
  std::fill(r.condition.begin(), r.condition.end(), 0);
  r.subjects = std::move(subjects);
  r.first = std::move(first);
  return r;
}

Trials joined(std::span<const Trials> parts) {
  Trials r;
  r.source = parts.front().source;
  r.layout = parts.front().layout;
  r.report_after = parts.front().report_after;
  r.first = {0};
  for (const auto& [name, values] : parts.front().signals)
    if (std::all_of(parts.begin(), parts.end(), [&](const Trials& t) { return t.signals.contains(name); }))
      r.signals[name];
  const auto append = [](const auto& from, auto& to) { to.insert(to.end(), from.begin(), from.end()); };
  for (const auto& t : parts) {
    const std::size_t before = r.rows();
    append(t.subjects, r.subjects);
    for (std::size_t s = 1; s < t.first.size(); ++s) r.first.push_back(before + t.first[s]);
    append(t.session, r.session);
    append(t.block, r.block);
    append(t.trial, r.trial);
    append(t.stage, r.stage);
    append(t.best, r.best);
    append(t.old_best, r.old_best);
    append(t.correct, r.correct);
    append(t.outcome, r.outcome);
    append(t.rt_s, r.rt_s);
    append(t.state, r.state);
    append(t.right, r.right);
    append(t.report, r.report);
    append(t.feature, r.feature);
    append(t.choice, r.choice);
    for (auto& [name, values] : r.signals) append(t.signals.at(name), values);
  }
  r.condition.assign(r.rows(), 0);
  return r;
}

bool conditions_within_subjects(const Trials& t) {
  if (t.conditions.size() < 2) return false;
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s)
    for (std::size_t k = t.first[s] + 1; k < t.first[s + 1]; ++k)
      if (t.condition[k] != t.condition[k - 1]) return true;
  return false;
}

}  // namespace labile
