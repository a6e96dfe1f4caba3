/// The people of a card: their record where the data set is found, stored numbers where it is not.
#pragma once

#include "card/find_agent.hpp"
#include "run/run.hpp"

namespace labile {

struct People {
  std::optional<Trials> trials;  // the record, when the data set was found
  Schedule schedule;             // what each person met, when found
  std::vector<std::string> notes;
};

/// Reads the data set, and the schedules its people met when asked; `inputs` are columns that models must be
/// shown. Throws Error when the file is wrong.
[[nodiscard]] People load_people(const DataSpec& data, bool with_schedule, const ModelInputs& inputs = {});

/// The cell of people out of stored numbers (experiments/people/NAME.json, built in); nullopt without any.
struct StoredPeople {
  Cell cell;
  std::map<std::string, Interval> values;
  std::string citation;
};
[[nodiscard]] std::optional<StoredPeople> stored_people(const std::string& data_name);

}  // namespace labile
