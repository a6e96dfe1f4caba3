#include "network/connect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "core/math.hpp"
#include "core/parallel.hpp"

namespace labile {
namespace {

/// Delays that a distribution can give, ascending.
std::vector<std::uint32_t> possible_delays(const Distribution& d, double dt, const Where& where) {
  const auto check = [&](double ms) {
    if (!(ms >= dt * (1 - 1e-9)))
      throw Error(where,
                  fmt::format("delay: {} ms is below one step ({} ms); a spike needs at least one step to "
                              "take effect",
                              ms, dt));
    if (steps_of(ms, dt) > Connector::kMaxDelay)
      throw Error(where,
                  fmt::format("delay: {} ms is beyond the longest possible, {} steps of {} ms = {} ms", ms,
                              Connector::kMaxDelay, dt, static_cast<double>(Connector::kMaxDelay) * dt));
    return steps_of(ms, dt);
  };
  using Kind = Distribution::Kind;
  if (d.is_constant()) {
    const double ms = std::clamp(d.a, d.lo, d.hi);
    return {static_cast<std::uint32_t>(check(ms))};
  }
  double lo = std::max(d.a, d.lo), hi = std::min(d.b, d.hi);
  if (d.kind == Kind::normal || d.kind == Kind::lognormal || d.kind == Kind::exponential) {
    if (d.lo < -1e299 || d.hi > 1e299)
      throw Error(where, "delay: this distribution has no bounds; give it min and max, in ms");
    lo = d.lo;
    hi = d.hi;
  }
  const Step first = check(lo), last = check(hi);
  const Step stride = d.kind == Kind::uniform_integer ? std::max<Step>(1, steps_of(1.0, dt)) : 1;
  std::vector<std::uint32_t> r;
  for (Step s = first; s <= last; s += stride) r.push_back(static_cast<std::uint32_t>(s));
  return r;
}

struct Line {
  std::uint32_t source, target;
  double weight, delay;
  bool has_weight, has_delay;
};

std::vector<Line> read_list(const std::string& file, int sources, int targets, const Where& where) {
  std::ifstream in(file);
  if (!in) throw Error(where, fmt::format("connect: cannot read the list '{}'", file));
  std::string text;
  int number = 0, columns = 0;
  std::vector<Line> r;
  while (std::getline(in, text)) {
    ++number;
    if (!text.empty() && text.back() == '\r') text.pop_back();
    if (number == 1) {
      static const char* const names[] = {"source", "source,target", "source,target,weight",
                                          "source,target,weight,delay"};
      for (int c = 1; c < 4; ++c)
        if (text == names[c]) columns = c + 1;
      if (columns == 0)
        throw Error(Where{file, 1, 0, ""}, "the header must be source,target[,weight[,delay]]");
      continue;
    }
    if (text.empty()) continue;
    double v[4] = {0, 0, 0, 0};
    const char* at = text.c_str();
    for (int c = 0; c < columns; ++c) {
      char* end = nullptr;
      v[c] = std::strtod(at, &end);
      const bool last = c + 1 == columns;
      if (end == at || *end != (last ? '\0' : ',') || !std::isfinite(v[c]))
        throw Error(Where{file, number, static_cast<int>(at - text.c_str()) + 1, ""},
                    fmt::format("expected {} numbers, found '{}'", columns, text));
      at = end + 1;
    }
    const auto id = [&](double x, int n, const char* what) {
      if (x < 0 || x >= n || x != std::floor(x))
        throw Error(Where{file, number, 0, ""}, fmt::format("{} {} is not among 0..{}", what, x, n - 1));
      return static_cast<std::uint32_t>(x);
    };
    r.push_back(
        {id(v[0], sources, "source"), id(v[1], targets, "target"), v[2], v[3], columns > 2, columns > 3});
  }
  if (r.empty()) throw Error(where, fmt::format("connect: the list '{}' has no synapses", file));
  return r;
}
}  // namespace

double Distribution::least() const {
  if (is_constant() || kind == Kind::uniform || kind == Kind::uniform_integer) return std::clamp(a, lo, hi);
  return kind == Kind::normal ? lo : std::clamp(0.0, lo, hi);
}

void check_distribution(const Distribution& d, const Where& where, std::string_view what) {
  using Kind = Distribution::Kind;
  if (!std::isfinite(d.a) || !std::isfinite(d.b))
    throw Error(where, fmt::format("{}: {} is not a finite number", what, std::isfinite(d.a) ? d.b : d.a));
  const bool spread = d.kind == Kind::normal || d.kind == Kind::lognormal;
  if (spread && d.b < 0)
    throw Error(where, fmt::format("{}: the standard deviation {} is negative", what, d.b));
  if (d.kind == Kind::lognormal && d.a <= 0)
    throw Error(where, fmt::format("{}: the mean {} of a lognormal must be positive", what, d.a));
  if (d.kind == Kind::exponential && d.a <= 0)
    throw Error(where, fmt::format("{}: the mean {} of an exponential must be positive", what, d.a));
  if ((d.kind == Kind::uniform || d.kind == Kind::uniform_integer) && d.b < d.a)
    throw Error(where, fmt::format("{}: uniform from {} to {} is empty", what, d.a, d.b));
  if (d.hi < d.lo) throw Error(where, fmt::format("{}: min {} is above max {}", what, d.lo, d.hi));
}

double draw_from(const Distribution& d, const Draw& draw, std::uint32_t counter, std::uint32_t index) {
  using Kind = Distribution::Kind;
  double x = d.a;
  switch (d.kind) {
    case Kind::constant:
      break;
    case Kind::uniform:
      x = d.a + (d.b - d.a) * draw.uniform(counter, index);
      break;
    case Kind::normal:
      x = d.a + d.b * draw.normal(counter, index);
      break;
    case Kind::exponential:
      x = d.a * draw.exponential(counter, index);
      break;
    case Kind::uniform_integer:
      x = d.a + draw.below(static_cast<std::uint32_t>(d.b - d.a) + 1, counter, index);
      break;
    case Kind::lognormal: {
      const double s2 = log1p(d.b * d.b / (d.a * d.a));
      x = exp(log(d.a) - 0.5 * s2 + sqrt(s2) * draw.normal(counter, index));
      break;
    }
  }
  return std::clamp(x, d.lo, d.hi);
}

Connector::Connector(const ProjectionSpec& spec, int index, int sources, int targets, const Range& own,
                     bool same, double dt, std::uint64_t seed)
    : connect_(spec.connect),
      weight_(spec.weight),
      delay_(spec.delay_ms),
      index_(static_cast<std::uint32_t>(index)),
      sources_(sources),
      targets_(targets),
      own_(own),
      same_(same),
      dt_(dt),
      least_weight_(spec.weight.least()),
      seed_(seed) {
  const Where& at = spec.where;
  check_distribution(weight_, at, "weight");
  check_distribution(delay_, at, "delay");
  using Kind = ConnectivitySpec::Kind;
  const bool excludes_itself = same && !connect_.autapses;
  const int others = sources - excludes_itself;
  switch (connect_.kind) {
    case Kind::fixed_indegree:
    case Kind::fixed_outdegree: {
      const bool in = connect_.kind == Kind::fixed_indegree;
      const int most = in ? others : targets - excludes_itself;
      const char* name = in ? "fixed_indegree" : "fixed_outdegree";
      if (connect_.degree < 1)
        throw Error(at, fmt::format("{} must be at least 1, here {}", name, connect_.degree));
      if (most < 1) throw Error(at, fmt::format("{}: there is no neuron to connect to", name));
      if (!connect_.multapses && connect_.degree > most)
        throw Error(at, fmt::format("{} = {} without multapses, but there are only {} neurons to choose from",
                                    name, connect_.degree, most));
      expected_ = in ? connect_.degree : static_cast<double>(connect_.degree) * sources / targets;
      break;
    }
    case Kind::bernoulli:
    case Kind::distance:
      if (!(connect_.probability > 0 && connect_.probability <= 1))
        throw Error(at, fmt::format("the probability of a connection must be above 0 and at most 1, here {}",
                                    connect_.probability));
      expected_ = connect_.probability * others;
      if (connect_.kind == Kind::distance) {
        if (!(connect_.sigma > 0))
          throw Error(at, fmt::format("sigma must be positive, here {}", connect_.sigma));
        expected_ *= std::min(1.0, 2.5066282746310002 * connect_.sigma);
      }
      break;
    case Kind::one_to_one:
      if (sources != targets)
        throw Error(
            at, fmt::format("one_to_one needs populations of one size, here {} and {}", sources, targets));
      expected_ = 1;
      break;
    case Kind::all_to_all:
      expected_ = others;
      break;
    case Kind::list: {
      const auto lines = read_list(connect_.file, sources, targets, at);
      least_weight_ = std::numeric_limits<double>::infinity();
      for (const Line& l : lines) {
        const double ms = l.has_delay ? l.delay : delay_.a;
        Distribution one{Distribution::Kind::constant, ms};
        const auto d = possible_delays(one, dt, at);
        const auto w = static_cast<float>(l.has_weight ? l.weight : weight_.a);
        least_weight_ = std::min(least_weight_, static_cast<double>(w));
        delays_.push_back(d[0]);
        const int t = static_cast<int>(l.target);
        if (t >= own_.first && t < own_.first + own_.count)
          listed_.push_back({l.target, {l.source, d[0], w}});
      }
      std::stable_sort(listed_.begin(), listed_.end(),
                       [](const Listed& a, const Listed& b) { return a.target < b.target; });
      std::sort(delays_.begin(), delays_.end());
      delays_.erase(std::unique(delays_.begin(), delays_.end()), delays_.end());
      expected_ = static_cast<double>(lines.size()) / targets;
      break;
    }
  }
  if (connect_.kind != Kind::list) delays_ = possible_delays(delay_, dt, at);
  if (others < 1 && connect_.kind != Kind::list)
    throw Error(at, "a population of one neuron without autapses has no synapse to itself");
  if (connect_.kind == Kind::fixed_outdegree) draw_outdegree({targets, 0, same ? 0 : -1}, index);
}

Connector::Connector(const ProjectionSpec& spec, int index, int sources, int targets, const Range& own,
                     const Group& group, double dt, std::uint64_t seed)
    : Connector(spec, index, sources, targets, own, false, dt, seed) {
  if (connect_.kind != ConnectivitySpec::Kind::fixed_outdegree)
    throw Error(spec.where, "several target populations at once are for fixed_outdegree only");
  draw_outdegree(group, 1000000 + spec.group_draw);
  expected_ = static_cast<double>(connect_.degree) * sources / group.size;
}

/// Each source draws its targets; then they are sorted by target.
void Connector::draw_outdegree(const Group& group, int index) {
  const auto n = static_cast<std::uint32_t>(group.size), first = static_cast<std::uint32_t>(group.first);
  const auto degree = static_cast<std::size_t>(connect_.degree);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> drawn;  // target, source
  const std::uint32_t own_first = first + static_cast<std::uint32_t>(own_.first);
  const auto own = static_cast<std::uint32_t>(own_.count);
  out_begin_.assign(std::size_t{own} + 1, 0);
  if (own == 0) return;
  std::vector<std::uint32_t> mark(n, std::numeric_limits<std::uint32_t>::max());
  for (std::uint32_t s = 0; s < static_cast<std::uint32_t>(sources_); ++s) {
    if (interrupted()) throw Interrupted("stopped");
    const Draw draw{seed_, Purpose::connection, s};
    std::array<std::uint32_t, 4> w{};
    std::uint32_t used = 0;
    for (std::size_t k = 0; k < degree;) {
      if (used % 4 == 0) w = draw.bits(used / 4, static_cast<std::uint32_t>(index));
      const auto t = static_cast<std::uint32_t>((std::uint64_t{w[used++ % 4]} * n) >> 32);
      const bool itself = group.self >= 0 && t == static_cast<std::uint32_t>(group.self) + s;
      if ((itself && !connect_.autapses) || (!connect_.multapses && mark[t] == s)) continue;
      mark[t] = s;
      ++k;
      if (t < own_first || t >= own_first + own) continue;
      drawn.emplace_back(t - own_first, s);
      ++out_begin_[t - own_first + 1];
    }
  }
  for (std::size_t t = 0; t < own; ++t) out_begin_[t + 1] += out_begin_[t];
  out_source_.resize(drawn.size());
  std::vector<std::uint32_t> next(out_begin_.begin(), out_begin_.end() - 1);
  for (const auto& [t, s] : drawn) out_source_[next[t]++] = s;
}

void Connector::sources_of(int target, std::vector<std::uint32_t>& out) const {
  using Kind = ConnectivitySpec::Kind;
  out.clear();
  const auto t = static_cast<std::uint32_t>(target), n = static_cast<std::uint32_t>(sources_);
  const bool skip_self = same_ && !connect_.autapses;
  const Draw draw{seed_, Purpose::connection, t};
  switch (connect_.kind) {
    case Kind::fixed_indegree: {
      std::array<std::uint32_t, 4> w{};
      const auto degree = static_cast<std::size_t>(connect_.degree);
      thread_local std::vector<std::uint8_t> taken;
      if (!connect_.multapses) taken.assign(n, 0);
      for (std::uint32_t used = 0; out.size() < degree;) {
        if (used % 4 == 0) w = draw.bits(used / 4, index_);
        const auto s = static_cast<std::uint32_t>((std::uint64_t{w[used++ % 4]} * n) >> 32);
        if (skip_self && s == t) continue;
        if (!connect_.multapses) {
          if (taken[s]) continue;
          taken[s] = 1;
        }
        out.push_back(s);
      }
      break;
    }
    case Kind::fixed_outdegree: {
      const std::size_t i = t - static_cast<std::uint32_t>(own_.first);
      out.assign(out_source_.begin() + out_begin_[i], out_source_.begin() + out_begin_[i + 1]);
      break;
    }
    case Kind::bernoulli: {
      if (connect_.probability >= 1) {
        for (std::uint32_t s = 0; s < n; ++s)
          if (!(skip_self && s == t)) out.push_back(s);
        break;
      }
      // The number of misses before the next hit is geometric.
      const double per = 1 / log1p(-connect_.probability);
      double at = -1;
      for (std::uint32_t k = 0;; ++k) {
        at += 1 + std::floor(log(draw.uniform(k, index_)) * per);
        if (at >= n) break;
        const auto s = static_cast<std::uint32_t>(at);
        if (!(skip_self && s == t)) out.push_back(s);
      }
      break;
    }
    case Kind::distance: {
      const double here = static_cast<double>(t) / targets_, scale = -0.5 / (connect_.sigma * connect_.sigma);
      for (std::uint32_t s = 0; s < n; ++s) {
        if (skip_self && s == t) continue;
        double d = std::abs(here - static_cast<double>(s) / n);
        d = std::min(d, 1 - d);
        if (draw.uniform(s, index_) < connect_.probability * exp(scale * d * d)) out.push_back(s);
      }
      break;
    }
    case Kind::one_to_one:
      out.push_back(t);
      break;
    case Kind::all_to_all:
      for (std::uint32_t s = 0; s < n; ++s)
        if (!(skip_self && s == t)) out.push_back(s);
      break;
    case Kind::list:
      break;
  }
}

void Connector::synapses(int target, std::vector<NewSynapse>& out) const {
  const auto t = static_cast<std::uint32_t>(target);
  if (connect_.kind == ConnectivitySpec::Kind::list) {
    auto it = std::lower_bound(listed_.begin(), listed_.end(), t,
                               [](const Listed& l, std::uint32_t x) { return l.target < x; });
    for (; it != listed_.end() && it->target == t; ++it) out.push_back(it->synapse);
    return;
  }
  thread_local std::vector<std::uint32_t> sources;
  sources_of(target, sources);
  const Draw weights{seed_, Purpose::weight, t}, delays{seed_, Purpose::delay, t};
  const bool same_weight = weight_.is_constant(), same_delay = delays_.size() == 1;
  for (std::uint32_t k = 0; k < sources.size(); ++k) {
    const double w = same_weight ? weight_.a : draw_from(weight_, weights, k, index_);
    std::uint32_t d = delays_[0];
    if (!same_delay) {
      const auto steps = static_cast<std::uint32_t>(std::llround(draw_from(delay_, delays, k, index_) / dt_));
      d = std::clamp(steps, delays_.front(), delays_.back());
    }
    out.push_back({sources[k], d, static_cast<float>(w)});
  }
}

}  // namespace labile
