/// The commands of `labile`, one file each; main.cpp reads the command line into these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace labile {

struct RunArgs {
  std::string card, out = "labile-report";
  std::string resume;  // instead of a card: the folder of a run that was stopped
  std::optional<std::uint64_t> seed;
  int jobs = 0;
  double checkpoint_every_min = 10;
  std::vector<std::string> set;
  bool dry = false, check = false, json = false;
};
struct DataArgs {
  std::string data, out;
  std::vector<std::string> models, params, reset_on;
  std::string condition;  // only this one
  std::vector<std::string> columns, rows,
      signals;                       // "name=value": our column and the file's; column and value
  std::vector<std::string> options;  // columns that say what each option shows
  std::string by;                    // column that conditions are
  std::vector<std::string> metrics;  // "name,parameter=value": instead of all at their defaults
  std::vector<std::string> hold;     // "parameter=value" of fits: held there
  bool report_after = false;
  int folds = 5;
  std::string outcome_map, method = "map";
  int chains = 4, warmup = 300, draws = 1000, max_depth = 10;  // of method "bayes"
  double adapt_delta = 0.8;
  std::vector<std::string> formulas;                          // "alpha ~ drug * session"
  std::vector<std::string> references;                        // "drug=placebo"
  double effect_prior = 1;                                    // sd of the prior of effects
  bool correlated = false;                                    // parameters may correlate over subjects
  bool drop_missing = false;                                  // subjects without a covariate are left out
  std::vector<std::string> groups;                            // "beta = phi 0 10 mu 0 1 sigma 0.2"
  std::string group_out, draws_out, trials_out, methods_out;  // of fits: a folder (draws), files
  std::vector<std::string> checks,
      task_set;      // of fits: metrics that agents are checked on; parameters of the task
  std::string task;  // that they play
  int replicates = 200;
  bool prior_only = false;
  double min_rt_s = 0;  // choices that took less count as missing
  int starts = 10, jobs = 0;
  std::uint64_t seed = 1;
  bool json = false;
  bool surprise = false;  // loglik: of the inputs, instead of choices
};
struct RecoverArgs {
  std::string model, task, out, plot, method = "map";
  std::vector<std::string> models;               // to tell apart, instead of one's parameters
  std::string criterion;                         // of models: bic, aic or loo; empty: as the method has it
  std::vector<std::string> set, ranges, groups;  // task parameters; NAME=LOW:HIGH; as of fits
  int subjects = 0, starts = 10, jobs = 0;       // 0 subjects: as many as the method wants
  int data_sets = 10;                            // of each model
  int chains = 4, warmup = 300, draws = 500;     // of method bayes
  std::uint64_t seed = 1;
  bool json = false;
};
struct CalibrateArgs {
  std::string model, task, out, plot;
  std::vector<std::string> set, groups, hold;
  int replicates = 1000, subjects = 4, warmup = 200, draws = 200, ranks = 39, jobs = 0;
  double adapt_delta = 0.9;
  std::uint64_t seed = 1;
  bool contrast = false, json = false;
};
struct DescribeArgs {
  std::string kind, name;
  bool json = false;
};
struct BenchArgs {
  std::vector<std::string> names;  // of B1, B2, B3; empty = all
  int jobs = 1;
  bool json = false;
};
struct ClaimsArgs {
  std::string pattern, folder = "experiments/claims";
  int jobs = 0;
  bool json = false, check = false;
};

// Each returns the exit code.
int run_command(const RunArgs& args);
int claims_command(const ClaimsArgs& args);
int bench_command(const BenchArgs& args);
int metrics_command(const DataArgs& args);
int fit_command(const DataArgs& args);
int compare_command(const DataArgs& args);
int loglik_command(const DataArgs& args);
int recover_command(const RecoverArgs& args);
int recover_models_command(const RecoverArgs& args);
int calibrate_command(const CalibrateArgs& args);
int describe_command(const DescribeArgs& args);
int report_command(const std::string& folder);

}  // namespace labile
