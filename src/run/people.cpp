#include "run/people.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "embedded/people.hpp"
#include "record/read.hpp"

namespace labile {
namespace {
using Json = nlohmann::json;

Schedule schedule_of(const Trials& t, const Where& where) {
  Schedule s;
  s.options = t.layout.options;
  s.source = t.source;
  for (std::size_t i = 0; i + 1 < t.first.size(); ++i) {
    for (std::size_t r = t.first[i]; r < t.first[i + 1]; ++r)
      if (t.best[r] < 0)
        throw Error(where,
                    fmt::format("{}: subject {} has a trial without a best option, so there is no schedule",
                                t.source, t.subjects[i]));
    s.best.emplace_back(t.best.begin() + static_cast<std::ptrdiff_t>(t.first[i]),
                        t.best.begin() + static_cast<std::ptrdiff_t>(t.first[i + 1]));
    s.block.emplace_back(t.block.begin() + static_cast<std::ptrdiff_t>(t.first[i]),
                         t.block.begin() + static_cast<std::ptrdiff_t>(t.first[i + 1]));
  }
  return s;
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

People load_people(const DataSpec& data, bool with_schedule, const ModelInputs& inputs) {
  People p;
  const auto path = find_data(data.name);
  if (!path) return p;
  ReadOptions options;
  options.outcome_map = data.outcome_map;
  options.signals = inputs.needed;
  options.optional_signals = inputs.optional;
  auto file = read_trials(*path, options);
  for (const auto& n : file.notes) p.notes.push_back(data.name + ": " + n);
  p.trials = std::move(file.trials);
  if (with_schedule) p.schedule = schedule_of(*p.trials, data.where);
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
