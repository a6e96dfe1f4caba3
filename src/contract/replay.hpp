/// What a learner makes of trials that somebody else lived through: its probabilities before each choice, its signals after each
/// trial. The loop is that of the likelihood (likelihood.hpp), watched.
#pragma once

#include <type_traits>

#include "contract/learner.hpp"

namespace labile {

/// One number a trial, NaN where there is none.
struct ReplayColumn {
  std::string name, about;
  std::vector<double> values;
};

/// An agent that can be led through a person's trials instead of choosing itself.
class Replays {
 public:
  virtual ~Replays() = default;
  /// utility_0, ... and prob_0, ...: of the options before the choice, of learners that have them; loglik: of what was answered; then
  /// the agent's signals after the trial's outcome, delta, learning_rate and others of learning only where something was learned. `params` is in table
  /// order. A pure function of its arguments.
  [[nodiscard]] virtual std::vector<ReplayColumn> replay(std::span<const double> params,
                                                         const SubjectTrials& trials) const = 0;
};

namespace detail {

/// Nobody watches a likelihood.
struct NoWatch {};

/// Writes down what passes, trial by trial.
template <class L>
class ReplayWatch {
  using P = typename L::template Params<double>;
  using S = typename L::template State<double>;
  static constexpr bool kUtility =
      requires(const P& p, const S& s, const Trial<double>& x, double* u) { L::utility(p, s, x, u); };
  static constexpr bool kChoice =
      !kUtility && requires(const P& p, const S& s, const Trial<double>& x) { L::log_choice(p, s, x); };

 public:
  ReplayWatch(const std::vector<SignalInfo>& signals, const SubjectTrials& trials)
      : signals_(signals), options_(trials.layout.options) {
    const auto add = [&](const std::string& name, const std::string& about) {
      columns_.push_back({name, about, std::vector<double>(trials.size(), kNaN)});
    };
    if constexpr (kUtility)
      for (int o = 0; o < options_; ++o)
        add("utility_" + std::to_string(o), "what the choice is the softmax of, option " + std::to_string(o));
    if constexpr (kUtility || kChoice)
      for (int o = 0; o < options_; ++o)
        add("prob_" + std::to_string(o), "probability of option " + std::to_string(o));
    first_signal_ = columns_.size();
    for (const auto& s : signals) add(s.name, s.label);
  }

  void before(std::size_t t, const P& p, const S& state, Trial<double> x) {
    double u[kMaxOptions];
    if constexpr (kUtility) {
      L::utility(p, state, x, u);
      for (int o = 0; o < options_; ++o) columns_[static_cast<std::size_t>(o)].values[t] = u[o];
      softmax(u, options_);
      for (int o = 0; o < options_; ++o) columns_[static_cast<std::size_t>(options_ + o)].values[t] = u[o];
    } else if constexpr (kChoice) {
      for (int o = 0; o < options_; ++o) {
        x.choice = o;
        columns_[static_cast<std::size_t>(o)].values[t] = exp(L::log_choice(p, state, x));
      }
    }
  }
  void after(std::size_t t, const S& state, bool learned) {
    for (std::size_t i = 0; i < signals_.size(); ++i) {
      const std::string& name = signals_[i].name;
      double v = kNaN;
      bool told = false;
      if constexpr (requires { L::signals(); })
        if (i < L::signals().size()) {
          if (learned || !signals_[i].of_learning) v = L::read(state, static_cast<int>(i));
          told = true;
        }
      if constexpr (requires(S s) { s.delta; })
        if (!told && name == "delta" && learned) v = state.delta;
      if constexpr (requires(S s) { s.learning_rate; })
        if (!told && name == "learning_rate" && learned) v = state.learning_rate;
      if constexpr (requires(S s) { s.belief; })
        if (!told && name == "belief") v = state.belief;
      columns_[first_signal_ + i].values[t] = v;
    }
  }
  std::vector<ReplayColumn> finish(std::vector<double> loglik) {
    columns_.insert(columns_.begin() + static_cast<std::ptrdiff_t>(first_signal_),
                    ReplayColumn{"loglik", "log-likelihood of what was answered, nats", std::move(loglik)});
    return std::move(columns_);
  }

 private:
  const std::vector<SignalInfo>& signals_;
  int options_;
  std::vector<ReplayColumn> columns_;
  std::size_t first_signal_ = 0;
};

}  // namespace detail
}  // namespace labile
