#include "card/card.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "learners/catalogue.hpp"

namespace labile {
namespace {

const std::string kSmall = R"(seed = 3
metrics = ["switch_lag"]
[task]
name = "bandit_reversal"
p_better = 0.9
[[agent]]
name = "RW"
model = "rescorla_wagner"
params = { alpha = 0.4 }
[[manipulation]]
condition = "slow"
op = "scale"
target = "alpha"
amount = 0.5
at = "reversal"
[[prediction]]
claim = "slow learners switch late"
metric = "switch_lag"
contrast = ["slow", "intact"]
relation = "ratio >= 1.2"
)";

std::string read(const std::string& path) {
  std::ifstream in(std::string(LABILE_SOURCE_DIR) + "/" + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The small card with one piece replaced.
std::string with(const std::string& old, const std::string& now) {
  std::string s = kSmall;
  const auto at = s.find(old);
  if (at == std::string::npos) throw Bug("no '" + old + "' in the small card");
  return s.replace(at, old.size(), now);
}

/// The message of the Error that parsing throws, or "" when it throws none.
std::string refusal(const std::string& text, const std::vector<Override>& overrides = {}) {
  try {
    (void)parse_card(text, "c.toml", overrides);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

#define EXPECT_REFUSED(text, ...)                                                                    \
  do {                                                                                               \
    const std::string message = refusal(text);                                                       \
    for (const std::string& part : std::vector<std::string>{__VA_ARGS__})                            \
      EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message; \
  } while (false)

TEST(Card, HoldsWhatWasWritten) {
  const Card c = parse_card(kSmall, "c.toml");
  EXPECT_EQ(c.seed, 3u);
  EXPECT_EQ(c.subjects, 100);
  EXPECT_EQ(c.task, "bandit_reversal");
  ASSERT_EQ(c.variants.size(), 1u);
  EXPECT_EQ(c.variants[0].name, "");
  ASSERT_EQ(c.conditions.size(), 2u);
  EXPECT_EQ(c.conditions[0].name, "intact");
  EXPECT_TRUE(c.conditions[0].manipulations.empty());
  EXPECT_EQ(c.conditions[1].name, "slow");
  EXPECT_EQ(c.conditions[1].manipulations.at(0).at, "reversal");
  EXPECT_EQ(c.agents.at(0).name, "RW");
  EXPECT_EQ(c.predictions.at(0).treated, "slow");
  EXPECT_EQ(c.predictions.at(0).bound, 1.2);
}

TEST(Card, ConditionsFollowTheirFirstManipulation) {
  const std::string more =
      "[[manipulation]]\ncondition = \"b\"\ntarget = \"beta\"\namount = 2\n"
      "[[manipulation]]\ncondition = \"slow\"\ntarget = \"beta\"\namount = 2\n";
  const Card c = parse_card(kSmall + more, "c.toml");
  ASSERT_EQ(c.conditions.size(), 3u);
  EXPECT_EQ(c.conditions[1].manipulations.size(), 2u);
  EXPECT_EQ(c.conditions[2].name, "b");
}

TEST(Card, RefusesUnknownKeysWithPlaceAndNearestName) {
  EXPECT_REFUSED(with("seed = 3", "seed = 3\nsubjcts = 2"), "c.toml:2:1: subjcts",
                 "did you mean 'subjects'?");
  EXPECT_REFUSED(with("p_better", "p_bettr"), "c.toml:5:1: task.p_bettr", "did you mean 'p_better'?");
  EXPECT_REFUSED(with("alpha = 0.4", "alhpa = 0.4"), "c.toml:9:", "agent.RW.params.alhpa",
                 "did you mean 'alpha'?");
  EXPECT_REFUSED(with("op = ", "opp = "), "c.toml:12:1: manipulation.0.opp", "did you mean 'op'?");
  EXPECT_REFUSED(with("claim", "clam"), "prediction.0.clam", "did you mean 'claim'?");
  EXPECT_REFUSED(with("[task]", "[curves]\nbefor = 3\n[task]"), "curves.befor", "did you mean 'before'?");
  EXPECT_REFUSED(with("[task]", "[[condition]]\nname = \"x\"\n[task]"), "conditions are not listed");
}

TEST(Card, RefusesUnknownNames) {
  EXPECT_REFUSED(with("\"bandit_reversal\"", "\"bandit_reversl\""), "c.toml:4:8: task.name",
                 "'bandit_reversal'");
  EXPECT_REFUSED(with("\"rescorla_wagner\"", "\"rescorla_wagnr\""), "c.toml:8:", "'rescorla_wagner'");
  EXPECT_REFUSED(with("[\"switch_lag\"]", "[\"switch_log\"]"), "c.toml:2:12", "'switch_lag'");
  EXPECT_REFUSED(with("metric = \"switch_lag\"", "metric = \"accuracy\""),
                 "c.toml:18:", "no metric 'accuracy'");
  EXPECT_REFUSED(with("[\"slow\", \"intact\"]", "[\"slwo\", \"intact\"]"),
                 "c.toml:19:", "did you mean 'slow'?");
  EXPECT_REFUSED(with("target = \"alpha\"", "target = \"alfa\""), "c.toml:13:", "no agent",
                 "did you mean 'alpha'?");
  EXPECT_REFUSED(with("\"reversal\"\n[[pred", "\"reversl\"\n[[pred"),
                 "c.toml:15:", "did you mean 'reversal'?");
}

TEST(Card, RefusesTypesUnitsAndBounds) {
  EXPECT_REFUSED(with("p_better = 0.9", "p_better = 1.9"), "c.toml:5:12: task.p_better", "1.9", "0 to 1");
  EXPECT_REFUSED(with("p_better = 0.9", "p_better = \"9 mV\""), "unit 'mV' does not fit");
  EXPECT_REFUSED(with("p_better = 0.9", "p_better = true"), "expected a number", "true");
  EXPECT_REFUSED(with("p_better = 0.9", "blocks = []"), "task.blocks", "is empty");
  EXPECT_REFUSED(with("p_better = 0.9", "p_better = 0.1\np_worse = 0.6"), "c.toml:3:1: task",
                 "below p_worse");
  EXPECT_REFUSED(with("seed = 3", "seed = 3.5"), "c.toml:1:8: seed", "whole number");
  EXPECT_REFUSED(with("seed = 3", "seed = -1"), "out of bounds");
  EXPECT_REFUSED(with("seed = 3", ""), "c.toml: seed: is missing", "no default");
  EXPECT_REFUSED(with("seed = 3", "seed = 3\nsubjects = 0"), "c.toml:2:12: subjects", "1 to 10000000");
  EXPECT_REFUSED(with("seed = 3", "seed = 3\nsubjects = \"many\""), "'many' is not a number");
  EXPECT_REFUSED(with("seed = 3", "seed = 3\nrecord = \"al\""), "did you mean 'all'?");
  EXPECT_REFUSED(with("seed = 3", "seed = 3\ntitle = 4"), "expected text");
  EXPECT_REFUSED(with("[task]", "[[task]]"), "expected a table, found a list");
  EXPECT_REFUSED(with("[[agent]]", "[agent]"), "[[agent]]", "found a table");
  EXPECT_REFUSED("seed = 3\n[task]\nname = \"bandit_reversal\"", "agent: is missing");
}

TEST(Card, TakesUnits) {
  const Card c = parse_card(with("p_better = 0.9", "cue = \"0.25 s\""), "c.toml");
  EXPECT_NE(canonical_text(c).find("\ncue = 250\n"), std::string::npos);
}

TEST(Card, RefusesBrokenTomlWithItsPlace) {
  EXPECT_REFUSED("seed = 3\nsubjects = = 4", "c.toml:2:", "is not TOML");
  EXPECT_REFUSED("seed = 3\nseed = 4", "c.toml:2:", "is not TOML");
  EXPECT_REFUSED("seed = 3\nx = [ }", "c.toml:2:7", "is not TOML");  // toml++ asserts here unless told not to
  EXPECT_REFUSED("seed = 2020-01-01", "c.toml:1:8", "dates");
}

TEST(Card, RefusesRepeatedNames) {
  EXPECT_REFUSED(with("[\"switch_lag\"]", "[\"switch_lag\", \"switch_lag\"]"), "a second metric",
                 "'switch_lag'");
  EXPECT_REFUSED(with("[[manip", "[[agent]]\nname = \"RW\"\nmodel = \"rescorla_wagner\"\n[[manip"),
                 "a second agent");
  EXPECT_REFUSED(with("[[agent]]", "[[variant]]\nname = \"v\"\n[[variant]]\nname = \"v\"\n[[agent]]"),
                 "a second variant");
}

TEST(Card, RefusesVariantsThatTheTaskRefuses) {
  const std::string v = "[[variant]]\nname = \"odd\"\ntask = { p_worse = 0.95 }\n[[agent]]";
  EXPECT_REFUSED(with("[[agent]]", v), "c.toml:6:1: variant.odd", "below p_worse");
}

TEST(Card, RefusesManipulationsThatTheHandleDoesNotTake) {
  EXPECT_REFUSED(with("amount = 0.5", "amount = 4"), "c.toml:14:10: manipulation.0.amount",
                 "'alpha' of RW 1.6", "0 to 1");
  EXPECT_EQ(refusal(with("amount = 0.5", "amount = 2.5")), "");  // 0.4 x 2.5 = 1, the bound
  EXPECT_REFUSED(with("op = \"scale\"", "op = \"set\"\nwhen = \"always\""), "when", "stimulate");
  EXPECT_REFUSED(with("op = \"scale\"", "op = \"stimulate\""), "does not take 'stimulate'",
                 "scale, set, add, lesion");
  EXPECT_REFUSED(with("op = \"scale\"", "op = \"reset\""), "does not take 'reset'");
  EXPECT_REFUSED(with("op = \"scale\"\ntarget = \"alpha\"\namount = 0.5",
                      "op = \"lesion\"\ntarget = \"alpha\"\namount = 1.5"),
                 "1.5 is out of bounds", "0 to 1");
  EXPECT_REFUSED(with("op = \"scale\"\ntarget = \"alpha\"\namount = 0.5",
                      "op = \"lesion\"\ntarget = \"alpha\"\namount = -1"),
                 "-1 is out of bounds");
  EXPECT_REFUSED(with("op = \"scale\"", "op = \"scal\""), "did you mean 'scale'?");
  EXPECT_REFUSED(with("amount = 0.5\n", ""), "manipulation.0.amount: is missing");
  EXPECT_REFUSED(with("condition = \"slow\"", "condition = \"intact\""), "'intact'");
  EXPECT_REFUSED(with("at = \"reversal\"", "at = \"reversal\"\ntrial = 4"), "manipulation.0.trial", "'at'");
  EXPECT_REFUSED(with("at = \"reversal\"", "trial = -1"), "at least 0");
  EXPECT_REFUSED(with("at = \"reversal\"", "at = \"start\"\noccurrence = 2"), "occurrence");
}

TEST(Card, TakesATrialAsTime) {
  const Card c = parse_card(with("at = \"reversal\"", "trial = 80"), "c.toml");
  EXPECT_EQ(c.conditions.at(1).manipulations.at(0).trial, 80);
  EXPECT_EQ(c.conditions.at(1).manipulations.at(0).at, "");
}

TEST(Card, ParsesRelations) {
  using P = Prediction;
  const auto of = [](const std::string& text) {
    return parse_card(with("ratio >= 1.2", text), "c.toml").predictions.at(0);
  };
  EXPECT_EQ(of("ratio<=1.5").relation, P::Relation::at_most);
  EXPECT_EQ(of("difference < 0").of, P::Of::difference);
  EXPECT_EQ(of("difference < 0").relation, P::Relation::below);
  EXPECT_EQ(of("difference <= -0.12").bound, -0.12);
  EXPECT_EQ(of(" ratio  >  2 ").relation, P::Relation::above);
  EXPECT_EQ(of("within 5%").relation, P::Relation::within);
  EXPECT_DOUBLE_EQ(of("within 5%").bound, 0.05);
  for (const char* bad :
       {"ratio => 1", "ratio 1", "ratio >= x", "within", "within -5%", "ratio >= 1.2 or so", "more", ""})
    EXPECT_REFUSED(with("ratio >= 1.2", bad), "c.toml:20:", "prediction.0.relation");
}

TEST(Card, RefusesFitsWithoutDataOrLikelihood) {
  EXPECT_REFUSED(kSmall + "[[fit]]\nmodel = \"rescorla_wagner\"\n", "fit.rescorla_wagner", "[data]");
  EXPECT_REFUSED(with("params = { alpha = 0.4 }", "params = \"fitted\""), "no [[fit]]", "rescorla_wagner");
  EXPECT_REFUSED(with("name = \"bandit_reversal\"", "name = \"bandit_reversal\"\nschedule = \"data\""),
                 "task.schedule", "[data]");
  for (const auto& e : all_learners())
    if (!e.likelihood)
      EXPECT_REFUSED(kSmall + "[data]\nname = \"d\"\n[[fit]]\nmodel = \"" + e.info.name + "\"\n",
                     e.no_likelihood);
}

TEST(Card, ReadsDataFitsAndFittedAgents) {
  const Card c =
      parse_card(with("params = { alpha = 0.4 }", "params = \"fitted\"") +
                     "[data]\nname = \"d\"\nreset_on = [\"block\"]\noutcome_map = \"0/1 to -1/1\"\n"
                     "[[fit]]\nmodel = \"rescorla_wagner\"\nmethod = \"ml\"\n",
                 "c.toml");
  EXPECT_TRUE(c.agents.at(0).fitted);
  EXPECT_EQ(c.data->reset_on, std::vector<std::string>{"block"});
  EXPECT_EQ(c.fits.at(0).method, "ml");
  EXPECT_EQ(c.fits.at(0).starts, 10);
}

TEST(Card, RefusesMetricsWhoseSignalsNoAgentHas) {
  EXPECT_REFUSED(with("[\"switch_lag\"]", "[\"switch_lag\", \"max_ne\"]"), "c.toml:2:26", "'max_ne'",
                 "signal 'ne'");
}

TEST(Card, ReadsMetricsWithBlocksAndParameters) {
  const std::string text = with("metrics = [\"switch_lag\"]\n", "") +
                           "[[metric]]\nname = \"switch_lag\"\nparams = { run = 6 }\n"
                           "[[metric]]\nname = \"switch_lag\"\nid = \"second\"\nblocks = 1\n";
  const Card c = parse_card(text, "c.toml");
  ASSERT_EQ(c.metrics.size(), 2u);
  EXPECT_EQ(c.metrics[1].id, "second");
  EXPECT_EQ(c.metrics[1].blocks, "1");
  EXPECT_REFUSED(text + "[[metric]]\nname = \"accuracy\"\nblocks = \"reversals\"\n",
                 "did you mean 'reversal'?");
  EXPECT_REFUSED(text + "[[metric]]\nname = \"late_accuracy\"\nparams = { trial = 6 }\n",
                 "did you mean 'trials'?");
}

TEST(Card, OverridesReachEveryValue) {
  const Card c = parse_card(kSmall, "c.toml",
                            {{"task.p_better", "0.8"},
                             {"subjects", "7"},
                             {"title", "bare words"},
                             {"agent.RW.params.beta", "2"},
                             {"agent.0.params.alpha", "0.1"},
                             {"manipulation.0.amount", "0.25"},
                             {"task.blocks", "[20, 30]"},
                             {"curves.before", "4"}});
  EXPECT_EQ(c.subjects, 7);
  EXPECT_EQ(c.title, "bare words");
  EXPECT_EQ(c.curve_before, 4);
  EXPECT_EQ(std::get<double>(c.agents.at(0).settings.at("beta").value), 2);
  EXPECT_EQ(std::get<double>(c.agents.at(0).settings.at("alpha").value), 0.1);
  EXPECT_EQ(c.conditions.at(1).manipulations.at(0).amount, 0.25);
  EXPECT_EQ(std::get<std::vector<double>>(c.task_settings.at("blocks").value), (std::vector<double>{20, 30}));
}

TEST(Card, RefusesOverridesThatReachNothing) {
  const auto expect = [](const Override& o, const std::string& part) {
    const std::string message = refusal(kSmall, {o});
    EXPECT_NE(message.find("--set: " + o.key), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect({"task.p_bettr", "0.8"}, "did you mean 'p_better'?");
  expect({"subjcts", "8"}, "did you mean 'subjects'?");
  expect({"agent.RV.params.beta", "2"}, "did you mean 'RW'?");
  expect({"task.p_better", "1.8"}, "0 to 1");
  expect({"task.p_better", "[0.8"}, "is not TOML");
  expect({"seed.x", "1"}, "nothing lies below it");
}

TEST(Card, CanonicalTextIsAFixedPoint) {
  std::vector<std::string> cards{kSmall, read("experiments/reversal_lesions.toml"),
                                 read("experiments/human_reversal.toml")};
  cards.push_back("title = \"a \\\"b\\\" \\\\ \\n \\u0007 \\u007F é\"\n" + kSmall);
  cards.push_back(with("at = \"reversal\"", "trial = 5"));
  cards.push_back(with("[[agent]]", "[[variant]]\nname = \"p = 1\"\ntask = { p_better = 1 }\n[[agent]]"));
  for (const auto& text : cards) {
    const Card c = parse_card(text, "c.toml");
    const std::string once = canonical_text(c);
    const Card again = parse_card(once, "canonical");
    EXPECT_EQ(canonical_text(again), once);
    EXPECT_EQ(card_hash(again), card_hash(c));
    EXPECT_EQ(again.title, c.title);
  }
}

TEST(Card, CanonicalTextHoldsDefaultsAndEveryChange) {
  const Card c = parse_card(kSmall, "c.toml");
  const std::string text = canonical_text(c);
  EXPECT_NE(text.find("beta = "), std::string::npos);
  EXPECT_NE(text.find("\nrun = 4\n"), std::string::npos);
  EXPECT_NE(text.find("blocks = \"reversal\""), std::string::npos);
  EXPECT_EQ(card_hash(c).size(), 16u);
  EXPECT_EQ(card_hash(c), card_hash(parse_card("# a comment\n" + kSmall, "other.toml")));
  for (const auto& o : std::vector<Override>{{"seed", "4"},
                                             {"task.p_better", "0.8"},
                                             {"agent.RW.params.v0", "0.5"},
                                             {"prediction.0.relation", "ratio > 1"},
                                             {"bootstrap.resamples", "110"}})
    EXPECT_NE(card_hash(parse_card(kSmall, "c.toml", {o})), card_hash(c)) << o.key;
}

TEST(Card, ExperimentsParse) {
  const Card lesions = parse_card(read("experiments/reversal_lesions.toml"), "reversal_lesions.toml");
  EXPECT_EQ(lesions.conditions.size(), 5u);
  EXPECT_EQ(lesions.variants.size(), 2u);
  EXPECT_EQ(lesions.metrics.size(), 11u);
  const Card people = parse_card(read("experiments/human_reversal.toml"), "human_reversal.toml");
  EXPECT_EQ(people.schedule, "data");
  EXPECT_EQ(people.fits.size(), 3u);
}

}  // namespace
}  // namespace labile
