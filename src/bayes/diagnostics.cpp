#include "bayes/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "bayes/effective_size.hpp"
#include "core/error.hpp"
#include "core/math.hpp"
#include "core/special.hpp"

namespace labile {
namespace {

Chains chains_of(std::span<const double> draws, int chains) {
  if (chains < 1 || draws.empty() || draws.size() % static_cast<std::size_t>(chains) != 0)
    throw Bug(fmt::format("{} draws do not divide into {} chains", draws.size(), chains));
  const std::size_t n = draws.size() / static_cast<std::size_t>(chains);
  Chains all;
  for (int c = 0; c < chains; ++c) all.push_back(draws.subspan(static_cast<std::size_t>(c) * n, n));
  return all;
}

/// First and second half of each chain; an odd iteration in the middle is left out.
Chains halves_of(const Chains& chains) {
  const std::size_t n = chains.front().size();
  if (n == 1) return chains;
  Chains all;
  for (const auto& c : chains) all.push_back(c.first(n / 2));
  for (const auto& c : chains) all.push_back(c.last(n / 2));
  return all;
}
Chains halves_of(std::span<const double> draws, int chains) {
  return halves_of(chains_of(draws, chains));
}

double size_with_spread(const Chains& chains) {
  return without_spread(chains) ? kNaN : effective_size(chains);
}

double r_of(const Chains& chains) {
  if (without_spread(chains)) return kNaN;
  const double n = static_cast<double>(chains.front().size());
  std::vector<double> means, variances;
  for (const auto& c : chains) {
    means.push_back(mean_of(c));
    variances.push_back(variance_of(c));
  }
  return std::sqrt((n * variance_of(means) / mean_of(variances) + n - 1) / n);
}

struct Placed {
  double value;
  std::uint32_t place;  // in the draws
};

/// Draws of one quantity with what several diagnostics share: their order.
class Ordered {
 public:
  Ordered(std::span<const double> draws, int chains) : draws_(draws), chains_(chains_of(draws, chains)) {
    finite_ = std::ranges::all_of(draws, [](double x) { return std::isfinite(x); });
    if (!finite_) return;
    by_value_.reserve(draws.size());
    for (std::size_t i = 0; i < draws.size(); ++i)
      by_value_.push_back({draws[i], static_cast<std::uint32_t>(i)});
    std::ranges::sort(by_value_, {}, &Placed::value);
  }
  [[nodiscard]] const Chains& chains() const { return chains_; }
  [[nodiscard]] bool finite() const { return finite_; }
  [[nodiscard]] double quantile(double p) const {
    if (!finite_) return kNaN;
    const double at = static_cast<double>(by_value_.size() - 1) * p + 1;  // counted from 1, as R does
    const double below = std::floor(at);
    const auto i = static_cast<std::size_t>(below) - 1;
    const double x = by_value_[i].value;
    if (at == below || by_value_[i + 1].value == x) return x;
    return (1 - (at - below)) * x + (at - below) * by_value_[i + 1].value;
  }
  [[nodiscard]] double order_statistic(std::size_t i) const { return by_value_[i].value; }

  /// Normal scores of the halves' ranks (ties share the mean rank): [chain][iteration], middles left as 0.
  [[nodiscard]] std::vector<double> scores() const { return scores_of(by_value_); }

  /// The same of distances from the median, whose order follows from that of the draws.
  [[nodiscard]] std::vector<double> folded_scores() const {
    const double median = quantile(0.5);
    std::vector<Placed> below, above, all(by_value_.size());
    for (const auto& d : by_value_) {
      if (d.value < median)
        below.push_back({median - d.value, d.place});
      else
        above.push_back({d.value - median, d.place});
    }
    std::ranges::reverse(below);
    std::ranges::merge(below, above, all.begin(), {}, &Placed::value, &Placed::value);
    return scores_of(all);
  }

 private:
  [[nodiscard]] std::vector<double> scores_of(const std::vector<Placed>& sorted) const {
    const std::size_t n = chains_.front().size();
    const bool odd = n % 2 == 1 && n > 1;
    std::vector<Placed> ranked;
    ranked.reserve(sorted.size());
    for (const auto& d : sorted)
      if (!odd || d.place % n != n / 2) ranked.push_back(d);
    std::vector<double> z(draws_.size(), 0.0);
    const double size = static_cast<double>(ranked.size());
    for (std::size_t i = 0, end = 0; i < ranked.size(); i = end) {
      while (end < ranked.size() && ranked[end].value == ranked[i].value) ++end;
      const double rank = 0.5 * static_cast<double>(i + 1 + end);
      const double score = normal_quantile((rank - 0.375) / (size + 0.25));
      for (std::size_t k = i; k < end; ++k) z[ranked[k].place] = score;
    }
    return z;
  }

  std::span<const double> draws_;
  Chains chains_;
  bool finite_ = false;
  std::vector<Placed> by_value_;
};

Chains halves_like(const Ordered& o, const std::vector<double>& values) {
  return halves_of(values, static_cast<int>(o.chains().size()));
}

double larger(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? kNaN : max(a, b);
}
double smaller(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? kNaN : min(a, b);
}

double rhat_of(const Ordered& o) {
  if (!o.finite()) return kNaN;
  return larger(r_of(halves_like(o, o.scores())), r_of(halves_like(o, o.folded_scores())));
}
double ess_bulk_of(const Ordered& o) {
  return o.finite() ? size_with_spread(halves_like(o, o.scores())) : kNaN;
}
double ess_quantile_of(const Ordered& o, std::span<const double> draws, double p) {
  if (without_spread(o.chains())) return kNaN;
  const double n = static_cast<double>(draws.size());
  const double limit = o.quantile(p == 1 ? (n - 0.5) / n : p);
  std::vector<double> below;
  below.reserve(draws.size());
  for (const double x : draws) below.push_back(x <= limit ? 1.0 : 0.0);
  return size_with_spread(halves_like(o, below));
}
double ess_tail_of(const Ordered& o, std::span<const double> draws) {
  return smaller(ess_quantile_of(o, draws, 0.05), ess_quantile_of(o, draws, 0.95));
}

}  // namespace

double sorted_quantile(std::span<const double> sorted, double p) {
  if (sorted.empty()) return kNaN;
  const double at = static_cast<double>(sorted.size() - 1) * p;
  const auto i = static_cast<std::size_t>(at);
  const double share = at - static_cast<double>(i);
  if (share == 0 || sorted[i] == sorted[i + 1]) return sorted[i];
  return (1 - share) * sorted[i] + share * sorted[i + 1];
}

double rhat(std::span<const double> draws, int chains) {
  return rhat_of({draws, chains});
}
double ess_bulk(std::span<const double> draws, int chains) {
  return ess_bulk_of({draws, chains});
}
double ess_tail(std::span<const double> draws, int chains) {
  return ess_tail_of({draws, chains}, draws);
}
double ess_mean(std::span<const double> draws, int chains) {
  return size_with_spread(halves_of(draws, chains));
}
double ess_quantile(std::span<const double> draws, int chains, double p) {
  return ess_quantile_of({draws, chains}, draws, p);
}
double ess_whole_chains(std::span<const double> draws, int chains) {
  return effective_size(chains_of(draws, chains));
}

double mcse_mean(std::span<const double> draws, int chains) {
  return std::sqrt(variance_of(draws) / ess_mean(draws, chains));
}

// The delta method on the variance's own error.
double mcse_sd(std::span<const double> draws, int chains) {
  const double mean = mean_of(draws);
  std::vector<double> square, fourth;
  for (const double x : draws) {
    square.push_back((x - mean) * (x - mean));
    fourth.push_back(square.back() * square.back());
  }
  const double variance = mean_of(square);
  const double of_variance = (mean_of(fourth) - variance * variance) / ess_mean(square, chains);
  return std::sqrt(of_variance / variance / 4);
}

// Half the distance of the order statistics at minus and plus one standard error of the quantile's probability.
double mcse_quantile(std::span<const double> draws, int chains, double p) {
  const Ordered o(draws, chains);
  const double size = ess_quantile_of(o, draws, p), n = static_cast<double>(draws.size());
  if (std::isnan(size)) return kNaN;
  const double a = size * p + 1, b = size * (1 - p) + 1;
  const double low = max(std::floor(beta_quantile(a, b, 0.1586553) * n), 1.0);
  const double high = min(std::ceil(beta_quantile(a, b, 0.8413447) * n), n);
  return 0.5 * (o.order_statistic(static_cast<std::size_t>(high) - 1) -
                o.order_statistic(static_cast<std::size_t>(low) - 1));
}

std::vector<double> e_bfmi(std::span<const double> energies, int chains, std::span<const double> moved) {
  std::vector<double> all;
  std::size_t begin = 0;
  for (const auto& c : chains_of(energies, chains)) {
    double steps = 0;
    for (std::size_t i = 1; i < c.size(); ++i) {
      const double step = c[i] - c[i - 1] + (moved.empty() ? 0 : moved[begin + i]);
      steps += step * step;
    }
    begin += c.size();
    all.push_back(c.size() < 2 ? kNaN : steps / static_cast<double>(c.size()) / variance_of(c));
  }
  return all;
}

DrawSummary summarize_draws(std::span<const double> draws, int chains) {
  const Ordered o(draws, chains);
  DrawSummary s;
  s.mean = mean_of(draws);
  s.sd = std::sqrt(variance_of(draws));
  s.q2_5 = o.quantile(0.025);
  s.median = o.quantile(0.5);
  s.q97_5 = o.quantile(0.975);
  const auto scores = o.finite() ? o.scores() : std::vector<double>(draws.size(), kNaN);
  const auto halves = halves_like(o, scores);
  s.rhat = o.finite() ? larger(r_of(halves), r_of(halves_like(o, o.folded_scores()))) : kNaN;
  s.ess_bulk = size_with_spread(halves);
  s.ess_tail = ess_tail_of(o, draws);
  s.mcse_mean = mcse_mean(draws, chains);
  s.mcse_sd = mcse_sd(draws, chains);
  return s;
}

}  // namespace labile
