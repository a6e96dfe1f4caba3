/// A learner that tunes its own learning rate, inverse temperature and discount by trial and error.
///
/// Q[state][option] starts at v0; choice softmax(beta Q). When the next decision (s', c') is made, the last
/// one (s, c) with what it paid, r (0 at a first stage), learns
///   delta = r + gamma Q[s'][c'] - Q[s][c],   Q[s][c] += alpha delta
/// so the discount gamma decides how much of what follows a choice counts for it; where values start afresh
/// nothing follows. Each of the three parameters is the link of x = x0 + b + e:
///   gamma = logistic(x),  beta = exp(x),  alpha = min(1, exp(x)),  x0 from gamma0, beta0, alpha0
///   e ~ N(0, noise), drawn anew every `period` decisions;  after each outcome r
///   fast += (r - fast) / tau_fast,  slow += (r - slow) / tau_slow,  b += mu e (fast - slow)
/// A perturbation that came with more reward than of late moves its parameter its own way.
///
/// Mapping after Doya (2002): delta dopamine, gamma serotonin, beta noradrenaline, alpha acetylcholine.
/// Source: Schweighofer & Doya (2003), doi:10.1016/S0893-6080(02)00228-9; Doya (2002),
/// doi:10.1016/S0893-6080(02)00044-8. Differs from it: choices in the tasks at hand (there a Markov problem
/// and an actor-critic in continuous time); time constants, noise and links are ours. Perturbations are keyed
/// draws of the subject, so play is reproducible; a likelihood would have to average over perturbations that
/// nobody sees, so there is none.
#include <algorithm>
#include <array>

#include "contract/agent.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "learners/agent_rows.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
constexpr Info kInfo{"meta_learning", "tunes its learning rate, temperature and discount by trial and error",
                     "doi:10.1016/S0893-6080(02)00228-9"};

struct Params {
  double alpha0 = 0.1, beta0 = 3, gamma0 = 0.5, v0 = 0, mu = 0.02, noise = 1;
  double period = 100, tau_fast = 20, tau_slow = 100;
};
std::vector<Field<Params>> table() {
  using P = Params;
  return {{"alpha0", "1", &P::alpha0, {1e-6, 1}, "learning rate at the start"},
          {"beta0", "1", &P::beta0, {1e-6, 1000}, "inverse temperature at the start"},
          {"gamma0", "1", &P::gamma0, {1e-6, 0.999999}, "discount at the start"},
          {"v0", "outcome", &P::v0, {-1e6, 1e6}, "value of every option at the start"},
          {"mu", "1", &P::mu, {0, 1000}, "rate at which parameters follow reward"},
          {"noise", "1", &P::noise, {0, 100}, "standard deviation of a perturbation, on the link's scale"},
          {"period", "trials", &P::period, {1, 1e9}, "decisions that a perturbation lasts"},
          {"tau_fast", "trials", &P::tau_fast, {1, 1e9}, "time constant of recent reward"},
          {"tau_slow", "trials", &P::tau_slow, {1, 1e9}, "time constant of the reward it is compared with"}};
}

enum Tuned { kAlpha, kBeta, kGamma, kTuned };

void check(const Layout& l) {
  if (!l.feature_is_option)
    throw Error("learner 'meta_learning' keeps values of options, not of their features");
}

class MetaLearning final : public Agent {
 public:
  explicit MetaLearning(std::vector<Params> rows) : rows_(std::move(rows)) {
    handles_ = {
        {"alpha", "learning rate in use", {Effect::scale, Effect::set, Effect::add}, false, {0, 1}},
        {"beta", "inverse temperature in use", {Effect::scale, Effect::set, Effect::add}, false, {0, 1000}},
        {"gamma", "discount in use", {Effect::scale, Effect::set, Effect::add}, false, {0, 1}},
        {"mu", "rate of tuning", {Effect::scale, Effect::set, Effect::add}, false, {0, 1000}}};
    signals_ = {{"alpha", "learning rate", "1"},
                {"beta", "inverse temperature", "1"},
                {"gamma", "discount", "1"},
                {"delta", "prediction error", "outcome units"}};
  }

  void begin(const TaskInfo& task, const Subjects& subjects) override {
    layout_ = task.layout;
    stages_ = task.stages;
    if (task.reports)
      throw Error("learner 'meta_learning' chooses among options; this task asks for a number");
    check(layout_);
    seed_ = subjects.seed;
    entity_.assign(subjects.entity.begin(), subjects.entity.end());
    lanes_.assign(entity_.size(), {});
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = lanes_[i];
      lane.p = rows_[entity_[i] % rows_.size()];
      lane.mu = lane.p.mu;
      lane.x0 = {log(lane.p.alpha0), log(lane.p.beta0), log(lane.p.gamma0 / (1 - lane.p.gamma0))};
      lane.effect.fill({Effect::scale, 1});
      restart(lane);
    }
  }

  void phase(const Phase& ph, const Actions& actions) override {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (!ph.live[i]) continue;
      if (ph.kind == PhaseKind::choice && ph.awaits_action) {
        actions.choice[i] = choose(ph, i);
        actions.rt_ms[i] = kNaN;
      }
      if (ph.kind == PhaseKind::outcome) take(ph, lanes_[i], ph.outcome[i]);
    }
  }

  [[nodiscard]] const std::vector<Handle>& handles() const override { return handles_; }
  void apply(int handle, int lane, Effect e) override {
    Lane& l = lanes_[static_cast<std::size_t>(lane)];
    const auto h = static_cast<std::size_t>(handle);
    if (h < kTuned)
      l.effect[h] = e;
    else
      l.mu = bounded(changed(l.p.mu, e), h);
  }
  [[nodiscard]] const std::vector<SignalInfo>& signals() const override { return signals_; }
  void read(int signal, std::span<double> out) const override {
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      out[i] = signal < kTuned ? lanes_[i].used[static_cast<std::size_t>(signal)] : lanes_[i].delta;
  }

 private:
  struct Lane {
    Params p;
    std::array<double, kTuned> x0{}, b{}, e{}, used{};  // start, baseline, perturbation; value after the link
    std::array<Effect, kTuned> effect;                  // of a manipulation on the value in use
    double mu = 0, fast = 0, slow = 0, delta = 0;
    std::array<double, kMaxStates * kMaxOptions> q{};
    int last = -1;      // state and option of the decision that has yet to learn; -1 = none
    double reward = 0;  // that it brought
    bool known = false;
  };

  static double changed(double x, Effect e) {
    return e.op == Effect::scale ? x * e.amount : e.op == Effect::add ? x + e.amount : e.amount;
  }
  [[nodiscard]] double bounded(double x, std::size_t handle) const {
    const auto& b = handles_[handle].bounds;
    return clamp(x, b.lo, b.hi);
  }
  void restart(Lane& lane) {
    lane.q.fill(lane.p.v0);
    lane.last = -1;
    lane.delta = 0;
  }
  /// Parameters as they now are, with a new perturbation where one is due.
  void tune(Lane& lane, std::size_t i, int trial) {
    if (trial % static_cast<int>(lane.p.period) == 0) {
      const Draw draw{seed_, Purpose::dynamics, entity_[i]};
      for (std::uint32_t k = 0; k < kTuned; ++k)
        lane.e[k] = lane.p.noise * draw.normal(static_cast<std::uint32_t>(trial), k);
    }
    for (std::size_t k = 0; k < kTuned; ++k) {
      const double x = lane.x0[k] + lane.b[k] + lane.e[k];
      const double value = k == kGamma ? logistic(x) : exp(x);
      lane.used[k] = bounded(changed(value, lane.effect[k]), k);
    }
  }
  /// The last decision learns from its reward and from what followed.
  static void learn(Lane& lane, double following) {
    if (lane.last >= 0 && lane.known) {
      double& q = lane.q[static_cast<std::size_t>(lane.last)];
      lane.delta = lane.reward + lane.used[kGamma] * following - q;
      q += lane.used[kAlpha] * lane.delta;
    }
    lane.last = -1;
  }

  int choose(const Phase& ph, std::size_t i) {
    Lane& lane = lanes_[i];
    if (ph.fresh[i]) {
      learn(lane, 0);
      restart(lane);
    }
    tune(lane, i, ph.trial);
    const int n = layout_.options, state = ph.state.empty() ? 0 : ph.state[i];
    const double* q = lane.q.data() + state * n;
    const double top = *std::max_element(q, q + n);
    std::array<double, kMaxOptions> weight{};
    double sum = 0;
    for (int o = 0; o < n; ++o)
      sum += weight[static_cast<std::size_t>(o)] = exp(lane.used[kBeta] * (q[o] - top));
    double mark =
        sum * Draw{seed_, Purpose::choice, entity_[i]}.uniform(static_cast<std::uint32_t>(ph.trial));
    int c = 0;
    while (c + 1 < n && mark >= weight[static_cast<std::size_t>(c)])
      mark -= weight[static_cast<std::size_t>(c++)];
    learn(lane, q[c]);
    lane.last = state * n + c;
    lane.known = false;
    return c;
  }
  /// What the decision brought; a stage before the last brings nothing of its own.
  void take(const Phase& ph, Lane& lane, double outcome) const {
    if (ph.stage + 1 < stages_) {
      lane.reward = 0;
      lane.known = true;
      return;
    }
    if (outcome != outcome) return;
    lane.reward = outcome;
    lane.known = true;
    lane.fast += (outcome - lane.fast) / lane.p.tau_fast;
    lane.slow += (outcome - lane.slow) / lane.p.tau_slow;
    for (std::size_t k = 0; k < kTuned; ++k) lane.b[k] += lane.mu * lane.e[k] * (lane.fast - lane.slow);
  }

  std::vector<Params> rows_;  // [subject]
  Layout layout_;
  int stages_ = 1;
  std::uint64_t seed_ = 0;
  std::vector<std::uint32_t> entity_;
  std::vector<Lane> lanes_;
  std::vector<Handle> handles_;
  std::vector<SignalInfo> signals_;
};

std::unique_ptr<Agent> make(const Settings& given) {
  return make_alike<MetaLearning>(table(), given, kInfo);
}
std::unique_ptr<Agent> make_each(const std::vector<std::vector<double>>& rows) {
  return make_by_rows<MetaLearning>(table(), rows);
}
}  // namespace

LearnerEntry meta_learning() {
  return {kInfo,
          describe_params(table()),
          nullptr,
          "meta_learning has no likelihood: its parameters follow perturbations that nobody sees; fit its "
          "choices with a learner of constant parameters such as rescorla_wagner",
          &make,
          &make_each,
          {},
          &check};
}
}  // namespace labile
