#include "run/curves.hpp"

#include <algorithm>
#include <string_view>

namespace labile {
namespace {
struct Shown {
  const char *signal, *label, *unit;
};
constexpr Shown kCurves[] = {
    {"correct", "P(correct)", "share of subjects"},
    {"da", "Dopamine", "phasic signal, outcome units"},
    {"ach", "Acetylcholine", "level, intact tonic = 0.5"},
    {"ne", "Noradrenaline", "phasic level, 0 to 1"},
    {"ser", "Serotonin", "level, intact = 1"},
    {"belief", "Belief in the leading context", "probability"},
    {"learning_rate", "Learning rate of the critic", "1"},
    {"delta", "Prediction error", "outcome units"},
    {"expectation", "Expected outcome", "outcome units"},
};
}  // namespace

void CurveSum::add(const Trials& t) {
  for (std::size_t s = 0; s + 1 < t.first.size(); ++s) {
    const std::size_t first = t.first[s], last = t.first[s + 1];
    add_subject(t, first, last, "correct",
                [&](std::size_t r) { return t.correct[r] < 0 ? kNaN : t.correct[r]; });
    for (const auto& shown : kCurves) {
      const auto it = t.signals.find(shown.signal);
      if (it != t.signals.end())
        add_subject(t, first, last, shown.signal, [&](std::size_t r) { return it->second[r]; });
    }
  }
}

void CurveSum::add_subject(const Trials& t, std::size_t first, std::size_t last, const std::string& signal,
                           const std::function<double(std::size_t)>& value) {
  const int width = before_ + after_;
  std::vector<double> sum(width, 0.0), n(width, 0.0);
  std::size_t block_start = first;
  for (std::size_t r = first + 1; r < last; ++r) {
    if (t.session[r] != t.session[r - 1]) {
      block_start = r;  // a new session begins; its first block follows no rule change
      continue;
    }
    if (t.block[r] == t.block[r - 1]) continue;
    const std::size_t change = r;
    std::size_t block_end = change;
    while (block_end < last && t.block[block_end] == t.block[change] &&
           t.session[block_end] == t.session[change])
      ++block_end;
    for (int x = -before_; x < after_; ++x) {
      const auto row = static_cast<std::ptrdiff_t>(change) + x;
      if (row < static_cast<std::ptrdiff_t>(block_start) || row >= static_cast<std::ptrdiff_t>(block_end))
        continue;
      const double v = value(static_cast<std::size_t>(row));
      if (v != v) continue;
      sum[x + before_] += v;
      n[x + before_] += 1;
    }
    block_start = change;
  }
  auto& to = signals_[signal];
  for (auto* v : {&to.sum, &to.square, &to.n}) v->resize(width, 0.0);
  for (int k = 0; k < width; ++k) {
    if (n[k] == 0) continue;
    const double mean = sum[k] / n[k];
    to.sum[k] += mean;
    to.square[k] += mean * mean;
    to.n[k] += 1;
  }
}

void CurveSum::merge(const CurveSum& other) {
  for (const auto& [name, from] : other.signals_) {
    auto& to = signals_[name];
    for (auto* v : {&to.sum, &to.square, &to.n}) v->resize(from.n.size(), 0.0);
    for (std::size_t k = 0; k < from.n.size(); ++k) {
      to.sum[k] += from.sum[k];
      to.square[k] += from.square[k];
      to.n[k] += from.n[k];
    }
  }
}

std::vector<Curve> CurveSum::curves() const {
  std::vector<Curve> r;
  for (const auto& shown : kCurves) {
    const auto it = signals_.find(shown.signal);
    if (it == signals_.end()) continue;
    Curve c{shown.signal, shown.label, shown.unit, {}, {}, {}, {}};
    for (int k = 0; k < before_ + after_; ++k) {
      const double n = it->second.n[k];
      if (n == 0) continue;
      const double mean = it->second.sum[k] / n;
      const double variance = n > 1 ? max(0.0, (it->second.square[k] - n * mean * mean) / (n - 1)) : 0.0;
      const double half = 1.96 * sqrt(variance / n);
      c.x.push_back(k - before_);
      c.mean.push_back(mean);
      const bool share = std::string_view(shown.signal) == "correct";  // a share stays within 0 and 1
      c.low.push_back(share ? max(0.0, mean - half) : mean - half);
      c.high.push_back(share ? min(1.0, mean + half) : mean + half);
    }
    if (!c.x.empty()) r.push_back(std::move(c));
  }
  return r;
}

}  // namespace labile
