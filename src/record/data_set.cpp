#include "record/data_set.hpp"

#include "record/select.hpp"

namespace labile {

void view_subjects(DataSet& d) {
  d.subjects.clear();
  for (std::size_t s = 0; s < d.trials.subjects.size(); ++s)
    d.subjects.push_back(subject_trials(d.trials, static_cast<int>(s), d.fresh));
}

void take_rows(DataSet& d, const std::vector<std::size_t>& rows, std::vector<std::size_t> first,
               std::vector<std::string> subjects) {
  d.trials = only_rows(d.trials, rows);
  std::vector<std::size_t> origin;
  for (const auto r : rows) origin.push_back(d.origin.empty() ? r : d.origin[r]);
  d.origin = std::move(origin);
  d.trials.first = std::move(first);
  d.trials.subjects = std::move(subjects);
  std::vector<std::uint8_t> fresh;
  for (const auto r : rows) fresh.push_back(d.fresh[r]);
  d.fresh = std::move(fresh);
  for (auto& k : d.kept) {
    std::vector<std::int32_t> row;
    for (const auto r : rows) row.push_back(k.row[r]);
    k.row = std::move(row);
  }
}

void keep_rows(DataSet& d, const std::vector<bool>& good) {
  std::vector<std::size_t> rows, first{0};
  std::vector<std::string> subjects;
  for (std::size_t s = 0; s < d.trials.subjects.size(); ++s) {
    for (auto r = d.trials.first[s]; r < d.trials.first[s + 1]; ++r)
      if (good[r]) rows.push_back(r);
    if (rows.size() == first.back()) continue;
    first.push_back(rows.size());
    subjects.push_back(d.trials.subjects[s]);
  }
  take_rows(d, rows, std::move(first), std::move(subjects));
}

}  // namespace labile
