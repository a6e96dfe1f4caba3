/// The likelihood of a learner: one loop over a subject's trials, behind value, gradient and Hessian; and what
/// that loop and the player (learner_agent.hpp) read off a learner alike, its parameters and its numbers.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "contract/learner.hpp"
#include "contract/replay.hpp"
#include "core/dual.hpp"

namespace labile::detail {

template <class L>
inline constexpr int kParams = sizeof(typename L::template Params<double>) / sizeof(double);

/// Position of a table's field in the parameter struct, so that the table may list them in any order.
template <class L>
int member_index(const Field<typename L::template Params<double>>& f) {
  const typename L::template Params<double> p{};
  const auto* member = std::get_if<0>(&f.member);
  if (!member) throw Bug("a learner's parameters are numbers");
  return static_cast<int>(&(p.**member) - reinterpret_cast<const double*>(&p));
}

/// Parameters in table order to the struct over T.
template <class L, class T, class Get>
typename L::template Params<T> fill_params(Get&& get) {
  typename L::template Params<T> p{};
  static_assert(sizeof(p) == kParams<L> * sizeof(T), "Params may hold nothing but members of type T");
  const auto table = L::table();
  if (table.size() != kParams<L>) throw Bug("a learner's table must list every member of Params");
  for (std::size_t k = 0; k < table.size(); ++k)
    reinterpret_cast<T*>(&p)[member_index<L>(table[k])] = get(static_cast<int>(k));
  return p;
}

/// Numbers that the learner must be shown, and those it takes where they are shown.
template <class L>
std::vector<std::string> input_names() {
  std::vector<std::string> r;
  if constexpr (requires { L::inputs; })
    for (const char* name : L::inputs) r.emplace_back(name);
  return r;
}
template <class L>
std::vector<std::string> optional_input_names() {
  std::vector<std::string> r;
  if constexpr (requires { L::optional_inputs; })
    for (const char* name : L::optional_inputs) r.emplace_back(name);
  return r;
}
template <class L>
constexpr std::size_t needed_count() {
  if constexpr (requires { L::inputs; })
    return L::inputs.size();
  else
    return 0;
}
template <class L>
std::vector<std::string> derived_names() {
  std::vector<std::string> r;
  if constexpr (Filters<L>)
    for (const char* name : L::derived) r.push_back(std::string("derived ") + name);  // never a data column
  return r;
}
template <class L>
constexpr std::size_t derived_count() {
  if constexpr (Filters<L>) return L::derived.size();
  return 0;
}
template <class L>
constexpr std::size_t input_count() {
  std::size_t n = derived_count<L>() + needed_count<L>();
  if constexpr (requires { L::optional_inputs; }) n += L::optional_inputs.size();
  return n;
}
/// What an optional number is where it is not shown.
template <class L>
constexpr double not_shown() {
  if constexpr (requires { L::not_shown; })
    return L::not_shown;
  else
    return 0;
}
template <class L>
std::array<std::span<const double>, input_count<L>()> input_columns(const SubjectTrials& s) {
  std::array<std::span<const double>, input_count<L>()> r;
  if constexpr (input_count<L>() > 0) {
    auto names = input_names<L>();
    for (auto& name : optional_input_names<L>()) names.push_back(std::move(name));
    for (auto& name : derived_names<L>()) names.push_back(std::move(name));
    for (std::size_t k = 0; k < r.size(); ++k)
      for (const auto& c : s.inputs)
        if (c.name == names[k]) r[k] = c.values;
  }
  return r;
}

/// Whether the learner learns from a trial whose outcome is missing once it is told which option was right.
template <class L>
constexpr bool learns_when_told() {
  if constexpr (requires { L::learns_when_told; })
    return L::learns_when_told;
  else
    return false;
}
/// Trial t of a subject.
template <class T>
Trial<T> trial_at(const SubjectTrials& s, std::size_t t, std::span<const std::int64_t> feature,
                  std::span<const T> input) {
  return {&s.layout,
          feature,
          s.choice[t],
          T(s.outcome[t]),
          s.fresh[t] != 0,
          s.state.empty() ? 0 : s.state[t],
          s.stage.empty() ? 0 : s.stage[t],
          s.right.empty() ? -1 : s.right[t],
          T(s.report.empty() ? kNaN : s.report[t]),
          input,
          T(s.rt_s.empty() ? kNaN : s.rt_s[t])};
}

/// Whether trial x tells which option was right or what a choice brought.
inline bool teaches(const Trial<double>& x) {
  return x.right >= 0 || (x.choice >= 0 && x.outcome == x.outcome);
}
/// The numbers of the learner's filter before each trial, by name.
template <class L>
  requires Filters<L>
std::map<std::string, std::vector<double>> derive(const SubjectTrials& s) {
  const auto names = derived_names<L>();
  std::map<std::string, std::vector<double>> r;
  for (const auto& name : names) r[name].reserve(s.size());
  typename L::Filter filter;
  for (std::size_t t = 0; t < s.size(); ++t) {
    if (s.fresh[t]) filter = typename L::Filter();
    const std::span<const double> now = filter.values();
    for (std::size_t k = 0; k < names.size(); ++k) r[names[k]].push_back(now[k]);
    const auto x = trial_at<double>(s, t, {}, {});
    if (teaches(x)) filter.meet(x);
  }
  return r;
}
template <class L>
auto derive_of() -> std::map<std::string, std::vector<double>> (*)(const SubjectTrials&) {
  if constexpr (Filters<L>)
    return &derive<L>;
  else
    return nullptr;
}

/// Log-likelihood of one subject; the one loop behind value, gradient and Hessian, and behind replay, which watches it.
template <class L, class T, class Watch = NoWatch>
T loglik(const typename L::template Params<T>& p, const SubjectTrials& s, std::span<double> per_trial,
         [[maybe_unused]] Watch&& watch = {}) {
  constexpr bool watched = !std::is_same_v<std::remove_cvref_t<Watch>, NoWatch>;
  auto state = L::start(p, s.layout);
  T total(0.0);
  T u[kMaxOptions];
  const std::size_t per = static_cast<std::size_t>(s.layout.options) * s.layout.dims();
  auto columns = input_columns<L>(s);
  constexpr std::size_t needed = needed_count<L>();
  std::map<std::string, std::vector<double>> derived;
  if constexpr (Filters<L>) {
    if (columns.back().empty() && s.size() > 0) {
      derived = derive<L>(s);
      const auto names = derived_names<L>();
      for (std::size_t k = 0; k < names.size(); ++k)
        columns[columns.size() - names.size() + k] = derived[names[k]];
    }
  }
  std::array<T, input_count<L>() + 1> input{};
  for (std::size_t t = 0; t < s.size(); ++t) {
    if (s.fresh[t] && t > 0) state = L::start(p, s.layout);
    if (!per_trial.empty()) per_trial[t] = 0;
    const auto feature = s.feature.empty() ? s.feature : s.feature.subspan(t * per, per);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      // What need not be shown and is missing counts as not shown.
      const double shown = columns[k].empty() ? not_shown<L>() : columns[k][t];
      input[k] = T(k >= needed && shown != shown ? not_shown<L>() : shown);
    }
    const bool scored = s.scored.empty() || s.scored[t];
    const Trial<T> x = trial_at<T>(s, t, feature, {input.data(), columns.size()});
    if constexpr (watched) watch.before(t, p, state, x);
    if constexpr (Reports<L>) {
      const auto answer = [&] {
        if (!(x.report == x.report)) return;
        if (scored) {
          const T l = L::log_density(p, state, x);
          total += l;
          if (!per_trial.empty()) per_trial[t] = value_of(l);
        }
        if constexpr (requires { L::after(p, state, x); }) L::after(p, state, x);
      };
      if (!s.report_after) answer();
      if (s.outcome[t] == s.outcome[t]) L::learn(p, state, x);
      if (s.report_after) answer();
      if constexpr (watched) watch.after(t, state, s.outcome[t] == s.outcome[t]);
      continue;
    }
    if (s.choice[t] < 0) {
      if constexpr (requires { L::missed(p, state, x); }) L::missed(p, state, x);
      if constexpr (watched) watch.after(t, state, false);
      continue;
    }
    if constexpr (Timed<L>) {
      if (scored) {
        T l(0.0);
        if (x.rt == x.rt)
          l = L::log_density(p, state, x);
        else if constexpr (requires { L::log_choice(p, state, x); })
          l = L::log_choice(p, state, x);
        total += l;
        if (!per_trial.empty()) per_trial[t] = value_of(l);
      }
    } else if constexpr (!Reports<L>) {
      if (scored) {
        L::utility(p, state, x, u);
        const T l = u[s.choice[t]] - log_sum_exp(u, s.layout.options);
        total += l;
        if (!per_trial.empty()) per_trial[t] = value_of(l);
      }
    }
    if constexpr (requires { L::after(p, state, x); }) L::after(p, state, x);
    const bool learns = s.outcome[t] == s.outcome[t] || (learns_when_told<L>() && x.right >= 0);
    if (learns) L::learn(p, state, x);
    if constexpr (watched) watch.after(t, state, learns);
  }
  return total;
}

template <class L>
double loglik_value(std::span<const double> params, const SubjectTrials& s, std::span<double> per_trial) {
  return loglik<L, double>(fill_params<L, double>([&](int k) { return params[k]; }), s, per_trial);
}
template <class L>
double loglik_gradient(std::span<const double> params, const SubjectTrials& s, std::span<double> grad) {
  using D = Dual<double, kParams<L>>;
  const D r = loglik<L, D>(fill_params<L, D>([&](int k) { return D::variable(params[k], k); }), s, {});
  std::copy(r.d.begin(), r.d.end(), grad.begin());
  return r.v;
}
template <class L>
double loglik_hessian(std::span<const double> params, const SubjectTrials& s, std::span<double> grad,
                      std::span<double> hess) {
  constexpr int n = kParams<L>;
  using D = Dual<double, n>;
  using H = Dual<D, n>;
  const H r = loglik<L, H>(
      fill_params<L, H>([&](int k) { return H::variable(D::variable(params[k], k), k); }), s, {});
  for (int i = 0; i < n; ++i) {
    grad[i] = r.v.d[i];
    for (int j = 0; j < n; ++j) hess[i * n + j] = r.d[i].d[j];
  }
  return r.v.v;
}
/// Surprise of the inputs that a subject met, and what it makes of the subject's choices: nothing.
template <class L>
double total_surprise(std::span<const double> params, const SubjectTrials& s, std::span<double> per_trial) {
  const auto p = fill_params<L, double>([&](int k) { return params[k]; });
  auto state = L::start(p, s.layout);
  double total = 0;
  for (std::size_t t = 0; t < s.size(); ++t) {
    if (s.fresh[t] && t > 0) state = L::start(p, s.layout);
    if (!per_trial.empty()) per_trial[t] = 0;
    const auto x = trial_at<double>(s, t, {}, {});
    // Who reports meets outcomes whether or not it said anything.
    if (Reports<L> ? s.outcome[t] != s.outcome[t] : !teaches(x)) continue;
    const double surprise = L::surprise(p, state, x);
    total += surprise;
    if (!per_trial.empty()) per_trial[t] = surprise;
    L::learn(p, state, x);
  }
  return total;
}
template <class L>
auto surprise_of() -> double (*)(std::span<const double>, const SubjectTrials&, std::span<double>) {
  if constexpr (requires { &L::template surprise<double>; })
    return &total_surprise<L>;
  else
    return nullptr;
}
}  // namespace labile::detail
