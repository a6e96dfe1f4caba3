#include "run/judge.hpp"

#include <cmath>

namespace labile {
namespace {
/// The relation as an interval of effects it allows.
struct Allowed {
  double low = -kInf, high = kInf;
};
Allowed allowed(const Prediction& p) {
  switch (p.relation) {
    case Prediction::Relation::at_least:
    case Prediction::Relation::above:
      return {p.bound, kInf};
    case Prediction::Relation::at_most:
    case Prediction::Relation::below:
      return {-kInf, p.bound};
    case Prediction::Relation::within:
      break;
  }
  // "within 5%" is a ratio between 0.95 and 1.05; of a difference it is an absolute band.
  return p.of == Prediction::Of::ratio ? Allowed{1 - p.bound, 1 + p.bound} : Allowed{-p.bound, p.bound};
}
}  // namespace

std::string verdict(const Prediction& p, const Interval& e) {
  if (e.value != e.value || e.low != e.low || e.high != e.high) return "not run";
  if (!std::isfinite(e.value)) return "undecided";  // the control is zero
  if (e.n < 2) return "undecided";                  // resampling one subject says nothing about subjects
  const Allowed a = allowed(p);
  const bool strict = p.relation == Prediction::Relation::above || p.relation == Prediction::Relation::below;
  const bool inside = strict ? e.low > a.low && e.high < a.high : e.low >= a.low && e.high <= a.high;
  if (inside) return "supported";
  const bool outside = strict ? e.high <= a.low || e.low >= a.high : e.high < a.low || e.low > a.high;
  return outside ? "refuted" : "undecided";
}

}  // namespace labile
