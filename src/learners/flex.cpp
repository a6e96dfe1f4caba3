/// Flex, the flexible-updating circuit as an algorithm: contexts, opponent actors, a habit, and four
/// modulators that it computes from its own quantities.
///
/// Each of K slots k holds a context: actors G (D1) and N (D2) and a critic V over features f, and the
/// relevance rho of each dimension d; b is the belief over slots. Each trial, in this order:
///
///    1  ACh = s_ACh (ach_base + ach_gain u),  A = min(ACh, 1.5)          expected uncertainty
///    2  in each dimension, with chance min(.5, encoding_noise / max(ACh, .02)), two options swap values;
///       what is perceived counts from here on
///    3  a_kd = softmax_d(attention A rho_kd),  a_d = sum_k b_k a_kd
///    4  Q_o = w_context sum_kd b_k a_kd (beta_G G - beta_N N)_k(f_od)
///             + w_habit sum_d a_d (beta_G HG - beta_N HN)(f_od)
///       with beta_G times 1 + tilt and beta_N times 1 - tilt
///       P(option) = softmax(Q / (1 + ne_exploration NE)),  NE of the last outcome
///    5  V_k = sum_d a_kd V_kd(f_cd),  delta = r - sum_k b_k V_k,  DA = s_DA da_gain max(delta, -da_dip)
///    6  p_k = clip(.5 + min(1, n_k / n_trust) (V_k - .5), .05, .95), .5 if unused
///       L_k = p_k if r > 0, else 1 - p_k
///    7  over used slots and the first unused:  S_k = max(0, evidence_leak S_k + log(L_k / sum_j b_j L_j))
///       score_k = S_k + (history_weight h_k, unused: log blank) - 2 b_k;  k* has the largest
///    8  drive = score_k* - ne_threshold (1 + ser_threshold s_5HT ser_base m) - ne_refractory z
///       NE = s_NE logistic(drive / ne_temperature),  z = max(ne_recovery z, min(1, 2 NE) if NE > .25)
///       m = max(0, m + ne_adaptation ([drive > 0] - ne_set_point)),  m = 1 at the start
///    9  H = clip(hazard + ne_reset NE, 0, .95),  b' = (1 - H) b L / sum_j b_j L_j + H [k = k*]
///       NE > .5 leaves a tenth of S;  an unused k* that leads b' becomes used, with attention_kept of the
///       rho of the slot that led b;  n += b, then b = b'
///   10  rate = 1 - ach_learning (1 - A)
///       loss = 1, for delta < 0: 1 - ser_loss (1 - min(s_5HT ser_base, 1.5))
///   11  at the chosen features, w = b_k a_kd (b of 9, a of 3):
///       G += alpha_G w rate G DA loss,  N -= alpha_N w rate N DA loss
///       HG, HN alike with alpha_H and w = a_d;  all stay within [w_min, w_max]
///   12  error_kd = |r - V_kd|,  V += alpha_V min(s_DA da_gain, 1.5) rate loss w (r - V)
///       rho = clip((1 - attention_decay) rho + attention_rate b_k A (mean_d error - error),
///                  -1.5, attention_max),  then rho = rho (1 - attention_reset NE)
///   13  h += history_rate b (r - .5 - .1 h),  u += eta_u (|delta| - u)
///
/// The homeostatic threshold. With ne_adaptation = 0, the default, m stays 1 and the threshold where it is. Above 0
/// serotonin's hold m rises after each burst (cells beyond half of full firing) and falls a little on every
/// other trial, never below 0, until bursts come ne_set_point a trial: over T trials at most
/// T ne_set_point + (m_T - m_0) / ne_adaptation of them, false alarms among them. The circuit counts all its bursts,
/// since it is not told which followed a change; it counts firing, not release, so a lesion of s_NE is not made up
/// for. ne_set_point = .02 is the most false alarms a trial that the design allows. For the rate the design asks
/// only that it be slow; ne_adaptation = .235 = ne_temperature / (ne_threshold ser_threshold ser_base) makes one burst
/// raise the threshold by one width of noradrenaline's rise, and 50 trials without one take it back. Both were set
/// before anything was run with them; docs/robustness.md has what came of it.
///
/// Solved trial by trial, four agents to a vector. Without an outcome nothing is learned and the momentary
/// signals da, delta, learning_rate and credit read 0. A reset_fraction of the actor takes entries by a draw
/// keyed by agent and entry, so a larger first lesion contains a smaller one.
/// Source: design; opponent actors as in Collins & Frank (2014), doi:10.1037/a0037015, uncertainty and its
/// modulators as in Yu & Dayan (2005), doi:10.1016/j.neuron.2005.04.026; the homeostatic threshold has the form of
/// Foldiak's (1990), doi:10.1007/BF02331346. Parameters were searched for, among
/// other things, the signature of lesions in reversal at outcome probabilities 1 and .8.
/// Differs from it: opponent actors are gated by context and attention and share one learning factor; Yu and
/// Dayan's inference is replaced by a leaky sequential test per context; Foldiak's threshold is one unit's own, here
/// it is serotonin's part of it that moves, which cannot fall below 0.
#include <algorithm>
#include <cstring>
#include <utility>

#include "contract/agent.hpp"
#include "core/random.hpp"
#include "learners/catalogue.hpp"
#include "learners/flex_core.hpp"

namespace labile {
namespace {

std::vector<Field<FlexParams>> flex_table() {
  using P = FlexParams;
  return {
      {"slots", "1", &P::slots, {1, 16}, "contexts that can be held"},
      {"alpha_G", "1", &P::alpha_G, {0, 10}, "learning rate of the context's D1 actor"},
      {"alpha_N", "1", &P::alpha_N, {0, 10}, "learning rate of the context's D2 actor"},
      {"alpha_V", "1", &P::alpha_V, {0, 1}, "learning rate of the critic"},
      {"alpha_H", "1", &P::alpha_H, {0, 10}, "learning rate of the habit actors"},
      {"beta_G", "1", &P::beta_G, {0, 100}, "weight of D1 actors in the choice"},
      {"beta_N", "1", &P::beta_N, {0, 100}, "weight of D2 actors in the choice"},
      {"w_context", "1", &P::w_context, {0, 100}, "weight of the contexts' actors in the choice"},
      {"w_habit", "1", &P::w_habit, {0, 100}, "weight of the habit actors in the choice"},
      {"w_min", "1", &P::w_min, {0, 1}, "lower bound of actor entries, which start at 1"},
      {"w_max", "1", &P::w_max, {1, 1e3}, "upper bound of actor entries"},
      {"da_gain", "1", &P::da_gain, {0, 10}, "phasic dopamine per unit of prediction error"},
      {"da_dip",
       "outcome",
       &P::da_dip,
       {0, 10},
       "negative prediction error at which dopamine cannot dip lower"},
      {"ach_base", "1", &P::ach_base, {0, 10}, "acetylcholine without any expected uncertainty"},
      {"ach_gain", "1/outcome", &P::ach_gain, {0, 10}, "acetylcholine per unit of expected uncertainty"},
      {"eta_u",
       "1",
       &P::eta_u,
       {0, 1},
       "rate at which expected uncertainty follows the size of prediction errors"},
      {"ach_learning", "1", &P::ach_learning, {0, 1}, "share of plasticity that acetylcholine scales"},
      {"encoding_noise",
       "1",
       &P::encoding_noise,
       {0, 1},
       "chance of an encoding slip per dimension at acetylcholine 1"},
      {"attention", "1", &P::attention, {0, 100}, "sharpness of attention over dimensions"},
      {"attention_rate",
       "1/outcome",
       &P::attention_rate,
       {0, 10},
       "rate at which better predicting dimensions gain relevance"},
      {"attention_decay", "1", &P::attention_decay, {0, 1}, "share of relevance forgotten per trial"},
      {"attention_kept", "1", &P::attention_kept, {0, 1}, "share of relevance that a new context inherits"},
      {"attention_max", "1", &P::attention_max, {0, 100}, "upper bound of relevance"},
      {"attention_reset", "1", &P::attention_reset, {0, 1}, "share of relevance that noradrenaline 1 wipes"},
      {"n_trust",
       "trial",
       &P::n_trust,
       {1e-3, 1e6},
       "trials in a context until its predictions are trusted in full"},
      {"evidence_leak", "1", &P::evidence_leak, {0, 1}, "share of switch evidence kept per trial"},
      {"history_weight",
       "1",
       &P::history_weight,
       {0, 100},
       "weight of a context's reward history among competing contexts"},
      {"history_rate", "1/outcome", &P::history_rate, {0, 1}, "rate at which reward history grows"},
      {"blank", "1", &P::blank, {1e-6, 1e6}, "odds at which a new context competes"},
      {"ne_threshold",
       "1",
       &P::ne_threshold,
       {0, 100},
       "switch evidence for half of full noradrenaline without serotonin"},
      {"ne_temperature",
       "1",
       &P::ne_temperature,
       {1e-3, 100},
       "width of noradrenaline's rise with switch evidence"},
      {"ne_refractory",
       "1",
       &P::ne_refractory,
       {0, 100},
       "rise of the threshold after a burst of noradrenaline"},
      {"ne_recovery", "1", &P::ne_recovery, {0, 1}, "share of refractoriness kept per trial"},
      {"ne_adaptation",
       "1",
       &P::ne_adaptation,
       {0, 10},
       "rise of serotonin's hold on the threshold after a burst of noradrenaline; 0: it stays 1"},
      {"ne_set_point",
       "1/trial",
       &P::ne_set_point,
       {0, 1},
       "bursts at which a threshold that adapts comes to rest"},
      {"ne_reset", "1", &P::ne_reset, {0, 1}, "belief that noradrenaline 1 moves to the winning context"},
      {"hazard", "1", &P::hazard, {0, 0.95}, "belief moved to the winning context without noradrenaline"},
      {"ne_exploration", "1", &P::ne_exploration, {0, 100}, "flattening of the next choice by noradrenaline"},
      {"ser_base", "1", &P::ser_base, {0, 10}, "serotonin, constant in this circuit"},
      {"ser_threshold",
       "1",
       &P::ser_threshold,
       {0, 100},
       "relative rise of ne_threshold per unit of serotonin"},
      {"ser_loss", "1", &P::ser_loss, {0, 1}, "share of learning from negative errors that serotonin scales"},
  };
}

class FlexAgent final : public Agent {
  enum HandleIndex { da_release, ach_release, ne_release, ser_release, da_tonic, da_phasic, actor_weights };
  enum SignalIndex { da, ach, ne, ser, delta, belief, slot, learning_rate, credit };

 public:
  explicit FlexAgent(const FlexParams& params) : params_(params), core_(params_, layout_) {
    const std::vector<Effect::Op> any{Effect::scale, Effect::set, Effect::add};
    const Bounds release{0, 10};
    handles_ = {
        {"da.release", "phasic dopamine, relative to intact", any, false, release},
        {"ach.release", "acetylcholine, relative to intact", any, false, release},
        {"ne.release", "noradrenaline, relative to intact", any, false, release},
        {"ser.release", "serotonin, relative to intact", any, false, release},
        {"da.tonic",
         "tilt of the choice from D2 to D1 actors; intact 0",
         {Effect::set, Effect::add},
         false,
         {-1, 1}},
        {"da.phasic", "dopamine added at one outcome", {}, true},
        {"actor.weights", "entries of the D1, D2 and habit actors", {Effect::reset_fraction}, false, {0, 1}},
    };
    signals_ = {
        {"da", "phasic dopamine", "outcome units"},
        {"ach", "acetylcholine", "1"},
        {"ne", "noradrenaline", "1"},
        {"ser", "serotonin", "1"},
        {"delta", "prediction error", "outcome units"},
        {"belief", "belief in the leading context", "1"},
        {"slot", "leading context", "1"},
        {"learning_rate", "learning rate of the critic", "1"},
        {"credit", "change of the contexts' actors", "1", true},
    };
  }

  void begin(const TaskInfo& task, const Subjects& subjects) override {
    refuse_reports("flex", task);
    layout_ = task.layout;
    core_ = FlexCore<Vec>(params_, layout_);
    seed_ = subjects.seed;
    entity_.assign(subjects.entity.begin(), subjects.entity.end());
    groups_ = entity_.size() / kWidth;
    size_ = core_.size();
    start_.resize(size_);
    core_.start(start_.data());
    before_.resize(size_);
    memory_.clear();
    for (std::size_t g = 0; g < groups_; ++g) memory_.insert(memory_.end(), start_.begin(), start_.end());
    perceived_.assign(groups_ * core_.perceived_size(), Index4(0));
    choice_.assign(groups_, Index4(0));
    release_.assign(groups_, {});
    pulse_.assign(entity_.size(), 0.0);
    lesions_.assign(entity_.size(), 0);
  }

  void phase(const Phase& ph, const Actions& actions) override {
    if (ph.kind == PhaseKind::choice && ph.awaits_action) choose(ph, actions);
    if (ph.kind == PhaseKind::outcome) learn(ph);
  }

  [[nodiscard]] const std::vector<Handle>& handles() const override { return handles_; }

  void apply(int handle, int lane, Effect e) override {
    if (handle == actor_weights) {
      // Returning to intact is nothing here: what was learned is not known any more.
      if (e.op == Effect::reset_fraction) reset_actor(lane, e.amount);
      return;
    }
    Vec* const of_group = factor(release_[lane / kWidth], handle);
    if (!of_group) throw Bug("apply() on a handle of Flex that takes only pulses");
    const double intact = handle == da_tonic ? 0.0 : 1.0;
    const double x = e.op == Effect::scale ? intact * e.amount
                     : e.op == Effect::add ? intact + e.amount
                                           : e.amount;
    const Bounds& b = handles_[handle].bounds;
    of_group->set(lane % kWidth, clamp(x, b.lo, b.hi));
  }

  void pulse(int handle, std::span<const double> amount) override {
    if (handle != da_phasic) throw Bug("pulse() on a handle of Flex that is not pulsed");
    for (std::size_t i = 0; i < pulse_.size(); ++i) pulse_[i] += amount[i];
  }

  [[nodiscard]] const std::vector<SignalInfo>& signals() const override { return signals_; }

  void read(int signal, std::span<double> out) const override {
    for (std::size_t g = 0; g < groups_; ++g) {
      const FlexMemory<const Vec> m = core_.view(memory_.data() + g * size_);
      if (signal == credit) {
        for (int f = 0; f < layout_.features(); ++f) put(m.credit[f], &out[f * entity_.size() + g * kWidth]);
        continue;
      }
      put(value(signal, m, release_[g]), &out[g * kWidth]);
    }
  }

 private:
  static void put(Vec v, double* out) { std::memcpy(out, &v, sizeof v); }

  /// The factor behind a handle, or null where the handle has none.
  static Vec* factor(FlexRelease<Vec>& r, int handle) {
    switch (handle) {
      case da_release:
        return &r.da;
      case ach_release:
        return &r.ach;
      case ne_release:
        return &r.ne;
      case ser_release:
        return &r.ser;
      case da_tonic:
        return &r.tilt;
      default:
        return nullptr;
    }
  }

  [[nodiscard]] Vec value(int signal, const FlexMemory<const Vec>& m, const FlexRelease<Vec>& release) const {
    switch (signal) {
      case da:
        return *m.DA;
      case ach:
        return *m.ACh;
      case ne:
        return *m.NE;
      case ser:
        return release.ser * params_.ser_base;
      case delta:
        return *m.delta;
      case learning_rate:
        return *m.learning_rate;
      default:
        break;
    }
    Vec top = m.b[0], leader(0.0);
    for (int k = 1; k < params_.slots; ++k) {
      leader = select(m.b[k] > top, Vec(static_cast<double>(k)), leader);
      top = max(top, m.b[k]);
    }
    return signal == belief ? top : leader;
  }

  void reset_actor(int lane, double fraction) {
    const Draw draw{seed_, Purpose::lesion, entity_[lane]};
    Vec* const entry = memory_.data() + (lane / kWidth) * size_;
    const std::uint32_t which = lesions_[lane]++;
    for (int i = 0; i < core_.actor_entries(); ++i)
      if (draw.uniform(static_cast<std::uint32_t>(i), which) < fraction) entry[i].set(lane % kWidth, 1.0);
  }

  /// The features of group g out of the phase's [option][dim][lanes].
  std::span<const Index4> features(const Phase& ph, std::size_t g) {
    if (ph.feature.empty()) return {};
    const std::size_t count = core_.perceived_size();
    shown_.resize(count);
    for (std::size_t k = 0; k < count; ++k)
      std::memcpy(&shown_[k], &ph.feature[k * entity_.size() + g * kWidth], sizeof(Index4));
    return shown_;
  }

  [[nodiscard]] Index4 entities(std::size_t g) const {
    RawInts r;
    for (int i = 0; i < kWidth; ++i) r[i] = entity_[g * kWidth + i];
    return Index4(r);
  }

  /// The draws of an encoding slip: a uniform, and two different options where there are more than two.
  [[nodiscard]] FlexSlip<Vec> slip(Index4 entity, std::uint32_t trial, int dim) const {
    const auto bits = bits4(seed_, Purpose::perception, entity, trial, static_cast<std::uint32_t>(dim));
    FlexSlip<Vec> s{uniform32(bits[0]), Index4(0), Index4(1)};
    const std::int64_t options = layout_.options;
    if (options == 2) return s;
    s.a = Index4((bits[1].i * options) >> 32);
    const Index4 other((bits[2].i * (options - 1)) >> 32);
    s.b = select(other >= s.a, Index4(other.i + 1), other);
    return s;
  }

  void choose(const Phase& ph, const Actions& a) {
    const auto trial = static_cast<std::uint32_t>(ph.trial);
    for (std::size_t g = 0; g < groups_; ++g) {
      Vec* const memory = memory_.data() + g * size_;
      Index4* const perceived = perceived_.data() + g * core_.perceived_size();
      for (int i = 0; i < kWidth; ++i)
        if (ph.fresh[g * kWidth + i]) copy_lane(start_.data(), memory, i);
      const Index4 entity = entities(g);
      core_.perceive(
          memory, release_[g], features(ph, g), [&](int d) { return slip(entity, trial, d); }, perceived);
      Vec u[kMaxOptions];
      core_.decide(memory, release_[g], perceived, u);
      choice_[g] = draw_choice(u, entity, trial);
      for (int i = 0; i < kWidth; ++i) {
        a.choice[g * kWidth + i] = static_cast<std::int32_t>(choice_[g].i[i]);
        a.rt_ms[g * kWidth + i] = kNaN;
      }
    }
  }

  /// The option where the cumulative probability passes a uniform draw, unnormalized to save divisions.
  [[nodiscard]] Index4 draw_choice(Vec* u, Index4 entity, std::uint32_t trial) const {
    const int m = layout_.options;
    Vec top = u[0], total(0.0);
    for (int o = 1; o < m; ++o) top = max(top, u[o]);
    for (int o = 0; o < m; ++o) {
      u[o] = exp(u[o] - top);
      total += u[o];
    }
    const Vec mark = uniform32(bits4(seed_, Purpose::choice, entity, trial)[0]) * total;
    Index4 choice(0);
    Vec sum = u[0];
    for (int o = 1; o < m; ++o) {
      choice = select(mark >= sum, Index4(o), choice);
      sum += u[o];
    }
    return choice;
  }

  void learn(const Phase& ph) {
    for (std::size_t g = 0; g < groups_; ++g) {
      Vec* const memory = memory_.data() + g * size_;
      Vec outcome, pulse;
      std::memcpy(&outcome, &ph.outcome[g * kWidth], sizeof outcome);
      std::memcpy(&pulse, &pulse_[g * kWidth], sizeof pulse);
      RawInts raw_live;
      for (int i = 0; i < kWidth; ++i) raw_live[i] = -static_cast<std::int64_t>(ph.live[g * kWidth + i]);
      const Mask4 live{raw_live}, seen = (outcome == outcome) & live;
      if (any(seen)) {
        const bool mixed = !all(seen);
        if (mixed) std::memcpy(before_.data(), memory, size_ * sizeof(Vec));
        core_.learn(memory, release_[g], perceived_.data() + g * core_.perceived_size(), choice_[g], outcome,
                    pulse);
        for (int i = 0; mixed && i < kWidth; ++i)
          if (!lane(seen, i)) copy_lane(before_.data(), memory, i);
      }
      if (!all(seen | !live)) core_.no_outcome(memory, live & !seen);
    }
    std::fill(pulse_.begin(), pulse_.end(), 0.0);
  }

  void copy_lane(const Vec* from, Vec* to, int lane) const {
    for (std::size_t k = 0; k < size_; ++k) to[k].set(lane, from[k][lane]);
  }

  FlexParams params_;
  Layout layout_;
  FlexCore<Vec> core_;
  std::uint64_t seed_ = 0;
  std::vector<std::uint32_t> entity_;
  std::size_t groups_ = 0, size_ = 0;      // groups of four lanes; numbers in a memory
  std::vector<Vec> memory_;                // [group][size_], see FlexMemory
  std::vector<Vec> start_, before_;        // [size_] a fresh memory; one to restore lanes from
  std::vector<Index4> perceived_;          // [group][option][dim]
  std::vector<Index4> shown_;              // [option][dim] scratch of one group
  std::vector<Index4> choice_;             // [group]
  std::vector<FlexRelease<Vec>> release_;  // [group]
  std::vector<double> pulse_;              // [lanes] dopamine added at the coming outcome
  std::vector<std::uint32_t> lesions_;     // [lanes] resets of the actor so far
  std::vector<Handle> handles_;
  std::vector<SignalInfo> signals_;
};

}  // namespace

LearnerEntry flex() {
  return {
      {"flex", "flexible-updating circuit: contexts, opponent actors, habit and four modulators", "design"},
      describe_params(flex_table()),
      nullptr,
      "encoding noise and the latent belief make the likelihood a sum over hidden paths",
      [](const Settings& given) -> std::unique_ptr<Agent> {
        const FlexParams p = read_params(flex_table(), given, "learner 'flex'");
        if (p.ne_adaptation > 0 && p.ne_threshold * p.ser_threshold * p.ser_base == 0)
          throw Error(
              given.find("ne_adaptation")->second.where,
              "learner 'flex': ne_adaptation moves serotonin's part of the threshold, so ne_threshold, "
              "ser_threshold and ser_base must be above 0");
        return std::make_unique<FlexAgent>(p);
      },
      nullptr};
}

}  // namespace labile
