/// The record: one row a decision, real and simulated alike, column by column.
///
/// Rows of one subject are contiguous and in the order they happened. About 60 bytes a row without signals
/// and features: ten million rows need 0.6 GB.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "contract/trial.hpp"
#include "core/archive.hpp"

namespace labile {

struct Trials {
  std::string source;                   // file or data set, for messages
  Layout layout;                        // options and features
  std::vector<std::string> subjects;    // [subject]
  std::vector<std::size_t> first;       // [subject + 1] first row of each subject
  std::vector<std::string> conditions;  // names that `condition` indexes; empty = no such column
  // [row] each:
  std::vector<std::int32_t> session, block, trial, stage;
  std::vector<std::int32_t> choice;    // option from 0, -1 = missing
  std::vector<std::int32_t> best;      // best option, -1 = unknown
  std::vector<std::int32_t> old_best;  // option the block before called best, -1 = none or unknown
  std::vector<std::int8_t> correct;    // 1, 0, -1 = unknown
  std::vector<double> outcome;         // NaN = missing
  std::vector<double> rt_s;            // NaN = missing
  std::vector<std::int32_t> condition;
  std::vector<std::int64_t> feature;                   // [row][option][dim], empty for a bandit
  std::vector<double> report;                          // continuous response, NaN = missing; empty = none
  bool report_after = false;                           // given after the outcome of its row, not before
  std::vector<std::int32_t> right;                     // option that was right, -1 = unknown; empty = unknown
  std::vector<std::int32_t> state;                     // what was shown, from 0; empty = one state
  std::map<std::string, std::vector<double>> signals;  // da, ach, ..., numbers shown: [row]

  [[nodiscard]] std::size_t rows() const { return choice.size(); }
  void keep(Archive& a) {
    a(source, layout.options, layout.arity, layout.offset, layout.feature_is_option, layout.states, subjects,
      first, conditions, session, block, trial, stage, choice, best, old_best, correct, outcome, rt_s,
      condition, feature, report, report_after, right, state, signals);
  }
};

}  // namespace labile
