/// The equations of Flex, one trial of one agent (T = double) or of four (T = Vec). See flex.cpp for what
/// they mean and where they come from; numbers in comments are the steps there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "contract/trial.hpp"

namespace labile {

struct FlexParams {
  int slots = 4;
  double alpha_G = 0.257, alpha_N = 0.257, alpha_V = 0.278, alpha_H = 0.2;
  double beta_G = 3.855, beta_N = 3.855, w_context = 1.0, w_habit = 1.216, w_min = 0.05, w_max = 5.0;
  double da_gain = 1.0, da_dip = 0.7;
  double ach_base = 0.5, ach_gain = 1.5, eta_u = 0.15, ach_learning = 0.1, encoding_noise = 0.04;
  double attention = 3.0, attention_rate = 0.6, attention_decay = 0.002, attention_kept = 0.2;
  double attention_max = 3.0, attention_reset = 0.6;
  double n_trust = 10.608, evidence_leak = 0.855, history_weight = 0.277, history_rate = 0.055, blank = 1.5;
  double ne_threshold = 1.461, ne_temperature = 0.42, ne_refractory = 0.388, ne_recovery = 0.93;
  double ne_adaptation = 0, ne_set_point = 0.02;
  double ne_reset = 0.938, hazard = 0.002, ne_exploration = 1.189;
  double ser_base = 1.0, ser_threshold = 1.221, ser_loss = 0.636;
};

/// What lesions and drugs make of the release of each modulator, as factors of the intact release, and
/// the tilt of the actor by tonic dopamine.
template <class T>
struct FlexRelease {
  T da = T(1.0), ach = T(1.0), ne = T(1.0), ser = T(1.0), tilt = T(0.0);
};

/// An encoding slip in one dimension: with the chance that u falls below, options a and b swap values.
template <class T>
struct FlexSlip {
  T u;            // uniform on (0, 1)
  Index<T> a, b;  // two different options
};

/// One agent's memory, as places in one array. F = features, D = dimensions.
template <class T>
struct FlexMemory {
  T *G, *N, *V;      // [slot][F] opponent actor (D1, D2) and critic of each context
  T* rho;            // [slot][D] learned relevance of a dimension
  T *b, *S, *h, *n;  // [slot] belief, evidence to switch, reward history, trials lived in it
  T* used;           // [slot] 1 = has held a context
  T *HG, *HN;        // [F] habit actor
  T *u, *NE, *z;     // running |delta|, noradrenaline of the last outcome, its refractoriness
  T* hold;           // how far serotonin holds up the threshold of noradrenaline; 1 at the start
  // Of the trial in progress or just past; nothing here outlives the next choice and outcome.
  T *a, *a_mean;  // [slot][D], [D] attention at the choice
  T* ACh;
  T *delta, *DA, *learning_rate;
  T* credit;  // [F] |dG| + |dN| over all slots
};

template <class T>
class FlexCore {
 public:
  FlexCore(const FlexParams& params, const Layout& layout)
      : p_(params),
        layout_(layout),
        K_(params.slots),
        D_(layout.dims()),
        F_(layout.features()),
        log_blank_(log(params.blank)) {}

  /// Numbers in one memory.
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(3 * K_ * F_ + 2 * K_ * D_ + 5 * K_ + 3 * F_ + D_ + 8);
  }
  /// Entries of the perceived features, [option][dim].
  [[nodiscard]] std::size_t perceived_size() const { return static_cast<std::size_t>(layout_.options * D_); }

  template <class U>  // T or const T
  [[nodiscard]] FlexMemory<U> view(U* at) const {
    const auto take = [&at](int count) {
      U* const here = at;
      at += count;
      return here;
    };
    FlexMemory<U> m;
    m.G = take(K_ * F_);
    m.N = take(K_ * F_);
    m.HG = take(F_);
    m.HN = take(F_);
    m.V = take(K_ * F_);
    m.rho = take(K_ * D_);
    m.b = take(K_);
    m.S = take(K_);
    m.h = take(K_);
    m.n = take(K_);
    m.used = take(K_);
    m.u = take(1);
    m.NE = take(1);
    m.z = take(1);
    m.hold = take(1);
    m.a = take(K_ * D_);
    m.a_mean = take(D_);
    m.ACh = take(1);
    m.delta = take(1);
    m.DA = take(1);
    m.learning_rate = take(1);
    m.credit = take(F_);
    return m;
  }

  /// Actor entries G, N, HG, HN stand first in a memory: what a lesion of the actor takes from.
  [[nodiscard]] int actor_entries() const { return 2 * K_ * F_ + 2 * F_; }

  void start(T* at) const {
    for (std::size_t i = 0; i < size(); ++i) at[i] = T(0.0);
    for (int i = 0; i < actor_entries(); ++i) at[i] = T(1.0);
    const FlexMemory<T> m = view(at);
    for (int i = 0; i < K_ * F_; ++i) m.V[i] = T(0.5);
    m.b[0] = m.used[0] = T(1.0);
    *m.u = T(0.5);
    *m.hold = T(1.0);
    *m.ACh = p_.ach_base + p_.ach_gain * *m.u;
  }

  /// Steps 1 and 2. `feature` is [option][dim], empty for a bandit; slip(dim) gives the draws of a dimension
  /// and is called only where encoding is noisy. Fills `perceived`, [option][dim].
  template <class Slip>
  void perceive(T* at, const FlexRelease<T>& x, std::span<const Index<T>> feature, Slip&& slip,
                Index<T>* perceived) const {
    const FlexMemory<T> m = view(at);
    *m.ACh = x.ach * (p_.ach_base + p_.ach_gain * *m.u);
    const int O = layout_.options;
    for (int i = 0; i < O * D_; ++i) perceived[i] = feature.empty() ? constant<T>(i) : feature[i];
    if (p_.encoding_noise == 0) return;
    const T chance = min(T(0.5), T(p_.encoding_noise) / max(*m.ACh, T(kAChFloor)));
    for (int d = 0; d < D_; ++d) {
      const FlexSlip<T> s = slip(d);
      const Mask<T> slips = s.u < chance;
      if (!any(slips)) continue;
      Index<T> of_a = perceived[d], of_b = perceived[d];
      for (int o = 1; o < O; ++o) {
        of_a = select(s.a == constant<T>(o), perceived[o * D_ + d], of_a);
        of_b = select(s.b == constant<T>(o), perceived[o * D_ + d], of_b);
      }
      for (int o = 0; o < O; ++o) {
        Index<T>& f = perceived[o * D_ + d];
        f = select(slips & (s.a == constant<T>(o)), of_b, select(slips & (s.b == constant<T>(o)), of_a, f));
      }
    }
  }

  /// Steps 3 and 4: the choice is softmax(utility), utility [option].
  void decide(T* at, const FlexRelease<T>& x, const Index<T>* perceived, T* utility) const {
    const FlexMemory<T> m = view(at);
    attend(m);
    // What each feature adds to an option, over slots and habit, before options look theirs up.
    const T beta_G = p_.beta_G * (T(1.0) + x.tilt), beta_N = p_.beta_N * (T(1.0) - x.tilt);
    T pull[kMaxFeatures];
    for (int d = 0; d < D_; ++d)
      for (int f = layout_.offset[d]; f < layout_.offset[d] + layout_.arity[d]; ++f) {
        T context(0.0);
        for (int k = 0; k < K_; ++k)
          context += m.b[k] * ((beta_G * m.G[k * F_ + f] - beta_N * m.N[k * F_ + f]) * m.a[k * D_ + d]);
        const T habit = (beta_G * m.HG[f] - beta_N * m.HN[f]) * m.a_mean[d];
        pull[f] = p_.w_context * context + p_.w_habit * habit;
      }
    const T temperature = T(1.0) + p_.ne_exploration * *m.NE;
    for (int o = 0; o < layout_.options; ++o) {
      T Q(0.0);
      for (int d = 0; d < D_; ++d) {
        const int first = layout_.offset[d];
        T w = pull[first];
        for (int v = 1; v < layout_.arity[d]; ++v)
          w = select(perceived[o * D_ + d] == constant<T>(first + v), pull[first + v], w);
        Q += w;
      }
      utility[o] = Q / temperature;
    }
  }

  /// Steps 5 to 13, after `choice` paid `r`; `pulse` is dopamine added from outside.
  void learn(T* at, const FlexRelease<T>& x, const Index<T>* perceived, Index<T> choice, T r, T pulse) const {
    const FlexMemory<T> m = view(at);
    Mask<T> chosen[kMaxFeatures];
    for (int d = 0; d < D_; ++d) {
      Index<T> f = perceived[d];
      for (int o = 1; o < layout_.options; ++o)
        f = select(choice == constant<T>(o), perceived[o * D_ + d], f);
      for (int v = 0; v < layout_.arity[d]; ++v)
        chosen[layout_.offset[d] + v] = f == constant<T>(layout_.offset[d] + v);
    }
    T V_hat[kMaxSlots];
    T prediction(0.0);  // 5
    for (int k = 0; k < K_; ++k) {
      V_hat[k] = T(0.0);
      for (int d = 0; d < D_; ++d) V_hat[k] += of_chosen(m.V + k * F_, d, chosen) * m.a[k * D_ + d];
      prediction += m.b[k] * V_hat[k];
    }
    *m.delta = r - prediction;
    const T da_gain = p_.da_gain * x.da;
    *m.DA = max(da_gain * *m.delta, -p_.da_dip * da_gain) + pulse;
    infer_context(m, x, V_hat, r);

    const T A = min(*m.ACh, T(kCap)), ser = min(x.ser * p_.ser_base, T(kCap));  // 10
    const T rate = T(1.0 - p_.ach_learning) + p_.ach_learning * A;
    const T loss = select(*m.delta < T(0.0), T(1.0 - p_.ser_loss) + p_.ser_loss * ser, T(1.0));
    *m.learning_rate = p_.alpha_V * min(da_gain, T(kCap)) * (rate * loss);
    change_actors(m, chosen, rate, *m.DA * loss);
    change_critic(m, chosen, A, r);

    for (int k = 0; k < K_; ++k)  // 13
      m.h[k] += p_.history_rate * m.b[k] * (r - T(0.5) - m.h[k] * T(kHistoryLeak));
    *m.u += p_.eta_u * (abs(*m.delta) - *m.u);
  }

  /// A trial without an outcome: nothing is learned, and the momentary signals of these lanes read 0.
  void no_outcome(T* at, Mask<T> lanes) const {
    const FlexMemory<T> m = view(at);
    for (T* x : {m.delta, m.DA, m.learning_rate}) *x = select(lanes, T(0.0), *x);
    for (int f = 0; f < F_; ++f) m.credit[f] = select(lanes, T(0.0), m.credit[f]);
  }

 private:
  static constexpr int kMaxSlots = 16;
  static constexpr double kAChFloor = 0.02;   // keeps the slip chance finite without acetylcholine
  static constexpr double kCap = 1.5;         // modulators beyond it add no plasticity
  static constexpr double kOut = -9.0;        // score of a slot that is no candidate
  static constexpr double kLeaveBonus = 2.0;  // the believed slot competes at this handicap
  static constexpr double kBurst = 0.5, kAfterBurst = 1.0 - 0.9;  // a burst leaves a tenth of the evidence
  static constexpr double kRefractoryFrom = 0.25;
  static constexpr double kRelevanceMin = -1.5;
  static constexpr double kHistoryLeak = 0.1;

  /// Step 3: softmax of relevance over dimensions, per slot, and its mean under the belief.
  void attend(const FlexMemory<T>& m) const {
    const T gain = p_.attention * min(*m.ACh, T(kCap));
    for (int d = 0; d < D_; ++d) m.a_mean[d] = T(0.0);
    for (int k = 0; k < K_; ++k) {
      T* a = m.a + k * D_;
      T top = gain * m.rho[k * D_], total(0.0);
      for (int d = 0; d < D_; ++d) {
        a[d] = gain * m.rho[k * D_ + d];
        top = max(top, a[d]);
      }
      for (int d = 0; d < D_; ++d) {
        a[d] = D_ == 1 ? T(1.0) : exp(a[d] - top);
        total += a[d];
      }
      for (int d = 0; d < D_; ++d) {
        a[d] = a[d] / total;
        m.a_mean[d] += m.b[k] * a[d];
      }
    }
  }

  /// The entry, of those of one slot, that belongs to the chosen option in dimension d.
  T of_chosen(const T* entry, int d, const Mask<T>* chosen) const {
    const int first = layout_.offset[d];
    T v = entry[first];
    for (int f = first + 1; f < first + layout_.arity[d]; ++f) v = select(chosen[f], entry[f], v);
    return v;
  }

  /// Steps 6 to 9: evidence for another context, noradrenaline, and the belief after both.
  void infer_context(const FlexMemory<T>& m, const FlexRelease<T>& x, const T* V_hat, T r) const {
    T L[kMaxSlots];
    T L_mean(0.0);  // 6
    for (int k = 0; k < K_; ++k) {
      const T trust = m.used[k] * min(T(1.0), m.n[k] / T(p_.n_trust));
      const T p = clamp(T(0.5) + (V_hat[k] - T(0.5)) * trust, T(0.05), T(0.95));
      L[k] = select(r > T(0.0), p, T(1.0) - p);
      L_mean += m.b[k] * L[k];
    }
    const T L_bar = clamp(L_mean, T(1e-3), T(1.0));
    T best(0.0), best_used(0.0);  // 7
    Index<T> winner = constant<T>(0);
    T blank_left(1.0);  // 1 until the first unused slot is passed
    for (int k = 0; k < K_; ++k) {
      const T candidate = max(m.used[k], blank_left);
      blank_left = blank_left * m.used[k];
      const Mask<T> is_candidate = candidate > T(0.0), is_used = m.used[k] > T(0.0);
      m.S[k] = select(is_candidate, max(T(0.0), p_.evidence_leak * m.S[k] + log(L[k] / L_bar)), T(0.0));
      const T bias = select(is_used, p_.history_weight * m.h[k], T(log_blank_));
      const T score = select(is_candidate, m.S[k] + bias, T(kOut)) - kLeaveBonus * m.b[k];
      const Mask<T> better = k == 0 ? (score == score) : (score > best);
      best = select(better, score, best);
      best_used = select(better, m.used[k], best_used);
      winner = select(better, constant<T>(k), winner);
    }
    const T ser_hold = p_.ser_threshold * (x.ser * p_.ser_base) * *m.hold;  // 8
    const T threshold = p_.ne_threshold * (T(1.0) + ser_hold);
    const T drive = best - threshold - p_.ne_refractory * *m.z;
    const T NE = x.ne / (T(1.0) + exp(-drive / T(p_.ne_temperature)));
    *m.NE = NE;
    *m.z = max(p_.ne_recovery * *m.z, select(NE > T(kRefractoryFrom), min(T(1.0), T(2.0) * NE), T(0.0)));
    if (p_.ne_adaptation > 0) adapt_threshold(m, drive > T(0.0));
    const T evidence_left = select(NE > T(kBurst), T(kAfterBurst), T(1.0));
    const T H = clamp(p_.hazard + p_.ne_reset * NE, T(0.0), T(0.95));  // 9
    T b_new[kMaxSlots];
    T post_sum(0.0), b_sum(0.0);
    for (int k = 0; k < K_; ++k) post_sum += m.b[k] * L[k];
    for (int k = 0; k < K_; ++k) {
      const T jump = select(winner == constant<T>(k), H, T(0.0));
      b_new[k] = (T(1.0) - H) * (m.b[k] * L[k] / post_sum) + jump;
      b_sum += b_new[k];
      m.S[k] *= evidence_left;
      m.n[k] += m.b[k];
    }
    const Mask<T> opens = (argmax(b_new) == winner) & (best_used == T(0.0));
    if (any(opens)) open_slot(m, winner, opens);
    for (int k = 0; k < K_; ++k) m.b[k] = b_new[k] / b_sum;
  }

  /// End of step 8: the threshold rises after a burst of the cells and falls without one. What is counted is
  /// their firing, so a lesion of release leaves the threshold alone.
  void adapt_threshold(const FlexMemory<T>& m, Mask<T> bursts) const {
    const T surplus = select(bursts, T(1.0), T(0.0)) - T(p_.ne_set_point);
    *m.hold = max(T(0.0), *m.hold + p_.ne_adaptation * surplus);
  }

  /// A blank slot that wins the belief becomes a context and inherits part of the old one's relevance.
  void open_slot(const FlexMemory<T>& m, Index<T> slot, Mask<T> opens) const {
    const Index<T> old = argmax(m.b);
    for (int d = 0; d < D_; ++d) {
      T from = m.rho[d];
      for (int k = 1; k < K_; ++k) from = select(old == constant<T>(k), m.rho[k * D_ + d], from);
      for (int k = 0; k < K_; ++k)
        m.rho[k * D_ + d] =
            select(opens & (slot == constant<T>(k)), p_.attention_kept * from, m.rho[k * D_ + d]);
    }
    for (int k = 0; k < K_; ++k) m.used[k] = select(opens & (slot == constant<T>(k)), T(1.0), m.used[k]);
  }

  /// The slot with the largest entry, the first on ties.
  Index<T> argmax(const T* of_slot) const {
    Index<T> at = constant<T>(0);
    T top = of_slot[0];
    for (int k = 1; k < K_; ++k) {
      at = select(of_slot[k] > top, constant<T>(k), at);
      top = max(top, of_slot[k]);
    }
    return at;
  }

  /// Step 11: three factors, with eligibility (belief now) x (attention at the choice).
  void change_actors(const FlexMemory<T>& m, const Mask<T>* chosen, T rate, T dopamine) const {
    const T lo(p_.w_min), hi(p_.w_max);
    for (int f = 0; f < F_; ++f) m.credit[f] = T(0.0);
    for (int d = 0; d < D_; ++d) {
      const int first = layout_.offset[d], end = first + layout_.arity[d];
      for (int k = 0; k < K_; ++k) {
        T *G = m.G + k * F_, *N = m.N + k * F_;
        const T step = m.b[k] * m.a[k * D_ + d] * rate * dopamine;
        const T g = of_chosen(G, d, chosen), n = of_chosen(N, d, chosen);
        const T dG = p_.alpha_G * step * g, dN = p_.alpha_N * step * n;
        const T g_new = clamp(g + dG, lo, hi), n_new = clamp(n - dN, lo, hi), credit = abs(dG) + abs(dN);
        for (int f = first; f < end; ++f) {
          G[f] = select(chosen[f], g_new, G[f]);
          N[f] = select(chosen[f], n_new, N[f]);
          m.credit[f] += select(chosen[f], credit, T(0.0));
        }
      }
      const T step = p_.alpha_H * (m.a_mean[d] * rate * dopamine);
      for (int f = first; f < end; ++f) {
        m.HG[f] = select(chosen[f], clamp(m.HG[f] + step * m.HG[f], lo, hi), m.HG[f]);
        m.HN[f] = select(chosen[f], clamp(m.HN[f] - step * m.HN[f], lo, hi), m.HN[f]);
      }
    }
  }

  /// Step 12: critic and relevance, both from the values before the change.
  void change_critic(const FlexMemory<T>& m, const Mask<T>* chosen, T A, T r) const {
    const T kept = T(1.0) - p_.attention_reset * *m.NE;
    for (int k = 0; k < K_; ++k) {
      T error[kMaxFeatures];
      T error_sum(0.0);
      for (int d = 0; d < D_; ++d) {
        const T v = of_chosen(m.V + k * F_, d, chosen);
        error[d] = abs(r - v);
        error_sum += error[d];
        const T v_new = v + *m.learning_rate * (m.b[k] * m.a[k * D_ + d]) * (r - v);
        for (int f = layout_.offset[d]; f < layout_.offset[d] + layout_.arity[d]; ++f)
          m.V[k * F_ + f] = select(chosen[f], v_new, m.V[k * F_ + f]);
      }
      const T error_mean = error_sum / T(static_cast<double>(D_));
      for (int d = 0; d < D_; ++d) {
        T& rho = m.rho[k * D_ + d];
        rho = rho * T(1.0 - p_.attention_decay) + p_.attention_rate * (error_mean - error[d]) * m.b[k] * A;
        rho = clamp(rho, T(kRelevanceMin), T(p_.attention_max)) * kept;
      }
    }
  }

  FlexParams p_;
  Layout layout_;
  int K_, D_, F_;  // slots, dimensions, features
  double log_blank_;
};

}  // namespace labile
