/// `labile fit --trials-out`: the table that was read, row for row, with what the fitted learner makes of each trial.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>
#include <unordered_map>

#include "cli/fit_outputs.hpp"
#include "contract/replay.hpp"
#include "core/output_file.hpp"
#include "record/columns.hpp"
#include "record/write.hpp"

namespace labile {
namespace {

/// Numbers of all rows of a record, by column.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  // [column][row of the record]
};
Columns replayed(const LearnerEntry& learner, const DataSet& data,
                 const std::vector<std::vector<double>>& rows) {
  Columns r;
  for (std::size_t s = 0; s < data.subjects.size(); ++s) {
    const auto agent = learner.make_each({rows[s]});
    const auto* follows = dynamic_cast<const Replays*>(agent.get());
    if (!follows) throw Error(fmt::format("'{}' cannot be led through trials", learner.info.name));
    const bool fitted = std::none_of(rows[s].begin(), rows[s].end(), [](double x) { return std::isnan(x); });
    auto columns = follows->replay(rows[s], data.subjects[s]);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      if (r.names.size() <= k) {
        r.names.push_back(columns[k].name);
        r.values.emplace_back(data.trials.rows(), kNaN);
      }
      if (fitted)
        std::copy(columns[k].values.begin(), columns[k].values.end(),
                  r.values[k].begin() + static_cast<std::ptrdiff_t>(data.trials.first[s]));
    }
  }
  return r;
}

/// Rows of each subject in the order in which they stood in the file: of all its units, where a formula cut it.
struct FileOrder {
  std::vector<std::string> subjects;
  std::vector<std::vector<std::size_t>> rows;  // [subject]
};
FileOrder file_order(const DataSet& data, const FormulaFit* formulas) {
  FileOrder r{formulas ? formulas->subjects : data.trials.subjects, {}};
  r.rows.resize(r.subjects.size());
  for (std::size_t u = 0; u < data.subjects.size(); ++u)
    for (auto row = data.trials.first[u]; row < data.trials.first[u + 1]; ++row)
      r.rows[formulas ? static_cast<std::size_t>(formulas->subject_of[u]) : u].push_back(row);
  if (!data.origin.empty())
    for (auto& rows : r.rows)
      std::sort(rows.begin(), rows.end(), [&](auto x, auto y) { return data.origin[x] < data.origin[y]; });
  return r;
}

/// Which record of the file became which row: a second reading, record by record, in the file's order.
class Again {
 public:
  Again(const DataArgs& a, const DataSet& data, const FormulaFit* formulas)
      : a_(a), data_(data), in_(data.path), order_(file_order(data, formulas)), next_(order_.rows.size(), 0) {
    (void)in_.next();
    std::vector<std::string> notes;
    header_ = read_header(data.path, in_, data.options, notes);
    for (std::size_t s = 0; s < order_.subjects.size(); ++s) index_[order_.subjects[s]] = s;
  }
  [[nodiscard]] const Header& header() const { return header_; }
  [[nodiscard]] const Records& record() const { return in_; }
  /// The rows, one or two, that the next record was read into; none at the end.
  std::span<const std::size_t> next() {
    while (in_.next()) {
      if (!wanted()) continue;
      const std::string subject(header_.has(kSubject) ? field(kSubject) : "1");
      const auto it = index_.find(subject);
      if (it == index_.end()) continue;
      auto& at = next_[it->second];
      const auto left = std::span(order_.rows[it->second]).subspan(at);
      if (left.empty()) throw Bug("a subject has more rows in the file than were read");
      const std::size_t count = header_.wide && left.size() > 1 && data_.trials.stage[left[1]] > 0 ? 2 : 1;
      at += count;
      return left.first(count);
    }
    for (std::size_t s = 0; s < next_.size(); ++s)
      if (next_[s] != order_.rows[s].size()) throw Bug("a subject has fewer rows in the file than were read");
    return {};
  }

 private:
  [[nodiscard]] std::string_view field(Column c) const {
    return in_[static_cast<std::size_t>(header_.at[c])];
  }
  [[nodiscard]] bool wanted() const {
    for (const auto& f : header_.filters) {
      const std::string_view s = in_[f.column];
      if (std::none_of(f.values.begin(), f.values.end(), [&](const std::string& v) {
            return s == v || (number(s) == number(v) && !std::isnan(number(v)));
          }))
        return false;
    }
    return a_.condition.empty() || (header_.has(kCondition) && field(kCondition) == a_.condition);
  }

  const DataArgs& a_;
  const DataSet& data_;
  Records in_;
  Header header_;
  FileOrder order_;
  std::vector<std::size_t> next_;  // [subject] which of its rows its next record is
  std::unordered_map<std::string, std::size_t> index_;
};
}  // namespace

std::string write_trial_table(const DataArgs& a, const DataSet& data, const LearnerEntry& learner,
                              const std::vector<std::vector<double>>& rows, const FormulaFit* formulas,
                              const std::filesystem::path& path) {
  constexpr std::size_t kFlush = 1 << 20;
  const Columns columns = replayed(learner, data, rows);
  Again again(a, data, formulas);
  const auto& theirs = again.header().names;
  std::vector<std::string> ours, renamed;
  for (const auto& name : columns.names) {
    const bool taken =
        std::any_of(theirs.begin(), theirs.end(), [&](const auto& t) { return fold(t) == fold(name); });
    ours.push_back(taken ? "fit_" + name : name);
    if (taken) renamed.push_back(ours.back());
  }
  OutputFile file(path);
  fmt::memory_buffer b;
  const auto text = [&](std::string_view s) { b.append(s.data(), s.data() + s.size()); };
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    if (i > 0) text(",");
    text(csv_field(theirs[i]));
  }
  const int stages = again.header().wide ? 2 : 1;
  for (int stage = 0; stage < stages; ++stage)
    for (const auto& name : ours)
      text(fmt::format(",{}{}", csv_field(name), stages > 1 ? fmt::format("_{}", stage + 1) : ""));
  text("\n");
  for (auto at = again.next(); !at.empty(); at = again.next()) {
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      if (i > 0) text(",");
      text(csv_field(std::string(again.record()[i])));
    }
    for (std::size_t stage = 0; stage < static_cast<std::size_t>(stages); ++stage)
      for (const auto& values : columns.values) {
        text(",");
        if (stage < at.size() && !std::isnan(values[at[stage]]))
          fmt::format_to(std::back_inserter(b), "{}", values[at[stage]]);
      }
    text("\n");
    if (b.size() < kFlush) continue;
    file.write({b.data(), b.size()});
    b.clear();
  }
  file.write({b.data(), b.size()});
  file.commit();
  std::string said =
      fmt::format("{}: the rows of {} with {} columns of the learner", path.string(),
                  data.path.filename().string(), static_cast<std::size_t>(stages) * ours.size());
  if (!renamed.empty())
    said += fmt::format("; {} so called because the table has a column of that name", renamed.front());
  return said;
}

}  // namespace labile
