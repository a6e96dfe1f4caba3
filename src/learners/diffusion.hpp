/// What models of diffusion to one of two bounds share: a choice with its response time from a drift.
#pragma once

#include <fmt/format.h>

#include "contract/learner.hpp"
#include "core/first_passage.hpp"

namespace labile {

inline void check_two_bounds(const Layout& l, const char* name) {
  if (l.options != 2)
    throw Error(fmt::format("learner '{}' has two bounds, for two options; here are {}", name, l.options));
}

/// The quickest answer of a subject, s; infinite where there is none.
[[nodiscard]] inline double quickest(const SubjectTrials& s) {
  double r = kInf;
  for (std::size_t t = 0; t < s.rt_s.size(); ++t)
    if (s.choice[t] >= 0 && s.rt_s[t] == s.rt_s[t]) r = min(r, s.rt_s[t]);
  return r;
}

/// Moves t0 to where every answer of the subject is possible.
template <class P>
void begin_before_quickest(P& p, const SubjectTrials& s) {
  p.t0 = min(p.t0, 0.8 * quickest(s));
}

/// Log density of x.choice after x.rt: the upper bound is option 1. p has a, z and t0.
template <class T, class P>
T log_diffusion(const P& p, const T& drift, const Trial<T>& x) {
  return log_passage_density(x.rt - p.t0, drift, p.a, p.z, x.choice == 1);
}
/// Log probability of x.choice whenever it comes.
template <class T, class P>
T log_bound(const P& p, const T& drift, const Trial<T>& x) {
  return x.choice == 1 ? log_upper_probability(drift, p.a, p.z)
                       : log_upper_probability(-drift, p.a, T(1.0) - p.z);
}
template <class P>
Answer diffuse(const P& p, double drift, const Draws& draws) {
  const Passage out = sample_passage(drift, p.a, p.z, [&](std::uint32_t k) { return draws.uniform(k); });
  return {out.upper ? 1 : 0, out.time + p.t0};
}

}  // namespace labile
