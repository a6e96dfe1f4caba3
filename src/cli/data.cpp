#include "cli/data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "cli/fit_formula.hpp"
#include "fit/fit.hpp"
#include "record/records.hpp"
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
        "choose one with --condition, or let parameters depend on it (fit by bayes: --formula \"PARAMETER ~ "
        "condition\")",
        d.trials.source, fmt::join(d.trials.conditions, ", ")));
}

namespace {

std::pair<std::string, std::string> pair_of(const std::string& text, const char* option, const char* form) {
  const auto eq = text.find('=');
  if (eq == std::string::npos || eq == 0 || eq + 1 == text.size())
    throw Error(fmt::format("{} {}: write {}", option, text, form));
  return {text.substr(0, eq), text.substr(eq + 1)};
}

ReadOptions read_options(const DataArgs& a, const ModelInputs& inputs) {
  ReadOptions o;
  o.outcome_map = a.outcome_map;
  o.signals = inputs.needed;
  if (a.condition.empty()) o.needed = inputs.needed;
  o.optional_signals = inputs.optional;
  o.reset_on = a.reset_on;
  o.min_rt_s = a.min_rt_s;
  o.kept = formula_columns(a);
  o.report_after = a.report_after;
  o.option_columns = a.options;
  if (!a.by.empty()) o.columns["condition"] = a.by;
  for (const auto& c : a.columns) {
    auto [ours, theirs] = pair_of(c, "--columns", "our name=name in the file, such as state=pair");
    o.columns[ours] = theirs;
  }
  for (const auto& r : a.rows) o.where.push_back(pair_of(r, "--where", "column=value, such as phase=train"));
  for (const auto& s : a.signals) {
    if (s.find('=') == std::string::npos)
      o.renamed_signals.emplace_back(s, s);
    else
      o.renamed_signals.push_back(pair_of(s, "--signals", "name=column"));
  }
  std::erase_if(o.signals, [&](const std::string& name) {
    return std::any_of(o.renamed_signals.begin(), o.renamed_signals.end(),
                       [&](const auto& s) { return s.first == name; });
  });
  return o;
}

/// Models that keep a value a state would take all states for one.
void refuse_left_out_states(const TrialsFile& file) {
  if (file.states_left_out > 0)
    throw Error(
        fmt::format("{}: shows {} states, and models keep {} apart at most; --columns state=none leaves "
                    "them out, so that all count as one",
                    file.trials.source, file.states_left_out, kMaxStates));
}

/// Whether what was learned is carried from block to block is a choice that a fit depends on.
void note_blocks(const DataArgs& a, DataSet& d) {
  if (!d.has_blocks || !a.reset_on.empty()) return;
  const auto& t = d.trials;
  const auto differs = [&](const std::vector<std::int32_t>& column) {
    for (std::size_t s = 0; s < t.subjects.size(); ++s)
      for (auto r = t.first[s] + 1; r < t.first[s + 1]; ++r)
        if (column[r] != column[r - 1]) return true;
    return false;
  };
  const char* name = differs(t.session) ? "session" : differs(t.block) ? "block" : nullptr;
  if (name && std::ranges::find(d.options.kept, std::string(name)) == d.options.kept.end())
    d.notes.push_back(fmt::format(
        "what is learned in one {0} carries over to the next; --reset-on {0} starts values afresh", name));
}
}  // namespace

DataSet load_data(const DataArgs& a, const ModelInputs& inputs) {
  const auto path = find_data(a.data);
  if (!path)
    throw Error(
        fmt::format("{}: no such file or data set; data sets are looked for in LABILE_DATA and in "
                    "shared/data of this folder and those above",
                    a.data));
  if (path->extension() == ".toml")
    throw Error(
        fmt::format("{}: is a card, not a table of choices; `labile run {}` runs it", a.data, a.data));
  ReadOptions options = read_options(a, inputs);
  auto file = read_trials(*path, options);
  if (!a.models.empty()) refuse_left_out_states(file);
  if (!a.condition.empty()) {
    const int condition = condition_index(file.trials, a.condition);
    for (auto& k : file.kept) {
      std::size_t to = 0;
      for (std::size_t r = 0; r < k.row.size(); ++r)
        if (file.trials.condition[r] == condition) k.row[to++] = k.row[r];
      k.row.resize(to);
    }
    file.trials = only_condition(file.trials, condition);
  }
  DataSet d{std::move(file.trials),
            std::move(file.notes),
            {},
            {},
            std::move(file.kept),
            file.subject_column,
            file.has_blocks,
            *path,
            std::move(options),
            a.condition};
  if (!a.models.empty()) note_blocks(a, d);
  d.fresh =
      fresh_flags(d.trials, a.reset_on.empty() ? "none" : fmt::format("{}", fmt::join(a.reset_on, ",")));
  view_subjects(d);
  return d;
}

std::vector<std::vector<double>> parameter_table(const std::string& file, const LearnerEntry& learner,
                                                 const std::vector<std::string>& subjects,
                                                 std::vector<std::string>& notes) {
  Records in(file);
  if (!in.next()) throw Error(fmt::format("{}: is empty", file));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < in.size(); ++i) names.emplace_back(in[i]);
  const auto column = [&](std::string_view name) -> std::ptrdiff_t {
    const auto it = std::find(names.begin(), names.end(), name);
    return it == names.end() ? -1 : it - names.begin();
  };
  const auto subject = column("subject");
  if (subject < 0)
    throw Error(Where{file, 1, 0, ""},
                fmt::format("column 'subject' is missing; the file has {}", fmt::join(names, ", ")));
  std::vector<std::string> absent, ignored;
  for (const auto& p : learner.params)
    if (column(p.name) < 0) absent.push_back(p.name);
  for (const auto& name : names)
    if (name != "subject" && std::none_of(learner.params.begin(), learner.params.end(),
                                          [&](const ParamInfo& p) { return p.name == name; }))
      ignored.push_back(name);
  if (absent.size() == learner.params.size())
    throw Error(Where{file, 1, 0, ""}, fmt::format("has no parameter of '{}'; they are {}", learner.info.name,
                                                   fmt::join(absent, ", ")));
  if (!absent.empty())
    notes.push_back(fmt::format("{}: {} stay at their defaults", file, fmt::join(absent, ", ")));
  if (!ignored.empty())
    notes.push_back(fmt::format("{}: columns {} are no parameters of '{}' and were not read", file,
                                fmt::join(ignored, ", "), learner.info.name));
  std::map<std::string, std::vector<double>, std::less<>> rows;
  while (in.next()) {
    if (in.size() != names.size())
      throw Error(Where{file, in.line(), 0, ""},
                  fmt::format("{} fields, the header has {}", in.size(), names.size()));
    Settings given;
    for (const auto& p : learner.params)
      if (const auto at = column(p.name); at >= 0)
        given[p.name] = {std::string(in[static_cast<std::size_t>(at)]), Where{file, in.line(), 0, p.name}};
    const std::string who(in[static_cast<std::size_t>(subject)]);
    if (!rows.try_emplace(who, param_row(learner, given)).second)
      throw Error(Where{file, in.line(), 0, "subject"}, fmt::format("subject '{}' has a second row", who));
  }
  std::vector<std::vector<double>> r;
  for (const auto& s : subjects) {
    const auto it = rows.find(s);
    if (it == rows.end()) throw Error(fmt::format("{}: has no row for subject '{}'", file, s));
    r.push_back(it->second);
  }
  return r;
}

std::vector<FitOverride> held(const DataArgs& a, const LearnerEntry& learner) {
  std::vector<FitOverride> r;
  const Settings given = parse_settings(a.hold, "--hold");
  for (const auto& p : learner.params)
    if (const auto it = given.find(p.name); it != given.end())
      r.push_back({p.name, checked_number(p, it->second)});
  return r;
}

bool has_param(const LearnerEntry& learner, const std::string& name) {
  return std::ranges::any_of(learner.params, [&](const ParamInfo& p) { return p.name == name; });
}
void refuse_unknown_param(const std::string& option, const std::string& name,
                          const std::vector<const LearnerEntry*>& learners) {
  std::vector<std::string> known;
  for (const auto* l : learners)
    for (const auto& p : l->params) known.push_back(p.name);
  if (std::find(known.begin(), known.end(), name) == known.end())
    throw Error(
        fmt::format("{}: no learner here has a parameter '{}'{}", option, name, suggest(name, known)));
}
void check_held(const DataArgs& a, const std::vector<const LearnerEntry*>& learners) {
  for (const auto& [name, setting] : parse_settings(a.hold, "--hold"))
    refuse_unknown_param("--hold", name, learners);
}

Settings parse_settings(const std::vector<std::string>& pairs, const std::string& option) {
  Settings r;
  for (const auto& p : pairs) {
    const auto eq = p.find('=');
    if (eq == std::string::npos || eq == 0) throw Error(fmt::format("{} {}: write name=value", option, p));
    const std::string name = p.substr(0, eq), text = p.substr(eq + 1);
    Value value = text;
    if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
      std::vector<std::string> items;
      for (std::size_t at = 1; at < text.size(); ++at) {
        const auto end = std::min(text.find(',', at), text.size() - 1);
        items.push_back(text.substr(at, end - at));
        at = end;
      }
      value = std::move(items);
    }
    r[name] = {std::move(value), Where{option, 0, 0, name}};
  }
  return r;
}

}  // namespace labile
