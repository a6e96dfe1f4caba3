#include "run/people.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "embedded/people.hpp"
#include "record/read.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {
using Json = nlohmann::json;

/// What each option paid and how likely it was to pay: columns payoff_0, ... and p_0, ...; of two options of
/// which one was right, the right one paid.
void add_payoffs(const Trials& t, Schedule& s) {
  const auto read = [&](const char* stem, std::vector<std::vector<double>>& out) {
    std::vector<const std::vector<double>*> columns;
    for (int o = 0; o < kMaxOptions; ++o) {
      const auto it = t.signals.find(fmt::format("{}_{}", stem, o));
      if (it == t.signals.end()) break;
      columns.push_back(&it->second);
    }
    for (int o = static_cast<int>(columns.size()) + 1; o < kMaxOptions; ++o)
      if (t.signals.contains(fmt::format("{}_{}", stem, o)))
        throw Error(
            {t.source, 1, 0, fmt::format("{}_{}", stem, o)},
            fmt::format("there is no column {}_{}; options count up from {}_0", stem, columns.size(), stem));
    if (columns.empty()) return;
    for (std::size_t i = 0; i < t.subjects.size(); ++i) {
      auto& list = out.emplace_back();
      for (std::size_t r = t.first[i]; r < t.first[i + 1]; ++r)
        for (const auto* c : columns)
          if (t.stage[r] == 0) list.push_back((*c)[r]);
    }
  };
  read("payoff", s.payoff);
  read("p", s.probability);
  if (!s.payoff.empty() || t.right.empty() || t.layout.options != 2) return;
  for (std::size_t i = 0; i < t.subjects.size(); ++i) {
    auto& list = s.payoff.emplace_back();
    for (std::size_t r = t.first[i]; r < t.first[i + 1]; ++r)
      for (int o = 0; o < 2; ++o) list.push_back(t.right[r] < 0 ? kNaN : t.right[r] == o);
  }
}

/// [row] blocks counted through a subject's sessions.
std::vector<std::int32_t> running_blocks(const Trials& t) {
  std::vector<std::int32_t> r(t.rows(), 0);
  for (std::size_t i = 0; i < t.subjects.size(); ++i)
    for (std::size_t k = t.first[i] + 1; k < t.first[i + 1]; ++k)
      r[k] = r[k - 1] + (t.block[k] != t.block[k - 1] || t.session[k] != t.session[k - 1]);
  return r;
}

std::vector<double> doubles(const Json& list) {
  std::vector<double> r;
  for (const auto& x : list) r.push_back(x.is_null() ? kNaN : x.get<double>());
  return r;
}
double number(const Json& x) {
  return x.is_null() ? kNaN : x.get<double>();
}
}  // namespace

Schedule schedule_of(const Trials& t, std::span<const std::uint8_t> fresh) {
  Schedule s;
  s.options = t.layout.options;
  s.states = t.layout.states;
  s.source = t.source;
  // Schedules are of trials: the first decision of several stands for all.
  const auto each = [&](auto& lists, const auto& column) {
    for (std::size_t i = 0; i < t.subjects.size(); ++i) {
      auto& list = lists.emplace_back();
      for (std::size_t r = t.first[i]; r < t.first[i + 1]; ++r)
        if (t.stage[r] == 0) list.push_back(column[r]);
    }
  };
  if (std::all_of(t.best.begin(), t.best.end(), [](auto x) { return x >= 0; })) each(s.best, t.best);
  each(s.block, running_blocks(t));
  if (!t.state.empty()) each(s.state, t.state);
  if (!t.report.empty()) each(s.outcome, t.outcome);
  each(s.fresh, fresh);
  add_payoffs(t, s);
  for (const auto& [name, values] : t.signals) {
    Schedule::Numbers n{name, {}};
    each(n.values, values);
    s.inputs.push_back(std::move(n));
  }
  return s;
}

People load_people(const DataSpec& data, const ModelInputs& inputs, bool for_models,
                   std::vector<std::string> kept) {
  People p;
  const auto path = find_data(data.name);
  if (!path) return p;
  ReadOptions options;
  options.outcome_map = data.outcome_map;
  options.min_rt_s = data.min_rt_s;
  options.report_after = data.report_after;
  options.option_columns = data.options;
  options.where = data.rows;
  for (const auto& [ours, theirs] : data.columns) options.columns[ours] = theirs;
  options.renamed_signals = data.signals;
  for (const auto& name : inputs.needed)
    if (std::none_of(data.signals.begin(), data.signals.end(),
                     [&](const auto& s) { return s.first == name; }))
      options.signals.push_back(name);
  options.needed = inputs.needed;
  options.optional_signals = inputs.optional;
  options.reset_on = data.reset_on;
  options.kept = std::move(kept);
  auto file = located(data.where, [&] { return read_trials(*path, options); });
  if (for_models && file.states_left_out > 0)
    throw Error(data.where,
                fmt::format("{} shows {} states, more than models keep apart; columns = {{ state = "
                            "\"none\" }} leaves them out",
                            data.name, file.states_left_out));
  for (const auto& n : file.notes) p.notes.push_back(data.name + ": " + n);
  DataSet d{
      std::move(file.trials), {}, {}, {}, std::move(file.kept), file.subject_column, file.has_blocks, *path,
      std::move(options)};
  std::string reset;
  for (const auto& r : data.reset_on) reset += (reset.empty() ? "" : ",") + r;
  d.fresh = fresh_flags(d.trials, reset, data.where);
  p.schedule = schedule_of(d.trials, d.fresh);
  p.data = std::move(d);
  return p;
}

std::optional<StoredPeople> stored_people(const std::string& data_name) {
  for (const auto& [stem, text] : embedded::people) {
    if (stem != data_name) continue;
    const Json j = Json::parse(text);
    StoredPeople s;
    s.citation = j.at("citation");
    s.cell.subjects = j.at("subjects");
    for (const auto& [id, m] : j.at("metrics").items())
      s.values[id] = {number(m.at("value")), number(m.at("low")), number(m.at("high")), m.at("n").get<int>()};
    for (const auto& c : j.at("curves"))
      s.cell.curves.push_back({c.at("signal"), c.at("label"), c.at("unit"), c.at("x").get<std::vector<int>>(),
                               doubles(c.at("mean")), doubles(c.at("low")), doubles(c.at("high"))});
    return s;
  }
  return std::nullopt;
}

}  // namespace labile
