/// [data], [task] and [[variant]]: what the agents meet.
#include <fmt/format.h>

#include "card/sections.hpp"
#include "tasks/catalogue.hpp"

namespace labile {

Value checked_value(const ParamInfo& p, const Setting& s) {
  switch (p.type) {
    case ParamType::number:
      return checked_number(p, s);
    case ParamType::integer:
      return static_cast<double>(checked_integer(p, s));
    case ParamType::boolean:
      return checked_boolean(p, s);
    case ParamType::text:
      return checked_text(p, s);
    case ParamType::numbers:
    case ParamType::integers: {
      const auto list = checked_numbers(p, s);
      if (list.empty() && p.standard != Value(list))
        throw Error(s.where, "is empty; write at least one number");
      return list;
    }
  }
  throw Bug("a parameter of no type");
}

void check_settings(const std::vector<ParamInfo>& params, const Settings& given, std::string_view owner) {
  refuse_unknown(given, params, owner);
  for (const auto& p : params)
    if (const auto it = given.find(p.name); it != given.end()) (void)checked_value(p, it->second);
}

Settings with_variant(const Settings& task, const Settings& variant) {
  Settings r = variant;
  r.insert(task.begin(), task.end());
  return r;
}

namespace {

/// Builds the task to hear its own objections; where its schedule is data's, only its table is checked.
void check_task(const TaskEntry& entry, const Settings& settings, const Where& where, Draft& draft) {
  check_settings(entry.params, settings, fmt::format("task '{}'", entry.info.name));
  const auto build = [&] {
    const auto task = entry.make(settings, nullptr);
    const TaskInfo& info = task->info();
    draft.events = info.events;
    draft.events_known = true;
    draft.columns.insert(draft.columns.end(), info.inputs.begin(), info.inputs.end());
    if (draft.card.schedule.empty()) draft.max_trials = std::max(draft.max_trials, info.max_trials);
  };
  if (draft.card.schedule.empty()) return located(where, build);
  try {
    build();
  } catch (const Error&) {  // it may need its schedule; events are then checked when the data are there
  }
}

}  // namespace

DataSpec::Pairs pairs_of(const Node& node, const char* key) {
  DataSpec::Pairs r;
  const Node* table = node.find(key);
  if (!table) return r;
  require_table(*table);
  for (const auto& m : table->members) {
    if (m.node.kind == Node::Kind::list) {
      for (const auto& text : texts_of(m.node)) r.emplace_back(m.name, text);
    } else if (const auto* x = std::get_if<double>(&m.node.value)) {
      r.emplace_back(m.name, fmt::format("{}", *x));
    } else {
      r.emplace_back(m.name, text_of(m.node));
    }
  }
  return r;
}

void read_data(const Node& root, Draft& draft) {
  const Node* node = root.find("data");
  if (!node) return;
  const std::vector<Field<DataSpec>> keys{
      {"name", "1", &DataSpec::name, {}, "a data set's folder, or a path to a file"},
      {"citation", "1", &DataSpec::citation, {}, "whom to cite"},
      {"outcome_map", "1", &DataSpec::outcome_map, {}, "how outcomes are recoded, such as \"0/1 to -1/1\""},
      {"min_rt", "s", &DataSpec::min_rt_s, {0, 1e6}, "choices that took less count as missing"},
      {"report_after", "1", &DataSpec::report_after, {}, "reports came after the outcome of their row"}};
  DataSpec data = read_keys(*node, keys, {"reset_on", "columns", "where", "signals", "options"}, "[data]");
  (void)required(*node, "name", keys[0].about);
  if (const Node* reset = node->find("reset_on")) {
    const ParamInfo choice{"reset_on", "1", ParamType::text, {}, "", "", {}, {"block", "session"}};
    for (const auto& text : texts_of(*reset)) {
      data.reset_on.push_back(checked_text(choice, {text, reset->where}));
    }
  }
  data.columns = pairs_of(*node, "columns");
  data.rows = pairs_of(*node, "where");
  data.signals = pairs_of(*node, "signals");
  if (const Node* options = node->find("options")) data.options = texts_of(*options);
  data.where = node->where;
  draft.card.data = data;
}

void read_task(const Node& root, Draft& draft) {
  Card& card = draft.card;
  // People alone need no task.
  if (!root.find("task") && card.data && !root.find("agent") && !root.find("variant")) return;
  const Node& node = required(root, "task", "write [task] with the name of a task");
  require_table(node);
  const Node& name = required(node, "name", "write the name of a task; `labile describe task` lists them");
  const TaskEntry& entry = find_task(text_of(name), name.where);
  card.task = entry.info.name;
  card.task_where = node.where;
  if (const Node* schedule = node.find("schedule")) {
    card.schedule = text_of(*schedule);
    if (card.schedule.empty()) throw Error(schedule->where, "is empty; write \"data\" or the name of a file");
    if (card.schedule == "data" && !card.data)
      throw Error(schedule->where, "takes schedules from data, but the card has no [data]");
  }
  std::vector<std::string> known{"name", "schedule"};
  for (const auto& p : entry.params) known.push_back(p.name);
  refuse_unknown_keys(node, known, fmt::format("task '{}'", entry.info.name));
  card.task_settings = settings_of(node, {"name", "schedule"});
}

void read_variants(const Node& root, Draft& draft) {
  Card& card = draft.card;
  if (card.task.empty()) {
    card.variants.emplace_back();
    return;
  }
  const TaskEntry& entry = find_task(card.task, card.task_where);
  const std::vector<Field<Variant>> keys{
      {"name", "1", &Variant::name, {}, "what results call the task under these parameters"}};
  for (const Node* node : tables_of(root, "variant")) {
    Variant v = read_keys(*node, keys, {"task"}, "[[variant]]");
    const Node& name = required(*node, "name", keys[0].about);
    refuse_repeated(names_of(card.variants, &Variant::name), v.name, name.where, "variant");
    if (const Node* task = node->find("task")) v.task = settings_of(*task);
    check_task(entry, with_variant(card.task_settings, v.task), node->where, draft);
    card.variants.push_back(std::move(v));
  }
  if (!card.variants.empty()) return;
  check_task(entry, card.task_settings, card.task_where, draft);
  card.variants.emplace_back();
}

}  // namespace labile
