/// From a learner to its catalogue entry: the agent that plays it and the likelihood that fits it.
#pragma once

#include <string_view>

#include "contract/lane_likelihood.hpp"
#include "contract/learner_agent.hpp"
#include "contract/likelihood.hpp"
#include "contract/parts.hpp"

namespace labile {

template <class L>
LearnerEntry learner_entry();

namespace detail {

template <class L>
constexpr bool jumps() {
  if constexpr (requires { L::jumps; })
    return L::jumps;
  else
    return false;
}
template <class L>
inline constexpr Likelihood kLikelihood{
    &loglik_value<L>, &loglik_gradient<L>, &loglik_hessian<L>, lane_gradient_of<L>(),
    &lane_needs<L>,   lane_scores_of<L>(), jumps<L>()};

template <class L>
constexpr bool times_only() {
  using Params = typename L::template Params<double>;
  using State = typename L::template State<double>;
  constexpr bool of_choice =
      requires(const Params& p, const State& s, const Trial<double>& x) { L::log_choice(p, s, x); };
  return Timed<L> && !of_choice;
}
template <class L>
auto feasible_of() -> void (*)(std::span<double>, const SubjectTrials&) {
  if constexpr (requires(typename L::template Params<double>& p, const SubjectTrials& s) {
                  L::feasible(p, s);
                })
    return [](std::span<double> params, const SubjectTrials& s) {
      auto p = fill_params<L, double>([&](int k) { return params[k]; });
      L::feasible(p, s);
      const auto table = L::table();
      for (std::size_t k = 0; k < table.size(); ++k) params[k] = p.*std::get<0>(table[k].member);
    };
  else
    return nullptr;
}
template <class L>
auto layout_check() -> void (*)(const Layout&) {
  if constexpr (requires(const Layout& l) { L::check(l); })
    return &L::check;
  else
    return nullptr;
}
template <class L>
constexpr bool forgets() {
  if constexpr (requires { typename L::Whole; })
    return L::forgets;
  else
    return WithParts<L>::forgets;
}
template <class L>
auto parts_of() -> LearnerEntry (*)() {
  if constexpr (!detail::in_all_forms<L>() || Reports<L> || Timed<L> || requires { typename L::Whole; })
    return nullptr;
  else
    return &learner_entry<WithParts<L>>;
}

template <class L>
constexpr const char* own_task() {
  if constexpr (requires { L::own_task; })
    return L::own_task;
  else
    return "bandit_reversal";
}

template <class L>
std::vector<double> standard_row(const Settings& given) {
  const auto p = read_params(L::table(), given, std::string("learner '") + L::info.name + "'");
  std::vector<double> row;
  for (const auto& f : L::table()) row.push_back(p.*std::get<0>(f.member));
  return row;
}

}  // namespace detail

/// The catalogue entry of a learner: both a player and a model to fit.
template <class L>
LearnerEntry learner_entry() {
  static_assert(Learner<L, double> && Learner<L, Vec>);
  return {L::info,
          describe_params(L::table()),
          &detail::kLikelihood<L>,
          "",
          [](const Settings& given) -> std::unique_ptr<Agent> {
            return std::make_unique<detail::LearnerAgent<L>>(
                std::vector<std::vector<double>>{detail::standard_row<L>(given)});
          },
          [](const std::vector<std::vector<double>>& rows) -> std::unique_ptr<Agent> {
            return std::make_unique<detail::LearnerAgent<L>>(rows);
          },
          detail::input_names<L>(),
          detail::layout_check<L>(),
          detail::surprise_of<L>(),
          Reports<L>,
          Timed<L>,
          detail::times_only<L>(),
          detail::forgets<L>(),
          detail::parts_of<L>(),
          detail::optional_input_names<L>(),
          detail::own_task<L>(),
          detail::feasible_of<L>(),
          detail::derive_of<L>()};
}

}  // namespace labile
