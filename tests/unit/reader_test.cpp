#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "core/output_file.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "record/read.hpp"
#include "record/write.hpp"

namespace labile {
namespace {

namespace fs = std::filesystem;

/// A file of the test's own, gone with it.
struct TestFile {
  fs::path path = fs::temp_directory_path() / ("labile_reader_" + std::to_string(::getpid()) + ".csv");
  explicit TestFile(std::string_view text = "") { write_file(path, text); }
  ~TestFile() { fs::remove(path); }
};

TrialsFile read_text(std::string_view text, const ReadOptions& options = {}) {
  const TestFile f(text);
  return read_trials(f.path, options);
}

/// The message of the Error that reading this text throws.
std::string complaint(std::string_view text, const ReadOptions& options = {}) {
  try {
    (void)read_text(text, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
#define EXPECT_SAYS(message, part) EXPECT_NE((message).find(part), std::string::npos) << (message)

template <class T>
using List = std::vector<T>;
using Ints = List<std::int32_t>;

void expect_same(const List<double>& a, const List<double>& b, const char* what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))
        << what << ' ' << i << ": " << a[i] << ' ' << b[i];
}

TEST(Reader, KnowsTheFieldsColumnNames) {
  const auto t =
      read_text("subjID,trialNum,keyPressed,gain,loss,choiceRT\n7,1,1,10,-4,0.5\n7,2,2,0,3,NA\n").trials;
  EXPECT_EQ(t.subjects, List<std::string>{"7"});
  EXPECT_EQ(t.trial, (Ints{1, 2}));
  EXPECT_EQ(t.choice, (Ints{0, 1}));
  EXPECT_EQ(t.outcome, (List<double>{6, -3}));
  EXPECT_EQ(t.rt_s[0], 0.5);
  EXPECT_TRUE(std::isnan(t.rt_s[1]));
}

TEST(Reader, TakesTabsQuotesCarriageReturnsAndAByteOrderMark) {
  const auto t = read_text(
                     "\xEF\xBB\xBF\"Participant_ID\"\tRESPONSE\treward\r\n\"a\t\"\"b\"\"\"\t0\t1.5\r\n\r\nc "
                     "d\t1.0\t-2e1")
                     .trials;
  EXPECT_EQ(t.subjects, (List<std::string>{"a\t\"b\"", "c d"}));
  EXPECT_EQ(t.choice, (Ints{0, 1}));
  EXPECT_EQ(t.outcome, (List<double>{1.5, -20}));
}

TEST(Reader, ReadsEveryWordForMissing) {
  const auto t = read_text("ID,choice,outcome\ns,0,\ns,,1\ns,NA,n/a\ns,NaN,.\ns,1,na\n").trials;
  EXPECT_EQ(t.choice, (Ints{0, -1, -1, -1, 1}));
  for (const int i : {0, 2, 3, 4}) EXPECT_TRUE(std::isnan(t.outcome[i]));
}

TEST(Reader, CountsOptionsFromOneOnlyWhereNoZeroOccurs) {
  const auto one = read_text("subject,choice,outcome,best\na,1,0,2\na,3,1,2\na,2,1,2\n");
  EXPECT_EQ(one.trials.choice, (Ints{0, 2, 1}));
  EXPECT_EQ(one.trials.best, (Ints{1, 1, 1}));
  EXPECT_EQ(one.trials.layout.options, 3);
  EXPECT_SAYS(one.notes.front(), "count from 1");
  EXPECT_EQ(read_text("subject,choice,outcome,best\na,1,0,0\na,2,1,0\n").trials.choice, (Ints{1, 2}));
}

TEST(Reader, DerivesCorrectBlocksAndOldBest) {
  const auto t =
      read_text(
          "subject,choice,outcome,correct_option\na,0,1,0\na,1,1,0\na,1,1,1\na,NA,1,1\na,0,1,0\nb,0,1,1\n")
          .trials;
  EXPECT_EQ(t.correct, (List<std::int8_t>{1, 0, 1, -1, 1, 0}));
  EXPECT_EQ(t.block, (Ints{0, 0, 1, 1, 2, 0}));
  EXPECT_EQ(t.old_best, (Ints{-1, -1, 0, 0, 1, -1}));
  EXPECT_EQ(t.trial, (Ints{0, 1, 2, 3, 4, 0}));
}

TEST(Reader, ABlockWhoseBestOptionMovesHasNone) {
  const auto t =
      read_text("subject,block,choice,outcome,best\na,1,0,1,0\na,1,1,1,1\na,2,1,1,1\na,3,0,1,0\n").trials;
  EXPECT_EQ(t.old_best, (Ints{-1, -1, -1, 1}));
}

TEST(Reader, BringsASubjectsRowsTogetherInTheirOrder) {
  const auto t =
      read_text("subject,trial,choice,outcome\na,1,0,1\nb,1,1,2\na,2,1,3\nb,2,0,4\nc,1,0,5\na,3,0,6\n")
          .trials;
  EXPECT_EQ(t.subjects, (List<std::string>{"a", "b", "c"}));
  EXPECT_EQ(t.first, (List<std::size_t>{0, 3, 5, 6}));
  EXPECT_EQ(t.outcome, (List<double>{1, 3, 6, 2, 4, 5}));
}

TEST(Reader, ReadsFeaturesAsALayout) {
  const auto t = read_text("subject,stimulus,choice,outcome\na,010/101,0,1\na,002/110,1,0\n").trials;
  EXPECT_EQ(t.layout.options, 2);
  EXPECT_EQ(t.layout.arity, (List<int>{2, 2, 3}));
  EXPECT_EQ(t.feature, (List<std::int64_t>{0, 3, 4, 1, 2, 5, 0, 2, 6, 1, 3, 4}));
  EXPECT_SAYS(complaint("subject,stimulus,choice,outcome\na,010/101,0,1\na,01/10,1,0\n"),
              ":3: stimulus: '01/10'");
}

TEST(Reader, MapsOutcomes) {
  ReadOptions o;
  o.outcome_map = "0/1 to -1/1";
  EXPECT_EQ(read_text("ID,choice,outcome\na,0,0\na,1,1\n", o).trials.outcome, (List<double>{-1, 1}));
  EXPECT_SAYS(complaint("ID,choice,outcome\na,0,2\n", o), ":2: outcome: outcome 2 is not in outcome_map");
  o.outcome_map = "0/1 to 1";
  EXPECT_SAYS(complaint("ID,choice,outcome\na,0,2\n", o), "as many numbers");
}

TEST(Reader, TakesColumnsAndSignalsByName) {
  ReadOptions o;
  o.columns["condition"] = "drug";
  o.signals = {"pupil"};
  const auto t = read_text("ID,choice,outcome,drug,Pupil\na,0,0,placebo,\na,1,1,ssri,2.5\n", o).trials;
  EXPECT_EQ(t.conditions, (List<std::string>{"placebo", "ssri"}));
  EXPECT_EQ(t.condition, (Ints{0, 1}));
  EXPECT_EQ(t.signals.at("pupil")[1], 2.5);
  o.columns["kondition"] = "drug";
  EXPECT_SAYS(complaint("ID,choice,outcome,drug,Pupil\na,0,0,x,\n", o), "did you mean 'condition'?");
}

TEST(Reader, SaysWhatIsWrongAndWhere) {
  const std::string head = "subject,trial,choice,outcome\n";
  EXPECT_SAYS(complaint(""), "is empty");
  EXPECT_SAYS(complaint(head), "has a header and no rows");
  EXPECT_SAYS(complaint("subject,trial,chioce,outcome\na,1,0,1\n"),
              ":1: column 'choice' is missing; did you mean 'chioce'?");
  EXPECT_SAYS(complaint(head + "a,1,0,1\na,2,0,win\n"), ":3: outcome: 'win' is not a number or NA");
  EXPECT_SAYS(complaint(head + "a,1,0,inf\n"), ":2: outcome: 'inf'");
  EXPECT_SAYS(complaint(head + "a,1,left,1\n"), ":2: choice: 'left' is not an option");
  EXPECT_SAYS(complaint(head + "a,1,0.5,1\n"), ":2: choice: '0.5' is not an option");
  EXPECT_SAYS(complaint(head + "a,1,-1,1\n"), ":2: choice: '-1' is not an option");
  EXPECT_SAYS(complaint(head + "a,1,9,1\n"), "from 0 to 7");
  EXPECT_SAYS(complaint(head + "a,1,0,1\na,2,8,1\n"),
              ":3: choice: option 8 is out of range: allowed are 0 to 7");
  EXPECT_SAYS(complaint(head + "a,1,0,1\n\nb,1,0,1\na,2,0,1\na,1,1,1\n"),
              ":6: trial: subject 'a' has trial 1 twice, first on line 2");
  EXPECT_SAYS(complaint(head + "a,1,0,1\na,2,0"), ":3: the file ends in the middle of a row: 3 of 4 fields");
  EXPECT_SAYS(complaint(head + "a,1,0\na,2,0,1\n"), ":2: too few fields: 3, the header has 4");
  EXPECT_SAYS(complaint(head + "a,1,0,1,5\n"), ":2: too many fields: 5, the header has 4");
  EXPECT_SAYS(complaint(head + "\"a,1,0,1\n"), ":2: a quoted field opens in this row and does not close");
  EXPECT_SAYS(complaint(head + ",1,0,1\n"), ":2: subject: is empty");
  EXPECT_SAYS(complaint(std::string_view("s\0u\0b", 5)), "not plain text");
  ReadOptions o;
  o.layout = Layout::bandit(2);
  EXPECT_SAYS(complaint(head + "a,1,0,1\na,2,2,1\n", o),
              ":3: choice: option 2 is out of range: allowed are 0 to 1");
  try {
    (void)read_trials("/nowhere/data.csv");
    FAIL();
  } catch (const Error& e) {
    EXPECT_SAYS(std::string(e.what()), "/nowhere/data.csv: cannot read: No such file");
  }
}

TEST(Reader, StopsWhenAsked) {
  const TestFile f("ID,choice,outcome\na,0,0\n");
  request_interrupt();
  EXPECT_THROW((void)read_trials(f.path), Interrupted);
  clear_interrupt();
}

TEST(Reader, RowsAcrossChunksAreWhole) {
  std::string text = "subject,trial,choice,outcome,\"a note\"\n";
  for (int i = 0; i < 60000; ++i)
    text += "s" + std::to_string(i / 1000) + "," + std::to_string(i) + "," + std::to_string(i % 3) + "," +
            std::to_string(i) + ".25,\"x,\n\"\"" + std::string(static_cast<std::size_t>(i % 40), 'y') +
            "\"\r\n";
  const auto t = read_text(text).trials;
  ASSERT_EQ(t.rows(), 60000u);
  for (int i = 0; i < 60000; ++i) {
    ASSERT_EQ(t.trial[i], i);
    ASSERT_EQ(t.choice[i], i % 3);
    ASSERT_EQ(t.outcome[i], i + 0.25);
  }
  EXPECT_SAYS(complaint(text + "s1,999999,x,0,\n"), ":120002: choice: 'x'");
}

TEST(Record, ReadsBackExactlyWhatWasWritten) {
  Trials t;
  t.layout = Layout::featured(3, {3, 2});
  t.subjects = {"a, \"b\"", " c", "007"};
  t.first = {0, 40, 41, 100};
  t.conditions = {"intact", "DA-, late"};
  for (std::uint32_t r = 0; r < 100; ++r) {
    const Draw d{4, Purpose::luck, r};
    const bool seen = r % 7 != 3;
    t.session.push_back(static_cast<int>(r) / 50);
    t.block.push_back(static_cast<int>(r) / 10);
    t.trial.push_back(static_cast<int>(r));
    t.stage.push_back(static_cast<int>(r) % 2);
    t.choice.push_back(seen ? 1 + static_cast<int>(r) % 2 : -1);
    t.best.push_back(r % 5 == 0 ? -1 : 2);
    t.old_best.push_back(r < 10 ? -1 : 1);
    t.correct.push_back(seen ? static_cast<std::int8_t>(static_cast<int>(r) % 3 - 1) : -1);
    t.outcome.push_back(r % 9 == 0 ? kNaN : r % 9 == 1 ? -0.0 : d.normal(0) * 1e-7);
    t.rt_s.push_back(r % 4 == 0 ? kNaN : d.uniform(1));
    t.condition.push_back(r % 11 == 4 ? -1 : static_cast<int>(r > 20));
    for (int o = 0; o < 3; ++o) {
      t.feature.push_back((static_cast<int>(r) + o) % 3);
      t.feature.push_back(3 + static_cast<int>(r) % 2);
    }
    t.signals["ne"].push_back(r < 5 ? kNaN : d.normal(3));
    t.signals["slot"].push_back(r % 3);
  }
  const TestFile f;
  OutputFile out(f.path);
  write_trials(out, t);
  out.commit();
  const auto file = read_trials(f.path);
  const auto& b = file.trials;
  EXPECT_TRUE(file.notes.empty());
  EXPECT_EQ(file.states_left_out, 0);
  EXPECT_EQ(b.subjects, t.subjects);
  EXPECT_EQ(b.first, t.first);
  EXPECT_EQ(b.conditions, t.conditions);
  EXPECT_EQ(b.condition, t.condition);
  EXPECT_EQ(b.session, t.session);
  EXPECT_EQ(b.block, t.block);
  EXPECT_EQ(b.trial, t.trial);
  EXPECT_EQ(b.stage, t.stage);
  EXPECT_EQ(b.choice, t.choice);
  EXPECT_EQ(b.best, t.best);
  EXPECT_EQ(b.old_best, t.old_best);
  EXPECT_EQ(b.correct, t.correct);
  EXPECT_EQ(b.feature, t.feature);
  EXPECT_EQ(b.layout.arity, t.layout.arity);
  expect_same(b.outcome, t.outcome, "outcome");
  expect_same(b.rt_s, t.rt_s, "rt_s");
  ASSERT_EQ(b.signals.size(), t.signals.size());
  for (const auto& [name, values] : t.signals) expect_same(b.signals.at(name), values, name.c_str());
}

TEST(Record, AFileOfOursCountsOptionsFromZeroAlways) {
  const auto t =
      read_text(
          "subject,session,block,trial,stage,state,stimulus,choice,outcome,correct,rt_s,best,old_best,"
          "condition,da\na,0,0,0,0,,,1,1,1,,1,,,\n")
          .trials;
  EXPECT_EQ(t.choice, Ints{1});
  EXPECT_TRUE(t.signals.empty());
}

TEST(FreshFlags, MarkSubjectsSessionsAndBlocks) {
  const auto t =
      read_text(
          "subject,session,block,choice,outcome\na,1,1,0,1\na,1,1,0,1\na,1,2,0,1\na,2,2,0,1\nb,2,2,0,1\n")
          .trials;
  using Flags = List<std::uint8_t>;
  EXPECT_EQ(fresh_flags(t, ""), (Flags{1, 0, 0, 0, 1}));
  EXPECT_EQ(fresh_flags(t, "none"), (Flags{1, 0, 0, 0, 1}));
  EXPECT_EQ(fresh_flags(t, "session"), (Flags{1, 0, 0, 1, 1}));
  EXPECT_EQ(fresh_flags(t, "session, block"), (Flags{1, 0, 1, 1, 1}));
  EXPECT_THROW((void)fresh_flags(t, "sesion"), Error);
  const auto fresh = fresh_flags(t, "block");
  const SubjectTrials b = subject_trials(t, 1, fresh);
  EXPECT_EQ(b.size(), 1u);
  EXPECT_EQ(b.fresh[0], 1);
  EXPECT_EQ(b.choice.data(), t.choice.data() + 4);
}

TEST(FindData, LooksWhereTheEnvironmentSays) {
  const TestFile f("x");
  EXPECT_EQ(find_data(f.path.string()), f.path);
  const fs::path folder = fs::temp_directory_path() / ("labile_data_" + std::to_string(::getpid()));
  fs::create_directories(folder / "mine");
  write_file(folder / "mine" / "mine.csv", "x");
  const char* const before = std::getenv("LABILE_DATA");
  const std::string kept = before ? before : "";
  ::setenv("LABILE_DATA", folder.c_str(), 1);
  EXPECT_EQ(find_data("mine"), folder / "mine" / "mine.csv");
  EXPECT_EQ(find_data("no_such_data_set"), std::nullopt);
  before ? ::setenv("LABILE_DATA", kept.c_str(), 1) : ::unsetenv("LABILE_DATA");
  fs::remove_all(folder);
}

TEST(Reader, ReadsRealPeople) {
  const auto path = find_data("zorowitz2023_prl3");
  if (!path)
    GTEST_SKIP() << "data set zorowitz2023_prl3 not found: set LABILE_DATA to the folder that holds it";
  const auto t = read_trials(*path).trials;
  EXPECT_EQ(t.rows(), 29250u);
  EXPECT_EQ(t.subjects.size(), 325u);
  EXPECT_EQ(t.layout.options, 3);
  EXPECT_EQ(t.choice[0], 1);
  EXPECT_EQ(t.best[0], 2);
  EXPECT_EQ(t.rt_s[0], 3.809);
}

}  // namespace
}  // namespace labile
