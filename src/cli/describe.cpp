/// `labile describe`: what the catalogues hold, from the same tables that parsing and checks read.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "learners/catalogue.hpp"
#include "metrics/metric.hpp"
#include "tasks/catalogue.hpp"

namespace labile {
namespace {
using Json = nlohmann::ordered_json;

struct Entry {
  std::string kind;
  Info info;
  std::vector<ParamInfo> params;
  std::string note;
};

std::vector<Entry> entries(const std::string& kind) {
  std::vector<Entry> r;
  const bool all = kind.empty();
  if (all || kind == "task")
    for (const auto& e : all_tasks()) r.push_back({"task", e.info, e.params, ""});
  if (all || kind == "learner")
    for (const auto& e : all_learners()) {
      std::string note = e.likelihood ? "has a likelihood: can be fitted"
                                      : fmt::format("simulation only: {}", e.no_likelihood);
      std::string handles;
      const auto agent = e.make({});
      for (const auto& h : agent->handles()) handles += (handles.empty() ? "" : ", ") + h.name;
      if (!handles.empty()) note += "\nhandles: " + handles;
      r.push_back({"learner", e.info, e.params, note});
    }
  if (all || kind == "metric")
    for (const auto& e : all_metrics())
      r.push_back({"metric", e.info, e.params, fmt::format("{} ({}); {} blocks", e.label, e.unit, e.blocks)});
  return r;
}

void print_one(const Entry& e) {
  fmt::print("{} {}\n  {}\n  source: {}\n", e.kind, e.info.name, e.info.about, e.info.source);
  std::size_t at = 0;
  while (at < e.note.size()) {
    const auto end = std::min(e.note.find('\n', at), e.note.size());
    fmt::print("  {}\n", e.note.substr(at, end - at));
    at = end + 1;
  }
  if (!e.params.empty())
    fmt::print("\n  {:<14}{:<10}{:<14}{:<22}{}\n", "parameter", "unit", "default", "allowed", "meaning");
  for (const auto& p : e.params)
    fmt::print("  {:<14}{:<10}{:<14}{:<22}{}\n", p.name, p.unit, to_text(p.standard),
               p.type == ParamType::text || p.type == ParamType::boolean ? "" : bounds_text(p), p.about);
}

Json json_of(const Entry& e) {
  Json params = Json::array();
  for (const auto& p : e.params)
    params.push_back({{"name", p.name},
                      {"unit", p.unit},
                      {"default", to_text(p.standard)},
                      {"low", p.bounds.lo},
                      {"high", p.bounds.hi},
                      {"about", p.about}});
  return {{"kind", e.kind},          {"name", e.info.name}, {"about", e.info.about},
          {"source", e.info.source}, {"note", e.note},      {"parameters", params}};
}
}  // namespace

int describe_command(const DescribeArgs& a) {
  const std::vector<std::string> kinds{"task", "learner", "metric"};
  if (!a.kind.empty() && std::find(kinds.begin(), kinds.end(), a.kind) == kinds.end())
    throw Error(fmt::format("no kind '{}'{}", a.kind, suggest(a.kind, kinds)));
  auto list = entries(a.kind);
  if (!a.name.empty()) {
    std::vector<std::string> names;
    for (const auto& e : list) names.emplace_back(e.info.name);
    if (std::find(names.begin(), names.end(), a.name) == names.end())
      throw Error(fmt::format("no {} is called '{}'{}", a.kind, a.name, suggest(a.name, names)));
    std::erase_if(list, [&](const Entry& e) { return a.name != e.info.name; });
  }
  if (a.json) {
    Json out = Json::array();
    for (const auto& e : list) out.push_back(json_of(e));
    fmt::print("{}\n", out.dump(2));
  } else if (!a.name.empty()) {
    print_one(list.front());
  } else {
    for (const auto& e : list) fmt::print("{:<9}{:<32}{}\n", e.kind, e.info.name, e.info.about);
    fmt::print("\nlabile describe KIND NAME shows the parameters of one.\n");
  }
  return 0;
}

}  // namespace labile
