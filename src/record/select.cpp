#include "record/select.hpp"

namespace labile {

Trials only_condition(const Trials& t, int condition) {
  Trials r;
  r.source = t.source;
  r.layout = t.layout;
  r.report_after = t.report_after;
  r.conditions = {t.conditions[static_cast<std::size_t>(condition)]};
  r.first.push_back(0);
  const std::size_t per = t.rows() ? t.feature.size() / t.rows() : 0;
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    const std::size_t before = r.rows();
    for (std::size_t k = t.first[s]; k < t.first[s + 1]; ++k) {
      if (t.condition[k] != condition) continue;
      r.session.push_back(t.session[k]);
      r.block.push_back(t.block[k]);
      r.trial.push_back(t.trial[k]);
      r.stage.push_back(t.stage[k]);
      r.choice.push_back(t.choice[k]);
      r.best.push_back(t.best[k]);
      r.old_best.push_back(t.old_best[k]);
      r.correct.push_back(t.correct[k]);
      r.outcome.push_back(t.outcome[k]);
      r.rt_s.push_back(t.rt_s[k]);
      r.condition.push_back(0);
      if (!t.state.empty()) r.state.push_back(t.state[k]);
      if (!t.right.empty()) r.right.push_back(t.right[k]);
      if (!t.report.empty()) r.report.push_back(t.report[k]);
      for (std::size_t j = 0; j < per; ++j) r.feature.push_back(t.feature[k * per + j]);
      for (const auto& [name, values] : t.signals) r.signals[name].push_back(values[k]);
    }
    if (r.rows() == before) continue;
    r.subjects.push_back(t.subjects[s]);
    r.first.push_back(r.rows());
  }
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
