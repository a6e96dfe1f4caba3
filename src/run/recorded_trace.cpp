#include "run/network_run.hpp"

namespace labile {

void RecordedTrace::add(double t_ms, double value) {
  if (intervals_.empty() || intervals_.back().n == wide_) {
    if (intervals_.size() == kMost) {
      // Two intervals become one.
      for (std::size_t k = 0; k < kMost / 2; ++k) {
        const Interval &a = intervals_[2 * k], &b = intervals_[2 * k + 1];
        intervals_[k] = {a.sum + b.sum, b.last_ms, a.n + b.n};
      }
      intervals_.resize(kMost / 2);
      wide_ *= 2;
    }
    intervals_.emplace_back();
  }
  Interval& now = intervals_.back();
  now.sum += value;
  now.last_ms = t_ms;
  ++now.n;
}
std::vector<double> RecordedTrace::t_ms() const {
  std::vector<double> r;
  for (const Interval& i : intervals_) r.push_back(i.last_ms);
  return r;
}
std::vector<double> RecordedTrace::value() const {
  std::vector<double> r;
  for (const Interval& i : intervals_) r.push_back(i.sum / i.n);
  return r;
}
double RecordedTrace::every_ms() const {
  return intervals_.size() < 2 ? 0 : intervals_[1].last_ms - intervals_[0].last_ms;
}

}  // namespace labile
