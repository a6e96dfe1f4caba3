/// Metropolis steps of single subjects given the group (PosteriorDensity::move), for people whose choices have several solutions.
///
/// An independence sampler: proposals come from the group's distribution, from the normal approximation of the subject, from normal
/// kernels around its draws in warm-up, each as wide as the tenth of them that is nearest lies apart, and from around the solutions that
/// empirical Bayes found, where there are several. They are fixed after warm-up. Effects that differ between subjects are proposed with the
/// rest, from their standard normal prior or from the kernels.
///
/// Source: Tierney (1994), Annals of Statistics 22 (independence chains); Breiman, Meisel & Purcell (1977), Technometrics 19 (kernels by nearest
/// neighbors). Differs from them: a mixture of the four; places are those of the last window of warm-up.
#include <algorithm>
#include <array>
#include <cmath>

#include "bayes/density.hpp"
#include "core/math.hpp"

namespace labile {
namespace {
constexpr std::size_t kRemembered = 200;  // draws
constexpr std::size_t kLeastPlaces = 20;
/// Shares of proposals from the group, from the normal distribution of y, from places where the subject was, from its solutions.
struct Shares {
  double group, normal, places, tops;
};
Shares shares_of(std::size_t places, bool tops) {
  const double left = tops ? 0.75 : 1;
  return places < kLeastPlaces ? Shares{0.5 * left, 0.5 * left, 0, 1 - left}
                               : Shares{0.25 * left, 0.25 * left, 0.5 * left, 1 - left};
}
}  // namespace

/// Log-likelihoods of those who move go to `loglik_`.
void PosteriorDensity::movers_choices(std::span<const double> q) {
  for (const int s : movers_.subjects) loglik_[static_cast<std::size_t>(s)] = 0;
  for (const auto& g : movers_.lanes) {
    const int used = static_cast<int>(g.subject.size());
    std::array<int, kWidth> units{};
    std::ranges::transform(g.subject, units.begin(), [&](std::size_t i) { return movers_.units[i]; });
    natural(q, std::span(units).first(g.subject.size()));
    Vec l(0.0);
    if (p_.learner().likelihood->lane_scores) {
      l = p_.learner().likelihood->lane_scores(theta_, g, {});
    } else {
      for (int i = 0; i < used; ++i) {
        for (std::size_t k = 0; k < theta_.size(); ++k) row_[k] = theta_[k][i];
        l.set(i, p_.learner().likelihood->value(row_, g.trials[static_cast<std::size_t>(i)], {}));
      }
    }
    for (int i = 0; i < used; ++i)
      loglik_[static_cast<std::size_t>(p_.subject_of(units[static_cast<std::size_t>(i)]))] += l[i];
  }
}

void PosteriorDensity::learned(std::span<const double> inverse_metric) {
  // Of a normal subject's y both are 1.
  constexpr double kSteep = 0.5, kFar = 2.5;
  const double count = std::max(seen_, 1);
  movers_ = {};
  // Trajectories hardly cross jumps either.
  std::vector<std::uint8_t> moves(static_cast<std::size_t>(p_.subjects()), p_.learner().likelihood->jumps);
  for (int s = 0; s < p_.subjects(); ++s) {
    if (!p_.tops(s).empty()) moves[static_cast<std::size_t>(s)] = 1;
    for (std::size_t k = 0; k < own_.size(); ++k) {
      // What choices say of v makes it narrower than its prior, and so steep, without more ado.
      const bool steep =
          static_cast<int>(k) < p_.params() && inverse_metric[static_cast<std::size_t>(own(k, s))] < kSteep;
      if (steep || squares_[place(static_cast<int>(k), s)] > kFar * count)
        moves[static_cast<std::size_t>(s)] = 1;
    }
    if (moves[static_cast<std::size_t>(s)] != 0) {
      movers_.subjects.push_back(s);
      remember(s, movers_.places.emplace_back());
    }
  }
  std::vector<SubjectTrials> trials;
  for (int u = 0; u < p_.units(); ++u)
    if (moves[static_cast<std::size_t>(p_.subject_of(u))]) {
      movers_.units.push_back(u);
      trials.push_back(p_.trials(u));
    }
  movers_.lanes = pack_lanes(trials, p_.learner().likelihood->lane_needs());
  seen_ = 0;
  std::fill(squares_.begin(), squares_.end(), 0.0);
}

void PosteriorDensity::remember(int subject, Places& places) const {
  const std::size_t n = own_.size(), size = squares_.size();
  const std::size_t count = std::min<std::size_t>(kRemembered, static_cast<std::size_t>(seen_));
  for (std::size_t d = 0; d < count; ++d)
    for (std::size_t k = 0; k < n; ++k)
      places.at.push_back(recent_[d * size + place(static_cast<int>(k), subject)]);
  std::vector<double> distance(count);
  const std::size_t near = std::max<std::size_t>(3, count / 10);
  for (std::size_t d = 0; d < count && count >= kLeastPlaces; ++d) {
    for (std::size_t e = 0; e < count; ++e) {
      distance[e] = 0;
      for (std::size_t k = 0; k < n; ++k) {
        const double off = places.at[d * n + k] - places.at[e * n + k];
        distance[e] += off * off;
      }
    }
    std::nth_element(distance.begin(), distance.begin() + static_cast<std::ptrdiff_t>(near), distance.end());
    places.width.push_back(std::max(1e-3, std::sqrt(distance[near] / static_cast<double>(n))));
  }
  for (std::size_t d = 0; d < places.count(); d += kWidth) {
    Vec precision(0.0), log_peak(-kInf);
    std::vector<Vec> center(n, Vec(0.0));
    for (int i = 0; i < kWidth && d + static_cast<std::size_t>(i) < places.count(); ++i) {
      const auto at = d + static_cast<std::size_t>(i);
      precision.set(i, 1 / (places.width[at] * places.width[at]));
      log_peak.set(i, -static_cast<double>(n) * log(places.width[at]));
      for (std::size_t k = 0; k < n; ++k) center[k].set(i, places.at[at * n + k]);
    }
    places.centers.insert(places.centers.end(), center.begin(), center.end());
    places.precision.push_back(precision);
    places.log_peak.push_back(log_peak);
  }
}

/// ln of their density at a subject's own coordinates, without ln(2 pi) / 2 a coordinate.
double PosteriorDensity::log_places(const Places& places, std::span<const double> at) {
  const std::size_t n = at.size();
  terms_.clear();
  Vec top(-kInf), sum(0.0);
  for (std::size_t d = 0; d < places.precision.size(); ++d) {
    Vec square(0.0);
    for (std::size_t k = 0; k < n; ++k) {
      const Vec off = Vec(at[k]) - places.centers[d * n + k];
      square += off * off;
    }
    terms_.push_back(places.log_peak[d] - Vec(0.5) * square * places.precision[d]);
    top = max(top, terms_.back());
  }
  const double most = std::max({top[0], top[1], top[2], top[3]});
  for (const Vec t : terms_) sum += exp(t - Vec(most));
  return most + log(((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<double>(places.count()));
}

/// ln of the density of proposals around solutions at a subject's values, without ln(2 pi) / 2 a parameter.
double PosteriorDensity::log_tops(int subject, const std::vector<double>& value) const {
  const auto& tops = p_.tops(subject);
  const auto n = static_cast<std::size_t>(p_.params());
  std::vector<double> terms, z(n);
  for (const auto& t : tops) {
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) {
      z[i] = value[place(static_cast<int>(i), subject)] - t.center[i];
      for (std::size_t j = 0; j < i; ++j) z[i] -= t.root[i * n + j] * z[j];
      z[i] /= t.root[i * n + i];
      square += z[i] * z[i];
    }
    terms.push_back(t.log_peak - 0.5 * square);
  }
  const double most = *std::ranges::max_element(terms);
  double sum = 0;
  for (const double x : terms) sum += exp(x - most);
  return most + log(sum / static_cast<double>(tops.size()));
}

/// Words of a subject's attempt: which proposal, whether it is taken, and a normal a coordinate.
std::uint32_t PosteriorDensity::words(int subject, int attempt) const {
  return kOwnWords + static_cast<std::uint32_t>((attempt * p_.subjects() + subject) *
                                                (static_cast<int>(own_.size()) + 2));
}

/// A subject's proposal goes to `proposed_` and `value_`.
void PosteriorDensity::propose(int subject, const Places& places, const Draw& draw, std::uint32_t iteration,
                               int attempt) {
  const auto n = static_cast<std::size_t>(p_.params()), four = static_cast<std::size_t>(subject / kWidth);
  const auto first = words(subject, attempt);
  const Vec* expected = &expected_[four * n];
  const auto normal = [&](std::size_t k) {
    return draw.normal(iteration, first + 2 + static_cast<std::uint32_t>(k));
  };
  const double which = draw.uniform(iteration, first);
  const auto& tops = p_.tops(subject);
  const auto share = shares_of(places.count(), !tops.empty());
  const bool from_group = which < share.group, from_tops = which >= share.group + share.normal + share.places;
  Vec *y = four_y_.data(), *value = four_values_.data();
  for (std::size_t k = 0; k < n; ++k) {
    const Vec z(normal(k));
    y[k] = z;
    value[k] = expected[k] + Vec(spread_[k].sigma) * z;
  }
  for (std::size_t k = n; k < own_.size(); ++k) proposed_[place(static_cast<int>(k), subject)] = normal(k);
  if (from_tops && !tops.empty()) {
    const double left = which - share.group - share.normal - share.places;
    const auto& t = tops[std::min(
        tops.size() - 1, static_cast<std::size_t>(left / share.tops * static_cast<double>(tops.size())))];
    for (std::size_t i = 0; i < n; ++i) {
      double x = t.center[i];
      for (std::size_t j = 0; j <= i; ++j) x += t.root[i * n + j] * y[j][0];
      value[i] = Vec(x);
    }
  } else if (const double left = which - share.group - share.normal; left >= 0 && share.places > 0) {
    const auto d =
        std::min(places.count() - 1,
                 static_cast<std::size_t>(left / share.places * static_cast<double>(places.count())));
    const double* center = &places.at[d * own_.size()];
    for (std::size_t k = 0; k < n; ++k) y[k] = Vec(center[k]) + Vec(places.width[d]) * y[k];
    for (std::size_t k = n; k < own_.size(); ++k) {
      auto& v = proposed_[place(static_cast<int>(k), subject)];
      v = center[k] + places.width[d] * v;
    }
  }
  if (from_group || (from_tops && !tops.empty()))
    standard_[four].coordinates(value, y);
  else
    standard_[four].values(y, value);
  for (std::size_t k = 0; k < n; ++k) {
    const auto at = place(static_cast<int>(k), subject);
    proposed_[at] = y[k][subject % kWidth];
    value_[at] = value[k][subject % kWidth];
  }
}

/// Log densities of a subject's values and effects, up to constants: under the group, and as they are proposed.
PosteriorDensity::Chance PosteriorDensity::chance(int subject, const Places& places,
                                                  const std::vector<double>& value,
                                                  std::span<const double> own) {
  const auto share = shares_of(places.count(), !p_.tops(subject).empty());
  const auto n = static_cast<std::size_t>(p_.params()), four = static_cast<std::size_t>(subject / kWidth);
  const int lane = subject % kWidth;
  double squares = 0, of_y = 0, weighed = 0, to_value = 0, group = log(share.group);
  std::vector<double> w(n);
  for (std::size_t k = 0; k < n; ++k) {
    const int i = static_cast<int>(k);
    const double e = (value[place(i, subject)] - expected_[four * n + k][lane]) / spread_[k].sigma;
    squares += e * e;
    of_y += own[k] * own[k];
    to_value -= log(standard_[four].w(i, i)[lane]);
    group -= log(spread_[k].sigma);
    w[k] = e;
    if (!p_.correlated()) continue;
    const auto& l = correlation_.factor();
    for (std::size_t j = 0; j < k; ++j) w[k] -= l[k * n + j] * w[j];
    w[k] /= l[k * n + k];
  }
  for (const double x : w) weighed += x * x;
  double of_v = 0;
  for (std::size_t k = n; k < own.size(); ++k) of_v += own[k] * own[k];
  const double apart = log(share.normal) + to_value - 0.5 * (of_y + of_v);
  group -= 0.5 * (squares + of_v);
  const double there = share.places > 0 ? log(share.places) + to_value + log_places(places, own) : -kInf;
  const double solutions = share.tops > 0 ? log(share.tops) + log_tops(subject, value) - 0.5 * of_v : -kInf;
  const double top = std::max({apart, group, there, solutions});
  return {-0.5 * (weighed + of_v),
          top + log(exp(apart - top) + exp(group - top) + exp(there - top) + exp(solutions - top))};
}

/// A proposal for each of those who move, taken or not: by how much the density changed.
double PosteriorDensity::move_values(std::span<double> q, const Draw& draw, std::uint32_t iteration,
                                     int attempt) {
  const auto n = static_cast<std::size_t>(p_.params());
  const auto before = loglik_, kept = value_;
  std::vector<double> v;  // [subject that moves][v] where they were
  for (std::size_t i = 0; i < movers_.subjects.size(); ++i) {
    const int s = movers_.subjects[i];
    propose(s, movers_.places[i], draw, iteration, attempt);
    for (std::size_t k = n; k < own_.size(); ++k) {
      double& now = q[static_cast<std::size_t>(own(k, s))];
      v.push_back(now);
      now = proposed_[place(static_cast<int>(k), s)];
    }
  }
  movers_choices(q);
  std::vector<double> to(own_.size());
  double gained = 0;
  for (std::size_t m = 0; m < movers_.subjects.size(); ++m) {
    const int s = movers_.subjects[m];
    const auto at = static_cast<std::size_t>(s);
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = proposed_[place(static_cast<int>(k), s)];
    auto& old = movers_.here[m];
    const auto now = chance(s, movers_.places[m], value_, to);
    const double gain = loglik_[at] - before[at] + now.prior - old.prior;
    const bool taken =
        log(draw.uniform(iteration, words(s, attempt) + 1)) < gain - now.proposal + old.proposal;
    if (taken) {
      gained += gain;
      old = now;
    } else {
      loglik_[at] = before[at];
    }
    for (std::size_t k = 0; k < n; ++k) {
      const auto i = place(static_cast<int>(k), s);
      if (taken)
        q[static_cast<std::size_t>(own(k, s))] = to[k];
      else
        value_[i] = kept[i];
    }
    const std::size_t effects = to.size() - n;
    for (std::size_t k = 0; !taken && k < effects; ++k)
      q[static_cast<std::size_t>(own(n + k, s))] = v[m * effects + k];
  }
  return gained;
}

double PosteriorDensity::move(std::span<double> q, const Draw& draw, std::uint32_t iteration) {
  const std::size_t slot = static_cast<std::size_t>(seen_++) % kRemembered * squares_.size();
  recent_.resize(std::max(recent_.size(), slot + squares_.size()));
  for (std::size_t k = 0; k < own_.size(); ++k)
    for (int s = 0; s < p_.subjects(); ++s) {
      const double x = q[static_cast<std::size_t>(own(k, s))];
      const auto at = place(static_cast<int>(k), s);
      squares_[at] += x * x;
      recent_[slot + at] = x;
    }
  if (movers_.subjects.empty()) return 0;
  spread(q);
  if (p_.correlated())
    correlation_.set(
        q.subspan(static_cast<std::size_t>(p_.correlation()), static_cast<std::size_t>(correlation_.size())));
  movers_choices(q);
  movers_.here.clear();
  std::vector<double> at(own_.size());
  for (std::size_t m = 0; m < movers_.subjects.size(); ++m) {
    for (std::size_t k = 0; k < at.size(); ++k)
      at[k] = q[static_cast<std::size_t>(own(k, movers_.subjects[m]))];
    movers_.here.push_back(chance(movers_.subjects[m], movers_.places[m], value_, at));
  }
  double gained = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) gained += move_values(q, draw, iteration, attempt);
  return gained;
}

}  // namespace labile
