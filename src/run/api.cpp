/// The library's public face: plain values out of a run.
#include <fmt/format.h>

#include <labile/labile.hpp>
#include <stdexcept>

#include "run/run.hpp"

namespace labile {
namespace {

Results::Value value_of(const Interval& i) {
  return {i.value, i.low, i.high, i.n};
}

std::vector<Override> overrides_of(const std::vector<std::string>& changes) {
  std::vector<Override> r;
  for (const auto& c : changes) {
    const auto eq = c.find('=');
    if (eq == std::string::npos || eq == 0)
      throw Error(fmt::format("'{}': write key=value, e.g. task.p_better=0.7", c));
    r.push_back({c.substr(0, eq), c.substr(eq + 1)});
  }
  return r;
}

Results results_of(const RunResult& run) {
  Results r;
  r.title = run.card.title;
  r.card_hash = card_hash(run.card);
  r.seed = run.card.seed;
  for (const auto& c : run.cells) {
    Results::Cell cell{c.variant, c.agent, c.condition, c.source, c.subjects, {}};
    for (std::size_t m = 0; m < run.card.metrics.size(); ++m)
      cell.metrics.push_back(
          {run.card.metrics[m].id, find_metric(run.card.metrics[m].metric).unit, value_of(c.values[m])});
    r.cells.push_back(std::move(cell));
  }
  for (const auto& p : run.predictions)
    r.predictions.push_back({p.prediction.claim, p.variant, p.agent, p.prediction.metric,
                             p.prediction.relation_text, p.verdict, value_of(p.effect)});
  r.notes = run.notes;
  r.json = results_json(run);
  return r;
}

}  // namespace

const Results::Value& Results::Cell::value(std::string_view metric) const {
  std::vector<std::string> known;
  for (const auto& m : metrics) {
    if (m.id == metric) return m.value;
    known.push_back(m.id);
  }
  throw std::invalid_argument(fmt::format("the card measures no '{}'{}", metric, suggest(metric, known)));
}

const Results::Cell* Results::find(std::string_view agent, std::string_view condition,
                                   std::string_view variant) const {
  for (const auto& c : cells)
    if (c.agent == agent && c.condition == condition && (variant.empty() || c.variant == variant)) return &c;
  return nullptr;
}

Results run(std::string_view card_toml, int threads, const std::vector<std::string>& changes) {
  try {
    RunOptions options;
    options.threads = threads;
    return results_of(run_card(parse_card(card_toml, "card", overrides_of(changes)), options));
  } catch (const Error& e) {
    throw std::invalid_argument(e.what());
  }
}

const char* version() noexcept {
  return LABILE_VERSION;
}

}  // namespace labile
