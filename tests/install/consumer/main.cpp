// A program that uses an installed Labile: runs a card, prints a metric of each cell.
#include <cstdio>
#include <labile/labile.hpp>
#include <stdexcept>

constexpr const char* kCard = R"(
title = "From a program"
seed = 5
subjects = 200
metrics = ["switch_lag", "accuracy"]
[task]
name = "bandit_reversal"
[[agent]]
name = "Flex"
model = "flex"
[[manipulation]]
condition = "DA x0.35"
op = "scale"
target = "da.release"
amount = 0.35
at = "reversal"
[[prediction]]
claim = "blunted dopamine slows the switch"
metric = "switch_lag"
contrast = ["DA x0.35", "intact"]
relation = "ratio > 1"
)";

int main() {
  const labile::Results r = labile::run(kCard, 2);
  for (const auto& cell : r.cells) {
    const auto& lag = cell.value("switch_lag");
    std::printf("%s: %.3f [%.3f, %.3f] n=%d\n", cell.condition.c_str(), lag.mean, lag.low, lag.high,
                lag.subjects);
  }
  std::printf("%s: %s\n", r.predictions.at(0).claim.c_str(), r.predictions.at(0).verdict.c_str());
  std::printf("version %s, card %s, json %d\n", labile::version(), r.card_hash.c_str(), r.json.size() > 1000);
  std::printf("same %d\n", labile::run(kCard, 1).find("Flex", "DA x0.35")->value("switch_lag").mean ==
                               r.find("Flex", "DA x0.35")->value("switch_lag").mean);
  std::printf("nobody %d\n", r.find("nobody") == nullptr);
  try {
    (void)labile::run(kCard, 1, {"task.p_bettr=0.7"});
  } catch (const std::invalid_argument& e) {
    std::printf("refused: %s\n", e.what());
  }
  try {
    (void)r.find("Flex")->value("acuracy");
  } catch (const std::invalid_argument& e) {
    std::printf("refused: %s\n", e.what());
  }
}
