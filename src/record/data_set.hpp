/// A data set that was read for models: trials, where values start afresh, and columns kept for formulas.
#pragma once

#include "record/read.hpp"

namespace labile {

struct DataSet {
  Trials trials;
  std::vector<std::string> notes;
  std::vector<std::uint8_t> fresh;      // [row]
  std::vector<SubjectTrials> subjects;  // spans into the above; those of a copy still point to the original
  std::vector<KeptColumn> kept = {};    // columns that formulas name
  std::string subject_column = {};      // its name in the file
  bool has_blocks = false;              // sessions or blocks are told apart
  std::filesystem::path path = {};      // the file, and how it was read
  ReadOptions options = {};
  std::string condition = {};            // only this one was kept
  std::vector<std::size_t> origin = {};  // [row] which row of the file's trials it was; empty: the same
  std::string left_out = {};  // who was left out for lack of a covariate, for methods; empty: nobody
};

/// Fills `subjects` anew: after reading, copying or cutting.
void view_subjects(DataSet& data);
/// These rows alone, in this order, with what is kept of them; `first` and `subjects` say whose they are. `data.subjects` is left to view_subjects().
void take_rows(DataSet& data, const std::vector<std::size_t>& rows, std::vector<std::size_t> first,
               std::vector<std::string> subjects);
/// The rows that are `good` [row]; subjects without any are left out.
void keep_rows(DataSet& data, const std::vector<bool>& good);

}  // namespace labile
