// Forms of files that data sets and fitting packages come in.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/output_file.hpp"
#include "record/read.hpp"

namespace labile {
namespace {

namespace fs = std::filesystem;
using Ints = std::vector<std::int32_t>;

struct TestFile {
  fs::path path = fs::temp_directory_path() / ("labile_forms_" + std::to_string(::getpid()) + ".csv");
  explicit TestFile(std::string_view text) { write_file(path, text); }
  ~TestFile() { fs::remove(path); }
};

TrialsFile read_text(std::string_view text, const ReadOptions& options = {}) {
  const TestFile f(text);
  return read_trials(f.path, options);
}
std::string complaint(std::string_view text, const ReadOptions& options = {}) {
  try {
    (void)read_text(text, options);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}
bool noted(const TrialsFile& f, std::string_view part) {
  for (const auto& n : f.notes)
    if (n.find(part) != std::string::npos) return true;
  return false;
}
#define EXPECT_SAYS(message, part) EXPECT_NE((message).find(part), std::string::npos) << (message)

TEST(ReaderForms, OptionsNamedByColumnsAreFeaturesInAlphabeticalOrder) {
  const auto f = read_text("subject,stim_left,stim_right,choice,outcome\na,D,C,D,0\na,F,A,A,1\na,C,D,,\n");
  const auto& t = f.trials;
  EXPECT_EQ(t.layout.options, 2);
  EXPECT_EQ(t.layout.arity, std::vector<int>{4});
  EXPECT_EQ(t.choice, (Ints{0, 1, -1}));
  EXPECT_EQ(t.feature, (std::vector<std::int64_t>{2, 1, 3, 0, 1, 2}));
  EXPECT_TRUE(noted(f, "A = 0, C = 1, D = 2, F = 3"));
}

TEST(ReaderForms, ChoicesWithoutAnOutcomeAreToldOf) {
  EXPECT_TRUE(noted(read_text("subject,choice,outcome\na,0,1\na,1,NaN\na,,\na,1,0\n"),
                    "1 of 3 choices have no outcome"));
  EXPECT_FALSE(noted(read_text("subject,choice,outcome\na,0,1\na,,\na,1,0\n"), "no outcome"));
  // First choices of two are not followed by one.
  EXPECT_FALSE(
      noted(read_text("subject,trial,stage,state,choice,outcome\na,0,0,0,1,\na,0,1,1,0,1\n"), "no outcome"));
}

TEST(ReaderForms, ChoicesBesideNamedOptionsMayCountThem) {
  ReadOptions o;
  o.option_columns = {"first", "second", "third"};
  const auto t = read_text("subject,first,second,third,choice,outcome\na,x,y,z,1,0\na,z,y,x,3,1\n", o).trials;
  EXPECT_EQ(t.layout.options, 3);
  EXPECT_EQ(t.choice, (Ints{0, 2}));
  EXPECT_SAYS(complaint("subject,first,second,third,choice,outcome\na,x,,z,1,0\n", o),
              ":2: second: is missing");
  o.option_columns = {"frst", "second"};
  EXPECT_SAYS(complaint("subject,first,second,third,choice,outcome\na,x,y,z,1,0\n", o),
              "did you mean 'first'?");
}

TEST(ReaderForms, ValuesOfOneColumnHaveOptionsOfTheirOwn) {
  // Options that keep their places: the set says as much as the letters do.
  const std::string header = "subject,pair,good,bad,choice,outcome\n";
  const std::string rows = "a,EF,E,F,1,0\na,AB,A,B,0,1\nb,AB,A,B,,\na,CD,C,D,1,1\nb,EF,E,F,0,0\n";
  ReadOptions by_set, by_letter;
  by_set.option_columns = {"pair"};
  by_letter.option_columns = {"good", "bad"};
  const auto f = read_text(header + rows, by_set);
  const auto& t = f.trials;
  EXPECT_EQ(t.feature, (std::vector<std::int64_t>{4, 5, 0, 1, 2, 3, 0, 1, 4, 5}));
  EXPECT_EQ(t.feature, read_text(header + rows, by_letter).trials.feature);
  EXPECT_EQ(t.layout.arity, std::vector<int>{6});
  EXPECT_EQ(t.choice, (Ints{1, 0, 1, -1, 0}));
  EXPECT_TRUE(noted(f, "each value of column pair has options of its own, one feature each: AB = 0"));

  const auto three =
      read_text("subject,set,choice,outcome\na,2,1,0\na,1,3,1\n", {.columns = {}, .option_columns = {"set"}});
  EXPECT_EQ(three.trials.layout.options, 3);
  EXPECT_EQ(three.trials.choice, (Ints{0, 2}));
  EXPECT_EQ(three.trials.feature, (std::vector<std::int64_t>{3, 4, 5, 0, 1, 2}));

  EXPECT_SAYS(complaint(header + rows + "b,,A,B,0,1\n", by_set), ":7: pair: is missing");
  EXPECT_SAYS(complaint(header + rows + "b,AB,A,B,left,1\n", by_set), ":7: choice: 'left' is not");
  std::string many = "subject,pair,choice,outcome\n";
  for (int i = 0; i < 33; ++i) many += "a," + std::to_string(i) + ",0,1\n";
  EXPECT_SAYS(complaint(many, by_set), "66 features, at most 64");
}

TEST(ReaderForms, RowsStandInTheOrderOfTheirTrials) {
  const std::string header = "subject,block,trial,choice,outcome\n";
  EXPECT_SAYS(complaint(header + "a,0,1,0,1\na,0,3,1,1\na,0,2,1,0\n"),
              ":4: trial: subject 'a' has trial 2 after trial 3");
  EXPECT_EQ(complaint(header + "a,0,1,0,1\na,0,3,1,1\na,1,2,1,0\n"), "no error");  // of another block
  EXPECT_EQ(complaint(header + "a,0,2,0,1\nb,0,1,1,1\na,0,3,1,0\nb,0,2,1,0\n"), "no error");
  // Missed trials come again later, as often as they are missed.
  EXPECT_EQ(complaint(header + "a,0,1,NA,\na,0,2,1,1\na,0,1,NA,\na,0,3,0,1\na,0,1,1,0\n"), "no error");
  // Rows without a number are anywhere.
  EXPECT_EQ(complaint(header + "a,0,3,0,1\na,0,NA,1,1\na,0,NA,1,0\na,0,4,1,0\n"), "no error");
  EXPECT_SAYS(complaint(header + "a,0,3,0,1\na,0,NA,1,1\na,0,1,1,0\n"),
              ":4: trial: subject 'a' has trial 1 after trial 3");
  EXPECT_EQ(read_text(header + "a,0,NA,0,1\na,0,7,1,1\n").trials.trial, (Ints{0, 7}));
  EXPECT_EQ(complaint(header + "a,0,3,0,1\na,0,1,1,0\n", {.columns = {{"trial", "none"}}}), "no error");
}

TEST(ReaderForms, SemicolonsCutToo) {
  EXPECT_EQ(read_text("subject;choice;outcome\n\"a, b\";0;1\n\"a, b\";1;0.5\n").trials.outcome,
            (std::vector<double>{1, .5}));
  EXPECT_SAYS(complaint("subject;choice;outcome\na;0;0,5\n"), "'0,5'");
  EXPECT_EQ(complaint("subject,choice,outcome,\"a; b; c; d; e\"\na,0,1,2\n"), "no error");
}

TEST(ReaderForms, NamesInAnotherEncodingAreRefused) {
  EXPECT_SAYS(complaint("subject,choice,outcome\nZo\xeb,0,1\n"),
              "subject: holds names that are not in UTF-8");
  EXPECT_SAYS(complaint("subject,choice,outcome,\xfc\na,0,1,2\n"), "not in UTF-8");
  EXPECT_SAYS(complaint("subject,condition,choice,outcome\na,\xe2\x82,0,1\n"),
              "condition: holds");  // half a character
  EXPECT_SAYS(complaint("subject,choice,outcome\na\xed\xa0\x80,0,1\n"), "not in UTF-8");
  EXPECT_EQ(complaint("subject,choice,outcome\nZo\u00eb \u20ac \U0001F600,0,1\n"), "no error");
}

/// Which options there are, and from what they count, does not depend on the rows that are asked for.
TEST(ReaderForms, RowsThatAreLeftOutSayHowOptionsAreNumbered) {
  const auto of = [](const std::string& rows, const ReadOptions& o) {
    return read_text("subject,group,choice,outcome\n" + rows, o);
  };
  ReadOptions b;
  b.where = {{"group", "b"}};
  const auto three = of("s,a,2,1\ns,a,0,1\nt,b,0,1\nt,b,1,0\n", b);
  EXPECT_EQ(three.trials.layout.options, 3);
  EXPECT_TRUE(noted(three, "3 options are taken to exist, as in the rows that were left out (option 2"));
  EXPECT_FALSE(noted(three, "never chosen"));
  const auto ones = of("s,a,0,1\nt,b,1,1\nt,b,1,0\n", b);
  EXPECT_EQ(ones.trials.choice, (Ints{1, 1}));
  EXPECT_FALSE(noted(ones, "count from 1"));
  EXPECT_EQ(of("s,a,1,1\nt,b,2,1\nt,b,2,0\n", b).trials.choice, (Ints{1, 1}));  // 1 and 2
  // Codes that are no options: late answers as 0 beside 1 and 2, as 8, as 3 that leaves a gap.
  const auto late = of("s,a,0,1\nt,b,1,1\nt,b,2,0\n", b);
  EXPECT_EQ(late.trials.choice, (Ints{0, 1}));
  EXPECT_EQ(late.trials.layout.options, 2);
  EXPECT_EQ(of("s,a,8,1\nt,b,0,1\nt,b,1,0\n", b).trials.layout.options, 2);
  EXPECT_EQ(of("s,a,3,1\nt,b,0,1\nt,b,1,0\n", b).trials.layout.options, 2);
  EXPECT_EQ(of("s,a,left,1\nt,b,0,1\nt,b,1,0\n", b).trials.layout.options, 2);  // other codes elsewhere
}

TEST(ReaderForms, ABlockThatIsMissingHereAndThereIsRefused) {
  const std::string header = "subject,block,choice,outcome\n";
  EXPECT_SAYS(complaint(header + "a,0,0,1\na,,1,1\na,1,1,0\n"), ":3: block: is missing here");
  EXPECT_SAYS(complaint(header + "a,NA,0,1\na,first,1,1\n"), ":3: block: was missing in rows before");
  EXPECT_SAYS(complaint(header + "a,0,0,1\na,,1,1\n"), "(--columns block=none)");
  EXPECT_EQ(complaint(header + "a,0,0,1\na,,1,1\n", {.columns = {{"block", "none"}}}), "no error");
  EXPECT_EQ(complaint(header + "a,,0,1\na,,1,1\n"), "no error");
}

TEST(ReaderForms, ChoicesAndBestOptionsCountFromOneNumber) {
  const std::string header = "subject,choice,best,outcome\n";
  EXPECT_SAYS(complaint(header + "a,1,0,1\na,2,1,1\na,1,1,0\n"),
              "best: holds options 0 to 1 and 'choice' 1 to 2");
  EXPECT_SAYS(complaint(header + "a,0,1,1\na,1,2,1\na,1,1,0\n"),
              "best: holds options 1 to 2 and 'choice' 0 to 1");
  EXPECT_EQ(complaint(header + "a,1,0,1\na,1,1,1\na,1,1,0\n"), "no error");  // nobody chose 0
  EXPECT_EQ(complaint(header + "a,1,1,1\na,2,2,1\na,1,1,0\n"), "no error");
}

TEST(ReaderForms, OptionsThatNobodyChoosesAreToldOf) {
  const auto f = read_text("subject,choice,outcome\na,0,1\na,7,0\na,1,1\na,0,1\n");
  EXPECT_EQ(f.trials.layout.options, 8);
  EXPECT_TRUE(
      noted(f, "8 options are taken to exist, since 7 occurs (line 3), but 2, 3, 4, 5, 6 are never chosen"));
  EXPECT_TRUE(noted(read_text("subject,choice,outcome\na,1,1\na,3,0\n"),
                    "since 3 occurs (line 3), but 2 is never chosen"));
  EXPECT_FALSE(
      noted(read_text("subject,choice,best,outcome\na,0,2,1\na,1,2,0\n"), "never chosen"));  // it was right
  EXPECT_FALSE(noted(read_text("subject,choice,outcome\na,1,1\na,1,0\n"), "never chosen"));
}

TEST(ReaderForms, CodesOfMissingOutcomesAreToldOf) {
  EXPECT_TRUE(noted(read_text("subject,choice,outcome\na,0,1\na,1,-999\na,1,0\n"), "1 outcomes are -999"));
  EXPECT_FALSE(noted(read_text("subject,choice,outcome\na,0,1000\na,1,-999\na,1,0\n"), "outcomes are"));
}

TEST(ReaderForms, OneNameForTwoColumnsIsRefusedWhereItIsRead) {
  EXPECT_SAYS(complaint("subject,choice,outcome,choice\na,0,1,1\n"),
              "column 'choice' stands twice, as number 2 and 4");
  EXPECT_EQ(complaint("subject,choice,outcome,x,x\na,0,1,1,2\n"), "no error");
  ReadOptions age;
  age.kept = {"age"};
  EXPECT_SAYS(complaint("subject,age,choice,outcome,age\na,30,0,1,31\n", age), "'age' stands twice");
}

TEST(ReaderForms, WordsBecomeNumbersInTheOrderInWhichTheyAppear) {
  const auto f =
      read_text("subject,session,cue,choice,outcome\na,train,moon,0,1\na,train,sun,1,0\na,test,moon,1,1\n");
  EXPECT_EQ(f.trials.state, (Ints{0, 1, 0}));
  EXPECT_EQ(f.trials.session, (Ints{0, 0, 1}));
  EXPECT_EQ(f.trials.layout.states, 2);
  EXPECT_TRUE(noted(f, "moon = 0, sun = 1"));
  EXPECT_TRUE(noted(f, "train = 0, test = 1"));
  EXPECT_SAYS(complaint("subject,cue,choice,outcome\na,1,0,1\na,sun,1,0\n"),
              ":3: cue: 'sun' is not a whole number");
}

TEST(ReaderForms, ManyStatesAreLeftAloneAndFewWithLargeNumbersAreNumbered) {
  std::string many = "subject,state,choice,outcome\n", few = many;
  for (int i = 0; i < 40; ++i) {
    many += "a," + std::to_string(i % 20) + ",0,1\n";
    few += "a," + std::to_string(100 + i % 3) + ",0,1\n";
  }
  const auto f = read_text(many);
  EXPECT_EQ(f.states_left_out, 20);
  EXPECT_TRUE(f.trials.state.empty());
  EXPECT_TRUE(noted(f, "was left alone: it shows 20 states"));
  const auto g = read_text(few);
  EXPECT_EQ(g.states_left_out, 0);
  EXPECT_EQ(g.trials.state[4], 1);
  EXPECT_EQ(g.trials.layout.states, 3);
  EXPECT_TRUE(noted(g, "states 100 to 102 were numbered 0 to 2"));
}

TEST(ReaderForms, TwoStepsWithoutRoomsHaveThemInTheirActions) {
  const auto f =
      read_text("subjID,level1_choice,level2_choice,reward\na,1,1,1\na,1,2,0\na,2,4,1\na,2,3,0\na,1,,\n");
  EXPECT_EQ(f.trials.stage, (Ints{0, 1, 0, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(f.trials.state, (Ints{0, 1, 0, 1, 0, 2, 0, 2, 0}));
  EXPECT_EQ(f.trials.choice, (Ints{0, 0, 0, 1, 1, 1, 1, 0, 0}));
  EXPECT_SAYS(complaint("subjID,level1_choice,level2_choice,reward\na,1,5,1\n"), ":2: level2_choice: '5'");
}

TEST(ReaderForms, RoomsChangePlacesWhereColumnCommonSaysSo) {
  // Subject a: action 0 leads commonly to state2 = 0; subject b: to state2 = 1.
  const auto f = read_text(
      "subject,choice1,state2,choice2,outcome,common\n"
      "a,0,0,0,1,1\na,1,1,1,0,1\na,0,1,0,1,0\nb,0,1,0,1,1\nb,1,0,1,0,1\nb,0,0,0,1,0\n");
  EXPECT_EQ(f.trials.state, (Ints{0, 1, 0, 2, 0, 2, 0, 1, 0, 2, 0, 2}));
  EXPECT_TRUE(noted(f, "for 1 of 2 subjects: their rooms changed places"));
}

TEST(ReaderForms, RoomsChangePlacesByWhatHappenedOnlyWhereThatIsClear) {
  std::string text = "subject,choice1,state2,choice2,outcome\n";
  for (int i = 0; i < 40; ++i) {
    const int choice = i % 2, other = i % 10 < 8 ? 1 - choice : choice;  // 80 % to the other room
    text += "a," + std::to_string(choice) + "," + std::to_string(other) + ",0,1\n";
  }
  const auto f = read_text(text);
  EXPECT_TRUE(noted(f, "80.0 % of transitions: the rooms changed places"));
  EXPECT_EQ(f.trials.state[1], 1) << "action 0 of trial 0 led to room 1 after the change";
  const auto few = read_text("subject,choice1,state2,choice2,outcome\na,0,1,0,1\na,1,0,0,1\na,0,0,1,1\n");
  EXPECT_EQ(few.trials.state, (Ints{0, 2, 0, 1, 0, 1}));
  EXPECT_TRUE(noted(few, "cannot be told"));
}

TEST(ReaderForms, LinesAreRightInWideFilesWithFastChoices) {
  // Line 3's first choice is too fast, so that record becomes one row; the repeated trial stands on line 5.
  ReadOptions o;
  o.min_rt_s = 0.15;
  const std::string text =
      "subject,trial,choice1,rt1,state2,choice2,rt2,outcome\n"
      "a,1,0,0.5,0,1,0.5,1\na,2,0,0.01,0,1,0.5,1\na,3,1,0.5,1,1,0.5,1\na,3,1,0.5,1,1,0.5,0\n";
  EXPECT_SAYS(complaint(text, o), ":5: trial: subject 'a' has trial 3 twice, first on line 4");
}

TEST(ReaderForms, LinesAreRightWhereRowsAreFilteredOut) {
  ReadOptions o;
  o.where = {{"phase", "x"}};
  EXPECT_SAYS(
      complaint("subject,phase,trial,choice,outcome\na,x,1,0,1\na,y,1,0,1\na,y,2,0,1\na,x,1,1,1\n", o),
      ":5: trial: subject 'a' has trial 1 twice, first on line 2");
  EXPECT_SAYS(complaint("subject,phase,choice,outcome\na,z,0,1\n", o), "no row has phase = x");
}

TEST(ReaderForms, FiltersTakeOneOfSeveralValuesInEveryColumnNamed) {
  ReadOptions o;
  o.where = {{"phase", "x"}, {"phase", "y"}, {"half", "1"}};
  const auto t =
      read_text("subject,phase,half,choice,outcome\na,x,1,0,1\na,y,1.0,1,2\na,z,1,0,3\na,x,2,0,4\n", o)
          .trials;
  EXPECT_EQ(t.outcome, (std::vector<double>{1, 2}));
}

TEST(ReaderForms, AColumnIsLeftAloneWhereThatIsAskedFor) {
  ReadOptions o;
  o.columns = {{"condition", "none"}, {"session", "half"}};
  const auto t =
      read_text("subject,condition,half,trial,choice,outcome\na,1,1,1,0,1\na,2,2,1,1,1\n", o).trials;
  EXPECT_TRUE(t.conditions.empty());
  EXPECT_EQ(t.session, (Ints{1, 2}));
}

TEST(ReaderForms, AnOutcomeOfATrialThatWasMissedEntersNothing) {
  const auto t = read_text("subject,choice,outcome\na,1,1\na,,-1\na,0,0\n").trials;
  EXPECT_EQ(t.choice, (Ints{1, -1, 0}));
}

TEST(ReaderForms, ReportsAfterOutcomesAreMarked) {
  ReadOptions o;
  o.report_after = true;
  const auto f = read_text("subject,outcome,estimate\na,1,0.5\na,0,0.4\n", o);
  EXPECT_TRUE(f.trials.report_after);
  EXPECT_TRUE(noted(f, "came after the outcome of their row"));
  const auto fresh = fresh_flags(f.trials, "none");
  EXPECT_TRUE(subject_trials(f.trials, 0, fresh).report_after);
  EXPECT_SAYS(complaint("subject,choice,outcome\na,1,1\n", o), "no column of reports");
}

}  // namespace
}  // namespace labile
