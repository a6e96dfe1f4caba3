#include "run/run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "bayes/formula.hpp"
#include "card/find_agent.hpp"
#include "card/treatment_of.hpp"
#include "core/archive.hpp"
#include "core/output_file.hpp"
#include "core/ranks.hpp"
#include "core/share.hpp"
#include "record/read.hpp"
#include "record/read_schedule.hpp"
#include "record/select.hpp"
#include "record/write.hpp"
#include "run/curves.hpp"
#include "run/judge.hpp"
#include "run/people.hpp"
#include "run/simulate.hpp"
#include "tasks/catalogue.hpp"
#include "tasks/scheduled.hpp"
#include "toml/read_keys.hpp"

namespace labile {
namespace {

/// What one block of subjects contributes to its cell.
struct BlockResult {
  std::vector<std::vector<Sample>> samples;
  CurveSum curves;
  Trials trials;  // kept only when everything is recorded
  std::size_t decisions = 0;
  std::vector<Onset> onsets = {};  // [manipulation]
  void keep(Archive& a) { a(samples, curves, trials, decisions, onsets); }
};

class Runner {
 public:
  Runner(const Card& card, const RunOptions& options)
      : card_(card),
        options_(options),
        ranks_(options.ranks ? *options.ranks : Ranks::alone()),
        sharing_(options.threads > 0 ? options.threads : ranks_.threads(), ranks_, options.store) {
    sharing_.tell = options.tell;
    result_.card = card;
    result_.threads = sharing_.threads();
    for (const auto& m : card.metrics) {
      requests_.push_back(request_metric(m.metric, m.settings, m.blocks, m.where));
      checked_.push_back({m.id, requests_.back()});
    }
  }

  RunResult run() {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::string> fitted;
    for (const auto& spec : card_.fits) fitted.push_back(spec.model);
    if (card_.data)
      people_ = load_people(*card_.data, columns_wanted(fitted), !fitted.empty(), columns_of_fits());
    result_.notes = people_.notes;
    if (card_.data && !people_.data && card_.task.empty())
      result_.notes.push_back(
          fmt::format("Data set {} was not found, so this card of people was skipped; LABILE_DATA says where "
                      "data sets are.",
                      card_.data->name));
    read_the_schedule();
    fit_people();
    simulate_cells();
    fit_cells();
    if (!ranks_.first()) return std::move(result_);  // nothing more is shared
    add_people();
    compare();
    judge_predictions();
    result_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    result_.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024;
    return std::move(result_);
  }

 private:
  void report(double share, const std::string& what) const {
    if (options_.progress) options_.progress(share, what);
  }

  /// Columns of numbers: what fitted models must be shown, and what metrics and tasks take where they are.
  [[nodiscard]] ModelInputs columns_wanted(const std::vector<std::string>& models) const {
    ModelInputs r = inputs_of(models);
    const auto add = [&](const std::string& name) {
      for (const auto* list : {&r.needed, &r.optional})
        if (std::find(list->begin(), list->end(), name) != list->end()) return;
      r.optional.push_back(name);
    };
    for (const auto& m : requests_)
      for (const auto& name : m.entry->needs) add(name);
    if (card_.schedule != "data" && std::none_of(card_.fits.begin(), card_.fits.end(), plays_schedules))
      return r;
    for (int o = 0; o < kMaxOptions; ++o) {
      add(fmt::format("payoff_{}", o));
      add(fmt::format("p_{}", o));
    }
    if (card_.task.empty()) return r;
    try {
      const auto task = find_task(card_.task, card_.task_where).make(card_.task_settings, nullptr);
      for (const auto& name : task->info().inputs) add(name);
    } catch (const Error&) {  // a task that cannot be without its schedule
    }
    return r;
  }

  [[nodiscard]] std::vector<std::string> columns_of_fits() const {
    std::vector<std::string> r;
    const auto add = [&](const std::string& column) {
      if (std::ranges::find(r, column) == r.end()) r.push_back(column);
    };
    for (const auto& spec : card_.fits) {
      for (const auto& column : columns_of(parse_formulas(spec.formulas))) add(column);
      for (const auto& [column, value] : spec.rows) add(column);
    }
    return r;
  }

  void read_the_schedule() {
    if (card_.schedule.empty()) return;
    if (card_.schedule == "data") {
      if (people_.data) schedule_ = &people_.schedule;
      return;
    }
    file_schedule_ = read_schedule(schedule_file());
    schedule_ = &file_schedule_;
  }
  /// Beside the card, else where the command runs.
  [[nodiscard]] std::filesystem::path schedule_file() const {
    const auto beside = std::filesystem::path(card_.task_where.file).parent_path() / card_.schedule;
    return std::filesystem::exists(beside) ? beside : std::filesystem::path(card_.schedule);
  }

  void fit_people() {
    const auto of_people = [&](const FitSpec& f) { return f.of == "people"; };
    if (std::none_of(card_.fits.begin(), card_.fits.end(), of_people)) return;
    if (!people_.data) {
      result_.notes.push_back("Nothing was fitted: the data set was not found.");
      return;
    }
    if (std::any_of(card_.fits.begin(), card_.fits.end(),
                    [](const FitSpec& f) { return f.method != "bayes"; }))
      fit_people_alone();
    // All are prepared before the first is fitted: refusals come at once.
    std::vector<PreparedFit> prepared;
    const auto groups = [&](const FitSpec& f) { return f.of == "people" && f.method == "bayes"; };
    for (const auto& spec : card_.fits)
      if (groups(spec)) prepared.push_back(prepare_people(card_, spec, people_));
    std::size_t next = 0;
    for (const auto& spec : card_.fits)
      if (groups(spec)) keep(labile::fit_people(card_, spec, std::move(prepared[next++]), fit_options(spec)));
  }
  [[nodiscard]] CardFitOptions fit_options(const FitSpec& spec) {
    CardFitOptions o{result_.threads, &checked_};
    o.sharing = &sharing_;
    o.progress = [this, id = spec.id](double share, const std::string& what) {
      report(share, id + ": " + what);
    };
    return o;
  }
  void keep(CardFit f) {
    for (auto& n : f.notes)
      if (std::ranges::find(result_.notes, n) == result_.notes.end()) result_.notes.push_back(std::move(n));
    result_.group_fits.push_back(std::move(f));
  }
  [[nodiscard]] bool fits_agents() const {
    return std::any_of(card_.fits.begin(), card_.fits.end(),
                       [](const FitSpec& f) { return f.of == "agents"; });
  }
  /// Every cell as a group, whose choices were kept.
  void fit_cells() {
    for (std::size_t c = 0; c < plan_.size(); ++c)
      for (const auto& spec : card_.fits) {
        if (spec.of != "agents") continue;
        auto f = fit_agents(card_, spec, cell_trials_[c], fit_options(spec));
        f.variant = plan_[c].variant->name;
        f.agent = plan_[c].agent->name;
        f.condition = plan_[c].condition->name;
        keep(std::move(f));
      }
    cell_trials_.clear();
  }

  void fit_people_alone() {
    // A likelihood takes one sequence: each condition that a subject went through is fitted by itself.
    std::vector<Trials> parts;
    if (conditions_within_subjects(people_.data->trials)) {
      const int conditions = static_cast<int>(people_.data->trials.conditions.size());
      for (int c = 0; c < conditions; ++c) parts.push_back(only_condition(people_.data->trials, c));
      result_.notes.push_back("Subjects went through several conditions, and each was fitted by itself.");
    }
    const bool apart = !parts.empty();
    if (!apart) parts.push_back(people_.data->trials);
    const std::string reset = fmt::format("{}", fmt::join(card_.data->reset_on, ","));
    std::vector<std::vector<std::uint8_t>> fresh;
    std::vector<SubjectTrials> subjects;
    std::vector<std::string> names;
    for (const auto& t : parts) {
      fresh.push_back(fresh_flags(t, reset, card_.data->where));
      for (std::size_t s = 0; s < t.subjects.size(); ++s) {
        subjects.push_back(subject_trials(t, static_cast<int>(s), fresh.back()));
        names.push_back(apart ? t.subjects[s] + ", " + t.conditions.front() : t.subjects[s]);
      }
    }
    std::vector<const LearnerEntry*> learners;
    for (const auto& spec : card_.fits)
      if (spec.method != "bayes") learners.push_back(&find_agent(spec.model, spec.where));
    for (auto& n : doubts(learners, subjects)) result_.notes.push_back(std::move(n));
    for (const auto& spec : card_.fits) {
      if (spec.method == "bayes") continue;
      report(0, "fitting " + spec.model);
      const auto& entry = find_agent(spec.model, spec.where);
      FitOptions fo;
      fo.method = spec.method == "ml" ? FitMethod::ml : FitMethod::map;
      fo.starts = spec.starts;
      fo.seed = card_.seed;
      fo.threads = result_.threads;
      fo.sharing = &sharing_;
      fo.overrides = held_in(spec);
      ModelFit f{spec, card_.data->name, {}, {}, names, fit_subjects(entry, subjects, fo)};
      for (const auto& p : entry.params) {
        f.names.push_back(p.name);
        f.units.push_back(p.unit);
      }
      const auto unfitted =
          std::count_if(f.fits.begin(), f.fits.end(), [](const auto& x) { return !is_fitted(x); });
      if (unfitted > 0)
        result_.notes.push_back(fmt::format(
            "{}: {} subject(s) could not be fitted; they play with its defaults.", spec.model, unfitted));
      result_.fits.push_back(std::move(f));
    }
  }

  /// fitted_rows(), worked out once; none for agents whose parameters the card gives.
  const std::vector<std::vector<double>>& rows_of(const AgentSpec& agent) {
    const auto [it, first] = rows_.try_emplace(&agent);
    if (first && agent.fitted) it->second = fitted_rows(agent);
    return it->second;
  }
  /// Parameters of each subject out of this card's fit of the model, one row a subject: who could not be
  /// fitted plays with the defaults. Empty when there is no such fit.
  [[nodiscard]] std::vector<std::vector<double>> fitted_rows(const AgentSpec& agent) {
    for (const auto& f : result_.fits)
      if (f.spec.model == agent.model) {
        std::vector<std::vector<double>> rows;
        for (const auto& s : f.fits) rows.push_back(is_fitted(s) ? s.params : standard_of(agent));
        return in_order_of_people(agent, f.subjects, std::move(rows), f.spec.id);
      }
    for (const auto& f : result_.group_fits) {
      if (f.spec.model != agent.model || f.spec.of != "people") continue;
      if (!f.result.formulas.within.empty())
        throw Error(agent.where, fmt::format("fit '{}' has several rows of parameters a subject ({} differs "
                                             "within them), so agents cannot take theirs from it",
                                             f.spec.id, f.result.formulas.within.front()));
      return in_order_of_people(agent, f.result.formulas.subjects, f.result.rows, f.spec.id);
    }
    return {};
  }
  static std::vector<double> standard_of(const AgentSpec& agent) {
    return param_row(find_agent(agent.model, agent.where), {});
  }
  /// Agents on people's schedules are those people, by name; who was not fitted plays with the defaults.
  [[nodiscard]] std::vector<std::vector<double>> in_order_of_people(const AgentSpec& agent,
                                                                    const std::vector<std::string>& names,
                                                                    std::vector<std::vector<double>> rows,
                                                                    const std::string& fit) {
    if (schedule_ != &people_.schedule || names == people_.data->trials.subjects) return rows;
    std::map<std::string, std::size_t> at;
    for (std::size_t i = 0; i < names.size(); ++i) at[names[i]] = i;
    std::vector<std::vector<double>> r;
    std::size_t missing = 0;
    for (const auto& subject : people_.data->trials.subjects) {
      const auto it = at.find(subject);
      missing += it == at.end();
      r.push_back(it == at.end() ? standard_of(agent) : rows[it->second]);
    }
    if (missing == r.size())
      throw Error(agent.where,
                  fmt::format("fit '{}' has parameters of each condition that a subject went through, and "
                              "agents on the subjects' schedules need one row a subject",
                              fit));
    result_.notes.push_back(fmt::format("{}: {} subject(s) are not in fit '{}'; they play with its defaults.",
                                        agent.name, missing, fit));
    return r;
  }
  static bool is_fitted(const SubjectFit& s) { return !s.params.empty() && s.params[0] == s.params[0]; }

  void simulate_cells() {
    const Schedule* schedule = schedule_;
    if (card_.task.empty()) return;
    for (auto& note : modulator_notes(card_)) result_.notes.push_back(std::move(note));
    if (schedule) note_ignored(*schedule);
    if (!card_.schedule.empty() && !schedule)
      result_.notes.push_back(
          "The data set was not found: agents met the task's own blocks instead of the schedules of people.");
    for (const auto& variant : card_.variants)
      for (const auto& agent : card_.agents)
        for (const auto& condition : card_.conditions) {
          const auto& rows = rows_of(agent);
          if (agent.fitted && rows.empty()) {
            result_.notes.push_back(
                fmt::format("{} was not simulated: there is no fit to take parameters from.", agent.name));
            break;
          }
          const auto& entry = find_agent(agent.model, agent.where);
          if (!has_condition(*entry.make(agent.fitted ? Settings{} : agent.settings), condition)) continue;
          check_cues(variant, agent, entry, schedule);
          plan_.push_back({&variant, &agent, &condition, schedule, &rows});
        }
    // Blocks of all cells are handed out together, so that no thread waits at the end of a cell.
    const int subjects =
        schedule == &people_.schedule ? static_cast<int>(schedule->subjects()) : card_.subjects;
    const int blocks = (subjects + kBlock - 1) / kBlock;
    std::vector<std::vector<BlockResult>> parts(plan_.size());
    for (auto& p : parts)
      p.resize(blocks, BlockResult{{}, CurveSum(card_.curve_before, card_.curve_after), {}, 0, {}});
    const int total = static_cast<int>(plan_.size()) * blocks;
    int done = 0;
    Pieces pieces;
    pieces.n = total;
    pieces.work = [&](int k) {
      const auto& plan = plan_[k / blocks];
      const int first = k % blocks * kBlock;
      run_block(plan, first, std::min(kBlock, subjects - first), parts[k / blocks][k % blocks]);
    };
    pieces.keep = [&](int k, Archive& a) { a(parts[k / blocks][k % blocks]); };
    pieces.label = [&](int k) {
      const auto& plan = plan_[k / blocks];
      const int first = k % blocks * kBlock;
      return fmt::format("{}{}{}, {}: subjects {} to {}", plan.variant->name,
                         plan.variant->name.empty() ? "" : ", ", plan.agent->name, plan.condition->name,
                         first + 1, std::min(first + kBlock, subjects));
    };
    pieces.finished = [&](int) {
      if (++done % 8 == 0 || done == total) report(static_cast<double>(done) / total, "simulating");
    };
    pieces.for_all = fits_agents();
    sharing_(pieces);
    if (!ranks_.first() && !pieces.for_all) return;
    for (std::size_t c = 0; c < plan_.size(); ++c) {
      note_idle(plan_[c], parts[c]);
      merge(plan_[c], parts[c], subjects);
      if (!fits_agents()) continue;
      std::vector<Trials> trials;
      for (const auto& part : parts[c]) trials.push_back(part.trials);
      cell_trials_.push_back(joined(trials));
      cell_trials_.back().source = "simulated";
    }
    write_record(parts);
  }

  struct Plan {
    const Variant* variant;
    const AgentSpec* agent;
    const Condition* condition;
    const Schedule* schedule;
    const std::vector<std::vector<double>>* rows;  // of agents with fitted parameters
  };

  void run_block(const Plan& plan, int first, int count, BlockResult& out) {
    const auto& task = find_task(card_.task, card_.task_where);
    const auto& learner = find_agent(plan.agent->model, plan.agent->where);
    Simulation s;
    s.make_task = task.make;
    s.task_settings = card_.task_settings;
    for (const auto& [name, setting] : plan.variant->task) s.task_settings[name] = setting;
    s.schedule = plan.schedule;
    s.make_agent = learner.make;
    s.agent_settings = plan.agent->settings;
    if (plan.agent->fitted) {
      s.make_each = learner.make_each;
      s.rows = plan.rows;
    }
    s.manipulations = plan.condition->manipulations;
    s.seed = card_.seed;
    Trials t = simulate(s, first, count);
    out.decisions = simulated_decisions();
    out.onsets = simulated_onsets();
    out.samples = evaluate(t, requests_);
    out.curves.add(t);
    if (card_.record == "all" || fits_agents()) {
      t.conditions = {cell_label(plan)};
      t.condition.assign(t.rows(), 0);
      out.trials = std::move(t);
    }
  }

  [[nodiscard]] std::string cell_label(const Plan& p) const {
    std::string r = p.condition->name;
    if (card_.agents.size() > 1) r = p.agent->name + ", " + r;
    if (card_.variants.size() > 1) r = p.variant->name + ", " + r;
    return r;
  }

  void check_cues(const Variant& variant, const AgentSpec& agent, const LearnerEntry& entry,
                  const Schedule* schedule) const {
    if (agent.fitted || std::ranges::find(entry.params, "cues", &ParamInfo::name) == entry.params.end())
      return;
    Settings settings = card_.task_settings;
    for (const auto& [name, setting] : variant.task) settings[name] = setting;
    const auto task = find_task(card_.task, card_.task_where).make(settings, schedule);
    located(agent.where, [&] { check_shown(entry, param_row(entry, agent.settings), task->info().inputs); });
  }

  /// Parameters of the task that are given and that the schedule stands in for.
  void note_ignored(const Schedule& schedule) {
    std::vector<std::string> given;
    for (const auto& name : ignored_beside(card_.task, schedule))
      if (card_.task_settings.contains(name) ||
          std::ranges::any_of(card_.variants, [&](const Variant& v) { return v.task.contains(name); }))
        given.push_back(name);
    if (!given.empty())
      result_.notes.push_back(
          fmt::format("The schedule of {} says what happens: {} of task '{}' changed nothing.",
                      schedule.source, fmt::join(given, ", "), card_.task));
  }

  /// Manipulations of the condition that came to nobody.
  void note_idle(const Plan& plan, const std::vector<BlockResult>& parts) {
    const auto& list = plan.condition->manipulations;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Onset all;
      for (const auto& part : parts) {
        all.subjects += part.onsets[i].subjects;
        all.most_events = std::max(all.most_events, part.onsets[i].most_events);
      }
      if (all.subjects > 0) continue;
      const Manipulation& m = list[i];
      if (m.derived) continue;  // said of what it comes from
      const std::string when = m.trial >= 0     ? fmt::format("trial {}", m.trial)
                               : m.time_ms >= 0 ? fmt::format("{} ms", m.time_ms)
                                                : fmt::format("occurrence {} of '{}'", m.occurrence, m.at);
      const std::string note = fmt::format(
          "Condition '{}': {} never came, so {} was never {}{}.", plan.condition->name, when,
          m.op == Manipulation::Op::dose ? m.drug
                                         : fmt::format("'{}'", m.modulator.empty() ? m.target : m.modulator),
          m.op == Manipulation::Op::dose ? "given" : "touched",
          m.trial < 0 && m.time_ms < 0 ? fmt::format(" (it came {} time(s) at most)", all.most_events) : "");
      if (std::ranges::find(result_.notes, note) == result_.notes.end()) result_.notes.push_back(note);
    }
  }

  void merge(const Plan& plan, std::vector<BlockResult>& parts, int subjects) {
    Cell cell;
    cell.variant = plan.variant->name;
    cell.agent = plan.agent->name;
    cell.condition = plan.condition->name;
    cell.subjects = subjects;
    cell.samples.resize(requests_.size());
    CurveSum curves(card_.curve_before, card_.curve_after);
    for (auto& part : parts) {
      for (std::size_t m = 0; m < requests_.size(); ++m)
        cell.samples[m].insert(cell.samples[m].end(), part.samples[m].begin(), part.samples[m].end());
      curves.merge(part.curves);
      result_.decisions += part.decisions;
    }
    cell.curves = curves.curves();
    result_.cells.push_back(std::move(cell));
  }

  void write_record(std::vector<std::vector<BlockResult>>& parts) {
    if (card_.record != "all" || !options_.trials) return;
    // Agents differ in their signals, and the file has one header: what an agent lacks is missing.
    std::set<std::string> names;
    for (const auto& cell : parts)
      for (const auto& part : cell)
        for (const auto& [name, values] : part.trials.signals) names.insert(name);
    for (auto& cell : parts)
      for (auto& part : cell)
        for (const auto& name : names) part.trials.signals.try_emplace(name, part.trials.rows(), kNaN);
    bool header = true;
    for (const auto& cell : parts)
      for (const auto& part : cell) {
        write_trials(*options_.trials, part.trials, header);
        header = false;
      }
  }

  void add_people() {
    if (!card_.data) return;
    Cell cell;
    // People stand beside agents that met their schedules, and apart from agents in another task.
    cell.variant = card_.schedule == "data" ? card_.variants.front().name : "people, " + card_.data->name;
    cell.agent = "people";
    cell.condition = "people";
    cell.data = card_.data->name;
    if (people_.data) {
      cell.source = "people";
      if (people_.data->trials.conditions.size() < 2)
        return add_people(std::move(cell), people_.data->trials);
      for (std::size_t c = 0; c < people_.data->trials.conditions.size(); ++c) {
        cell.condition = people_.data->trials.conditions[c];
        add_people(cell, only_condition(people_.data->trials, static_cast<int>(c)));
      }
    } else if (const auto stored = stored_people(card_.data->name)) {
      cell.source = "people, stored";
      cell.subjects = stored->cell.subjects;
      cell.curves = stored->cell.curves;
      for (const auto& m : card_.metrics) {
        const auto it = stored->values.find(metric_key(m));
        cell.values.push_back(it == stored->values.end() ? Interval{} : it->second);
      }
      result_.notes.push_back(fmt::format("Data set {} was not found; stored numbers are shown ({}).",
                                          card_.data->name, stored->citation));
      result_.cells.push_back(std::move(cell));
    } else if (!card_.task.empty()) {
      result_.notes.push_back(
          fmt::format("Data set {} was not found: no people stand beside the agents; LABILE_DATA says where "
                      "data sets are.",
                      card_.data->name));
    }
  }
  void add_people(Cell cell, const Trials& trials) {
    cell.subjects = static_cast<int>(trials.subjects.size());
    cell.samples = evaluate(trials, requests_);
    if (const auto note = long_windows(trials, requests_); !note.empty())
      result_.notes.push_back(fmt::format("{}, {}: {}", cell.data, cell.condition, note));
    CurveSum curves(card_.curve_before, card_.curve_after);
    curves.add(trials);
    cell.curves = curves.curves();
    result_.cells.push_back(std::move(cell));
  }

  void compare() {
    Resampler resampler(card_.seed, card_.resamples);
    const std::string& reference = card_.conditions.front().name;
    for (auto& cell : result_.cells) {
      report(1, "resampling");
      if (cell.values.empty())
        for (const auto& s : cell.samples) cell.values.push_back(resampler.mean(s));
    }
    note_undefined();
    for (const auto& cell : result_.cells) {
      const Cell* base = result_.find(cell.variant, cell.agent, reference);
      if (!base || base == &cell || cell.source != "simulated") continue;
      for (std::size_t m = 0; m < requests_.size(); ++m) {
        CellEffect e{cell.variant, cell.agent, cell.condition, reference, static_cast<int>(m), {}, {}};
        e.ratio = resampler.contrast(cell.samples[m], base->samples[m], Contrast::ratio);
        e.difference = resampler.contrast(cell.samples[m], base->samples[m], Contrast::difference);
        if (!requests_[m].entry->pooled) e.d = cohen_d(cell.samples[m], base->samples[m]);
        result_.effects.push_back(std::move(e));
      }
    }
  }

  /// Metrics that have no value in any cell, such as those of a block that nobody has.
  void note_undefined() {
    for (std::size_t m = 0; m < requests_.size(); ++m) {
      const auto defined = [&](const Cell& c) { return m < c.values.size() && c.values[m].n > 0; };
      if (result_.cells.empty() || std::ranges::any_of(result_.cells, defined)) continue;
      const std::string& blocks = card_.metrics[m].blocks;
      const bool number = !blocks.empty() && blocks.find_first_not_of("0123456789") == std::string::npos;
      result_.notes.push_back(
          fmt::format("Metric '{}' has a value nowhere{}.", card_.metrics[m].id,
                      number ? fmt::format(": nobody has a block {} that it counts", blocks) : ""));
    }
  }

  /// Two cells that a prediction compares, and where both stand; one where it is about a value.
  struct Compared {
    const Cell *treated, *control;  // control: null for a value
    std::string variant, agent;
  };
  [[nodiscard]] std::vector<Compared> compared(const Prediction& p) const {
    using Between = Prediction::Between;
    const std::string& condition = p.condition.empty() ? card_.conditions.front().name : p.condition;
    std::vector<Compared> r;
    const auto add = [&](const Cell* treated, const Cell* control, const std::string& variant,
                         const std::string& agent) {
      if (treated && (control || p.control.empty())) r.push_back({treated, control, variant, agent});
    };
    for (const auto& v : card_.variants) {
      if (!p.variant.empty() && p.variant != v.name) continue;
      if (p.between == Between::agents)
        add(result_.find(v.name, p.treated, condition), result_.find(v.name, p.control, condition), v.name,
            "");
      for (const auto& a : card_.agents)
        if (p.between == Between::conditions && (p.agent.empty() || p.agent == a.name))
          add(result_.find(v.name, a.name, p.treated), result_.find(v.name, a.name, p.control), v.name,
              a.name);
    }
    for (const auto& a : card_.agents)
      if (p.between == Between::variants && (p.agent.empty() || p.agent == a.name))
        add(result_.find(p.treated, a.name, condition), result_.find(p.control, a.name, condition), "",
            a.name);
    return r;
  }

  void judge_predictions() {
    Resampler resampler(card_.seed, card_.resamples);
    for (const auto& p : card_.predictions) {
      if (!p.fit.empty()) {
        judge_fit(p);
        continue;
      }
      const auto pairs = compared(p);
      for (const auto& c : pairs) {
        std::size_t m = 0;
        while (card_.metrics[m].id != p.metric) ++m;
        Judged j{p, c.variant, c.agent, {}, "", ""};
        if (!c.control)
          j.effect = resampler.mean(c.treated->samples[m]);
        else
          j.effect =
              resampler.contrast(c.treated->samples[m], c.control->samples[m],
                                 p.of == Prediction::Of::ratio ? Contrast::ratio : Contrast::difference);
        j.verdict = verdict(p, j.effect);
        if (std::isinf(j.effect.value)) j.reason = "the control is zero";
        if (j.verdict == "not run") j.reason = "the metric is not defined in these cells";
        result_.predictions.push_back(std::move(j));
      }
      if (pairs.empty())
        result_.predictions.push_back(
            {p, p.variant, p.agent, {}, "not run", "no agent of this card ran both of them"});
    }
  }

  void judge_fit(const Prediction& p) {
    const auto effects = effects_of_prediction(card_, p, result_.group_fits);
    for (const auto& e : effects) {
      Judged j{p, e.variant, e.agent, e.effect, verdict(p, e.effect), e.reason};
      if (j.verdict == "not run" && j.reason.empty()) j.reason = "the fit has no such value";
      if (j.verdict != "not run" && !(e.rhat <= kRhatOfVerdicts && e.ess >= kDrawsOfVerdicts)) {
        j.verdict = "undecided";
        j.reason = fmt::format("its interval is not to be trusted: R-hat {:.2f}, {:.0f} independent draws",
                               e.rhat, e.ess);
      }
      result_.predictions.push_back(std::move(j));
    }
    if (effects.empty())
      result_.predictions.push_back({p, p.variant, p.agent, {}, "not run", "the fit was not made"});
  }

  const Card& card_;
  const RunOptions& options_;
  Ranks& ranks_;
  Sharing sharing_;
  RunResult result_;
  People people_;
  Schedule file_schedule_;
  const Schedule* schedule_ = nullptr;  // what agents meet instead of the task's own; null: its own
  std::vector<MetricRequest> requests_;
  std::vector<CheckedMetric> checked_;  // the same by id
  std::map<const AgentSpec*, std::vector<std::vector<double>>> rows_;
  std::vector<Plan> plan_;
  std::vector<Trials> cell_trials_;  // [plan], where agents are fitted
};

}  // namespace

const Cell* RunResult::find(std::string_view variant, std::string_view agent,
                            std::string_view condition) const {
  for (const auto& c : cells)
    if (c.variant == variant && c.agent == agent && c.condition == condition) return &c;
  return nullptr;
}

RunResult run_card(const Card& card, const RunOptions& options) {
  return Runner(card, options).run();
}

}  // namespace labile
