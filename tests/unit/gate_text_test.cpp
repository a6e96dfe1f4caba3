#include "modulators/gate_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace labile {
namespace {

const std::vector<std::string> kNames{"D1", "DA", "beta", "M1_slow"};
constexpr double kD1 = 0.4, kDa = 2.5, kBeta = -0.75, kSlow = 3;

double value(const std::string& text) {
  const std::vector<double> values{kD1, kDa, kBeta, kSlow};
  return GateText(text, kNames).eval(values);
}
std::string refusal(const std::string& text, const Where& where = {}) {
  try {
    const GateText gate(text, kNames, where);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(GateText, ComputesArithmeticAsWritten) {
  EXPECT_EQ(value("3"), 3);
  EXPECT_EQ(value(".5e1"), 5);
  EXPECT_EQ(value("1."), 1);
  EXPECT_EQ(value("DA"), kDa);
  EXPECT_EQ(value("0.002 + D1 * (1 + beta)"), 0.002 + kD1 * (1 + kBeta));
  EXPECT_EQ(value("D1 - DA - beta"), kD1 - kDa - kBeta);
  EXPECT_EQ(value("D1 - (DA - beta)"), kD1 - (kDa - kBeta));
  EXPECT_EQ(value("DA / M1_slow / 2"), kDa / kSlow / 2);
  EXPECT_EQ(value("DA / (M1_slow / 2)"), kDa / (kSlow / 2));
  EXPECT_EQ(value("D1+DA*beta"), kD1 + kDa * kBeta);
  EXPECT_EQ(value("\n D1\t*\n2 "), kD1 * 2);
  EXPECT_EQ(value("--D1"), kD1);
  EXPECT_EQ(value("2 - -D1"), 2 + kD1);
  EXPECT_EQ(value("2 * -D1"), -2 * kD1);
  EXPECT_EQ(value("((((D1))))"), kD1);
}

TEST(GateText, BindsPowersToTheRightAndTighterThanASign) {
  EXPECT_EQ(value("-DA^2"), -kDa * kDa);
  EXPECT_EQ(value("(-DA)^2"), kDa * kDa);
  EXPECT_DOUBLE_EQ(value("2^3^2"), 512);
  EXPECT_DOUBLE_EQ(value("(2^3)^2"), 64);
  EXPECT_DOUBLE_EQ(value("DA^-1"), 0.4);
  EXPECT_DOUBLE_EQ(value("2 * M1_slow^3"), 54);
  EXPECT_DOUBLE_EQ(value("beta^3"), kBeta * kBeta * kBeta);
  EXPECT_DOUBLE_EQ(value("beta^4"), std::pow(kBeta, 4));
  EXPECT_DOUBLE_EQ(value("beta^-3"), 1 / (kBeta * kBeta * kBeta));
  EXPECT_DOUBLE_EQ(value("DA^0.5"), std::sqrt(kDa));
  EXPECT_EQ(value("(D1 - D1)^0"), 1);
  EXPECT_EQ(value("(D1 - D1)^0.3"), 0);
}

TEST(GateText, ComparesToZeroOrOne) {
  EXPECT_EQ(value("D1 < DA"), 1);
  EXPECT_EQ(value("D1 > DA"), 0);
  EXPECT_EQ(value("D1 <= 0.4"), 1);
  EXPECT_EQ(value("D1 < 0.4"), 0);
  EXPECT_EQ(value("D1 >= 0.4"), 1);
  EXPECT_EQ(value("D1 > 0.4"), 0);
  EXPECT_EQ(value("1 + D1 < 2 * DA"), 1);
  EXPECT_EQ(value("(D1 < DA) * (DA < 3)"), 1);
  EXPECT_EQ(value("DA * (DA > 2) - 1"), kDa - 1);
}

TEST(GateText, KnowsItsFunctions) {
  EXPECT_DOUBLE_EQ(value("exp(-D1)"), std::exp(-kD1));
  EXPECT_DOUBLE_EQ(value("log(DA)"), std::log(kDa));
  EXPECT_EQ(value("sqrt(DA)"), std::sqrt(kDa));
  EXPECT_EQ(value("abs(beta)"), 0.75);
  EXPECT_EQ(value("min(D1, DA)"), kD1);
  EXPECT_EQ(value("min(DA, D1)"), kD1);
  EXPECT_EQ(value("max(D1, DA)"), kDa);
  EXPECT_EQ(value("max(DA, min(D1, beta))"), kDa);
  EXPECT_DOUBLE_EQ(value("tanh(DA)"), std::tanh(kDa));
  EXPECT_DOUBLE_EQ(value("tanh(beta)"), std::tanh(kBeta));
  EXPECT_DOUBLE_EQ(value("tanh(beta / 1e9)"), std::tanh(kBeta / 1e9));
  EXPECT_EQ(value("tanh(1000 * beta)"), -1);
  EXPECT_DOUBLE_EQ(value("logistic(beta)"), 1 / (1 + std::exp(0.75)));
  EXPECT_DOUBLE_EQ(value("logistic(1000 * DA)"), 1);
  EXPECT_EQ(value("rectify(beta)"), 0);
  EXPECT_EQ(value("rectify(DA)"), kDa);
  EXPECT_EQ(value("if(D1 > 0, DA, beta)"), kDa);
  EXPECT_EQ(value("if(D1 < 0, DA, beta)"), kBeta);
  EXPECT_EQ(value("if(beta, 1, 2)"), 1);
}

TEST(GateText, SaturatesAsHillAndHoldsAtItsEnds) {
  const double x = kDa * kDa * kDa, k = 1.5 * 1.5 * 1.5;
  EXPECT_DOUBLE_EQ(value("hill(DA, 1.5, 3)"), x / (x + k));
  EXPECT_DOUBLE_EQ(value("hill(DA, DA, 7)"), 0.5);
  EXPECT_EQ(value("hill(D1 - D1, 1.5, 3)"), 0);
  EXPECT_EQ(value("hill(rectify(beta), 1.5, 3)"), 0);
  EXPECT_EQ(value("hill(1e300 * DA, 1e-300, 3)"), 1);
  EXPECT_EQ(value("hill(1e-300 * DA, 1e300, 3)"), 0);
}

TEST(GateText, UnderstandsTheGatesOfTheLiterature) {
  EXPECT_DOUBLE_EQ(value("DA - 0.1"), kDa - 0.1);
  EXPECT_DOUBLE_EQ(value("1 - 1 / (1 + (DA / 0.5)^2)"), 1 - 1 / (1 + 25.0));
  EXPECT_DOUBLE_EQ(value("hill(D1, 0.1, 2) - 0.3 * hill(DA, 1, 4)"), 0.16 / 0.17 - 0.3 * 39.0625 / 40.0625);
  EXPECT_DOUBLE_EQ(value("if(DA > 2, (DA - 2) / DA, -0.5 * exp(-M1_slow / 3))"), 0.2);
}

TEST(GateText, GivesNaNForEachDomainError) {
  for (const char* text :
       {"log(beta)", "log(D1 - D1)", "sqrt(beta)", "1 / (D1 - D1)", "beta^0.5", "(D1 - D1)^-1",
        "hill(beta, 1, 2)", "hill(DA, beta, 2)", "exp(1000 * DA)", "DA^1e6", "1e308 * DA * 10"})
    EXPECT_TRUE(std::isnan(value(text))) << text;
}

TEST(GateText, LetsNoNaNDisappear) {
  for (const char* text :
       {"log(beta) > 0", "0 < log(beta)", "min(1, log(beta))", "min(log(beta), 1)", "max(1, log(beta))",
        "max(log(beta), 1)", "rectify(log(beta))", "if(log(beta), 1, 2)", "log(beta)^0", "1^log(beta)",
        "abs(log(beta))", "tanh(log(beta))", "logistic(log(beta))", "exp(log(beta))", "hill(1, 1, log(beta))",
        "hill(log(beta), 1, 1)", "log(beta)^2"})
    EXPECT_TRUE(std::isnan(value(text))) << text;
  EXPECT_EQ(value("if(beta > 0, log(beta), -1)"), -1) << "the branch not taken does not count";
}

TEST(GateText, SaysWhichNamesItUses) {
  const GateText gate("M1_slow * D1 + D1 / 2 + exp(M1_slow)", kNames);
  EXPECT_EQ(std::vector<int>(gate.used().begin(), gate.used().end()), (std::vector<int>{0, 3}));
  EXPECT_EQ(gate.text(), "M1_slow * D1 + D1 / 2 + exp(M1_slow)");
  EXPECT_TRUE(GateText("exp(1) - 2", kNames).used().empty());
  EXPECT_TRUE(std::isnan(gate.eval(std::vector<double>{1, 2}))) << "too few values";
}

TEST(GateText, ReadsNoValuesWhereItIsConstant) {
  const GateText gate("exp(log(2) + 0) * if(1 < 2, 3, 4) - 2^3", {});
  EXPECT_DOUBLE_EQ(gate.eval({}), -2);
}

TEST(GateText, NamesColumnAndNearestNameOfAnUnknownOne) {
  EXPECT_EQ(refusal("1 + 2 * D3", {"", 0, 0, "gate 'x'"}),
            "gate 'x': column 9: no field or receptor is called 'D3'; did you mean 'D1'?");
  EXPECT_EQ(refusal("da"), "column 1: no field or receptor is called 'da'; did you mean 'DA'?");
  EXPECT_EQ(refusal("serotonin"),
            "column 1: no field or receptor is called 'serotonin'; known: D1, DA, beta, M1_slow");
  EXPECT_EQ(refusal("1 + lgo(DA)"), "column 5: no function is called 'lgo'; did you mean 'log'?");
  EXPECT_EQ(refusal("D1 * exp"), "column 6: 'exp' is a function; write exp(x)");
  EXPECT_EQ(refusal("D1 (2)"), "column 1: 'D1' is a value, not a function; write D1 * (...) to multiply");
  EXPECT_EQ(refusal("D1", {"card.toml", 12, 3, "gate.x.text"}), "accepted");
  EXPECT_EQ(refusal("D1 +", {"card.toml", 12, 3, "gate.x.text"}),
            "card.toml:12:3: gate.x.text: column 5: the text ends; expected a number, a name or '('");
}

TEST(GateText, NamesTheUnexpectedToken) {
  EXPECT_EQ(refusal("D1 + * 2"), "column 6: unexpected '*'; expected a number, a name or '('");
  EXPECT_EQ(refusal("+D1"), "column 1: unexpected '+'; expected a number, a name or '('");
  EXPECT_EQ(refusal("D1 DA"), "column 4: unexpected 'DA'; expected an operator or the end");
  EXPECT_EQ(refusal("2DA"), "column 2: unexpected 'DA'; expected an operator or the end");
  EXPECT_EQ(refusal("1.2.3"), "column 4: unexpected '.3'; expected an operator or the end");
  EXPECT_EQ(refusal("D1 == 2"), "column 4: unexpected '='; expected an operator or the end");
  EXPECT_EQ(refusal("D1 >= = 2"), "column 7: unexpected '='; expected a number, a name or '('");
  EXPECT_EQ(refusal("D1 × 2"), "column 4: unexpected '×'; expected an operator or the end");
  EXPECT_EQ(refusal("(D1 × 2)"),
            "column 5: unexpected '×'; expected an operator or the ')' that closes column 1");
  EXPECT_EQ(refusal("D1)"), "column 3: unexpected ')': no '(' is open");
  EXPECT_EQ(refusal("2 * (D1 + 1"),
            "column 12: the text ends; expected an operator or the ')' that closes column 5");
  EXPECT_EQ(refusal("min(D1, )"), "column 9: unexpected ')'; expected a number, a name or '('");
  EXPECT_EQ(refusal("D1, 2"), "column 3: unexpected ','; expected an operator or the end");
  EXPECT_EQ(refusal("0 < D1 < 1"),
            "column 8: '<' follows a comparison; comparisons do not chain: write (a < b) * (b < c)");
  EXPECT_EQ(refusal("1e999 * D1"), "column 1: 1e999 is outside what a number can be");
}

TEST(GateText, RefusesAnEmptyText) {
  EXPECT_EQ(refusal(""), "the gate's text is empty; write a formula, such as '0.001 + DA'");
  EXPECT_EQ(refusal(" \n "), refusal(""));
}

TEST(GateText, RefusesAWrongNumberOfArguments) {
  EXPECT_EQ(refusal("1 + exp()"), "column 5: exp takes 1 argument, not 0; write exp(x)");
  EXPECT_EQ(refusal("exp(D1, 2)"), "column 1: exp takes 1 argument, not more; write exp(x)");
  EXPECT_EQ(refusal("max(D1)"), "column 1: max takes 2 arguments, not 1; write max(a, b)");
  EXPECT_EQ(refusal("hill(D1, 2)"), "column 1: hill takes 3 arguments, not 2; write hill(x, k, n)");
  EXPECT_EQ(refusal("if(D1, 2, 3, 4)"), "column 1: if takes 3 arguments, not more; write if(c, a, b)");
}

TEST(GateText, RefusesConstantPartsWithoutAValue) {
  EXPECT_EQ(refusal("DA + log(-1)"), "column 6: 'log(-1)' has no finite value");
  EXPECT_EQ(refusal("DA * (1 / 0)"), "column 7: '1 / 0' has no finite value");
  EXPECT_EQ(refusal("sqrt( 1 - 3 ) * DA"), "column 1: 'sqrt( 1 - 3 )' has no finite value");
  EXPECT_EQ(refusal("(-8)^(1/3)"), "column 1: '(-8)^(1/3)' has no finite value");
  EXPECT_EQ(refusal("D1 + exp(1e4)"), "column 6: 'exp(1e4)' has no finite value");
  EXPECT_EQ(refusal("if(0, 0/0, 1)"), "column 7: '0/0' has no finite value");
  EXPECT_EQ(refusal("hill(1, 0, 2)"), "column 1: 'hill(1, 0, 2)' has no finite value");
}

TEST(GateText, BoundsNestingAndStack) {
  const auto wrapped = [](int n) { return std::string(n, '(') + "D1" + std::string(n, ')'); };
  EXPECT_EQ(value(wrapped(60)), kD1);
  EXPECT_EQ(refusal(wrapped(100)), "column 65: nested more than 64 deep");
  EXPECT_EQ(refusal(std::string(1000000, '(')), "column 65: nested more than 64 deep");
  EXPECT_EQ(refusal(std::string(1000000, '-')), "column 65: nested more than 64 deep");
  const auto sums = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "D1 + (";
    return text + "D1" + std::string(n, ')');
  };
  EXPECT_NEAR(value(sums(31)), 32 * kD1, 1e-13);
  EXPECT_EQ(refusal(sums(32)),
            "column 193: more than 32 values wait for their operators; use fewer parentheses");
  std::string flat = "D1";
  for (int i = 1; i < 10000; ++i) flat += "+D1";
  EXPECT_NEAR(value(flat), 10000 * kD1, 1e-8);
}

}  // namespace
}  // namespace labile
