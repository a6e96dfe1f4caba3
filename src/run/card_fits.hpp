/// Hierarchical fits that a card asks for: of its people, or of the agents in each of its cells.
#pragma once

#include <memory>

#include "card/card.hpp"
#include "metrics/evaluate.hpp"
#include "run/group_result.hpp"
#include "run/recover.hpp"

namespace labile {

struct People;

struct CardFit {
  FitSpec spec;
  std::string data;                       // the data set; empty for agents
  std::string variant, agent, condition;  // the cell of agents; empty for people
  std::unique_ptr<DataSet> trials;        // what was fitted, cut into units
  GroupResult result;
  std::string methods;                 // a paragraph
  std::vector<CheckedMetric> checked;  // of predictive checks
  std::optional<PredictiveChecks> check;
  std::optional<Recovery> recovery;
  std::vector<std::string> notes;  // of the data as formulas cut them, and of what was not done

  /// What results call it: "people", or the cell.
  [[nodiscard]] std::string group() const;
};

struct CardFitOptions {
  int threads = 1;
  const std::vector<CheckedMetric>* metrics = nullptr;  // of the card, by id
  std::function<void(double share, const std::string& what)> progress = {};
  Sharing* sharing = nullptr;
};

/// The data of a fit, cut as its formulas ask.
struct PreparedFit {
  std::unique_ptr<DataSet> data;
  FormulaFit formulas;
};
/// Throws Error, placed at the [[fit]], where the data do not allow the fit, its checks or its recovery. Fits nothing.
[[nodiscard]] PreparedFit prepare_people(const Card& card, const FitSpec& spec, const People& people);
[[nodiscard]] CardFit fit_people(const Card& card, const FitSpec& spec, PreparedFit prepared,
                                 const CardFitOptions& options);
/// `trials`: of all agents of the cell.
[[nodiscard]] CardFit fit_agents(const Card& card, const FitSpec& spec, Trials trials,
                                 const CardFitOptions& options);

/// What a prediction of a fit speaks of: its effect or group value, or the difference or ratio of two cells' group values; and the
/// posterior's 95% interval. NaN where no fit of the card has it, with the reason.
struct FitEffect {
  Interval effect;
  std::string variant, agent, reason;
  double rhat = 1, ess = 0;  // the worst of the quantities it is made of, NaN where not defined
};
/// Chains that disagree this much say nothing of what they sample. Quantities may be judged a little above 1.01, at which fits warn.
inline constexpr double kRhatOfVerdicts = 1.05;
/// Fewer independent draws than this, bulk or tail, do not tell where 95% end.
inline constexpr double kDrawsOfVerdicts = 100;
/// Variants or agents are compared under the condition that the prediction names, else the card's first.
[[nodiscard]] std::vector<FitEffect> effects_of_prediction(const Card& card, const Prediction& prediction,
                                                           const std::vector<CardFit>& fits);

}  // namespace labile
