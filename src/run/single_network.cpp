/// One network of one condition, from building to its numbers: protocols, records, measures.
#include "run/single_network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "core/cpu_time.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"
#include "network/connect.hpp"
#include "network/sources.hpp"
#include "neurons/catalogue.hpp"
#include "record/traces.hpp"
#include "store/state_file.hpp"

namespace labile {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
/// Running sums of each unit's interspike intervals, over spikes in (from, to].
class Intervals {
 public:
  Intervals(int size, Step from, Step to) : from_(from), to_(to), units_(static_cast<std::size_t>(size)) {}
  void add(std::span<const Network::Spike> spikes) {
    for (const auto& s : spikes) {
      if (s.step <= from_ || s.step > to_) continue;
      Unit& u = units_[s.id];
      if (u.last >= 0) {
        const auto x = static_cast<double>(s.step - u.last);
        ++u.n;
        u.sum += x;
        u.squares += x * x;
      }
      u.last = s.step;
    }
  }
  void keep(Archive& a) { a.each(units_); }
  /// Mean over units with two intervals or more; NaN without any.
  [[nodiscard]] double mean_cv() const {
    double sum = 0, n = 0;
    for (const auto& u : units_) {
      if (u.n < 2) continue;
      const double k = static_cast<double>(u.n), mean = u.sum / k;
      sum += std::sqrt(std::max(0.0, (u.squares - k * mean * mean) / (k - 1))) / mean;
      ++n;
    }
    return n > 0 ? sum / n : std::nan("");
  }

 private:
  struct Unit {
    Step last = -1;
    std::int64_t n = 0;
    double sum = 0, squares = 0;  // steps
  };
  Step from_, to_;
  std::vector<Unit> units_;
};

/// One network of one condition, from building to its numbers.
class SingleRun {
 public:
  SingleRun(const NetworkCard& card, const NetworkCondition& condition, std::uint64_t seed,
            const SingleOptions& options)
      : card_(card),
        condition_(condition),
        seed_(seed),
        options_(options),
        ranks_(options.ranks ? *options.ranks : Ranks::alone()),
        built_(Clock::now()) {
    network_.emplace(condition.network, seed, Execution{.threads = options.threads, .ranks = options.ranks});
    summary_.build_s = seconds_since(built_);
    end_ = to_step(condition.duration_ms);
    watch_intervals();
    for (const auto& p : condition.network.populations)
      drive_.push_back({p.model == "poisson" ? source_named(p.model)->make(p.params).rate_hz : 0.0, 0.0});
    for (std::size_t i = 0; i < condition.protocols.size(); ++i)
      add_protocol(condition.protocols[i], static_cast<std::uint32_t>(i));
    // Lesions that are there from the start are made; doses come on top of them, whatever was written first.
    if (!from_start_.doses.empty()) network_->treat(from_start_);
    for (std::size_t p = 0; p < condition.network.projections.size(); ++p)
      before_.push_back(network_->weight_summary(static_cast<int>(p)));
    add_measures();
    if (options.record)
      for (const auto& r : card_.records) add_record(r);
    keep_parts();
    if (options_.checkpoints)
      if (const auto from = options_.checkpoints->newest()) load(*from);
  }

  void run() {
    attach_sinks();
    const auto start = Clock::now();
    const double cpu_start = process_cpu_s();
    Step chunk = std::min(longest_chunk_, std::max<Step>(1, to_step(10)));
    if (network_->now() == 0)
      call_due(actions_, 0);  // what is set from the start is there before the first record
    while (true) {
      const Step now = network_->now();
      if (done_at_ != now) {  // else it was stopped between this and the next step
        call_due(readers_, now);
        for (auto& s : samplers_)
          if (now % s.every == 0) s.sample(now);
        if (now >= end_) break;
        call_due(actions_, now);
        give_rewards(now);
        done_at_ = now;
      }
      const auto before = Clock::now();
      const Step next = next_stop(now, chunk);
      try {
        network_->run_until(next);
      } catch (const Interrupted&) {
        detect_coincidences();
        if (options_.checkpoints && network_->now() > 0) save();
        throw;
      }
      detect_coincidences();
      // Long enough that reports cost nothing, short enough that a checkpoint comes in time.
      struct {
        double took;
        bool save;
      } lead{seconds_since(before), options_.checkpoints && options_.checkpoints->due()};
      lead = ranks_.of_first(lead);
      if (lead.save) save();
      const double took = lead.took;
      if (next - now == chunk && took < 0.1) chunk = std::min(longest_chunk_, 2 * chunk);
      if (took > 0.4) chunk = std::max<Step>(1, chunk / 2);
      const double model_s = network_->now_ms() / 1000;
      if (options_.report)
        options_.report(static_cast<double>(network_->now()) / static_cast<double>(end_), model_s,
                        (model_s - from_s_) / seconds_since(start));
    }
    summary_.run_s += seconds_since(start);
    summary_.run_cpu_s += process_cpu_s() - cpu_start;
    for (const auto& f : at_end_) f();
    summarize();
  }

  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }  // [measure]
  [[nodiscard]] const NetworkSummary& summary() const { return summary_; }

 private:
  struct Sampler {
    Step every;
    std::function<void(Step)> sample;
  };
  using Timed = std::multimap<Step, std::function<void()>>;
  /// What a reward does when its time has come: to its field, or to the drive of its population.
  struct Reward {
    Step due, earned;
    std::uint64_t watched;
    double by;
  };
  /// The synapse that reward_on_coincidence watches.
  struct Watched {
    const ProtocolSpec* protocol;
    int field;  // -1: a population is stimulated
    int projection, source, target, pre_population, post_population;
    Draw draw;
    std::vector<Step> pre, post;  // since the last look
    Step last_pre = -1;
    int rewards = 0;
  };

  // --- checkpoints ---

  /// Something of the state that only closures know.
  template <class T>
  std::shared_ptr<T> kept() {
    auto p = std::make_shared<T>();
    parts_.emplace_back([p](Archive& a) { a(*p); });
    return p;
  }
  void keep_parts() {
    parts_.emplace_back([this](Archive& a) {
      for (auto& [population, list] : intervals_)
        for (auto& x : list) a(*x);
      for (auto& w : watched_) a(w->pre, w->post, w->last_pre, w->rewards);
      a.each(drive_);
      a(rewards_, samples_, done_at_);
      a.each(summary_.traces);
      a(summary_.run_s, summary_.run_cpu_s);
    });
  }
  void save() {
    options_.checkpoints->write(network_->now(), [&](const std::filesystem::path& folder) {
      network_->save(folder, options_.checkpoints->identity());
      std::string failed;
      if (ranks_.first()) try {
          Archive run;
          for (const auto& part : parts_) part(run);
          if (options_.traces) options_.traces->save(folder / "traces.h5", run);
          StateWriter file(folder / "run.h5");
          file.write("/run", std::span<const std::byte>(run.bytes()));
          file.commit();
        } catch (const Error& e) {
          failed = e.what();
        }
      ranks_.agree(failed);
    });
  }
  void load(const std::filesystem::path& folder) {
    network_->load(folder, options_.checkpoints->identity());
    const StateReader file(folder / "run.h5");
    const auto bytes = file.read<std::byte>("/run");
    Archive run(bytes, fmt::format("{}: the state of this run", file.path().string()));
    for (const auto& part : parts_) part(run);
    if (options_.traces) options_.traces->load(folder / "traces.h5", run);
    const Step now = network_->now();
    for (Timed* t : {&readers_, &actions_})
      t->erase(t->begin(), done_at_ == now ? t->upper_bound(now) : t->lower_bound(now));
    from_s_ = network_->now_ms() / 1000;
  }

  [[nodiscard]] Step to_step(double ms) const { return std::llround(ms / condition_.network.dt_ms); }
  [[nodiscard]] double to_ms(Step step) const { return static_cast<double>(step) * condition_.network.dt_ms; }

  static void call_due(Timed& timed, Step now) {
    while (!timed.empty() && timed.begin()->first <= now) {
      const auto f = std::move(timed.begin()->second);
      timed.erase(timed.begin());
      f();
    }
  }

  [[nodiscard]] Step next_stop(Step now, Step chunk) const {
    Step next = std::min(end_, now + chunk);
    if (!readers_.empty()) next = std::min(next, readers_.begin()->first);
    if (!actions_.empty()) next = std::min(next, actions_.begin()->first);
    for (const Reward& r : rewards_) next = std::min(next, r.due);
    for (const auto& s : samplers_) next = std::min(next, (now / s.every + 1) * s.every);
    return std::max(next, now + 1);
  }

  // --- spikes ---

  Intervals& intervals_of(int population, Step from, Step to) {
    auto& list = intervals_[population];
    list.push_back(std::make_unique<Intervals>(network_->size(population), from, to));
    return *list.back();
  }
  void watch_intervals() {
    for (std::size_t p = 0; p < condition_.network.populations.size(); ++p)
      whole_.push_back(&intervals_of(static_cast<int>(p), 0, end_));
  }

  /// One sink a population hands its spikes to whoever wants them.
  void attach_sinks() {
    for (auto& [population, intervals] : intervals_) {
      std::vector<Watched*> pre, post;
      for (auto& w : watched_) {
        if (w->pre_population == population) pre.push_back(w.get());
        if (w->post_population == population) post.push_back(w.get());
      }
      std::vector<Intervals*> sums;
      for (auto& i : intervals) sums.push_back(i.get());
      const auto recorder = spike_recorders_.find(population);
      std::function<void(std::span<const Network::Spike>)> record;
      if (recorder != spike_recorders_.end()) record = recorder->second;
      network_->watch_spikes(population, [=](std::span<const Network::Spike> spikes) {
        for (auto* i : sums) i->add(spikes);
        for (const auto& s : spikes) {
          for (auto* w : pre)
            if (static_cast<int>(s.id) == w->source) w->pre.push_back(s.step);
          for (auto* w : post)
            if (static_cast<int>(s.id) == w->target) w->post.push_back(s.step);
        }
        if (record) record(spikes);
      });
    }
  }

  // --- protocols ---

  void at(double ms, std::function<void()> f) { actions_.emplace(to_step(ms), std::move(f)); }

  void add_protocol(const ProtocolSpec& p, std::uint32_t index) {
    using Kind = ProtocolSpec::Kind;
    Network* net = &*network_;
    switch (p.kind) {
      case Kind::pulse: {
        const int field = net->field(p.field);
        for (const double t : p.times_ms) at(t, [=, x = p.amount] { net->add_to_field(field, x); });
        break;
      }
      case Kind::clamp: {
        const int field = net->field(p.field);
        at(p.from_ms, [=, x = p.value] { net->clamp_field(field, x); });
        if (p.to_ms >= 0) at(p.to_ms, [=] { net->release_field(field); });
        break;
      }
      case Kind::rate:
      case Kind::current: {
        const int population = net->population(p.population);
        for (const double t : p.times_ms)
          at(t, [=, this, x = p.value] {
            drive_[static_cast<std::size_t>(population)].steady = x;
            set_drive(population);
          });
        break;
      }
      case Kind::stimulate: {
        const int population = net->population(p.population);
        for (const double first : p.times_ms)
          for (int k = 0; k < p.count; ++k) add_pulse(p, population, to_step(first + k * p.interval_ms));
        break;
      }
      case Kind::lesion: {
        const int population = net->population(p.population);
        for (const double t : p.times_ms) {
          const auto lesion = [=, this, &p] {
            net->silence(population, lost_units(population, p.share));
            if (p.uptake) net->lose_terminals(population);
          };
          to_step(t) == 0 ? lesion() : at(t, lesion);
        }
        break;
      }
      case Kind::dose: {
        const Drug& drug = find_drug(p.drug, condition_.network.modulation.drugs);
        const GivenDose dose{&drug, p.amount, p.hours, p.regions, p.chronic, p.where};
        for (const double t : p.times_ms)
          if (to_step(t) == 0)
            from_start_.doses.push_back(dose);
          else
            at(t, [=] { net->treat({{dose}}); });
        break;
      }
      case Kind::silence: {
        const int population = net->population(p.population);
        for (const double t : p.times_ms) at(t, [=, &p] { net->silence(population, p.units); });
        break;
      }
      case Kind::clear_eligibility:
        for (const auto& name : p.projections)
          for (const double t : p.times_ms)
            at(t, [=, k = net->projection(name)] { net->clear_eligibility(k); });
        break;
      case Kind::reward_on_coincidence:
        choose_synapse(p, index);
        break;
    }
  }

  /// What rates and currents are set to, and what stimulation adds.
  struct Drive {
    double steady = 0, extra = 0;
  };
  void set_drive(int population) {
    const Drive& d = drive_[static_cast<std::size_t>(population)];
    double x = d.steady + d.extra;
    if (is_poisson(population)) x = std::clamp(x, 0.0, SourceSettings::kMostHz);
    is_poisson(population) ? network_->set_rate(population, {&x, 1})
                           : network_->set_current(population, {&x, 1});
  }
  void change_drive(int population, double by) {
    drive_[static_cast<std::size_t>(population)].extra += by;
    set_drive(population);
  }
  [[nodiscard]] Step width_of(const ProtocolSpec& p) const { return std::max<Step>(1, to_step(p.width_ms)); }
  void add_pulse(const ProtocolSpec& p, int population, Step from) {
    actions_.emplace(from, [=, this, x = p.value] { change_drive(population, x); });
    actions_.emplace(from + width_of(p), [=, this, x = p.value] { change_drive(population, -x); });
  }
  /// In the order of their time, and of those of one time in the order in which they were earned.
  void give_rewards(Step now) {
    for (auto at = rewards_.begin(); at != rewards_.end() && at->due <= now; at = rewards_.erase(at)) {
      const Watched& w = *watched_[at->watched];
      w.field < 0 ? change_drive(network_->population(w.protocol->population), at->by)
                  : network_->add_to_field(w.field, at->by);
    }
  }
  void add_reward(const Reward& r) {
    const auto order = [](const Reward& x) { return std::tuple(x.due, x.earned, x.watched); };
    rewards_.insert(std::ranges::upper_bound(rewards_, order(r), {}, order), r);
  }
  [[nodiscard]] const PopulationSpec& spec_of(int population) const {
    return condition_.network.populations[static_cast<std::size_t>(population)];
  }
  [[nodiscard]] bool is_poisson(int population) const { return spec_of(population).model == "poisson"; }
  /// The order in which units die is the seed's, so that a larger lesion contains a smaller one.
  [[nodiscard]] std::vector<int> lost_units(int population, double share) const {
    std::vector<int> order(static_cast<std::size_t>(network_->size(population)));
    std::iota(order.begin(), order.end(), 0);
    const Draw draw{seed_, Purpose::lesion, static_cast<std::uint32_t>(population)};
    std::ranges::stable_sort(order, std::greater{},
                             [&](int i) { return draw.uniform(static_cast<std::uint32_t>(i)); });
    order.resize(static_cast<std::size_t>(std::llround(share * static_cast<double>(order.size()))));
    return order;
  }

  /// A source drawn from all of its population, then one of its synapses: the same for every condition.
  void choose_synapse(const ProtocolSpec& p, std::uint32_t index) {
    Network& net = *network_;
    const auto& projections = condition_.network.projections;
    std::vector<int> ids;
    for (const auto& name : p.projections) ids.push_back(net.projection(name));
    const auto source_name = [&](int id) { return projections[static_cast<std::size_t>(id)].source; };
    for (const int id : ids)
      if (source_name(id) != source_name(ids.front()))
        throw Error(p.where, "projections of one chosen synapse must have the same source population");
    const int pre = net.population(source_name(ids.front()));
    auto w = std::make_unique<Watched>();
    w->draw = {seed_, Purpose::protocol, index};
    for (std::uint32_t attempt = 0; attempt < 1000; ++attempt) {
      const int source =
          static_cast<int>(w->draw.below(static_cast<std::uint32_t>(net.size(pre)), attempt, kChooseSource));
      std::vector<std::pair<int, SynapseState>> all;
      for (const int id : ids) {
        const int post = net.population(projections[static_cast<std::size_t>(id)].target);
        for (const auto& s : net.synapses(id, source))
          if (post != pre || s.target != source) all.emplace_back(id, s);
      }
      if (all.empty()) continue;
      const auto& [id, synapse] =
          all[w->draw.below(static_cast<std::uint32_t>(all.size()), attempt, kChooseSynapse)];
      w->protocol = &p;
      w->field = p.field.empty() ? -1 : net.field(p.field);
      w->projection = id;
      w->source = source;
      w->target = synapse.target;
      w->pre_population = pre;
      w->post_population = net.population(projections[static_cast<std::size_t>(id)].target);
      net.set_weight(id, w->source, w->target, p.weight);
      longest_chunk_ = std::min(longest_chunk_, std::max<Step>(1, shortest_delay(p.delay_ms)));
      watched_.push_back(std::move(w));
      return;
    }
    throw Error(p.where, "found no synapse to choose in a thousand draws of a source");
  }

  /// A look at spikes comes before the first reward that they can cause.
  [[nodiscard]] Step shortest_delay(const Distribution& d) const {
    double ms = d.lo;
    if (d.kind == Distribution::Kind::constant || d.kind == Distribution::Kind::uniform ||
        d.kind == Distribution::Kind::uniform_integer)
      ms = std::max(ms, d.a);
    return static_cast<Step>(std::floor(ms / condition_.network.dt_ms * (1 + 1e-12)));
  }

  /// The target fired after the source, by the window at most: each such spike brings a reward.
  void detect_coincidences() {
    const double dt = condition_.network.dt_ms;
    for (std::size_t i = 0; i < watched_.size(); ++i) {
      auto& w = watched_[i];
      std::size_t pre = 0;
      const Step window = to_step(w->protocol->window_ms);
      for (const Step post : w->post) {
        while (pre < w->pre.size() && w->pre[pre] < post) w->last_pre = w->pre[pre++];
        if (w->last_pre < 0 || post - w->last_pre > window) continue;
        const double delay =
            draw_from(w->protocol->delay_ms, w->draw, static_cast<std::uint32_t>(w->rewards), kDelay);
        const Step due = post + static_cast<Step>(std::ceil(delay / dt * (1 - 1e-12)));
        ++w->rewards;
        if (w->field < 0) {
          add_reward({due, post, i, w->protocol->value});
          add_reward({due + width_of(*w->protocol), post, i, -w->protocol->value});
        } else {
          add_reward({due, post, i, w->protocol->amount});
        }
      }
      if (!w->pre.empty()) w->last_pre = w->pre.back();
      w->pre.clear();
      w->post.clear();
    }
  }

  // --- records ---

  int numbers(const std::string& path, const std::string& unit, const std::string& about, int columns = 0) {
    return options_.traces ? options_.traces->add_doubles({path, unit, about, columns}) : -1;
  }
  int integers(const std::string& path, const std::string& about) {
    return options_.traces ? options_.traces->add_integers({path, "", about, 0}) : -1;
  }
  template <class T>
  void put(int array, const std::vector<T>& values) {
    if (options_.traces) options_.traces->append(array, values);
  }
  void sample_every(double ms, std::function<void(Step)> f) {
    samplers_.push_back({std::max<Step>(1, to_step(ms)), std::move(f)});
  }

  void add_record(const RecordSpec& r) {
    using Kind = RecordSpec::Kind;
    switch (r.kind) {
      case Kind::spikes:
        return record_spikes(r);
      case Kind::rates:
        return record_rates(r);
      case Kind::state:
        return record_state(r);
      case Kind::field:
      case Kind::gate:
      case Kind::modulation:
        return record_modulator(r);
      case Kind::synapses:
        return record_synapses(r);
    }
  }

  void record_spikes(const RecordSpec& r) {
    const std::string group = "/spikes/" + r.target;
    const int population = network_->population(r.target);
    const int times = numbers(group + "/times_ms", "ms", "when a unit fired");
    const int ids = integers(group + "/ids", "which unit fired, from 0");
    if (options_.traces)
      options_.traces->attribute(group, "size", static_cast<std::int64_t>(network_->size(population)));
    spike_recorders_[population] = [this, times, ids](std::span<const Network::Spike> spikes) {
      std::vector<double> t;
      std::vector<std::int64_t> i;
      for (const auto& s : spikes) {
        t.push_back(to_ms(s.step));
        i.push_back(s.id);
      }
      put(times, t);
      put(ids, i);
    };
  }

  void record_rates(const RecordSpec& r) {
    const std::string group = "/rates/" + r.target;
    const int population = network_->population(r.target);
    const int times = numbers(group + "/t_ms", "ms", "end of each bin");
    const int rates = numbers(group + "/rate_hz", "Hz", "spikes a unit and second since the last bin's end");
    const double scale = 1000.0 / (r.every_ms * network_->size(population));
    const std::size_t shown = show("rate", r.target, "Hz", "rate");
    sample_every(r.every_ms, [=, this, last = kept<std::uint64_t>()](Step now) {
      const std::uint64_t spikes = network_->total_spikes(population);
      if (now > 0) {
        const double rate = static_cast<double>(spikes - *last) * scale;
        put(times, std::vector<double>{to_ms(now)});
        put(rates, std::vector<double>{rate});
        summary_.traces[shown].add(to_ms(now), rate);
      }
      *last = spikes;
    });
  }

  void record_state(const RecordSpec& r) {
    const std::string group = "/state/" + r.target + "/" + r.variable;
    const int population = network_->population(r.target);
    const auto& p = condition_.network.populations[static_cast<std::size_t>(population)];
    std::string unit;
    for (const auto& s : find_neuron(p.model, r.where).state)
      if (s.name == r.variable) unit = s.unit;
    const int times = numbers(group + "/t_ms", "ms", "when");
    const int values = numbers(group + "/values", unit.empty() ? "1" : unit, "one column a unit",
                               static_cast<int>(r.units.size()));
    const int units = integers(group + "/units", "which units, from 0");
    put(units, std::vector<std::int64_t>(r.units.begin(), r.units.end()));
    sample_every(r.every_ms, [=, this, &r, row = std::vector<double>(r.units.size())](Step now) mutable {
      network_->read_state(population, r.variable, r.units, row);
      put(times, std::vector<double>{to_ms(now)});
      put(values, row);
    });
  }

  void record_modulator(const RecordSpec& r) {
    using Kind = RecordSpec::Kind;
    const std::string group = (r.kind == Kind::field  ? "/fields/"
                               : r.kind == Kind::gate ? "/gates/"
                                                      : "/modulation/") +
                              r.target;
    const bool activation = r.kind == Kind::modulation && unit_of(r.target) == "1";
    const char* about = r.kind == Kind::gate ? "value of the formula"
                        : activation         ? "activation"
                                             : "concentration";
    const int times = numbers(group + "/t_ms", "ms", "when");
    const int values = numbers(group + "/value", unit_of(r.target), about);
    const std::size_t shown =
        show(r.kind == Kind::gate ? "gate" : "concentration", r.target, unit_of(r.target), about);
    sample_every(r.every_ms, [=, this, read = reader_of(r.target)](Step now) {
      const double value = read();
      put(times, std::vector<double>{to_ms(now)});
      put(values, std::vector<double>{value});
      summary_.traces[shown].add(to_ms(now), value);
    });
  }
  /// One more trace of the report.
  std::size_t show(std::string kind, std::string name, std::string unit, std::string about) {
    RecordedTrace t;
    t.kind = std::move(kind);
    t.name = std::move(name);
    t.unit = std::move(unit);
    t.about = std::move(about);
    summary_.traces.push_back(std::move(t));
    return summary_.traces.size() - 1;
  }
  /// A field, a gate, or what a modulator in a region has.
  [[nodiscard]] std::function<double()> reader_of(const std::string& name) {
    const auto index = [&](const auto& list) {
      for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i].name == name) return static_cast<int>(i);
      return -1;
    };
    Network* net = &*network_;
    if (const int f = index(condition_.network.fields); f >= 0) return [=] { return net->field_value(f); };
    if (const int g = index(condition_.network.gates); g >= 0) return [=] { return net->gate_value(g); };
    return [=] { return net->modulation_value(name); };
  }
  /// Concentrations in regions are in µM; all else has no unit.
  [[nodiscard]] std::string unit_of(const std::string& name) const {
    for (const auto& m : condition_.network.modulation.modulators)
      for (const auto& region : condition_.network.modulation.regions)
        if (name == m.short_name + "." + region) return "µM";
    return "1";
  }

  /// Synapses of the sources asked for, or of the pairs; in the engine's order of each source.
  [[nodiscard]] std::vector<SynapseState> chosen_states(int projection, const RecordSpec& r,
                                                        const std::vector<int>& sources) const {
    std::vector<SynapseState> all;
    for (const int source : sources)
      for (const auto& s : network_->synapses(projection, source))
        if (r.pairs.empty() || std::any_of(r.pairs.begin(), r.pairs.end(), [&](const auto& p) {
              return p[0] == s.source && p[1] == s.target;
            }))
          all.push_back(s);
    return all;
  }

  void record_synapses(const RecordSpec& r) {
    const std::string group = "/synapses/" + r.target;
    const int projection = network_->projection(r.target);
    std::set<int> distinct(r.sources.begin(), r.sources.end());
    for (const auto& p : r.pairs) distinct.insert(p[0]);
    const std::vector<int> sources(distinct.begin(), distinct.end());
    const auto states = chosen_states(projection, r, sources);
    if (states.empty()) throw Error(r.where, fmt::format("'{}' has none of these synapses", r.target));
    for (const auto& p : r.pairs)
      if (std::none_of(states.begin(), states.end(),
                       [&](const auto& s) { return s.source == p[0] && s.target == p[1]; }))
        throw Error(r.where, fmt::format("'{}' has no synapse from {} to {}", r.target, p[0], p[1]));
    const int n = static_cast<int>(states.size());
    const int source = integers(group + "/source", "unit that sends");
    const int target = integers(group + "/target", "unit that receives");
    const int delay = numbers(group + "/delay_ms", "ms", "from the source's spike to its effect");
    for (const auto& s : states) {
      put(source, std::vector<std::int64_t>{s.source});
      put(target, std::vector<std::int64_t>{s.target});
      put(delay, std::vector<double>{s.delay_ms});
    }
    const int times = numbers(group + "/t_ms", "ms", "when");
    const std::string unit = weight_unit(projection);
    const int w = numbers(group + "/w", unit.empty() ? "1" : unit, "weight, one column a synapse", n);
    const int e = numbers(group + "/e", "1", "eligibility, one column a synapse", n);
    sample_every(r.every_ms, [=, this, &r](Step now) {
      std::vector<double> weights, eligibilities;
      for (const auto& s : chosen_states(projection, r, sources)) {
        weights.push_back(s.w);
        eligibilities.push_back(s.e);
      }
      put(times, std::vector<double>{to_ms(now)});
      put(w, weights);
      put(e, eligibilities);
    });
  }

  [[nodiscard]] std::string weight_unit(int projection) const {
    const auto& p = condition_.network.projections[static_cast<std::size_t>(projection)];
    for (const auto& target : condition_.network.populations) {
      if (target.name != p.target) continue;
      const auto& entry = find_neuron(target.model, target.where);
      for (const auto& port : entry.ports)
        if (p.port.empty() || port.name == p.port) return port.unit == "1" ? "" : port.unit;
    }
    return "";
  }

  // --- measures ---

  void add_measures() {
    using Kind = MeasureSpec::Kind;
    samples_.resize(card_.measures.size());
    for (std::size_t i = 0; i < card_.measures.size(); ++i) {
      const MeasureSpec& m = card_.measures[i];
      const Step from = to_step(m.from_ms), to = m.to_ms < 0 ? end_ : to_step(m.to_ms);
      if (m.kind == Kind::rate) {
        const int population = network_->population(m.population);
        auto first = kept<std::uint64_t>();
        readers_.emplace(from, [=, this] { *first = network_->total_spikes(population); });
        readers_.emplace(to, [=, this] {
          const auto spikes = static_cast<double>(network_->total_spikes(population) - *first);
          samples_[i] = {spikes / network_->size(population) / (to_ms(to - from) / 1000), 1};
        });
      } else if (m.kind == Kind::cv_isi) {
        const Intervals& sums = intervals_of(network_->population(m.population), from, to);
        at_end_.emplace_back([=, this, &sums] { set_sample(i, sums.mean_cv()); });
      } else if (m.kind >= Kind::mean) {
        measure_trace(m, i, from, to);
      } else {
        at_end_.emplace_back([=, this, &m] { set_sample(i, end_measure(m)); });
      }
    }
  }

  /// Values from .. to, both included, and what the measure makes of them.
  void measure_trace(const MeasureSpec& m, std::size_t i, Step from, Step to) {
    using Kind = MeasureSpec::Kind;
    const Step every = std::max<Step>(1, to_step(m.every_ms > 0 ? m.every_ms : 1));
    auto before = kept<std::vector<double>>(), within = kept<std::vector<double>>();
    samplers_.push_back({every, [=, read = reader_of(m.of)](Step now) {
                           if (now > to || (now < from && m.kind != Kind::decay)) return;
                           (now < from ? before : within)->push_back(read());
                         }});
    at_end_.emplace_back([=, this, &m] {
      const std::vector<double>& x = *within;
      if (x.empty()) return set_sample(i, std::nan(""));
      switch (m.kind) {
        case Kind::mean:
          return set_sample(i, mean_of(x));
        case Kind::max:
          return set_sample(i, std::ranges::max(x));
        case Kind::min:
          return set_sample(i, std::ranges::min(x));
        default: {
          // It begins with the highest value, or with the first since `since`.
          const auto first = (from + every - 1) / every, since = (to_step(m.since_ms) + every - 1) / every;
          const auto top = m.since_ms < 0
                               ? std::ranges::max_element(x)
                               : x.begin() + std::min(since - first, static_cast<Step>(x.size()) - 1);
          set_sample(i,
                     decay_of(x, top, before->empty() ? x.front() : mean_of(*before), m.part) * to_ms(every));
        }
      }
    });
  }
  static double mean_of(const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  }
  /// Values from `top` on until they are `part` of the way back to `base`, in intervals between values.
  static double decay_of(const std::vector<double>& x, std::vector<double>::const_iterator top, double base,
                         double part) {
    const double wanted = *top + part * (base - *top);
    for (auto at = top + 1; at < x.end(); ++at)
      if (*at <= wanted) {
        const double back = (at[-1] - wanted) / (at[-1] - *at);  // within the interval
        return static_cast<double>(at - top - 1) + back;
      }
    return std::nan("");
  }

  void set_sample(std::size_t i, double x) { samples_[i] = std::isfinite(x) ? Sample{x, 1} : Sample{}; }

  /// Summaries of several projections as one.
  static Network::WeightSummary pooled(const std::vector<Network::WeightSummary>& parts) {
    if (parts.size() == 1) return parts.front();
    Network::WeightSummary all;
    double squares = 0;
    for (const auto& p : parts) {
      const auto n = static_cast<double>(p.n);
      all.n += p.n;
      all.mean += n * p.mean;
      squares += n * (p.sd * p.sd + p.mean * p.mean);
    }
    const auto n = static_cast<double>(all.n);
    all.mean /= n;
    all.sd = std::sqrt(std::max(0.0, squares / n - all.mean * all.mean));
    return all;
  }

  [[nodiscard]] double end_measure(const MeasureSpec& m) {
    using Kind = MeasureSpec::Kind;
    if (m.kind == Kind::weight_mean || m.kind == Kind::weight_sd || m.kind == Kind::weight_change) {
      std::vector<Network::WeightSummary> now, start;
      for (const auto& name : m.projections) {
        const int k = network_->projection(name);
        now.push_back(network_->weight_summary(k));
        start.push_back(before_[static_cast<std::size_t>(k)]);
      }
      const auto end = pooled(now);
      if (end.n == 0) return std::nan("");
      if (m.kind == Kind::weight_sd) return end.sd;
      return m.kind == Kind::weight_mean ? end.mean : end.mean - pooled(start).mean;
    }
    const ChosenSynapse& c = chosen().front();
    switch (m.kind) {
      case Kind::chosen_weight:
        return c.weight;
      case Kind::chosen_rank:
        return static_cast<double>(c.above) / static_cast<double>(c.of);
      case Kind::chosen_in_top:
        return static_cast<double>(c.above + (m.ties_against ? c.ties : 0) + 1) <=
               m.top * static_cast<double>(c.of);
      default:
        return c.rewards;
    }
  }

  /// Where the chosen synapses ended, counted once.
  const std::vector<ChosenSynapse>& chosen() {
    if (!summary_.chosen.empty()) return summary_.chosen;
    for (const auto& w : watched_) {
      ChosenSynapse c;
      c.projection = condition_.network.projections[static_cast<std::size_t>(w->projection)].name;
      c.source = w->source;
      c.target = w->target;
      c.rewards = w->rewards;
      for (const auto& s : network_->synapses(w->projection, w->source))
        if (s.target == w->target) {
          c.weight = s.w;
          break;
        }
      for (const auto& name : w->protocol->projections) {
        const int k = network_->projection(name);
        const int sources = network_->size(w->pre_population);
        for (int source = 0; source < sources; ++source)
          for (const auto& s : network_->synapses(k, source)) {
            ++c.of;
            if (s.w > c.weight) ++c.above;
            if (s.w == c.weight) ++c.ties;
          }
      }
      --c.ties;  // itself
      summary_.chosen.push_back(c);
    }
    return summary_.chosen;
  }

  void summarize() {
    (void)chosen();
    const NetworkSpec& spec = condition_.network;
    summary_.model_s = network_->now_ms() / 1000;
    for (std::size_t p = 0; p < spec.populations.size(); ++p) {
      const int id = static_cast<int>(p);
      const double unit_s = network_->size(id) * summary_.model_s;
      summary_.populations.push_back(
          {spec.populations[p].name, network_->size(id),
           unit_s > 0 ? static_cast<double>(network_->total_spikes(id)) / unit_s : 0, whole_[p]->mean_cv()});
    }
    for (std::size_t p = 0; p < spec.projections.size(); ++p)
      summary_.projections.push_back({spec.projections[p].name, weight_unit(static_cast<int>(p)),
                                      spec.projections[p].rule != "static", before_[p],
                                      network_->weight_summary(static_cast<int>(p))});
    summary_.memory = network_->memory();
    summary_.events = network_->events();
    summary_.plastic_events = network_->plastic_events();
  }

  static constexpr std::uint32_t kChooseSource = 0, kChooseSynapse = 1, kDelay = 2;  // which draw

  const NetworkCard& card_;
  const NetworkCondition& condition_;
  std::uint64_t seed_;
  const SingleOptions& options_;
  Ranks& ranks_;
  Clock::time_point built_;
  std::optional<Network> network_;
  Step end_ = 0, longest_chunk_ = std::numeric_limits<int>::max();
  std::vector<Network::WeightSummary> before_;
  std::map<int, std::vector<std::unique_ptr<Intervals>>> intervals_;  // by population
  std::vector<const Intervals*> whole_;                               // [population]
  std::map<int, std::function<void(std::span<const Network::Spike>)>> spike_recorders_;
  std::vector<std::unique_ptr<Watched>> watched_;
  std::vector<Drive> drive_;                          // [population]
  Step done_at_ = -1;                                 // the step for which all was read and done
  std::vector<Reward> rewards_;                       // on their way, by time
  std::vector<std::function<void(Archive&)>> parts_;  // of the state, for checkpoints
  Treatment from_start_;                              // doses at 0
  Timed readers_, actions_;
  std::vector<Sampler> samplers_;
  std::vector<std::function<void()>> at_end_;
  std::vector<Sample> samples_;
  NetworkSummary summary_;
  double from_s_ = 0;  // model time at which this process took it up
};
}  // namespace

SingleNetwork run_single_network(const NetworkCard& card, const NetworkCondition& condition,
                                 std::uint64_t seed, const SingleOptions& options) {
  SingleRun run(card, condition, seed, options);
  run.run();
  return {run.samples(), run.summary()};
}

}  // namespace labile
