/// Brute force for plasticity rules, and networks whose sources and targets fire exactly when told.
///
/// The oracle knows the rule as src/plasticity/rule.hpp and src/network/spec.hpp define it and nothing of how
/// the engine computes it: it walks every synapse step by step in double, in the synapse's own time (a
/// source's spike arrives delay - dendritic after it was fired, a target's spike dendritic after it), and
/// cuts every step into a hundred pieces to integrate g(t) exp(-t/tau_e).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "network/network.hpp"
#include "plasticity/catalogue.hpp"

namespace labile::told {

using Train = std::vector<Step>;  // ascending

inline Setting is(double v) {
  return Setting{Value(v), {}};
}
inline Setting is(int v) {
  return is(static_cast<double>(v));
}
inline Setting is(const char* v) {
  return Setting{Value(std::string(v)), {}};
}
inline Setting is(std::vector<double> v) {
  return Setting{Value(std::move(v)), {}};
}
inline Distribution constant(double v) {
  return {Distribution::Kind::constant, v};
}
inline Distribution uniform(double lo, double hi) {
  return {Distribution::Kind::uniform, lo, hi};
}

/// A field's pulses and a gate over fields, for the engine as text and for the oracle as a function.
struct GateCase {
  std::string text;
  std::function<double(const std::vector<double>&)> value;  // of the fields, in order
};

struct Case {
  double dt_ms = 0.1;
  Step steps = 0;
  std::vector<Train> pre, post;
  bool recurrent = false;  // the targets are the sources: autapses; `pre` is then ignored
  std::string rule = "three_factor_stdp";
  Settings params;
  ConnectivitySpec connect;
  Distribution weight{Distribution::Kind::constant, 20}, delay_ms{Distribution::Kind::constant, 1};
  double dendritic_ms = 0;
  Step driver_delay = 1;  // steps; bounds the exchange interval from above
  std::vector<FieldSpec> fields;
  std::vector<GateCase> gates;  // the first is the projection's
};

inline void add_replay(NetworkSpec& spec, const char* name, const std::vector<Train>& trains, Step earlier) {
  PopulationSpec p;
  p.name = name;
  p.model = "replay";
  p.size = static_cast<int>(trains.size());
  std::vector<double> units, times;
  for (std::size_t i = 0; i < trains.size(); ++i)
    for (const Step k : trains[i]) {
      units.push_back(static_cast<double>(i));
      times.push_back(static_cast<double>(k - earlier) * spec.dt_ms);
    }
  p.params = {{"units", is(units)}, {"times", is(times)}};
  spec.populations.push_back(p);
}

/// Targets: neurons with time constants far below a step, kicked over their threshold by one huge input each,
/// and insensitive to the plastic weights by many orders of magnitude.
inline PopulationSpec obedient(const char* name, int size, double dt) {
  PopulationSpec p;
  p.name = name;
  p.model = "lif_exp";
  p.size = size;
  const double tau = std::max(1e-3, dt / 100);
  p.params = {{"C_m", is(1)},    {"tau_m", is(dt / 5)}, {"E_L", is(0)},          {"V_reset", is(0)},
              {"V_th", is(100)}, {"t_ref", is(0)},      {"tau_syn_ex", is(tau)}, {"tau_syn_in", is(tau)}};
  return p;
}
inline constexpr double kKick = 1e8;  // pA

inline NetworkSpec spec_of(const Case& c) {
  NetworkSpec s;
  s.dt_ms = c.dt_ms;
  if (!c.recurrent) add_replay(s, "pre", c.pre, 0);
  add_replay(s, "driver", c.post, c.driver_delay + 1);
  s.populations.push_back(obedient("post", static_cast<int>(c.post.size()), c.dt_ms));
  s.fields = c.fields;
  for (std::size_t i = 0; i < c.gates.size(); ++i)
    s.gates.push_back({"g" + std::to_string(i), c.gates[i].text, {}});
  ProjectionSpec kick;
  kick.name = "kick";
  kick.source = "driver";
  kick.target = "post";
  kick.port = "AMPA";
  kick.connect.kind = ConnectivitySpec::Kind::one_to_one;
  kick.weight = constant(kKick);
  kick.delay_ms = constant(static_cast<double>(c.driver_delay) * c.dt_ms);
  s.projections.push_back(kick);
  ProjectionSpec p;
  p.name = "plastic";
  p.source = c.recurrent ? "post" : "pre";
  p.target = "post";
  p.port = "GABA_A";
  p.connect = c.connect;
  p.weight = c.weight;
  p.delay_ms = c.delay_ms;
  p.dendritic_ms = c.dendritic_ms;
  p.rule = c.rule;
  p.params = c.params;
  if (c.rule == "three_factor_stdp") p.gate = "g0";
  s.projections.push_back(p);
  return s;
}

struct Reading {
  double w = 0, change = 0;  // since the start, to full precision
  double e = 0;
  double gross_w = 0;  // integral of |eta g e|, or the sum of |changes| for rules without a gate
  double gross_e = 0;  // as e, with the absolute values of its jumps
};

class Oracle {
 public:
  explicit Oracle(const Case& c) : c_(c), rule_(find_rule(c.rule).make(c.params)) {
    dendritic_ = std::llround(c.dendritic_ms / c.dt_ms);
    // As docs/plasticity.md tells when silent sources are refreshed, and not as the engine says.
    epoch_ = std::llround(std::min(rule_.tau_plus_ms, 10 * rule_.tau_minus_ms) / c.dt_ms);
    const double epoch_ms = static_cast<double>(epoch_) * c.dt_ms;
    const int most = 21 * rule_.tau_plus_ms / epoch_ms <= 31 ? 64 : 32;
    frames_ = std::clamp(static_cast<int>(std::ceil(640 / epoch_ms)), 8, most);
    const auto n = static_cast<std::size_t>(c.steps) + 1;
    limits();
    piece_.assign(n, 0);
    piece_abs_.assign(n, 0);
    if (rule_.gated) integrate();
    plus_.assign(n, 1);
    minus_.assign(n, 1);
    if (!rule_.A_plus_gate.empty()) plus_ = right_[gate_named(rule_.A_plus_gate)];
    if (!rule_.A_minus_gate.empty()) minus_ = right_[gate_named(rule_.A_minus_gate)];
  }

  [[nodiscard]] const RuleForm& rule() const { return rule_; }
  /// What one pair of coincident spikes makes of e and, with the mean of |g|, of w.
  struct Pair {
    double w, e;
  };
  [[nodiscard]] Pair one_pair() const {
    const double e = std::max(std::abs(rule_.A2_plus), std::abs(rule_.A3_plus));
    if (!rule_.gated) return {std::abs(rule_.eta) * e * (rule_.soft ? rule_.w_max - rule_.w_min : 1), 1};
    double g = 0;
    for (const double piece : piece_abs_) g += piece;
    const double T = static_cast<double>(c_.steps) * c_.dt_ms, tau = std::min(T, rule_.tau_e_ms);
    return {std::abs(rule_.eta) * e * g / T * tau, e};
  }
  /// Times that the oracle gets wrong on purpose, to see that a test notices.
  bool spike_before_arrival = false;
  bool no_refresh = false;

  /// A synapse read when `reads` (ascending) steps are done. Interventions, of the present time:
  struct Act {
    Step at;
    enum { set_weight, clear } what;
    double w;
  };
  [[nodiscard]] std::vector<Reading> walk(const Train& fired, const Train& post, Step delay, double w0,
                                          const std::vector<Step>& reads,
                                          const std::vector<Act>& acts = {}) const {
    const RuleForm& r = rule_;
    const auto decay = [&](double tau) { return std::exp(-c_.dt_ms / tau); };
    const double De = decay(r.tau_e_ms), Dx = decay(r.tau_plus_ms), Dy = decay(r.tau_minus_ms),
                 Dr = decay(r.tau_x_ms), Do = decay(r.tau_y_ms);
    const double lo = r.w_min - w0, hi = r.w_max - w0;
    const std::vector<Visit> visits = visits_of(fired);
    double w = 0, u = 0, e = 0, x = 0, y = 0, r2 = 0,
           o2 = 0;  // w: less w0; u: soft bounds, change since the last visit
    Reading gross;
    std::size_t v = 0, p = 0, a = 0;
    std::vector<Reading> out;
    const auto clip = [&](double z) { return std::min(std::max(z, lo), hi); };
    const auto room = [&](double change) { return change > 0 ? hi - w : w - lo; };
    const auto present = [&] { return r.soft ? clip(w + u * room(u)) : clip(w); };
    // On the step clock bounds, and the factors of soft ones, apply to every single change.
    const bool stepwise = r.clock == RuleClock::step;
    const auto add = [&](double change) {
      if (stepwise)
        w = clip(w + change * (r.soft ? room(change) : 1));
      else
        (r.soft ? u : w) += change;
    };
    const auto visit = [&](Step k, bool deliver) {
      w = present();
      u = 0;
      if (!deliver) return;
      const double jump = -minus_[static_cast<std::size_t>(k)] * (r.A2_minus + r.A3_minus * r2) * y;
      if (r.gated) {
        e += jump;
        gross.gross_e += std::abs(jump);
      } else {
        gross.gross_w += std::abs(r.eta * jump) * (r.soft ? r.w_max - r.w_min : 1);
        w = clip(w + r.eta * jump * (r.soft ? room(r.eta * jump) : 1));
      }
      x += 1;
      r2 += 1;
    };
    const auto spike = [&](Step k) {
      const double jump = plus_[static_cast<std::size_t>(k)] * (r.A2_plus + r.A3_plus * o2) * x;
      if (r.gated) {
        e += jump;
        gross.gross_e += std::abs(jump);
      } else {
        add(r.eta * jump);
        gross.gross_w += std::abs(r.eta * jump) * (r.soft ? r.w_max - r.w_min : 1);
      }
      y += 1;
      o2 += 1;
    };
    const double scale = r.soft ? r.w_max - r.w_min : 1;
    std::size_t next = 0;
    for (Step k = 1; next < reads.size(); ++k) {
      const Step last = reads[next] - dendritic_;
      if (k <= last) {
        const auto i = static_cast<std::size_t>(k);
        add(r.eta * e * piece_[i]);
        gross.gross_w += std::abs(r.eta * e) * piece_abs_[i] * scale;
        e *= De;
        gross.gross_e *= De;
        x *= Dx;
        y *= Dy;
        r2 *= Dr;
        o2 *= Do;
        if (std::abs(e) < 1e-200) e = 0;
        if (gross.gross_e < 1e-200) gross.gross_e = 0;
        if (spike_before_arrival)
          for (; p < post.size() && post[p] + dendritic_ == k; ++p) spike(k);
        for (; v < visits.size() && visits[v].at + delay - dendritic_ == k; ++v) visit(k, visits[v].deliver);
        for (; p < post.size() && post[p] + dendritic_ == k; ++p) spike(k);
        for (; a < acts.size() && acts[a].at == k; ++a) {
          if (acts[a].what == Act::clear) visit(k, false), e = 0;  // settles the weight, as a refresh does
          if (acts[a].what == Act::set_weight) w = acts[a].w - w0, u = 0;
        }
      }
      for (; next < reads.size() && reads[next] - dendritic_ <= k; ++next)
        out.push_back({w0 + present(), present(), e, gross.gross_w, gross.gross_e});
    }
    return out;
  }

  /// Limits of gate i at every step, from the left and from the right.
  [[nodiscard]] const std::vector<double>& left(std::size_t i) const { return left_[i]; }
  [[nodiscard]] const std::vector<double>& right(std::size_t i) const { return right_[i]; }

 private:
  struct Visit {
    Step at;
    bool deliver;
  };
  static std::size_t gate_named(const std::string& name) {
    return static_cast<std::size_t>(std::stoi(name.substr(1)));
  }

  void limits() {
    const auto n = static_cast<std::size_t>(c_.steps) + 1;
    std::vector<double> now;
    std::vector<std::vector<double>> jump;
    for (const FieldSpec& f : c_.fields) {
      now.push_back(f.tonic);
      jump.emplace_back(n, 0.0);
      for (const auto& p : f.pulses) {
        const auto k = static_cast<std::size_t>(std::llround(p.time_ms / c_.dt_ms));
        if (k < n) jump.back()[k] += p.amount;
      }
    }
    left_.assign(c_.gates.size(), std::vector<double>(n));
    right_ = left_;
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t f = 0; f < now.size() && k > 0; ++f)
        now[f] =
            c_.fields[f].tonic + (now[f] - c_.fields[f].tonic) * std::exp(-c_.dt_ms / c_.fields[f].tau_ms);
      for (std::size_t g = 0; g < c_.gates.size(); ++g) left_[g][k] = c_.gates[g].value(now);
      for (std::size_t f = 0; f < now.size(); ++f) now[f] += jump[f][k];
      for (std::size_t g = 0; g < c_.gates.size(); ++g) right_[g][k] = c_.gates[g].value(now);
    }
  }
  void integrate() {
    constexpr int kParts = 100;
    std::vector<double> weight(kParts), at(kParts);
    for (int i = 0; i < kParts; ++i) {
      at[static_cast<std::size_t>(i)] = (i + 0.5) / kParts;
      weight[static_cast<std::size_t>(i)] =
          std::exp(-(i + 0.5) / kParts * c_.dt_ms / rule_.tau_e_ms) * c_.dt_ms / kParts;
    }
    for (std::size_t k = 1; k < piece_.size(); ++k) {
      const double from = right_[0][k - 1], slope = left_[0][k] - from;
      for (std::size_t i = 0; i < kParts; ++i) {
        const double g = from + slope * at[i];
        piece_[k] += weight[i] * g;
        piece_abs_[k] += weight[i] * std::abs(g);
      }
    }
  }
  /// Arrivals, refreshes of silent sources and sweeps, by when they set off from the source: at the end of an
  /// epoch, every source that was last heard in the epoch whose frame is next but one to go.
  [[nodiscard]] std::vector<Visit> visits_of(const Train& fired) const {
    const Step epoch = epoch_, frames = frames_;
    const Step sweep = rule_.clock == RuleClock::sweep ? std::llround(rule_.sweep_ms / c_.dt_ms) : 0;
    std::vector<Visit> r;
    Step last = 0;
    std::size_t i = 0;
    // Only at multiples of the epoch and of the sweep does anything but spikes happen.
    for (Step n = 1; n <= c_.steps;) {
      for (; i < fired.size() && fired[i] == n; ++i) r.push_back({n, true}), last = n;
      const bool sweeps = sweep > 0 && n % sweep == 0;
      const Step oldest = (n / epoch - (frames - 2) + 1) * epoch;
      if (!no_refresh && last < n && (sweeps || (n % epoch == 0 && last < oldest)))
        r.push_back({n, false}), last = n;
      Step then = (n / epoch + 1) * epoch;
      if (sweep > 0) then = std::min(then, (n / sweep + 1) * sweep);
      if (i < fired.size()) then = std::min(then, fired[i]);
      n = then;
    }
    return r;
  }

  Case c_;
  RuleForm rule_;
  Step dendritic_, epoch_, frames_;
  std::vector<std::vector<double>> left_, right_;  // [gate][step]
  std::vector<double> piece_, piece_abs_;          // [step] integrals over the step that ends there
  std::vector<double> plus_, minus_;               // [step]
};

/// What a test needs of a run: the synapses at each reading and the spikes that were really fired.
struct Played {
  std::vector<SynapseState> start;
  std::vector<std::vector<SynapseState>> read;  // [reading]
  std::vector<Train> post;
};

inline Played play(const Case& c, const std::vector<Step>& reads, Execution execution = {}) {
  Network net(spec_of(c), 1, execution);
  Played r;
  r.post.resize(c.post.size());
  net.watch_spikes(net.population("post"), [&](std::span<const Network::Spike> spikes) {
    for (const auto& s : spikes) r.post[s.id].push_back(s.step);
  });
  const int p = net.projection("plastic");
  r.start = net.synapses(p);
  for (const Step at : reads) {
    net.run_until(at);
    r.read.push_back(net.synapses(p));
  }
  return r;
}

/// Largest errors over synapses and readings: of w relative to the synapse's gross change so far, of e
/// relative to gross_e at that time. At least, w: of what one coincident pair would make in all; e:
/// `least_e`, a thousandth, of it (the engine leaves out pairs more than 21 tau_plus apart, 1e-9 of a
/// coincident one).
struct Errors {
  double w = 0, e = 0;
  double clipped = 0;  // share of readings at a bound
  double gross = 0;    // mean gross change
  double change = 0;   // worst |dw - oracle's dw| over its |dw|, where |dw| is not far below gross
};
inline Errors compare(const Case& c, const Oracle& oracle, const Played& played,
                      const std::vector<Step>& reads, double least_e = 1e-3) {
  Errors worst;
  std::size_t n = 0;
  const auto pair = oracle.one_pair();
  EXPECT_FALSE(played.start.empty());
  for (std::size_t s = 0; s < played.start.size(); ++s) {
    const SynapseState& syn = played.start[s];
    const Train& fired = c.recurrent ? played.post[static_cast<std::size_t>(syn.source)]
                                     : c.pre[static_cast<std::size_t>(syn.source)];
    const auto truth = oracle.walk(fired, played.post[static_cast<std::size_t>(syn.target)],
                                   std::llround(syn.delay_ms / c.dt_ms), syn.w, reads);
    for (std::size_t k = 0; k < reads.size(); ++k, ++n) {
      const Reading& t = truth[k];
      const double dw = std::abs(played.read[k][s].w - syn.w - t.change),
                   de = std::abs(played.read[k][s].e - t.e);
      const double moved = std::abs(t.change);
      if (!(dw <= 1e300 && de <= 1e300)) worst.w = worst.e = INFINITY;  // NaN
      worst.w = std::max(worst.w, dw / std::max(t.gross_w, pair.w));
      worst.e = std::max(worst.e, de / std::max(t.gross_e, least_e * pair.e));
      if (moved > 0.05 * t.gross_w && t.gross_w > 1e-3 * pair.w)
        worst.change = std::max(worst.change, dw / moved);
      worst.clipped += t.w <= oracle.rule().w_min || t.w >= oracle.rule().w_max;
      worst.gross += t.gross_w;
    }
  }
  worst.clipped /= static_cast<double>(n);
  worst.gross /= static_cast<double>(n);
  return worst;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : bits_(seed) {}
  double u() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  /// Steps of a Poisson train within (first, last], on the grid; a step may hold two spikes when `doubles`.
  Train poisson(double hz, double dt, Step first, Step last, bool doubles = false) {
    Train t;
    double at = static_cast<double>(first);
    while (true) {
      at += -std::log(u()) / (hz * dt * 1e-3);
      const auto k = static_cast<Step>(std::ceil(at));
      if (k > last) return t;
      if (doubles || t.empty() || t.back() != k) t.push_back(k);
    }
  }
  double log_uniform(double lo, double hi) { return lo * std::exp(u() * std::log(hi / lo)); }

 private:
  std::mt19937_64 bits_;
};

/// A field with random pulses of both signs, so that gates over it jump and change sign.
inline FieldSpec random_field(const char* name, double tau, double tonic, double hz, double size,
                              double until_ms, double dt, Dice& dice) {
  FieldSpec f;
  f.name = name;
  f.tau_ms = tau;
  f.tonic = tonic;
  for (const Step k : dice.poisson(hz, dt, 0, static_cast<Step>(until_ms / dt)))
    f.pulses.push_back({static_cast<double>(k) * dt, size * (2 * dice.u() - 1)});
  return f;
}

/// Adds spikes of targets where one in ten of their sources' spikes arrives, whatever the delays are.
inline void tie(Case& c, Dice& dice) {
  Case probe = c;
  probe.steps = 1;
  for (Train& t : probe.post) t.clear();
  const std::vector<Step> none{0};
  for (const SynapseState& s : play(probe, none).start) {
    Train& post = c.post[static_cast<std::size_t>(s.target)];
    const Step delay = std::llround(s.delay_ms / c.dt_ms), dendritic = std::llround(c.dendritic_ms / c.dt_ms);
    for (const Step k : c.pre[static_cast<std::size_t>(s.source)]) {
      const Step at = k + delay - 2 * dendritic;  // arrives at the synapse together
      if (dice.u() < 0.1 && at > 300 && at <= c.steps) post.push_back(at);
    }
    std::sort(post.begin(), post.end());
    post.erase(std::unique(post.begin(), post.end()), post.end());
  }
}

/// Mean drift of a weight a second under independent Poisson trains, on a grid of dt: sources may fire more
/// than once in a step and arrive before the target's spike of the same step. Goes to the closed form with dt
/// to 0.
inline double triplet_drift(double rho_x, double rho_y, double dt_ms) {
  const double A2p = 5e-10, A3p = 6.2e-3, A2m = 7e-3, A3m = 2.3e-4;
  const double h = dt_ms * 1e-3;
  const auto sum = [&](double tau, int from) {  // h times the sum of exp(-k h / tau) from k = `from`
    return h * std::exp(-from * h / tau) / -std::expm1(-h / tau);
  };
  const double y = -std::expm1(-rho_y * h) / h;  // at most one spike a step
  // Potentiation reads x with the arrivals of its own step and o2 without its own spike; depression reads y
  // and r2 of earlier steps, and r2 also of an earlier arrival in the same step.
  const double up = rho_x * y * sum(0.0168, 0) * (A2p + A3p * y * sum(0.125, 1));
  const double down = rho_x * y * sum(0.0337, 1) * (A2m + A3m * rho_x * (sum(0.101, 1) + h / 2));
  return up - down;
}

}  // namespace labile::told
