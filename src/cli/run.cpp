/// `labile run`: a card to a folder with results.json, report.html, card.toml and, if asked, trials.csv; for
/// a network manifest.json and, if asked, traces.h5.
#include "run/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <set>

#include "card/treatment_of.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "core/output_file.hpp"
#include "record/traces.hpp"
#include "report/report.hpp"
#include "run/network_run.hpp"

namespace labile {
namespace {

struct CardText {
  std::string name, text;
};
CardText load_card(const std::string& name) {
  if (std::filesystem::exists(name)) return {name, read_file(name)};
  if (const auto* text = embedded_card(name)) return {name + ".toml (built in)", std::string(*text)};
  const auto known = embedded_card_names();
  if (const auto near = nearest(name, known); !near.empty())
    throw Error(fmt::format("{}: no such card; did you mean '{}', which comes with Labile?", name, near));
  throw Error(fmt::format("{}: no such card; give a .toml file, or one that comes with Labile: {}", name,
                          fmt::join(known, ", ")));
}

std::vector<Override> overrides(const RunArgs& a) {
  std::vector<Override> r;
  for (const auto& s : a.set) {
    const auto eq = s.find('=');
    if (eq == std::string::npos || eq == 0)
      throw Error(fmt::format("--set {}: write key=value, e.g. --set task.p_better=0.7", s));
    r.push_back({s.substr(0, eq), s.substr(eq + 1)});
  }
  if (a.seed) r.push_back({"seed", fmt::format("{}", *a.seed)});
  return r;
}

void print_dry(const Card& card) {
  fmt::print("{}\n", card.title);
  if (card.task.empty())
    fmt::print("  people of {}, seed {}\n", card.data->name, card.seed);
  else
    fmt::print("  task {}, {} variant(s), {} agent(s), {} condition(s), {} subjects each, seed {}\n",
               card.task, card.variants.size(), card.agents.size(), card.conditions.size(), card.subjects,
               card.seed);
  fmt::print("  {} metric(s), {} prediction(s), {} fit(s); card {}\n", card.metrics.size(),
             card.predictions.size(), card.fits.size(), card_hash(card));
  for (const auto& note : modulator_notes(card)) fmt::print("  note: {}\n", note);
  fmt::print("The card is good. Nothing was run.\n");
}

void print_summary(const RunResult& r, const std::filesystem::path& out) {
  for (const auto& n : r.notes) fmt::print("note: {}\n", n);
  print_headlines(r);
  for (const auto& f : r.group_fits)
    if (!f.result.fit.warnings.empty())
      fmt::print("warning of {}, {} ({} in all, see the report): {}\n", f.spec.id, f.group(),
                 f.result.fit.warnings.size(), f.result.fit.warnings.front());
  print_tally(r.predictions);
  fmt::print("{}{:.1f} s on {} thread(s), {:.0f} MB.\nReport: {}\n",
             r.decisions > 0 ? fmt::format("{} decisions in ", r.decisions) : "", r.wall_s, r.threads,
             r.peak_mb, (std::filesystem::absolute(out) / "report.html").lexically_normal().string());
}

std::filesystem::path out_folder(const RunArgs& a) {
  std::error_code ec;
  std::filesystem::create_directories(a.out, ec);
  if (ec) throw Error(fmt::format("{}: cannot make this folder: {}", a.out, ec.message()));
  return a.out;
}

Interrupted stopped(const RunArgs& a, const ProgressLine& progress) {
  return Interrupted(fmt::format("stopped at {:.0f}%; nothing new was kept, what {} held before is untouched",
                                 100 * progress.share(), a.out));
}

/// fit_ID.csv of people, fit_ID_CELL.csv of agents; names that would be the same are numbered.
std::string fit_file_name(const CardFit& f, std::set<std::string>& taken) {
  const std::string stem = file_stem("fit_" + f.spec.id + (f.spec.of == "agents" ? "_" + f.group() : ""));
  std::string r = stem;
  for (int n = 2; !taken.insert(r).second; ++n) r = fmt::format("{}_{}", stem, n);
  return r + ".csv";
}

// --- networks ---

void print_dry(const NetworkCard& card) {
  fmt::print("{}\n# card {}\n", canonical_text(card), card_hash(card));
  for (const auto& c : card.conditions) {
    const MemoryUse m = estimate_memory(c.network);
    fmt::print("# {}: {} synapses, {} plastic; about {:.3g} MB\n", c.name, m.synapses, m.plastic_synapses,
               static_cast<double>(m.total_bytes) / 1e6);
  }
  for (const auto& n : card.notes) fmt::print("# note: {}\n", n);
  fmt::print("# The card is good. Nothing was run.\n");
}

/// traces.h5 of the first condition, traces_NAME.h5 of the others.
std::string traces_name(const NetworkCard& card, std::size_t condition) {
  if (condition == 0) return "traces.h5";
  std::string r = "traces_" + card.conditions[condition].name;
  for (char& c : r)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.') c = '_';
  for (std::size_t other = 1; other < condition; ++other)
    if (traces_name(card, other) == r + ".h5") r += fmt::format("_{}", condition);
  return r + ".h5";
}

/// The files of traces, one a condition, each with what it belongs to.
std::vector<std::unique_ptr<Traces>> open_traces(const NetworkCard& card, const std::filesystem::path& out) {
  std::vector<std::unique_ptr<Traces>> r;
  if (card.records.empty()) return r;
  for (std::size_t c = 0; c < card.conditions.size(); ++c) {
    r.push_back(std::make_unique<Traces>(out / traces_name(card, c)));
    Traces& t = *r.back();
    t.attribute("/", "title", card.title);
    t.attribute("/", "card", canonical_text(card));
    t.attribute("/", "hash", card_hash(card));
    t.attribute("/", "version", std::string(LABILE_VERSION));
    t.attribute("/", "condition", card.conditions[c].name);
    t.attribute("/", "seed", static_cast<std::int64_t>(card.seed));
    t.attribute("/", "dt_ms", card.conditions[c].network.dt_ms);
    t.attribute("/", "duration_ms", card.conditions[c].duration_ms);
  }
  return r;
}

/// An earlier run's traces in the same folder are left alone, but nobody should take them for this run's.
void note_old_traces(const NetworkCard& card, const std::filesystem::path& out,
                     std::vector<std::string>& notes) {
  std::vector<std::string> own;
  if (!card.records.empty())
    for (std::size_t c = 0; c < card.conditions.size(); ++c) own.push_back(traces_name(card, c));
  std::vector<std::string> old;
  for (const auto& e : std::filesystem::directory_iterator(out)) {
    const std::string name = e.path().filename().string();
    if (name.starts_with("traces") && e.path().extension() == ".h5" &&
        std::find(own.begin(), own.end(), name) == own.end())
      old.push_back(name);
  }
  std::sort(old.begin(), old.end());
  for (const auto& name : old) notes.push_back(fmt::format("{} is of an earlier run", (out / name).string()));
}

int run_network(const RunArgs& a, const CardText& source) {
  const NetworkCard card = parse_network_card(source.text, source.name,
                                              std::filesystem::path(source.name).parent_path(), overrides(a));
  if (a.dry) {
    print_dry(card);
    return 0;
  }
  const std::filesystem::path out = out_folder(a);
  const auto traces = open_traces(card, out);
  ProgressLine progress(!a.json);
  NetworkOptions options;
  options.threads = a.jobs;
  options.traces = [&](int c) {
    return traces.empty() ? nullptr : traces[static_cast<std::size_t>(c)].get();
  };
  options.progress = [&](double share, const std::string& what, const std::string& detail) {
    progress.show(share, what, detail);
  };
  NetworkResult result;
  try {
    result = run_network_card(card, options);
  } catch (const Interrupted&) {
    progress.clear();
    throw stopped(a, progress);
  }
  progress.clear();
  const std::string json = results_json(result);
  std::list<OutputFile> files;
  files.emplace_back(out / "card.toml").write(canonical_text(card));
  files.emplace_back(out / "manifest.json").write(manifest_json(result));
  files.emplace_back(out / "results.json").write(json);
  files.emplace_back(out / "report.html").write(report_page(json));
  for (auto& f : files) f.finish();
  for (const auto& t : traces) t->finish();
  for (auto& f : files) f.commit();
  for (const auto& t : traces) t->commit();
  note_old_traces(card, out, result.notes);
  if (a.json) {
    fmt::print("{}", json);
  } else {
    fmt::print("{}\n{}", card.title, summary_text(result));
    for (const auto& n : result.notes) fmt::print("note: {}\n", n);
    (void)print_verdicts(result.predictions, 100);
    print_tally(result.predictions);
    fmt::print("{:.1f} s on {} thread(s), {:.0f} MB.\nResults: {}\n", result.wall_s, result.threads,
               result.peak_mb, std::filesystem::absolute(out).lexically_normal().string());
  }
  return a.check && any_refuted(result.predictions) ? 1 : 0;
}

}  // namespace

int run_command(const RunArgs& a) {
  const auto source = load_card(a.card);
  if (is_network_card(source.text, source.name)) return run_network(a, source);
  const Card card = parse_card(source.text, source.name, overrides(a));
  if (a.dry) {
    print_dry(card);
    return 0;
  }
  const std::filesystem::path out = out_folder(a);
  RunOptions options;
  options.threads = a.jobs;
  std::list<OutputFile> files;  // all are whole before the first takes its name
  if (card.record == "all") options.trials = &files.emplace_back(out / "trials.csv");
  ProgressLine progress(!a.json);
  options.progress = [&](double share, const std::string& what) { progress.show(share, what); };
  RunResult result;
  try {
    result = run_card(card, options);
  } catch (const Interrupted&) {
    progress.clear();
    throw stopped(a, progress);
  }
  progress.clear();
  const std::string json = results_json(result);
  const auto add = [&](const std::string& name, const std::string& bytes) {
    files.emplace_back(out / name).write(bytes);
  };
  add("card.toml", canonical_text(card));
  std::set<std::string> taken;
  for (const auto& f : result.fits) {
    taken.insert(file_stem("fit_" + f.spec.id));
    add(file_stem("fit_" + f.spec.id) + ".csv", fit_table(f));
  }
  for (const auto& f : result.group_fits) add(fit_file_name(f, taken), fit_table(f.result));
  add("results.json", json);
  add("report.html", report_page(json));
  for (auto& f : files) f.finish();
  for (auto& f : files) f.commit();
  if (a.json) {
    fmt::print("{}", json);
  } else {
    print_summary(result, out);
  }
  return a.check && any_refuted(result.predictions) ? 1 : 0;
}

}  // namespace labile
