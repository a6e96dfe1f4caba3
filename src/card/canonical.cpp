/// The card as text in one fixed form: what is hashed and stored beside results.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "card/card.hpp"
#include "card/find_agent.hpp"
#include "card/sections.hpp"
#include "metrics/metric.hpp"
#include "tasks/catalogue.hpp"
#include "toml/toml_text.hpp"

namespace labile {
namespace {

class Writer : public TomlWriter {
 public:
  /// Every parameter, in table order; in `given_only`, those that were set.
  void params(const std::vector<ParamInfo>& table, const Settings& given, bool given_only = false) {
    for (const auto& p : table) {
      const auto it = given.find(p.name);
      if (it == given.end() && given_only) continue;
      const Value v = it == given.end() ? p.standard : checked_value(p, it->second);
      const auto* x = std::get_if<double>(&v);
      if (!x || !std::isnan(*x)) line(p.name, v);  // NaN: a default that means "not given"
    }
  }
};

void write_head(Writer& w, const Card& c) {
  w.line("title", c.title);
  w.line("about", c.about);
  w.line("tuned_on", c.tuned_on);
  w.line("seed", static_cast<double>(c.seed));
  w.line("subjects", static_cast<double>(c.subjects));
  w.line("record", c.record);
}

void write_task(Writer& w, const Card& c) {
  if (c.task.empty()) return;
  const auto& table = find_task(c.task, c.task_where).params;
  w.header("[task]");
  w.line("name", c.task);
  if (!c.schedule.empty()) w.line("schedule", c.schedule);
  w.params(table, c.task_settings);
  for (const auto& v : c.variants) {
    if (v.name.empty()) continue;  // the task as it is
    w.header("[[variant]]");
    w.line("name", v.name);
    w.header("[variant.task]");
    w.params(table, v.task, true);
  }
}

void write_agents(Writer& w, const Card& c) {
  for (const auto& a : c.agents) {
    w.header("[[agent]]");
    w.line("name", a.name);
    w.line("model", a.model);
    if (a.fitted) {
      w.line("params", "fitted");
      continue;
    }
    w.header("[agent.params]");
    w.params(find_agent(a.model, a.where).params, a.settings);
  }
}

void write_manipulation(Writer& w, const std::string& condition, const Manipulation& m) {
  w.header("[[manipulation]]");
  w.line("condition", condition);
  w.line("op", kOpNames[static_cast<int>(m.op)]);
  if (m.through_modulators()) {
    if (m.op == Manipulation::Op::dose) {
      w.line("drug", m.drug);
      if (m.hours >= 0) w.line("hours", m.hours);
      if (m.chronic) w.line("chronic", m.chronic);
    } else {
      w.line("modulator", m.modulator);
      if (m.uptake) w.line("uptake", m.uptake);
    }
    if (!m.regions.empty()) w.line("regions", m.regions);
  } else {
    w.line("target", m.target);
  }
  w.line("amount", m.amount);
  if (m.trial >= 0) {
    w.line("trial", static_cast<double>(m.trial));
  } else if (m.time_ms >= 0) {
    w.line("time", m.time_ms);
  } else {
    w.line("at", m.at);
    w.line("occurrence", static_cast<double>(m.occurrence));
  }
  if (m.op != Manipulation::Op::stimulate) return;
  w.line("when", kWhenNames[static_cast<int>(m.when)]);
  if (m.when == Manipulation::When::random) w.line("probability", m.probability);
}

void write_metrics(Writer& w, const Card& c) {
  for (const auto& m : c.metrics) {
    const MetricEntry& entry = find_metric(m.metric, m.where);
    const std::string blocks = m.blocks.empty() ? entry.blocks : m.blocks;
    w.header("[[metric]]");
    w.line("name", m.metric);
    w.line("id", m.id);
    if (blocks.find_first_not_of("0123456789") == std::string::npos && !blocks.empty())
      w.line("blocks", std::stod(blocks));
    else
      w.line("blocks", blocks);
    if (entry.params.empty()) continue;
    w.header("[metric.params]");
    w.params(entry.params, m.settings);
  }
}

void write_predictions(Writer& w, const Card& c) {
  for (const auto& p : c.predictions) {
    w.header("[[prediction]]");
    w.line("claim", p.claim);
    if (p.fit.empty()) {
      w.line("metric", p.metric);
    } else {
      w.line("fit", p.fit);
      w.line("effect", p.effect);
    }
    if (!p.treated.empty())
      w.line("contrast", p.control.empty() ? std::vector<std::string>{p.treated}
                                           : std::vector<std::string>{p.treated, p.control});
    w.line("relation", p.relation_text);
    w.line("variant", p.variant);
    w.line("agent", p.agent);
    if (p.between != Prediction::Between::conditions) w.line("condition", p.condition);
    w.line("anchor", p.anchor);
    w.line("tuned", p.tuned);
  }
}

/// A table of lists; a name may have several values.
void write_pairs(Writer& w, const char* key, const DataSpec::Pairs& pairs) {
  std::map<std::string, std::vector<std::string>> lists;
  for (const auto& [name, value] : pairs) lists[name].push_back(value);
  if (lists.empty()) return;
  std::string text;
  for (const auto& [name, values] : lists)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", toml_key(name),
                        values.size() == 1 ? toml_text(Value(values[0])) : toml_text(Value(values)));
  w.raw(key, "{ " + text + " }");
}

void write_fit(Writer& w, const FitSpec& f) {
  w.header("[[fit]]");
  if (f.id != f.model) w.line("id", f.id);
  w.line("model", f.model);
  w.line("method", f.method);
  if (f.method == "bayes") {
    w.line("of", f.of);
    w.line("chains", static_cast<double>(f.chains));
    w.line("warmup", static_cast<double>(f.warmup));
    w.line("draws", static_cast<double>(f.draws));
    if (!f.groups.empty()) w.line("groups", f.groups);
    if (!f.formulas.empty()) {
      w.line("formulas", f.formulas);
      write_pairs(w, "reference", f.reference);
      w.line("effect_prior", f.effect_prior);
      w.line("drop_missing", f.drop_missing);
    }
    write_pairs(w, "where", f.rows);
    w.line("correlated", f.correlated);
    if (!f.check.empty()) w.line("check", f.check);
    w.line("recover", f.recover);
  } else {
    w.line("starts", static_cast<double>(f.starts));
  }
  if (f.hold.empty()) return;
  w.header("[fit.hold]");
  w.params(find_agent(f.model, f.where).params, f.hold, true);
}

void write_data(Writer& w, const Card& c) {
  if (c.data) {
    w.header("[data]");
    w.line("name", c.data->name);
    w.line("citation", c.data->citation);
    w.line("reset_on", c.data->reset_on);
    w.line("outcome_map", c.data->outcome_map);
    // Written where they say something, so that cards without them keep their hash.
    if (c.data->min_rt_s > 0) w.line("min_rt", c.data->min_rt_s);
    if (c.data->report_after) w.line("report_after", true);
    if (!c.data->options.empty()) w.line("options", c.data->options);
    write_pairs(w, "columns", c.data->columns);
    write_pairs(w, "where", c.data->rows);
    write_pairs(w, "signals", c.data->signals);
  }
  for (const auto& f : c.fits) write_fit(w, f);
}

}  // namespace

std::string canonical_text(const Card& card) {
  Writer w;
  write_head(w, card);
  write_task(w, card);
  write_agents(w, card);
  for (const auto& condition : card.conditions)
    for (const auto& m : condition.manipulations)
      if (!m.derived) write_manipulation(w, condition.name, m);
  write_metrics(w, card);
  write_predictions(w, card);
  write_data(w, card);
  w.header("[curves]");
  w.line("before", static_cast<double>(card.curve_before));
  w.line("after", static_cast<double>(card.curve_after));
  w.header("[bootstrap]");
  w.line("resamples", static_cast<double>(card.resamples));
  std::string r = w.text();
  for (const auto& own : card.pharmacology.text) r += "\n" + own;
  return r;
}

std::string text_hash(std::string_view canonical) {
  std::uint64_t h = 14695981039346656037u;
  for (const char c : canonical) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return fmt::format("{:016x}", h);
}

std::string card_hash(const Card& card) {
  return text_hash(canonical_text(card));
}

}  // namespace labile
