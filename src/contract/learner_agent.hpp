/// The player of a learner: four lanes at a time, one call a phase. What it does on a trial is what the loop of
/// likelihood.hpp does; a change to either belongs in both.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "contract/likelihood.hpp"
#include "core/random.hpp"

namespace labile::detail {

/// Plays a learner for a block of agents, four lanes at a time.
template <class L>
class LearnerAgent final : public Agent, public Replays {
  static constexpr int n = kParams<L>;
  using P = typename L::template Params<Vec>;
  using S = typename L::template State<Vec>;
  struct NoFilter {};
  static constexpr auto filter_type() {
    if constexpr (Filters<L>)
      return std::type_identity<typename L::Filter>();
    else
      return std::type_identity<NoFilter>();
  }
  using Filter = typename decltype(filter_type())::type;

 public:
  explicit LearnerAgent(std::vector<std::vector<double>> rows) : rows_(std::move(rows)) {
    for (const auto& p : describe_params(L::table()))
      handles_.push_back({p.name, p.about, {Effect::scale, Effect::set, Effect::add}, false, p.bounds});
    if constexpr (requires { L::signals(); }) signals_ = L::signals();
    if constexpr (requires(S s) { s.delta; })
      signals_.push_back({"delta", "prediction error", "outcome units"});
    if constexpr (requires(S s) { s.learning_rate; })
      signals_.push_back({"learning_rate", "learning rate", "1"});
    if constexpr (requires(S s) { s.belief; })
      signals_.push_back({"belief", "belief in the leading option", "1"});
  }

  void begin(const TaskInfo& task, const Subjects& subjects) override {
    layout_ = task.layout;
    if constexpr (requires { L::check(layout_); }) L::check(layout_);
    if (task.reports != Reports<L>)
      throw Error(std::string("learner '") + L::info.name +
                  (task.reports ? "' chooses among options; this task asks for a number"
                                : "' answers with a number; this task asks for a choice among options"));
    find_inputs(task);
    seed_ = subjects.seed;
    entity_.assign(subjects.entity.begin(), subjects.entity.end());
    const int groups = subjects.lanes() / kWidth;
    intact_.resize(groups);
    for (int g = 0; g < groups; ++g)
      intact_[g] = fill_params<L, Vec>([&](int k) {
        Vec v(0.0);
        for (int i = 0; i < kWidth; ++i) v.set(i, rows_[entity_[g * kWidth + i] % rows_.size()][k]);
        return v;
      });
    params_ = intact_;
    states_.clear();
    for (int g = 0; g < groups; ++g) states_.push_back(L::start(params_[g], layout_));
    if constexpr (Filters<L>) filters_.assign(static_cast<std::size_t>(subjects.lanes()), Filter());
    last_choice_.assign(subjects.lanes(), -1);
    rt_.assign(Timed<L> ? entity_.size() : 0, kNaN);
    choice_bits_.resize(groups);
    drawn_ = -1;
  }

  void phase(const Phase& ph, const Actions& actions) override {
    if (ph.kind == PhaseKind::choice && ph.awaits_action) choose(ph, actions);
    if (ph.kind == PhaseKind::outcome) learn(ph);
  }

  [[nodiscard]] const std::vector<Handle>& handles() const override { return handles_; }
  void apply(int handle, int lane, Effect e) override {
    Vec& now = member(params_[lane / kWidth], handle);
    const double intact = member(intact_[lane / kWidth], handle)[lane % kWidth];
    const double x = e.op == Effect::scale ? intact * e.amount
                     : e.op == Effect::add ? intact + e.amount
                                           : e.amount;
    const auto& b = handles_[handle].bounds;
    now.set(lane % kWidth, clamp(x, b.lo, b.hi));
  }
  [[nodiscard]] const std::vector<SignalInfo>& signals() const override { return signals_; }
  [[nodiscard]] bool lives_in_time() const override { return false; }
  void read(int signal, std::span<double> out) const override {
    const std::string& name = signals_[signal].name;
    for (std::size_t g = 0; g < states_.size(); ++g) {
      Vec v(kNaN);
      if constexpr (requires { L::signals(); })
        if (static_cast<std::size_t>(signal) < L::signals().size()) v = L::read(states_[g], signal);
      if constexpr (requires(S s) { s.delta; })
        if (name == "delta") v = states_[g].delta;
      if constexpr (requires(S s) { s.learning_rate; })
        if (name == "learning_rate") v = states_[g].learning_rate;
      if constexpr (requires(S s) { s.belief; })
        if (name == "belief") v = states_[g].belief;
      for (int i = 0; i < kWidth; ++i) out[g * kWidth + i] = v[i];
    }
  }
  [[nodiscard]] std::vector<ReplayColumn> replay(std::span<const double> params,
                                                 const SubjectTrials& trials) const override {
    ReplayWatch<L> watch(signals_, trials);
    std::vector<double> each(trials.size());
    (void)loglik<L, double>(
        fill_params<L, double>([&](int k) { return params[static_cast<std::size_t>(k)]; }), trials, each,
        watch);
    for (std::size_t t = 0; t < each.size(); ++t)
      if (trials.choice[t] < 0 && !Reports<L>) each[t] = kNaN;
    if constexpr (Reports<L>)
      for (std::size_t t = 0; t < each.size(); ++t)
        if (!(trials.report[t] == trials.report[t])) each[t] = kNaN;
    return watch.finish(std::move(each));
  }

 private:
  static Vec& member(P& p, int handle) {
    return reinterpret_cast<Vec*>(&p)[member_index<L>(L::table()[handle])];
  }

  void find_inputs(const TaskInfo& task) {
    input_.clear();
    for (const auto& name : input_names<L>()) {
      const auto it = std::find(task.inputs.begin(), task.inputs.end(), name);
      if (it == task.inputs.end())
        throw Error(std::string("learner '") + L::info.name + "' must be shown '" + name +
                    "', which this task does not show" + suggest(name, task.inputs));
      input_.push_back(static_cast<int>(it - task.inputs.begin()));
    }
    for (const auto& name : optional_input_names<L>()) {
      const auto it = std::find(task.inputs.begin(), task.inputs.end(), name);
      input_.push_back(it == task.inputs.end() ? -1 : static_cast<int>(it - task.inputs.begin()));
    }
  }
  using Numbers = std::array<Vec, input_count<L>() + 1>;
  using Features = std::array<Index4, 64>;
  static Numbers nothing_shown() {
    Numbers r{};
    r.fill(Vec(not_shown<L>()));
    return r;
  }
  /// A trial without what differs between lanes.
  Trial<Vec> frame(const Phase& ph, const Numbers& numbers) const {
    return {&layout_,  {},       Index4(0),  Vec(0.0),  Mask4{},
            Index4(0), ph.stage, Index4(-1), Vec(kNaN), {numbers.data(), input_count<L>()}};
  }
  /// Fills in what the four lanes of group g meet: all but choice, outcome and report.
  void meet(Trial<Vec>& x, const Phase& ph, std::size_t g, Features& store, Numbers& numbers) const {
    for (std::size_t k = 0; k < std::min(input_.size(), input_count<L>()); ++k) {
      if (input_[k] < 0) continue;
      std::memcpy(&numbers[k], &ph.input[static_cast<std::size_t>(input_[k]) * entity_.size() + g * kWidth],
                  sizeof(Vec));
      if (k >= needed_count<L>())  // as in loglik: what need not be shown and is missing is not shown
        numbers[k] = select(numbers[k] == numbers[k], numbers[k], Vec(not_shown<L>()));
    }
    if constexpr (Filters<L>)
      for (std::size_t i = 0; i < kWidth; ++i) {
        const std::span<const double> now = filters_[g * kWidth + i].values();
        for (std::size_t k = 0; k < now.size(); ++k)
          numbers[input_.size() + k].set(static_cast<int>(i), now[k]);
      }
    if (!ph.feature.empty()) x.feature = features(ph, g, store);
    if (!ph.state.empty()) x.state = load_index(&ph.state[g * kWidth]);
    if (!ph.right.empty()) x.right = load_index(&ph.right[g * kWidth]);
  }

  /// The features of group g out of the phase's [option][dim][lanes].
  std::span<const Index4> features(const Phase& ph, std::size_t g, Features& store) const {
    const int count = layout_.options * layout_.dims();
    for (int k = 0; k < count; ++k) std::memcpy(&store[k], &ph.feature[k * entity_.size() + g * kWidth], 32);
    return {store.data(), static_cast<std::size_t>(count)};
  }

  /// One block of random words serves four trials: the draw of trial t is word t % 4 of counter t / 4.
  void draw_choices(int trial) {
    if (trial / 4 == drawn_) return;
    drawn_ = trial / 4;
    const PhiloxKeys seed(seed_);
    for (std::size_t g = 0; g < states_.size(); ++g)
      choice_bits_[g] =
          bits4(seed, Purpose::choice, load_index(&entity_[g * kWidth]), static_cast<std::uint32_t>(drawn_));
  }

  void choose(const Phase& ph, const Actions& a) {
    if constexpr (Timed<L>)
      answer(ph);
    else if constexpr (Reports<L>)
      report(ph, a);
    else
      choose_option(ph);
    std::copy(last_choice_.begin(), last_choice_.end(), a.choice.begin());
    if constexpr (Timed<L>)
      std::transform(rt_.begin(), rt_.end(), a.rt_ms.begin(), [](double s) { return s * 1000; });
    else
      std::fill(a.rt_ms.begin(), a.rt_ms.end(), kNaN);
  }

  /// A choice and its response time, lane by lane; what comes after the deadline is missed.
  void answer(const Phase& ph) {
    Features store;
    std::array<std::int64_t, 64> feature;
    Numbers numbers = nothing_shown();
    Trial<Vec> x = frame(ph, numbers);
    std::array<double, input_count<L>() + 1> number{};
    for (std::size_t g = 0; g < states_.size(); ++g) {
      restart_fresh(ph, g);
      x.choice = Index4(0);
      x.outcome = x.rt = Vec(kNaN);
      meet(x, ph, g, store, numbers);
      for (int i = 0; i < kWidth; ++i) {
        const std::size_t at = g * kWidth + static_cast<std::size_t>(i);
        last_choice_[at] = -1;
        rt_[at] = kNaN;
        if (!ph.live[at]) continue;
        for (std::size_t k = 0; k < x.feature.size(); ++k) feature[k] = x.feature[k].i[i];
        for (std::size_t k = 0; k < input_.size(); ++k) number[k] = numbers[k][i];
        const Trial<double> one{
            &layout_, {feature.data(), x.feature.size()}, 0, kNaN, false, x.state.i[i], ph.stage, -1,
            kNaN,     {number.data(), input_.size()}};
        const Draws draws{{seed_, Purpose::choice, entity_[at]}, static_cast<std::uint32_t>(ph.trial)};
        const Answer said =
            L::respond(lane_of<typename L::template Params<double>>(params_[g], i),
                       lane_of<typename L::template State<double>>(states_[g], i), one, draws);
        if (ph.deadline_ms > 0 && !(said.rt * 1000 <= ph.deadline_ms)) continue;
        last_choice_[at] = said.choice;
        rt_[at] = said.rt;
      }
      if constexpr (requires { L::after(params_[g], states_[g], x); }) {
        x.choice = load_index(&last_choice_[g * kWidth]);
        std::memcpy(&x.rt, &rt_[g * kWidth], sizeof(Vec));
        const S before = states_[g];
        L::after(params_[g], states_[g], x);
        for (int i = 0; i < kWidth; ++i)
          if (last_choice_[g * kWidth + static_cast<std::size_t>(i)] < 0) copy_lane(before, states_[g], i);
      }
    }
  }

  void report(const Phase& ph, const Actions& a) {
    report_.resize(entity_.size());
    for (std::size_t g = 0; g < states_.size(); ++g) {
      restart_fresh(ph, g);
      Vec z;
      for (int i = 0; i < kWidth; ++i)
        z.set(i, Draw{seed_, Purpose::choice, entity_[g * kWidth + i]}.normal(
                     static_cast<std::uint32_t>(ph.trial)));
      const Vec answer = L::respond(params_[g], states_[g], z);
      std::memcpy(&report_[g * kWidth], &answer, sizeof answer);
      if constexpr (requires(const Trial<Vec>& x) { L::after(params_[g], states_[g], x); }) {
        Trial<Vec> x{&layout_, {}, Index4(0), Vec(kNaN), Mask4{}};
        x.report = answer;
        const S before = states_[g];
        L::after(params_[g], states_[g], x);
        for (int i = 0; i < kWidth; ++i)
          if (!ph.live[g * kWidth + static_cast<std::size_t>(i)]) copy_lane(before, states_[g], i);
      }
    }
    std::copy(report_.begin(), report_.end(), a.report.begin());
    std::fill(last_choice_.begin(), last_choice_.end(), 0);  // there is an answer
  }

  void choose_option(const Phase& ph) {
    draw_choices(ph.trial);
    Vec u[kMaxOptions];
    Features store;
    Numbers numbers = nothing_shown();
    Trial<Vec> x = frame(ph, numbers);
    const int m = layout_.options;
    for (std::size_t g = 0; g < states_.size(); ++g) {
      restart_fresh(ph, g);
      meet(x, ph, g, store, numbers);
      L::utility(params_[g], states_[g], x, u);
      // The option where the cumulative probability passes a uniform draw, unnormalized to save divisions.
      const Vec total = odds(u, m);
      if (!all(total == total)) refuse_nan(ph, g, total);
      const Vec mark = uniform32(choice_bits_[g][ph.trial % 4]) * total;
      Index4 choice(0);
      Vec sum = u[0];
      for (int o = 1; o < m; ++o) {
        choice = select(mark >= sum, Index4(o), choice);
        sum += u[o];
      }
      store_index(choice, &last_choice_[g * kWidth]);
      x.choice = choice;
      if constexpr (requires { L::after(params_[g], states_[g], x); }) {
        const S before = states_[g];
        L::after(params_[g], states_[g], x);
        for (int i = 0; i < kWidth; ++i)
          if (!ph.live[g * kWidth + i]) copy_lane(before, states_[g], i);
      }
    }
  }

  /// Parameters may be invalid together although each is within its bounds.
  void refuse_nan(const Phase& ph, std::size_t g, const Vec& total) const {
    for (int i = 0; i < kWidth; ++i) {
      const std::size_t lane = g * kWidth + static_cast<std::size_t>(i);
      if (ph.live[lane] && std::isnan(total[i]))
        throw Error(std::string("learner '") + L::info.name + "': values of subject " +
                    std::to_string(entity_[lane]) + " are not numbers at decision " +
                    std::to_string(ph.trial) + "; its parameters are invalid together");
    }
  }
  /// Utilities become exp(u - largest); returns their sum. Of two, one is exp(0) = 1.
  static Vec odds(Vec* u, int m) {
    if (m == 2) {
      const Mask4 second = u[1] > u[0];
      const Vec less = exp(select(second, u[0] - u[1], u[1] - u[0]));
      u[0] = select(second, less, Vec(1.0));
      u[1] = select(second, Vec(1.0), less);
      return u[0] + u[1];
    }
    Vec top = u[0], total(0.0);
    for (int o = 1; o < m; ++o) top = max(top, u[o]);
    for (int o = 0; o < m; ++o) total += u[o] = exp(u[o] - top);
    return total;
  }

  void learn(const Phase& ph) {
    Features store;
    Numbers numbers = nothing_shown();
    Trial<Vec> x = frame(ph, numbers);
    for (std::size_t g = 0; g < states_.size(); ++g) {
      x.choice = load_index(&last_choice_[g * kWidth]);
      std::memcpy(&x.outcome, &ph.outcome[g * kWidth], sizeof x.outcome);
      meet(x, ph, g, store, numbers);
      Mask4 known = x.outcome == x.outcome;
      if constexpr (learns_when_told<L>())
        if (!ph.right.empty()) known = known | (x.right >= Index4(0));
      Mask4 seen = known & load_mask(&ph.live[g * kWidth]);
      if constexpr (Timed<L>) {
        std::memcpy(&x.rt, &rt_[g * kWidth], sizeof(Vec));
        const Mask4 made = x.choice >= Index4(0);
        if constexpr (requires { L::missed(params_[g], states_[g], x); })
          miss(x, g, load_mask(&ph.live[g * kWidth]) & !made);
        seen = seen & made;
      }
      if constexpr (Reports<L>) std::memcpy(&x.report, &report_[g * kWidth], sizeof(Vec));
      if constexpr (Filters<L>) follow(x, load_mask(&ph.live[g * kWidth]), g);
      if (all(seen)) {
        L::learn(params_[g], states_[g], x);
      } else if (any(seen)) {
        const S before = states_[g];
        L::learn(params_[g], states_[g], x);
        for (int i = 0; i < kWidth; ++i)
          if (!lane(seen, i)) copy_lane(before, states_[g], i);
      }
    }
  }

  /// Lanes that gave no answer in time.
  void miss(const Trial<Vec>& x, std::size_t g, Mask4 lanes) {
    if (!any(lanes)) return;
    const S before = states_[g];
    L::missed(params_[g], states_[g], x);
    for (int i = 0; i < kWidth; ++i)
      if (!lane(lanes, i)) copy_lane(before, states_[g], i);
  }
  void follow(const Trial<Vec>& x, Mask4 live, std::size_t g) {
    for (int i = 0; i < kWidth; ++i) {
      if (!lane(live, i)) continue;
      Trial<double> one{&layout_, {},           x.choice.i[i], x.outcome[i],
                        false,    x.state.i[i], x.stage,       x.right.i[i]};
      if (teaches(one)) filters_[g * kWidth + static_cast<std::size_t>(i)].meet(one);
    }
  }

  /// Lanes whose values start afresh before this trial.
  void restart_fresh(const Phase& ph, std::size_t g) {
    if (!any(load_mask(&ph.fresh[g * kWidth]))) return;
    const S start = L::start(params_[g], layout_);
    for (int i = 0; i < kWidth; ++i)
      if (ph.fresh[g * kWidth + i]) {
        copy_lane(start, states_[g], i);
        if constexpr (Filters<L>) filters_[g * kWidth + static_cast<std::size_t>(i)] = Filter();
      }
  }
  /// States hold nothing but Vecs, so a lane is every kWidth-th double.
  static void copy_lane(const S& from, S& to, int lane) {
    static_assert(std::is_trivially_copyable_v<S> && sizeof(S) % sizeof(Vec) == 0);
    const auto* f = reinterpret_cast<const Vec*>(&from);
    auto* t = reinterpret_cast<Vec*>(&to);
    for (std::size_t k = 0; k < sizeof(S) / sizeof(Vec); ++k) t[k].set(lane, f[k][lane]);
  }

  /// One lane of parameters or states.
  template <class To, class From>
  static To lane_of(const From& from, int lane) {
    static_assert(std::is_trivially_copyable_v<To> && sizeof(From) == kWidth * sizeof(To));
    To to;
    const auto* f = reinterpret_cast<const Vec*>(&from);
    auto* t = reinterpret_cast<double*>(&to);
    for (std::size_t k = 0; k < sizeof(To) / sizeof(double); ++k) t[k] = f[k][lane];
    return to;
  }

  std::vector<std::vector<double>> rows_;  // [subject][parameter in table order]
  Layout layout_;
  std::vector<int> input_;  // [input of the learner] its place among the task's, -1 = not shown
  std::uint64_t seed_ = 0;
  std::vector<std::uint32_t> entity_;
  std::vector<P> intact_, params_;  // [group of four lanes]
  std::vector<S> states_;
  std::vector<Filter> filters_;  // [lanes], of learners that have one
  std::vector<std::int32_t> last_choice_;
  std::vector<double> report_;                      // [lanes], of learners that report
  std::vector<double> rt_;                          // [lanes] s, NaN = missed; of learners with times
  std::vector<std::array<Index4, 4>> choice_bits_;  // [group][trial % 4]
  int drawn_ = -1;                                  // counter that choice_bits_ belong to
  std::vector<Handle> handles_;
  std::vector<SignalInfo> signals_;
};

}  // namespace labile::detail
