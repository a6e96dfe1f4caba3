/// `labile run`: a card to a folder with results.json, report.html, card.toml and, if asked, trials.csv; for
/// a network manifest.json and, if asked, traces.h5.
#include "run/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <list>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "card/treatment_of.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "core/archive.hpp"
#include "core/output_file.hpp"
#include "core/ranks.hpp"
#include "core/share.hpp"
#include "record/read.hpp"
#include "record/traces.hpp"
#include "report/report.hpp"
#include "run/network_run.hpp"
#include "run/run_index.hpp"

namespace labile {
namespace {

/// Name and text.
std::pair<std::string, std::string> load_card(const std::string& name) {
  if (name.empty()) throw Error("give a card, or --resume and the folder of a run that was stopped");
  if (std::filesystem::exists(name)) return {name, read_file(name)};
  if (const auto* text = embedded_card(name)) return {name + ".toml (built in)", std::string(*text)};
  const auto known = embedded_card_names();
  if (const auto near = nearest(name, known); !near.empty())
    throw Error(fmt::format("{}: no such card; did you mean '{}', which comes with Labile?", name, near));
  throw Error(fmt::format("{}: no such card; give a .toml file, or one that comes with Labile: {}", name,
                          fmt::join(known, ", ")));
}

/// What is run: a card and changes to it; of a run that is resumed, as they were when it began.
struct Source {
  std::string name, text;
  std::vector<Override> set;
  std::string hash, inputs;  // resumed: of the card and of the data that it reads
  bool complete = false;     // resumed: there is nothing left to do
  void keep(Archive& a) {
    a(name, text, hash, inputs, complete);
    std::size_t n = set.size();
    a(n);
    set.resize(n);
    for (auto& [key, value] : set) a(key, value);
  }
};

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

/// A card's name as it was, or, where the run goes on from another folder, one that leads to the same files.
std::string name_from_here(const RunFacts& facts) {
  const std::string& name = facts.at("source_name");
  const auto there = std::filesystem::path(facts.at("folder")) / name;
  std::error_code ec;
  return std::filesystem::current_path(ec) != facts.at("folder") && std::filesystem::exists(there, ec)
             ? there.string()
             : name;
}

Source resumed(const std::string& folder, std::unique_ptr<RunIndex>& index) {
  index = std::make_unique<RunIndex>(std::filesystem::path(folder));
  Source s;
  s.complete = index->complete();
  if (s.complete) return s;
  check_build(*index, folder);
  const RunFacts& facts = index->facts();
  try {
    s.name = name_from_here(facts);
    s.text = facts.at("source");
    s.hash = facts.at("hash");
    s.inputs = facts.at("inputs");
    for (const auto& pair : nlohmann::json::parse(facts.at("set")))
      s.set.push_back({pair.at(0).get<std::string>(), pair.at(1).get<std::string>()});
  } catch (const std::exception& e) {
    throw Error(fmt::format("--resume {}: run.sqlite does not say how the run began ({}); run the card anew",
                            folder, e.what()));
  }
  return s;
}

/// Rank 0 reads, and all know. It alone gets the index of a run that is resumed.
Source read_source(const RunArgs& a, Ranks& ranks, std::unique_ptr<RunIndex>& index) {
  Source s;
  Pieces one;
  one.n = 1;
  one.only_first = [](int) { return true; };
  one.work = [&](int) {
    if (!a.resume.empty()) {
      s = resumed(a.resume, index);
      return;
    }
    std::tie(s.name, s.text) = load_card(a.card);
    s.set = overrides(a);
  };
  one.keep = [&](int, Archive& archive) { s.keep(archive); };
  Sharing(1, ranks, nullptr)(one);
  return s;
}

/// The index that this run keeps: a new one, or that of the run it goes on with.
template <class AnyCard>
void keep_index(const RunArgs& a, const Source& s, const AnyCard& card, const std::string& inputs,
                std::unique_ptr<RunIndex>& index) {
  if (index) {
    if (card_hash(card) != s.hash || inputs != s.inputs)
      throw Error(fmt::format(
          "--resume {}: {} no longer what it was when the run began; run the card anew", a.resume,
          card_hash(card) != s.hash ? "a file that the card names is" : "the data that the card reads are"));
    return;
  }
  const auto file = std::filesystem::path(a.out) / "run.sqlite";
  std::error_code ec;
  if (std::filesystem::exists(file, ec)) try {
      if (!RunIndex(std::filesystem::path(a.out)).complete())
        fmt::print(stderr,
                   "note: {0} holds a run that was stopped; `labile run --resume {0}` would go on with it, "
                   "this one takes its place\n",
                   a.out);
    } catch (const Error& e) {
      // What is damaged or of no run is nothing that could go on; who is at work here is left alone.
      if (std::string(e.what()).find("at work") != std::string::npos) throw;
    }
  nlohmann::json set = nlohmann::json::array();
  for (const auto& [key, value] : s.set) set.push_back({key, value});
  index = std::make_unique<RunIndex>(
      std::filesystem::path(a.out),
      RunFacts{{"card", canonical_text(card)},
               {"hash", card_hash(card)},
               {"source", s.text},
               {"source_name", s.name},
               {"folder", std::filesystem::current_path(ec).string()},
               {"set", set.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)},
               {"inputs", inputs},
               {"options", fmt::format("--jobs {}, {} rank(s)", a.jobs, Ranks::world().size())}});
}

/// Files that processes were writing when they were killed: NAME.part12345, where no such process is here.
void remove_unfinished(const std::filesystem::path& out) {
  std::error_code ec;
  for (const auto& e : std::filesystem::directory_iterator(out, ec)) {
    const std::string end = e.path().extension().string();
    int pid = 0;
    if (!end.starts_with(".part") ||
        std::from_chars(end.data() + 5, end.data() + end.size(), pid).ptr != end.data() + end.size() ||
        pid <= 0 || ::kill(pid, 0) == 0)
      continue;
    std::error_code ignored;
    std::filesystem::remove(e.path(), ignored);
  }
}

/// The results are safe: a failure to say so in the index is none of the run.
void finish_index(RunIndex& index, std::vector<std::string>& notes) {
  try {
    index.finish();
  } catch (const Error& e) {
    notes.push_back(fmt::format("{}; the run is complete all the same", e.what()));
  }
}

/// Hashes of people's data and of schedules that the card reads.
std::string inputs_of(const Card& card, const Source& s) {
  std::vector<std::filesystem::path> files;
  if (card.data)
    if (const auto data = find_data(card.data->name)) files.push_back(*data);
  if (!card.schedule.empty() && card.schedule != "data") {
    const auto beside = std::filesystem::path(s.name).parent_path() / card.schedule;
    files.push_back(std::filesystem::exists(beside) ? beside : std::filesystem::path(card.schedule));
  }
  return hashes_of(files);
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

Interrupted stopped(const RunArgs& a, const ProgressLine& progress, const RunIndex* index) {
  if (index && index->made())
    return Interrupted(fmt::format("stopped at {:.0f}%; to go on from there: labile run --resume {}",
                                   100 * progress.share(), a.out));
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

int run_network(const RunArgs& a, const Source& source, std::unique_ptr<RunIndex> index) {
  const NetworkCard card = parse_network_card(source.text, source.name,
                                              std::filesystem::path(source.name).parent_path(), source.set);
  Ranks& ranks = Ranks::world();
  if (a.dry) {
    if (ranks.first()) print_dry(card);
    return 0;
  }
  NetworkOptions options;
  options.threads = a.jobs;
  options.ranks = &ranks;
  options.checkpoints = std::filesystem::path(a.out) / "checkpoints";
  options.checkpoint_every_s = 60 * a.checkpoint_every_min;
  for (const auto& [key, value] : build_facts()) options.identity.emplace_back(key, value);
  options.identity.emplace_back("card", card_hash(card));
  if (!ranks.first()) {  // rank 0 has the results and writes them
    (void)run_network_card(card, options);
    return 0;
  }
  const std::filesystem::path out = out_folder(a);
  keep_index(a, source, card, "", index);
  std::error_code ignored;
  if (a.resume.empty()) std::filesystem::remove_all(options.checkpoints, ignored);  // of an earlier run
  remove_unfinished(out);
  options.checkpoint_written = [&] { index->ensure(); };
  options.store = index.get();
  const auto traces = open_traces(card, out);
  ProgressLine progress(!a.json);
  options.tell = [&](const std::string& what) { progress.note(what); };
  options.traces = [&](int c) {
    return traces.empty() ? nullptr : traces[static_cast<std::size_t>(c)].get();
  };
  options.progress = [&](double share, const std::string& what, const std::string& detail) {
    progress.show(share, what, detail);
    (void)index->wanted();  // a long network is one that can be gone on with
  };
  NetworkResult result;
  try {
    result = run_network_card(card, options);
  } catch (const Interrupted&) {
    progress.clear();
    throw stopped(a, progress, index.get());
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
  finish_index(*index, result.notes);
  std::filesystem::remove_all(options.checkpoints, ignored);
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

int run_command(const RunArgs& args) {
  RunArgs a = args;
  Ranks& ranks = Ranks::world();
  std::unique_ptr<RunIndex> index;
  const Source source = read_source(a, ranks, index);
  if (!a.resume.empty()) a.out = a.resume;
  if (source.complete) {
    std::error_code ignored;  // killed between its last two acts
    if (ranks.first()) std::filesystem::remove_all(std::filesystem::path(a.out) / "checkpoints", ignored);
    if (ranks.first()) fmt::print("Nothing to do: the run in {} is complete.\n", a.out);
    return 0;
  }
  if (is_network_card(source.text, source.name)) return run_network(a, source, std::move(index));
  const Card card = parse_card(source.text, source.name, source.set);
  if (a.dry) {
    if (ranks.first()) print_dry(card);
    return 0;
  }
  RunOptions options;
  options.threads = a.jobs;
  options.ranks = &ranks;
  if (!ranks.first()) {  // rank 0 has the results and writes them
    (void)run_card(card, options);
    return 0;
  }
  const std::filesystem::path out = out_folder(a);
  keep_index(a, source, card, inputs_of(card, source), index);
  remove_unfinished(out);
  options.store = index.get();
  std::list<OutputFile> files;  // all are whole before the first takes its name
  if (card.record == "all") options.trials = &files.emplace_back(out / "trials.csv");
  ProgressLine progress(!a.json);
  options.progress = [&](double share, const std::string& what) { progress.show(share, what); };
  options.tell = [&](const std::string& what) { progress.note(what); };
  RunResult result;
  try {
    result = run_card(card, options);
  } catch (const Interrupted&) {
    progress.clear();
    throw stopped(a, progress, index.get());
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
  finish_index(*index, result.notes);
  if (a.json) {
    fmt::print("{}", json);
  } else {
    print_summary(result, out);
  }
  return a.check && any_refuted(result.predictions) ? 1 : 0;
}

}  // namespace labile
