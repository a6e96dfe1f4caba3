#include "cli/data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "record/select.hpp"

namespace labile {

namespace {
int condition_index(const Trials& t, const std::string& name) {
  for (std::size_t c = 0; c < t.conditions.size(); ++c)
    if (t.conditions[c] == name) return static_cast<int>(c);
  throw Error(
      fmt::format("--condition {}: {} has no such condition{}", name, t.source, suggest(name, t.conditions)));
}
}  // namespace

void refuse_joined_conditions(const DataSet& d) {
  if (conditions_within_subjects(d.trials))
    throw Error(fmt::format(
        "{}: subjects have trials in several conditions ({}), which a likelihood would run together; "
        "choose one with --condition",
        d.trials.source, fmt::join(d.trials.conditions, ", ")));
}

DataSet load_data(const DataArgs& a, const std::vector<std::string>& inputs) {
  const auto path = find_data(a.data);
  if (!path)
    throw Error(
        fmt::format("{}: no such file or data set; data sets are looked for in LABILE_DATA and in "
                    "shared/data of this folder and those above",
                    a.data));
  if (path->extension() == ".toml")
    throw Error(
        fmt::format("{}: is a card, not a table of choices; `labile run {}` runs it", a.data, a.data));
  ReadOptions options;
  options.outcome_map = a.outcome_map;
  options.signals = inputs;
  auto file = read_trials(*path, options);
  if (!a.condition.empty())
    file.trials = only_condition(file.trials, condition_index(file.trials, a.condition));
  DataSet d{std::move(file.trials), std::move(file.notes), {}, {}};
  d.fresh =
      fresh_flags(d.trials, a.reset_on.empty() ? "none" : fmt::format("{}", fmt::join(a.reset_on, ",")));
  for (std::size_t s = 0; s < d.trials.subjects.size(); ++s)
    d.subjects.push_back(subject_trials(d.trials, static_cast<int>(s), d.fresh));
  return d;
}

Settings parse_settings(const std::vector<std::string>& pairs, const std::string& option) {
  Settings r;
  for (const auto& p : pairs) {
    const auto eq = p.find('=');
    if (eq == std::string::npos || eq == 0) throw Error(fmt::format("{} {}: write name=value", option, p));
    const std::string name = p.substr(0, eq);
    r[name] = {p.substr(eq + 1), Where{option, 0, 0, name}};
  }
  return r;
}

}  // namespace labile
