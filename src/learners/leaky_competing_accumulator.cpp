/// Leaky competing accumulators race to a threshold on learned values, and so give choices with response
/// times.
///
///   V[f] += alpha delta for the chosen option's features f,  delta = r - sum_d V[f_d]
///   dx_i = (I_i - leak x_i - inhibition sum_{j != i} x_j) dt/tau + noise sqrt(dt/tau) N(0, 1),  x_i >= 0
///   I_i = base + gain sum_d V[f_d];  choice = the first x_i >= threshold,  rt = non_decision + its time
///
/// Solved by Euler-Maruyama at dt (order one half at the threshold: the mean decision time is long by about
/// 0.58 noise sqrt(dt tau) / drift), rectified after each step; the larger x wins a tie within a step. Normal
/// draws are keyed by (agent, trial, step, option), so an agent's path depends on nobody else's.
///
/// Source: Usher & McClelland (2001), doi:10.1037/0033-295X.108.3.550, equation 4; inputs from learned values
/// as in Miletić et al. (2021), doi:10.7554/eLife.63055. Differs from them: the accumulators start at 0 on
/// every trial, the non-decision time is a constant, and a response later than the deadline (or than give_up
/// where there is none) is a missing choice.
#include <array>
#include <cstring>

#include "contract/agent.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "learners/agent_rows.hpp"
#include "learners/catalogue.hpp"

namespace labile {
namespace {
constexpr Info kInfo{"leaky_competing_accumulator",
                     "leaky competing accumulators on learned values, with response times",
                     "doi:10.1037/0033-295X.108.3.550"};

struct Params {
  double alpha = 0.3, v0 = 0.5, base = 0.2, gain = 1.0, leak = 0.2, inhibition = 0.2, noise = 0.33;
  double threshold = 1.0, tau_ms = 100, non_decision_ms = 300, dt_ms = 1, give_up_ms = 10000;
};
std::vector<Field<Params>> table() {
  using P = Params;
  return {{"alpha", "1", &P::alpha, {0, 1}, "learning rate of the values"},
          {"v0", "outcome", &P::v0, {-1e6, 1e6}, "value of every feature at the start"},
          {"base", "1", &P::base, {-100, 100}, "input of every accumulator"},
          {"gain", "1/outcome", &P::gain, {0, 1000}, "input per unit of value"},
          {"leak", "1", &P::leak, {0, 100}, "leak of an accumulator"},
          {"inhibition", "1", &P::inhibition, {0, 100}, "inhibition by each other accumulator"},
          {"noise", "1", &P::noise, {0, 100}, "standard deviation of the noise over one tau"},
          {"threshold", "1", &P::threshold, {0.001, 1000}, "level at which an accumulator decides"},
          {"tau_ms", "ms", &P::tau_ms, {0.1, 10000}, "time constant of the accumulators"},
          {"non_decision_ms",
           "ms",
           &P::non_decision_ms,
           {0, 10000},
           "part of the response time before and after"},
          {"dt_ms", "ms", &P::dt_ms, {0.001, 20}, "time step"},
          {"give_up_ms", "ms", &P::give_up_ms, {1, 600000}, "deadline where the task has none"}};
}

struct Reached {
  const char* name;
  double Params::*member;
};
constexpr Reached kReached[] = {{"gain", &Params::gain},
                                {"threshold", &Params::threshold},
                                {"noise", &Params::noise},
                                {"leak", &Params::leak}};

struct Race {
  int choice = -1;
  double rt_ms = kNaN;
};

/// One race of n accumulators with these inputs; missing when nobody has reached the threshold by the
/// deadline.
Race race(const Params& p, const double* input, int n, double deadline_ms, const Draw& draw,
          std::uint32_t trial) noexcept {
  const double h = p.dt_ms / p.tau_ms, kick = p.noise * sqrt(h);
  const double keep = 1 - h * (p.leak - p.inhibition), cross = h * p.inhibition;
  std::array<double, kMaxOptions> x{};
  double sum = 0;
  for (std::uint32_t step = 0;; ++step) {
    const double rt = p.non_decision_ms + (step + 1) * p.dt_ms;
    if (rt > deadline_ms) return {};
    Race r{-1, rt};
    double top = p.threshold, next = 0;
    for (int o = 0; o < n; o += 2) {
      // One block of four words serves two options.
      const auto w = draw.bits(trial, step * (kMaxOptions / 2) + static_cast<std::uint32_t>(o / 2));
      for (int k = 0; k < 2 && o + k < n; ++k) {
        double& a = x[o + k];
        const double z = normal_quantile(Draw::uniform53(w[2 * k], w[2 * k + 1]));
        a = max(keep * a - cross * sum + h * input[o + k] + kick * z, 0.0);
        next += a;
        if (a >= top) {
          top = a;
          r.choice = o + k;
        }
      }
    }
    if (r.choice >= 0) return r;
    sum = next;
  }
}

class LeakyCompetingAccumulator final : public Agent {
 public:
  explicit LeakyCompetingAccumulator(std::vector<Params> rows) : rows_(std::move(rows)) {
    for (const auto& p : describe_params(table()))
      for (const auto& r : kReached)
        if (p.name == r.name)
          handles_.push_back({p.name, p.about, {Effect::scale, Effect::set, Effect::add}, false, p.bounds});
    signals_.push_back({"delta", "prediction error", "outcome units"});
  }

  void begin(const TaskInfo& task, const Subjects& subjects) override {
    refuse_reports("leaky_competing_accumulator", task);
    layout_ = task.layout;
    seed_ = subjects.seed;
    entity_.assign(subjects.entity.begin(), subjects.entity.end());
    lanes_.assign(entity_.size(), {});
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i].intact = lanes_[i].now = rows_[entity_[i] % rows_.size()];
      restart(lanes_[i]);
    }
  }

  void phase(const Phase& ph, const Actions& actions) override {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (!ph.live[i]) continue;
      if (ph.kind == PhaseKind::choice && ph.awaits_action) choose(ph, i, actions);
      if (ph.kind == PhaseKind::outcome) learn(ph, i);
    }
  }

  [[nodiscard]] const std::vector<Handle>& handles() const override { return handles_; }
  void apply(int handle, int lane, Effect e) override {
    const auto member = reached(handles_[handle].name);
    const double intact = lanes_[lane].intact.*member;
    const double x = e.op == Effect::scale ? intact * e.amount
                     : e.op == Effect::add ? intact + e.amount
                                           : e.amount;
    const auto& b = handles_[handle].bounds;
    lanes_[lane].now.*member = clamp(x, b.lo, b.hi);
  }
  [[nodiscard]] const std::vector<SignalInfo>& signals() const override { return signals_; }
  void read(int, std::span<double> out) const override {
    for (std::size_t i = 0; i < lanes_.size(); ++i) out[i] = lanes_[i].delta;
  }

 private:
  struct Lane {
    Params intact, now;
    std::array<double, kMaxFeatures> value{};
    double delta = 0;
    std::int32_t choice = -1;
  };
  using Store = std::array<std::int64_t, kMaxFeatures * kMaxOptions>;

  static double Params::*reached(const std::string& name) {
    for (const auto& r : kReached)
      if (name == r.name) return r.member;
    throw Bug("no parameter '" + name + "' to reach");
  }
  static void restart(Lane& lane) {
    lane.value.fill(lane.now.v0);
    lane.delta = 0;
  }

  /// The trial as lane i meets it.
  Trial<double> trial(const Phase& ph, std::size_t i, double outcome, Store& store) const {
    const std::size_t count =
        ph.feature.empty() ? 0 : static_cast<std::size_t>(layout_.options) * layout_.dims();
    for (std::size_t k = 0; k < count; ++k) store[k] = ph.feature[k * lanes_.size() + i];
    return {&layout_, {store.data(), count}, lanes_[i].choice, outcome, false};
  }

  void choose(const Phase& ph, std::size_t i, const Actions& actions) {
    Lane& lane = lanes_[i];
    if (ph.fresh[i]) restart(lane);
    Store store;
    const auto x = trial(ph, i, 0, store);
    double input[kMaxOptions];
    for (int o = 0; o < layout_.options; ++o)
      input[o] = lane.now.base + lane.now.gain * summed(x, lane.value.data(), o);
    const double deadline = ph.deadline_ms > 0 ? ph.deadline_ms : lane.now.give_up_ms;
    const Draw draw{seed_, Purpose::dynamics, entity_[i]};
    const Race r =
        race(lane.now, input, layout_.options, deadline, draw, static_cast<std::uint32_t>(ph.trial));
    actions.choice[i] = lane.choice = r.choice;
    actions.rt_ms[i] = r.rt_ms;
  }

  void learn(const Phase& ph, std::size_t i) {
    Lane& lane = lanes_[i];
    if (lane.choice < 0 || ph.outcome[i] != ph.outcome[i]) return;
    Store store;
    const auto x = trial(ph, i, ph.outcome[i], store);
    lane.delta = x.outcome - summed(x, lane.value.data(), lane.choice);
    const double step = lane.now.alpha * lane.delta;
    for_each_feature(x, lane.value.data(), [&](double& v, bool chosen) { v += chosen ? step : 0.0; });
  }

  std::vector<Params> rows_;  // [subject]
  Layout layout_;
  std::uint64_t seed_ = 0;
  std::vector<std::uint32_t> entity_;
  std::vector<Lane> lanes_;
  std::vector<Handle> handles_;
  std::vector<SignalInfo> signals_;
};

std::unique_ptr<Agent> make(const Settings& given) {
  return make_alike<LeakyCompetingAccumulator>(table(), given, kInfo);
}
std::unique_ptr<Agent> make_each(const std::vector<std::vector<double>>& rows) {
  return make_by_rows<LeakyCompetingAccumulator>(table(), rows);
}
}  // namespace

LearnerEntry leaky_competing_accumulator() {
  return {kInfo,
          describe_params(table()),
          nullptr,
          "leaky_competing_accumulator has no likelihood: the density of a race between leaky, inhibiting "
          "accumulators has no closed form; fit its choices with a softmax learner such as rescorla_wagner",
          &make,
          &make_each};
}
}  // namespace labile
