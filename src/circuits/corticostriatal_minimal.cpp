/// The smallest corticostriatal loop that learns and reverses: Poisson cortex, opponent striatal cells for
/// two actions, dopamine cells that carry a prediction error, and plasticity that needs all three.
///
///   cortex j: Poisson, stimulus rate for `stimulus` ms after the go signal (and during a cue), else
///   background striatal cell i of pathway D1 or D2 and action a (lif_exp, V relative to rest):
///     tau_m dV/dt = -V + sum_j w_ij S_j + E_a - lateral L_a' + noise,   spike at V_th, reset to 0
///     S_j: `synapse` mV at each spike of j, decaying with tau_syn;  L_a': one unit at each spike of the
///     other action's D1 cells, decaying with tau_lateral;  E_a = +efference for the chosen action and
///     -efference for the other, for `efference_for` ms after the decision
///   read-out: X_a counts D1 minus D2 spikes of action a from `read_from` on, leaking with tau_read; once
///     `decide_from` has passed, |X_0 - X_1| > evidence decides; at `decide_by` the larger X does
///   response: `movement` ms after the decision; the task's outcome r comes with it
///   dopamine cells: Poisson at da_tonic, and at max(0, da_tonic + da_gain delta) for `burst` ms after an
///     outcome;  delta = r - V_a,  and at the burst's end V_a += critic_rate DA, within [0, 1], where DA is
///     what the burst released above the cells' own tonic level
///   field: every spike adds 1/(da_cells da_gain burst), so that 1 is an intact burst at delta = 1; decays
///   with
///     tau_da;  phi = release (field - tonic level of the surviving cells)
///   cortex -> striatum (three_factor_stdp, soft bounds): a cortical spike before a striatal one writes e,
///     which decays with tau_e;  D1: dw/dt = eta phi e (w_max - w or w);  D2: the same with -phi
///   e starts at 0 on every trial.
///
/// Solved by the network engine: membranes and currents exactly on the grid of dt, plasticity exactly between
/// events. Noise is drawn each step, scaled so that the free membrane's spread does not depend on dt.
/// Read-out, critic and input rates are stepped in milliseconds. A subject's network is keyed by seed and
/// subject; dopamine cells die in an order of their own, so that a larger lesion contains a smaller one.
///
/// Source: design (the reference is a NumPy prototype of this circuit, stepped by Euler at 1 ms).
/// Differs from it: weights follow spikes, not a clock of 10 ms, with the bound's factor taken at the last
/// visit; they have no floor of 0.02; the burst is spread over its 200 ms, not lumped at the outcome; the
/// dopamine cells are tonically active throughout, and the field outlives the trial; membranes, currents and
/// dopamine go on between trials, which the task spaces, where the prototype starts each trial of 900 ms
/// afresh; pairs count at any time, not in the first 700 ms only; spikes arrive 1 ms after they were fired;
/// exactly the given share of dopamine cells survives, where the prototype draws each burst's survivors anew.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "circuits/catalogue.hpp"
#include "core/math.hpp"
#include "core/random.hpp"
#include "network/network.hpp"

namespace labile {
namespace {

constexpr Info kInfo{"corticostriatal_minimal",
                     "spiking corticostriatal loop for two actions with dopamine-gated plasticity", "design"};
constexpr int kActions = 2;
constexpr double kCapacitance = 200;  // pF; only C_m / tau_m matters, which turns mV of drive into pA
constexpr int kSampled = 300;         // ms over which dopamine is averaged for its signal
constexpr int kNever = -1;

struct Params {
  int inputs = 50, cells = 10, da_cells = 80;
  double dt_ms = 1, tau_m = 20, V_th = 15, t_ref = 4, tau_syn = 5, tau_lateral = 20;
  // The prototype's Euler steps of 1 ms pass on 4 mV x 1/(1 - exp(-1/5)) ms at a spike and, for lateral
  // inhibition, 6 x 0.08 mV x 1/(1 - exp(-1/20)) ms; these are the amplitudes with the same integrals. Its
  // noise of 2.2 x 4/20 mV a step gives a free membrane a standard deviation of 0.44/sqrt(1 - 0.95^2) mV.
  double synapse = 4.413, lateral = 0.4921, noise = 1.409, efference = 9;
  double w_start = 0.55, w_spread = 0.15, w_max = 1.2, eta = 1e-4, tau_plus = 20, tau_e = 800;
  double stimulus_hz = 40, background_hz = 2, da_tonic = 5, da_gain = 20, tau_da = 200, critic_rate = 0.25;
  double evidence = 10, tau_read = 80;
  int stimulus = 500, read_from = 60, decide_from = 120, decide_by = 350, efference_for = 200, movement = 250,
      burst = 200;
};
std::vector<Field<Params>> table() {
  using P = Params;
  return {
      {"inputs", "1", &P::inputs, {1, 10000}, "cortical cells"},
      {"cells", "1", &P::cells, {1, 1000}, "striatal cells of each pathway and action"},
      {"da_cells", "1", &P::da_cells, {1, 10000}, "dopamine cells"},
      {"dt_ms", "ms", &P::dt_ms, {0.01, 1}, "time step; a whole number of steps makes a millisecond"},
      {"tau_m", "ms", &P::tau_m, {1, 1000}, "membrane time constant"},
      {"V_th", "mV", &P::V_th, {0.1, 100}, "threshold above rest; the reset is rest"},
      {"t_ref", "ms", &P::t_ref, {0, 100}, "refractory time"},
      {"tau_syn", "ms", &P::tau_syn, {0.1, 1000}, "decay of the cortical current"},
      {"tau_lateral", "ms", &P::tau_lateral, {0.1, 1000}, "decay of lateral inhibition"},
      {"synapse", "mV", &P::synapse, {0, 1000}, "drive at the onset of a cortical spike at weight 1"},
      {"lateral", "mV", &P::lateral, {0, 1000}, "drive that a D1 spike takes off the other action's cells"},
      {"noise", "mV", &P::noise, {0, 100}, "standard deviation of a free membrane"},
      {"efference", "mV", &P::efference, {0, 1000}, "efference copy to the chosen action, and off the other"},
      {"w_start", "1", &P::w_start, {0, 100}, "mean cortical weight at the start"},
      {"w_spread", "1", &P::w_spread, {0, 1}, "its relative standard deviation, clipped at 0.3 and 1.7"},
      {"w_max", "1", &P::w_max, {1e-3, 100}, "soft upper bound of cortical weights; the lower is 0"},
      {"eta", "1/ms", &P::eta, {0, 1}, "relative weight change per ms, dopamine and eligibility"},
      {"tau_plus", "ms", &P::tau_plus, {0.1, 1000}, "time window of cortical before striatal spikes"},
      {"tau_e", "ms", &P::tau_e, {1, 100000}, "decay of the eligibility"},
      {"stimulus_hz", "Hz", &P::stimulus_hz, {0, 1000}, "cortical rate with a stimulus"},
      {"background_hz", "Hz", &P::background_hz, {0, 1000}, "cortical rate without one"},
      {"da_tonic", "Hz", &P::da_tonic, {0, 1000}, "tonic rate of dopamine cells"},
      {"da_gain", "Hz", &P::da_gain, {1e-3, 1000}, "their rate per unit of prediction error"},
      {"tau_da", "ms", &P::tau_da, {1, 10000}, "decay of dopamine"},
      {"critic_rate", "1", &P::critic_rate, {0, 1}, "learning rate of the critic"},
      {"evidence", "spikes", &P::evidence, {0, 10000}, "difference between accumulators that decides"},
      {"tau_read", "ms", &P::tau_read, {1, 10000}, "decay of the accumulators"},
      {"stimulus", "ms", &P::stimulus, {1, 10000}, "time the stimulus stays after the go signal"},
      {"read_from", "ms", &P::read_from, {0, 10000}, "start of the read-out after the go signal"},
      {"decide_from", "ms", &P::decide_from, {0, 10000}, "earliest decision"},
      {"decide_by", "ms", &P::decide_by, {0, 10000}, "latest decision"},
      {"efference_for", "ms", &P::efference_for, {0, 10000}, "length of the efference copy"},
      {"movement", "ms", &P::movement, {0, 10000}, "from decision to response"},
      {"burst", "ms", &P::burst, {1, 10000}, "length of the dopamine cells' answer to an outcome"}};
}

/// What manipulations reach, relative to intact.
enum Dose { da_cells, da_release, striatum_d1, striatum_d2, kDoses };
using Doses = std::array<double, kDoses>;

enum Pathway { kD1, kD2, kPathways };
std::string population_name(int pathway, int action) {
  return fmt::format("D{}_{}", pathway + 1, action);
}

Setting number(double x) {
  return {Value(x), {}};
}

double pA_per_mV(const Params& p) {
  return kCapacitance / p.tau_m;
}
/// pA that a weight of 1 stands for.
double weight_unit(const Params& p) {
  return p.synapse * pA_per_mV(p);
}
/// Dopamine that one spike adds: 1 is what an intact burst at delta = 1 adds above the tonic level.
double quantum(const Params& p) {
  return 1 / (p.da_cells * p.da_gain * p.burst * 1e-3);
}
double intact_tonic(const Params& p) {
  return p.da_tonic * p.da_cells * quantum(p) * p.tau_da * 1e-3;
}

PopulationSpec striatal_cells(const Params& p, const std::string& name) {
  PopulationSpec s;
  s.name = name;
  s.model = "lif_exp";
  s.size = p.cells;
  s.params = {{"C_m", number(kCapacitance)},
              {"tau_m", number(p.tau_m)},
              {"E_L", number(0)},
              {"V_reset", number(0)},
              {"V_th", number(p.V_th)},
              {"t_ref", number(p.t_ref)},
              {"tau_syn_ex", number(p.tau_syn)},
              {"tau_syn_in", number(p.tau_lateral)}};
  s.initial.push_back({"V", {Distribution::Kind::uniform, 0, p.V_th / 3}, {}});
  if (p.noise > 0) {
    // A step's current I moves V by I/g (1 - exp(-h)); kicks of sd sqrt(1 - exp(-2h)) add up to sd 1.
    const double h = p.dt_ms / p.tau_m, kick = p.noise * sqrt(-expm1(-2 * h));
    s.noise = {NoiseSpec::Kind::normal, 0, kick * pA_per_mV(p) / -expm1(-h), {}};
  }
  return s;
}

ProjectionSpec cortical(const Params& p, int pathway, const std::string& target) {
  const double unit = weight_unit(p);
  ProjectionSpec s;
  s.name = "cortex->" + target;
  s.source = "cortex";
  s.target = target;
  s.port = "AMPA";
  const double w = p.w_start * unit;
  s.weight = {Distribution::Kind::normal, w, w * p.w_spread, 0.3 * w, 1.7 * w};
  s.rule = "three_factor_stdp";
  s.gate = pathway == kD1 ? "D1_plasticity" : "D2_plasticity";
  s.params = {{"tau_plus", number(p.tau_plus)},
              {"tau_e", number(p.tau_e)},
              {"A_plus", number(1)},
              {"A_minus", number(0)},
              {"eta", number(p.eta)},
              {"w_min", number(0)},
              {"w_max", number(p.w_max * unit)},
              {"bounds", {Value(std::string("soft")), {}}}};
  return s;
}

NetworkSpec network_of(const Params& p) {
  NetworkSpec n;
  n.dt_ms = p.dt_ms;
  const auto poisson = [&](const char* name, int size, double hz) {
    PopulationSpec s;
    s.name = name;
    s.model = "poisson";
    s.size = size;
    s.params = {{"rate", number(hz)}};
    n.populations.push_back(s);
  };
  poisson("cortex", p.inputs, p.background_hz);
  poisson("dopamine_cells", p.da_cells, p.da_tonic);
  for (int d = 0; d < kPathways; ++d)
    for (int a = 0; a < kActions; ++a) {
      n.populations.push_back(striatal_cells(p, population_name(d, a)));
      n.projections.push_back(cortical(p, d, population_name(d, a)));
      ProjectionSpec inhibition;
      inhibition.source = population_name(kD1, 1 - a);
      inhibition.target = population_name(d, a);
      inhibition.port = "GABA_A";
      inhibition.weight.a = -p.lateral * pA_per_mV(p);
      n.projections.push_back(inhibition);
    }
  FieldSpec dopamine;
  dopamine.name = "dopamine";
  dopamine.tau_ms = p.tau_da;
  dopamine.quantum = quantum(p);
  dopamine.sources = {"dopamine_cells"};
  n.fields.push_back(dopamine);
  // Held at what the manipulations make of them.
  for (const char* name : {"tonic", "release", "D1", "D2"}) {
    FieldSpec held;
    held.name = name;
    n.fields.push_back(held);
  }
  n.gates = {{"D1_plasticity", "D1 * release * (dopamine - tonic)", {}},
             {"D2_plasticity", "-D2 * release * (dopamine - tonic)", {}}};
  return n;
}

std::uint64_t network_seed(std::uint64_t seed, std::uint32_t entity, std::uint32_t session) {
  const auto w = Draw{seed, Purpose::dynamics, entity}.bits(session);
  return std::uint64_t{w[0]} << 32 | w[1];
}

/// The network of one subject in its closed loop. Time runs in whole milliseconds.
class Loop {
 public:
  Loop(const Params& p, std::uint64_t seed, std::uint32_t entity, std::uint32_t session, const Doses& doses)
      : p_(p),
        net_(network_of(p), network_seed(seed, entity, session)),
        tie_{seed, Purpose::choice, entity},
        steps_per_ms_(std::llround(1 / p.dt_ms)),
        cortex_(net_.population("cortex")),
        cells_(net_.population("dopamine_cells")),
        dopamine_(net_.field("dopamine")),
        da_rate_(static_cast<std::size_t>(p.da_cells)) {
    for (int d = 0; d < kPathways; ++d)
      for (int a = 0; a < kActions; ++a) {
        striatum_[d][a] = net_.population(population_name(d, a));
        plastic_[d][a] = net_.projection("cortex->" + population_name(d, a));
      }
    order_of_death(seed, entity);
    dose(doses);
    net_.add_to_field(dopamine_, tonic_);
    rest(kSampled);
  }

  /// Changes what manipulations reach, from the next millisecond on.
  void dose(const Doses& doses) {
    doses_ = doses;
    survivors_ = static_cast<int>(std::llround(doses[da_cells] * p_.da_cells));
    tonic_ = intact_tonic(p_) * survivors_ / p_.da_cells;
    net_.clamp_field(net_.field("tonic"), tonic_);
    net_.clamp_field(net_.field("release"), doses[da_release]);
    net_.clamp_field(net_.field("D1"), doses[striatum_d1]);
    net_.clamp_field(net_.field("D2"), doses[striatum_d2]);
    set_dopamine_cells();
  }

  void begin_trial() {
    for (const auto& pathway : plastic_)
      for (const int projection : pathway) net_.clear_eligibility(projection);
    choice_ = -1;
  }
  void cue(int ms) {
    stimulate(true);
    run(ms);
  }

  struct Response {
    int choice = -1;
    double rt_ms = kNaN;
  };
  /// Decides and moves; missing when the movement does not end by the deadline (0 = none).
  Response respond(int deadline_ms, std::uint32_t trial) {
    stimulate(true);
    stimulus_end_ = now_ + p_.stimulus;
    const std::int64_t start = now_;
    const auto late = [&] { return deadline_ms > 0 && now_ - start >= deadline_ms; };
    std::array<double, kActions> x{};
    auto before = counts();
    const double keep = exp(-1 / p_.tau_read);
    while (choice_ < 0 && !late()) {
      const auto t = static_cast<int>(now_ - start);
      run(1);
      const auto after = counts();
      if (t >= p_.read_from)
        for (int a = 0; a < kActions; ++a) x[a] = keep * x[a] + static_cast<double>(after[a] - before[a]);
      before = after;
      if (t >= p_.decide_from && (abs(x[1] - x[0]) > p_.evidence || t >= p_.decide_by))
        choice_ = x[1] > x[0] ? 1 : x[1] < x[0] ? 0 : static_cast<int>(tie_.below(kActions, trial));
    }
    if (choice_ >= 0) copy_efference();
    for (int moved = 0; moved < p_.movement && !late(); ++moved) run(1);
    const auto rt = now_ - start;
    if (choice_ < 0 || (deadline_ms > 0 && rt > deadline_ms)) return {};
    return {choice_, static_cast<double>(rt)};
  }

  void outcome(double r, bool seen, int ms) {
    if (burst_end_ != kNever) end_burst();
    delta_ = kNaN;
    if (seen && choice_ >= 0) {
      delta_ = r - value_[choice_];
      burst_choice_ = choice_;
      released_before_ = net_.total_spikes(cells_);
      burst_end_ = now_ + p_.burst;
      set_dopamine_cells();
    }
    phasic_ = mean_dopamine(std::min(ms, kSampled)) - before_cue_;
    run(ms - std::min(ms, kSampled));
  }
  /// Between trials.
  void rest(int ms) {
    stimulate(false);
    run(ms - std::min(ms, kSampled));
    before_cue_ = mean_dopamine(std::min(ms, kSampled));
  }
  void run(int ms) {
    for (const std::int64_t end = now_ + ms; now_ < end;) {
      if (now_ == stimulus_end_) stimulate(false);
      if (now_ == efference_end_) set_efference(0, 0);
      if (now_ == burst_end_) end_burst();
      net_.run_until(++now_ * steps_per_ms_);
    }
  }

  [[nodiscard]] double phasic() const { return phasic_ / intact_tonic(p_); }
  [[nodiscard]] double delta() const { return delta_; }
  [[nodiscard]] double value(int action) const { return value_[action]; }
  [[nodiscard]] double weight(int pathway, int action) const {
    return net_.weight_summary(plastic_[pathway][action]).mean / weight_unit(p_);
  }

 private:
  void order_of_death(std::uint64_t seed, std::uint32_t entity) {
    std::vector<double> draw(da_rate_.size());
    const Draw lesion{seed, Purpose::lesion, entity};
    for (std::size_t i = 0; i < draw.size(); ++i) draw[i] = lesion.uniform(static_cast<std::uint32_t>(i));
    dies_.resize(draw.size());
    std::iota(dies_.begin(), dies_.end(), 0);
    std::stable_sort(dies_.begin(), dies_.end(), [&](int i, int j) { return draw[i] > draw[j]; });
  }

  void stimulate(bool on) {
    stimulus_end_ = kNever;
    const double hz = on ? p_.stimulus_hz : p_.background_hz;
    net_.set_rate(cortex_, {&hz, 1});
  }
  void copy_efference() {
    set_efference(choice_, p_.efference);
    efference_end_ = now_ + p_.efference_for;
  }
  void set_efference(int action, double mV) {
    efference_end_ = kNever;
    for (const auto& pathway : striatum_)
      for (int a = 0; a < kActions; ++a) {
        const double pA = (a == action ? mV : -mV) * pA_per_mV(p_);
        net_.set_current(pathway[a], {&pA, 1});
      }
  }
  void set_dopamine_cells() {
    const double hz = burst_end_ == kNever ? p_.da_tonic : max(0.0, p_.da_tonic + p_.da_gain * delta_);
    std::fill(da_rate_.begin(), da_rate_.end(), hz);
    for (std::size_t k = survivors_; k < dies_.size(); ++k) da_rate_[dies_[dies_.size() - 1 - k]] = 0;
    net_.set_rate(cells_, da_rate_);
  }
  void end_burst() {
    const double spikes = static_cast<double>(net_.total_spikes(cells_) - released_before_);
    const double tonic = p_.da_tonic * survivors_ * p_.burst * 1e-3;
    double& v = value_[burst_choice_];
    v = clamp(v + p_.critic_rate * doses_[da_release] * (spikes - tonic) * quantum(p_), 0.0, 1.0);
    burst_end_ = kNever;
    set_dopamine_cells();
  }

  /// D1 minus D2 spikes of each action since the start.
  [[nodiscard]] std::array<std::int64_t, kActions> counts() const {
    std::array<std::int64_t, kActions> n{};
    for (int a = 0; a < kActions; ++a)
      n[a] = static_cast<std::int64_t>(net_.total_spikes(striatum_[kD1][a])) -
             static_cast<std::int64_t>(net_.total_spikes(striatum_[kD2][a]));
    return n;
  }
  /// Runs, and returns the mean released concentration; the expected one when there is no time to see it.
  double mean_dopamine(int ms) {
    double sum = 0;
    for (int i = 0; i < ms; ++i) {
      run(1);
      sum += net_.field_value(dopamine_);
    }
    return doses_[da_release] * (ms > 0 ? sum / ms : tonic_);
  }

  Params p_;
  Network net_;
  Draw tie_;
  Step steps_per_ms_;
  int cortex_, cells_, dopamine_;
  std::array<std::array<int, kActions>, kPathways> striatum_{}, plastic_{};  // [pathway][action] ids
  std::vector<int> dies_;        // [da_cells] cells in the order in which they die
  std::vector<double> da_rate_;  // [da_cells] Hz
  Doses doses_{};
  int survivors_ = 0;
  std::int64_t now_ = 0;  // ms
  std::int64_t stimulus_end_ = kNever, efference_end_ = kNever, burst_end_ = kNever;
  std::uint64_t released_before_ = 0;  // spikes of dopamine cells before the burst
  int choice_ = -1, burst_choice_ = -1;
  std::array<double, kActions> value_{};
  double tonic_ = 0, delta_ = kNaN, before_cue_ = 0, phasic_ = 0;
};

class CorticostriatalMinimal final : public Agent {
  enum Signal { da, delta, value, weights };  // weights: D1 of action 0, 1, D2 of action 0, 1

 public:
  explicit CorticostriatalMinimal(const Params& p) : p_(p) {
    const double steps = 1 / p.dt_ms;
    if (abs(steps - std::round(steps)) > 1e-9)
      throw Error(fmt::format("{}: dt_ms must divide 1 ms into whole steps, here {}", kInfo.name, p.dt_ms));
    if (p.decide_by < p.decide_from)
      throw Error(fmt::format("{}: decide_by ({} ms) is before decide_from ({} ms)", kInfo.name, p.decide_by,
                              p.decide_from));
    const std::vector<Effect::Op> any{Effect::scale, Effect::set, Effect::add};
    handles_ = {
        {"da.cells", "share of dopamine cells that live", any, false, {0, 1}},
        {"da.release", "dopamine that a spike releases, relative to intact", any, false, {0, 10}},
        {"striatum.D1", "dopamine's effect on D1 plasticity, relative to intact", any, false, {0, 10}},
        {"striatum.D2", "dopamine's effect on D2 plasticity, relative to intact", any, false, {0, 10}}};
    signals_ = {{"da", "dopamine after the outcome above that before the cue", "intact tonic level"},
                {"delta", "prediction error", "outcome units"},
                {"value", "value of the chosen action", "outcome units"}};
    for (int d = 0; d < kPathways; ++d)
      for (int a = 0; a < kActions; ++a)
        signals_.push_back({"w_" + population_name(d, a),
                            fmt::format("mean cortical weight of D{} cells, action {}", d + 1, a), "1"});
  }

  void begin(const TaskInfo& task, const Subjects& subjects) override {
    refuse_reports(kInfo.name, task);
    if (!task.layout.feature_is_option || task.layout.options != kActions)
      throw Error(fmt::format("{} plays bandits of {} options; this task has {}{}", kInfo.name, kActions,
                              task.layout.options,
                              task.layout.feature_is_option ? "" : ", made of features"));
    seed_ = subjects.seed;
    count_ = subjects.count;
    entity_.assign(subjects.entity.begin(), subjects.entity.end());
    lanes_.clear();
    lanes_.resize(static_cast<std::size_t>(count_));
  }

  void phase(const Phase& ph, const Actions& actions) override {
    for (int i = 0; i < count_; ++i)
      if (ph.live[i]) live(ph, i, actions);
    if (ph.awaits_action) fill_padding(actions);
  }

  [[nodiscard]] const std::vector<Handle>& handles() const override { return handles_; }
  void apply(int handle, int lane, Effect e) override {
    if (lane >= count_) return;  // padding
    Lane& l = lanes_[lane];
    const double x = e.op == Effect::add ? 1 + e.amount : e.amount;  // all are 1 when intact
    l.doses[handle] = clamp(x, handles_[handle].bounds.lo, handles_[handle].bounds.hi);
    if (l.loop) l.loop->dose(l.doses);
  }

  [[nodiscard]] const std::vector<SignalInfo>& signals() const override { return signals_; }
  void read(int signal, std::span<double> out) const override {
    std::fill(out.begin(), out.end(), kNaN);
    for (int i = 0; i < count_; ++i)
      if (lanes_[i].loop) out[i] = read_lane(signal, lanes_[i]);
  }

 private:
  struct Lane {
    std::unique_ptr<Loop> loop;  // built at the first trial, when manipulations from the start are in force
    Doses doses{1, 1, 1, 1};
    int trial = -1, choice = -1;
    std::uint32_t sessions = 0;
  };

  static double read_lane(int signal, const Lane& l) {
    if (signal == da) return l.loop->phasic();
    if (signal == delta) return l.loop->delta();
    if (signal == value) return l.choice < 0 ? kNaN : l.loop->value(l.choice);
    return l.loop->weight((signal - weights) / kActions, (signal - weights) % kActions);
  }

  void live(const Phase& ph, int i, const Actions& actions) {
    Lane& l = lanes_[i];
    if (l.trial != ph.trial) {
      l.trial = ph.trial;
      if (!l.loop || ph.fresh[i])
        l.loop = std::make_unique<Loop>(p_, seed_, entity_[i], l.sessions++, l.doses);
      l.loop->begin_trial();
    }
    const auto ms = static_cast<int>(std::llround(ph.duration_ms[i]));
    switch (ph.kind) {
      case PhaseKind::cue:
        l.loop->cue(ms);
        break;
      case PhaseKind::choice: {
        if (!ph.awaits_action) return l.loop->run(ms);
        const auto r = l.loop->respond(static_cast<int>(std::llround(ph.deadline_ms)),
                                       static_cast<std::uint32_t>(ph.trial));
        actions.choice[i] = l.choice = r.choice;
        actions.rt_ms[i] = r.rt_ms;
        break;
      }
      case PhaseKind::outcome:
        l.loop->outcome(ph.outcome[i], ph.outcome[i] == ph.outcome[i], ms);
        break;
      case PhaseKind::iti:
      case PhaseKind::offline:
        l.loop->rest(ms);
        break;
    }
  }

  /// Padding lanes repeat the first: they cost nothing and end when it does.
  void fill_padding(const Actions& actions) const {
    for (std::size_t i = static_cast<std::size_t>(count_); i < entity_.size(); ++i) {
      actions.choice[i] = actions.choice[0];
      actions.rt_ms[i] = actions.rt_ms[0];
    }
  }

  Params p_;
  std::uint64_t seed_ = 0;
  int count_ = 0;
  std::vector<std::uint32_t> entity_;  // [lanes]
  std::vector<Lane> lanes_;            // [real agents]
  std::vector<Handle> handles_;
  std::vector<SignalInfo> signals_;
};

}  // namespace

LearnerEntry corticostriatal_minimal() {
  return {kInfo,
          describe_params(table()),
          nullptr,
          "corticostriatal_minimal has no likelihood: its choices come out of the noise of spiking neurons",
          [](const Settings& given) -> std::unique_ptr<Agent> {
            return std::make_unique<CorticostriatalMinimal>(
                read_params(table(), given, "circuit 'corticostriatal_minimal'"));
          },
          nullptr};
}

}  // namespace labile
