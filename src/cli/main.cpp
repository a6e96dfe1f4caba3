/// `labile`: reads the command line, runs one command, turns failures into messages and exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <system_error>

#include "cli/commands.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/ranks.hpp"

namespace {

/// A number that `ok` holds true for; CLI11's own say their bounds with 309 digits.
CLI::Validator number_that(bool (*ok)(double), const char* words) {
  return CLI::Validator(
      [=](const std::string& text) {
        double x = 0;
        return CLI::detail::lexical_cast(text, x) && ok(x)
                   ? std::string{}
                   : fmt::format("wants a number, {}, not '{}'", words, text);
      },
      "");
}
const CLI::Validator kFromZero =
    number_that([](double x) { return std::isfinite(x) && x >= 0; }, "0 or more");
const CLI::Validator kAboveZero = number_that([](double x) { return std::isfinite(x) && x > 0; }, "above 0");

void add_data_options(CLI::App& app, labile::DataArgs& a) {
  app.add_option("data", a.data, "CSV or TSV file, or the name of a data set")->required();
  app.add_option("--reset-on", a.reset_on, "columns whose change starts values afresh: block, session")
      ->delimiter(',');
  app.add_option("--outcome-map", a.outcome_map, "\"0/1 to -1/1\" recodes outcomes");
  app.add_option("--condition", a.condition, "only the rows of this condition");
  app.add_option("--min-rt", a.min_rt_s, "choices that took less count as missing, s")->check(kFromZero);
  app.add_option("--where", a.rows, "column=value: only rows that hold it; several times for more")
      ->take_all()
      ->delimiter(',');
  app.add_option("--columns", a.columns,
                 "our name=name in the file, such as state=pair; =none leaves a column alone")
      ->take_all()
      ->delimiter(',');
  app.add_option(
         "--options", a.options,
         "columns that say what each option shows, such as stim_left,stim_right; one alone, such as pair: "
         "each of its values has options of its own")
      ->delimiter(',');
  app.add_option("--signals", a.signals, "further number columns: name, or name=column")->delimiter(',');
  app.add_option("--by", a.by, "column whose values are the conditions");
  app.add_flag("--report-after", a.report_after, "reports came after the outcome of their row");
  app.add_flag("--json", a.json, "print one JSON object");
}

/// Of fits by hierarchical Bayes.
void add_sampler_options(CLI::App& app, labile::DataArgs& a) {
  app.add_option("--chains", a.chains, "bayes: chains")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--warmup", a.warmup, "bayes: warm-up iterations of each chain")
      ->check(CLI::Range(20, 1000000))
      ->capture_default_str();
  app.add_option("--draws", a.draws, "bayes: draws of each chain")
      ->check(CLI::Range(4, 10000000))
      ->capture_default_str();
  app.add_option("--adapt-delta", a.adapt_delta,
                 "bayes: acceptance that the step size aims at; nearer to 1, fewer divergences")
      ->check(CLI::Range(0.5, 0.999))
      ->capture_default_str();
  app.add_option("--group", a.groups,
                 "bayes: transform and priors of a parameter, e.g. \"beta = phi 0 10 mu 0 1 sigma 0.2\"")
      ->take_all();
  app.add_option("--max-depth", a.max_depth, "bayes: of the sampler's trees")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
}

int labile_main(int argc, char** argv, const labile::Ranks& ranks) {
  CLI::App app{"Labile: an engine for neuromodulated plasticity"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "labile " LABILE_VERSION);
  app.failure_message(CLI::FailureMessage::simple);
  int code = 0;
  // Commands that are one process's work, whatever the launch.
  const auto by_first = [&](auto command) {
    return [&ranks, &app, command] {
      if (!ranks.first()) return;
      if (ranks.size() > 1)
        fmt::print(stderr, "note: `labile {}` is the work of one rank; the other {} end at once\n",
                   app.get_subcommands().front()->get_name(), ranks.size() - 1);
      command();
    };
  };

  labile::RunArgs run;
  auto* c = app.add_subcommand("run", "Run an experiment card and write its results and report");
  auto* resume = c->add_option("--resume", run.resume,
                               "goes on with the run that was to write this folder and was stopped");
  c->add_option("card", run.card, "a card (.toml), or the name of one that comes with Labile")
      ->excludes(resume);
  c->add_option("--out", run.out, "folder for the results")->capture_default_str()->excludes(resume);
  c->add_option("--seed", run.seed, "instead of the card's seed")->check(kFromZero)->excludes(resume);
  c->add_option("--checkpoint-every", run.checkpoint_every_min,
                "minutes between checkpoints of a network; more rarely where one takes long")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  c->add_option("--jobs", run.jobs, "threads; 0 = all cores; results do not depend on it")->check(kFromZero);
  c->add_option("--set", run.set, "key=value changes the card, e.g. task.p_better=0.7")
      ->take_all()
      ->excludes(resume);
  c->add_flag("--dry", run.dry, "check the card and say what would run")->excludes(resume);
  c->add_flag("--check", run.check, "exit code 1 when a prediction is refuted");
  c->add_flag("--json", run.json, "print results.json instead of a summary");
  c->callback([&] { code = labile::run_command(run); });

  labile::ClaimsArgs claims;
  c = app.add_subcommand("claims", "Run every claim as an experiment: effect, interval, verdict");
  c->add_option("pattern", claims.pattern, "only cards whose name contains this");
  c->add_option("--folder", claims.folder, "where the cards are; those built in when there is no such folder")
      ->capture_default_str();
  c->add_option("--jobs", claims.jobs, "threads")->check(kFromZero);
  c->add_flag("--check", claims.check, "exit code 1 when a prediction is refuted");
  c->add_flag("--json", claims.json, "print one JSON array");
  c->callback([&] { code = labile::claims_command(claims); });

  labile::BenchArgs bench;
  c = app.add_subcommand("bench",
                         "Speed and memory on this machine, on the benchmark networks B1, B2 and B3");
  c->add_option("names", bench.names, "B1, B2, B3; all without any");
  c->add_option("--jobs", bench.jobs, "threads")->check(kFromZero)->capture_default_str();
  c->add_flag("--json", bench.json, "print one JSON object");
  c->callback(by_first([&] { code = labile::bench_command(bench); }));

  labile::DataArgs metrics;
  c = app.add_subcommand("metrics", "Model-free behavior of any record of choices");
  add_data_options(*c, metrics);
  c->add_option("--metric", metrics.metrics,
                "name,parameter=value,...: this one instead of all at their defaults; several times for more")
      ->take_all();
  c->callback(by_first([&] { code = labile::metrics_command(metrics); }));

  labile::DataArgs fit;
  fit.method = "bayes";
  c = app.add_subcommand("fit", "Fit learners to choices: the group at once, or subject by subject");
  add_data_options(*c, fit);
  c->add_option("--model", fit.models, "learners, comma-separated")->required()->delimiter(',');
  c->add_option("--method", fit.method,
                "bayes: hierarchical, by NUTS; map or ml: the optimum of each subject alone")
      ->check(CLI::IsMember({"bayes", "map", "ml"}))
      ->capture_default_str();
  add_sampler_options(*c, fit);
  c->add_option("--formula", fit.formulas,
                "bayes: effects on parameters, e.g. \"alpha ~ drug * session\"; several times for more")
      ->take_all();
  c->add_option("--reference", fit.references,
                "bayes: COLUMN=LEVEL,...: what levels of a factor are compared with")
      ->take_all()
      ->delimiter(',');
  c->add_option("--effect-prior", fit.effect_prior,
                "bayes: effects are N(0, this), before the parameter's transform")
      ->check(kAboveZero)
      ->capture_default_str();
  c->add_flag("--correlated", fit.correlated, "bayes: parameters may correlate over people, a priori LKJ(2)");
  c->add_flag("--drop-missing", fit.drop_missing, "bayes: subjects that lack a covariate are left out");
  c->add_option("--starts", fit.starts, "map, ml: starting points a subject")->check(CLI::Range(1, 1000));
  c->add_option("--seed", fit.seed, "of chains and starting points")->check(kFromZero);
  c->add_option("--jobs", fit.jobs, "threads")->check(kFromZero);
  c->add_option("--hold", fit.hold, "name=value,...: parameters held there instead of estimated")
      ->delimiter(',');
  c->add_option("--out", fit.out, "CSV file for the parameters of every subject");
  c->add_option("--group-out", fit.group_out,
                "bayes: CSV file for the group's quantities, effects, cells and differences");
  c->add_option("--draws-out", fit.draws_out,
                "bayes: folder for the draws, as CmdStan's CSV and as netCDF for ArviZ");
  c->add_option("--trials-out", fit.trials_out,
                "CSV file: the rows of the data with each trial's prediction errors, probabilities, ...");
  c->add_option("--methods", fit.methods_out, "text file: a methods paragraph of what was run");
  c->add_option(
       "--check", fit.checks,
       "bayes: metrics, comma-separated, of people beside those of agents with drawn parameters; or default")
      ->take_all();
  c->add_option("--task", fit.task, "--check: the task they play, where the data do not tell all payoffs");
  c->add_option("--set", fit.task_set, "--check: key=value changes that task, e.g. p_better=0.8")->take_all();
  c->add_option("--replicates", fit.replicates, "--check: draws that play")
      ->check(CLI::Range(20, 1000000))
      ->capture_default_str();
  c->add_flag("--prior-only", fit.prior_only, "--check from the prior, and fit nothing");
  c->callback(by_first([&] { code = labile::fit_command(fit); }));

  labile::DataArgs compare;
  c = app.add_subcommand(
      "compare",
      "Which learner predicts choices it was not fitted to: cross-validation or hierarchical Bayes");
  add_data_options(*c, compare);
  c->add_option("--models,--model", compare.models, "two learners or more, comma-separated")
      ->required()
      ->delimiter(',');
  c->add_option("--folds", compare.folds, "parts of each subject's trials, each left out once")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  c->add_option("--method", compare.method,
                "map or ml: fits of each subject to the other folds; bayes: hierarchical fits, scored by "
                "decision and by subject")
      ->check(CLI::IsMember({"map", "ml", "bayes"}))
      ->capture_default_str();
  add_sampler_options(*c, compare);
  c->add_option("--starts", compare.starts, "starting points a subject and fold")->check(CLI::Range(1, 1000));
  c->add_option("--seed", compare.seed, "of the starting points and of resampling")->check(kFromZero);
  c->add_option("--jobs", compare.jobs, "threads")->check(kFromZero);
  c->add_option("--hold", compare.hold,
                "name=value,...: parameters held there, of the learners that have them")
      ->delimiter(',');
  c->add_option("--out", compare.out, "CSV file: held-out log-likelihood of every subject and model");
  c->callback(by_first([&] { code = labile::compare_command(compare); }));

  labile::DataArgs loglik;
  c = app.add_subcommand("loglik", "Log-likelihood of choices at given parameters");
  add_data_options(*c, loglik);
  c->add_option("--model", loglik.models, "the learner")->required()->expected(1);
  c->add_option(
       "--params", loglik.params,
       "name=value,... for all subjects, or a CSV file with a row a subject; others stay at their defaults")
      ->delimiter(',');
  c->add_flag("--surprise", loglik.surprise, "total surprise of the inputs instead, for models of sequences");
  c->callback(by_first([&] { code = labile::loglik_command(loglik); }));

  labile::RecoverArgs recover;
  c = app.add_subcommand(
      "recover", "Fit simulated subjects: can a learner's parameters, or learners, be told from a task?");
  auto* one = c->add_option("--model", recover.model, "the learner whose parameters are recovered");
  c->add_option("--models", recover.models, "or two learners or more, comma-separated, to be told apart")
      ->delimiter(',')
      ->excludes(one);
  c->add_option("--data-sets", recover.data_sets, "with --models: groups of subjects, of each learner")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  c->add_option("--criterion", recover.criterion,
                "with --models: bic (the default) or aic by map and ml, loo by bayes")
      ->check(CLI::IsMember({"bic", "aic", "loo"}));
  c->add_option("--task", recover.task, "where it plays; otherwise the task that it is for");
  c->add_option("--set", recover.set, "key=value changes the task, e.g. trials=500")->take_all();
  c->add_option("--subjects", recover.subjects,
                "simulated subjects: 200, or 50 by bayes; of a data set with --models: 20")
      ->check(CLI::Range(2, 1000000));
  c->add_option("--range", recover.ranges,
                "NAME=LOW:HIGH draws a parameter uniformly instead of from its prior")
      ->take_all();
  c->add_option("--method", recover.method, "map or ml, each subject alone; bayes: hierarchical, by NUTS")
      ->check(CLI::IsMember({"map", "ml", "bayes"}))
      ->capture_default_str();
  c->add_option("--group", recover.groups, "bayes: transform and priors of a parameter, as of `fit`")
      ->take_all();
  c->add_option("--chains", recover.chains, "bayes: chains")->check(CLI::Range(1, 64))->capture_default_str();
  c->add_option("--warmup", recover.warmup, "bayes: warm-up iterations of each chain")
      ->check(CLI::Range(20, 1000000))
      ->capture_default_str();
  c->add_option("--draws", recover.draws, "bayes: draws of each chain")
      ->check(CLI::Range(4, 1000000))
      ->capture_default_str();
  c->add_option("--starts", recover.starts, "starting points a subject")->check(CLI::Range(1, 1000));
  c->add_option("--seed", recover.seed, "of subjects and starting points")->check(kFromZero);
  c->add_option("--jobs", recover.jobs, "threads; results do not depend on it")->check(kFromZero);
  c->add_option("--out", recover.out, "CSV file for true and fitted values, or scores of models");
  c->add_option("--plot", recover.plot, "SVG file: true against fitted values");
  c->add_flag("--json", recover.json, "print one JSON object");
  c->callback(by_first([&] { code = labile::recover_command(recover); }));

  labile::CalibrateArgs calibrate;
  c = app.add_subcommand("calibrate",
                         "Are the intervals of hierarchical fits right? Simulates from the prior and fits");
  c->add_option("--model", calibrate.model, "the learner")->required();
  c->add_option("--task", calibrate.task, "where it plays; otherwise the task that it is for");
  c->add_option("--set", calibrate.set,
                "key=value changes the task, which is short otherwise, e.g. trials=100")
      ->take_all();
  c->add_option("--replicates", calibrate.replicates, "draws from the prior, each played and fitted")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  c->add_option("--subjects", calibrate.subjects, "of each replicate")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  c->add_flag("--contrast", calibrate.contrast, "two halves of the subjects differ in every parameter");
  c->add_option("--group", calibrate.groups,
                "transform and priors of a parameter, e.g. \"beta = phi 0 10 mu 0 1 sigma 0.2\"")
      ->take_all();
  c->add_option("--hold", calibrate.hold, "name=value,...: parameters held there instead of estimated")
      ->delimiter(',');
  c->add_option("--warmup", calibrate.warmup, "warm-up iterations of each chain")
      ->check(CLI::Range(20, 1000000))
      ->capture_default_str();
  c->add_option("--draws", calibrate.draws, "draws at first; a chain goes on until it is worth enough")
      ->check(CLI::Range(4, 1000000))
      ->capture_default_str();
  c->add_option("--ranks", calibrate.ranks, "draws that a true value is ranked among")
      ->check(CLI::Range(19, 100000))
      ->capture_default_str();
  c->add_option("--adapt-delta", calibrate.adapt_delta, "acceptance that the step size aims at")
      ->check(CLI::Range(0.5, 0.999))
      ->capture_default_str();
  c->add_option("--seed", calibrate.seed, "of everything that is drawn")->check(kFromZero);
  c->add_option("--jobs", calibrate.jobs, "threads; results do not depend on it")->check(kFromZero);
  c->add_option("--out", calibrate.out, "JSON file for every replicate; the same command goes on from it");
  c->add_option("--plot", calibrate.plot, "SVG file: ranks of every quantity beside uniform ones");
  c->add_flag("--json", calibrate.json, "print one JSON object");
  c->callback(by_first([&] { code = labile::calibrate_command(calibrate); }));

  labile::DescribeArgs describe;
  c = app.add_subcommand(
      "describe",
      "What there is: tasks, learners, metrics, neurons, rules, protocols, ... and their parameters");
  c->add_option(
      "kind", describe.kind,
      "task, learner, circuit, metric, neuron, source, rule, protocol, record, measure, modulator or drug");
  c->add_option("name", describe.name, "one of them");
  c->add_flag("--json", describe.json, "print one JSON object");
  c->callback(by_first([&] { code = labile::describe_command(describe); }));

  std::string folder;
  c = app.add_subcommand("report", "Make report.html again from a folder's results.json");
  c->add_option("folder", folder, "a folder that `labile run` wrote")->required();
  c->callback(by_first([&] { code = labile::report_command(folder); }));

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (!ranks.first()) return 0;
    return app.exit(e) == 0 ? 0 : 2;
  }
  return code;
}

/// What is said of a failure, and the exit code.
struct Ending {
  int code = 0;
  std::string words = {};
};

Ending run_all(int argc, char** argv, const labile::Ranks& ranks) {
  try {
    const int code = labile_main(argc, argv, ranks);
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return {code};
  } catch (const labile::Interrupted& e) {
    return {130, e.what()};
  } catch (const labile::Error& e) {
    return {2, e.what()};
  } catch (const std::system_error& e) {  // the output or a file refuses
    return {2, fmt::format("cannot write or read: {}", e.what())};
  } catch (const std::bad_alloc&) {
    return {2, "not enough memory"};
  } catch (const std::exception& e) {
    return {3, fmt::format("internal error: {}\nThis is a mistake of ours; please report it with the card.",
                           e.what())};
  }
}

}  // namespace

int main(int argc, char** argv) {
  labile::install_interrupt();
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit becomes a write error with words
  labile::Ranks* ranks = nullptr;
  try {
    (void)labile::Ranks::silence_s();  // refused now rather than when a rank is silent
    ranks = &labile::Ranks::world();
  } catch (const labile::Error& e) {
    fmt::print(stderr, "labile: {}\n", e.what());
    return 2;
  }
  const Ending end = run_all(argc, argv, *ranks);
  // One of them says what went wrong, and its exit code is that of the launch.
  if (ranks->first() && !end.words.empty()) fmt::print(stderr, "labile: {}\n", end.words);
  for (const auto& heard : ranks->leave(end.code, end.words))
    if (end.code == 0) fmt::print(stderr, "note: {}\n", heard);
  return ranks->first() ? end.code : 0;
}
