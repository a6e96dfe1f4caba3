/// The people of a card: their record where the data set is found, stored numbers where it is not.
#pragma once

#include "card/find_agent.hpp"
#include "record/data_set.hpp"
#include "run/run.hpp"

namespace labile {

struct People {
  std::optional<DataSet> data;  // when it was found; its subjects are not viewed
  Schedule schedule;            // what each person met, as far as the record tells
  std::vector<std::string> notes;
};

/// Reads the data set; `inputs` are columns that models must be shown, and those that metrics or tasks take
/// where they are. `for_models`: whether models will be fitted; `kept`: columns that formulas name. Throws Error when the file is wrong.
[[nodiscard]] People load_people(const DataSpec& data, const ModelInputs& inputs = {},
                                 bool for_models = false, std::vector<std::string> kept = {});

/// What the people of a record met, as far as the record tells: best options, blocks, states, what was right,
/// numbers shown, outcomes that came whatever was answered (where there are reports), and, in columns
/// payoff_0, payoff_1, ... and p_0, p_1, ..., what each option paid and how likely it was to pay.
/// `fresh`: where values start afresh.
[[nodiscard]] Schedule schedule_of(const Trials& trials, std::span<const std::uint8_t> fresh);

/// The cell of people out of stored numbers (experiments/people/NAME.json, built in); nullopt without any.
struct StoredPeople {
  Cell cell;
  std::map<std::string, Interval> values;
  std::string citation;
};
[[nodiscard]] std::optional<StoredPeople> stored_people(const std::string& data_name);

}  // namespace labile
