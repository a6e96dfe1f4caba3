/// From a spec to a network: names resolved, numbers checked, memory asked for, synapses drawn.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "network/network_impl.hpp"
#include "neurons/catalogue.hpp"
#include "plasticity/catalogue.hpp"

namespace labile {
namespace {

/// Targets of a block: their sums should stay in a core's second-level cache. Where delays are many, rows are
/// short, and longer rows are worth more than that.
constexpr int kBlockTargets = 5056, kBlockTargetsManyDelays = 16000, kBlockLeast = 1024;
constexpr std::size_t kManyDelays = 5;

template <class T, class Name>
int index_of(const std::vector<T>& list, std::string_view name, Name&& name_of, const Where& where,
             std::string_view what) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (name_of(list[i]) == name) return static_cast<int>(i);
    known.emplace_back(name_of(list[i]));
  }
  throw Error(where, fmt::format("no {} is called '{}'{}", what, name, suggest(name, known)));
}
template <class T>
void refuse_twice(const std::vector<T>& list, std::string_view what) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].name.empty()) throw Error(list[i].where, fmt::format("a {} needs a name", what));
    for (std::size_t j = 0; j < i; ++j)
      if (list[i].name == list[j].name)
        throw Error(list[i].where, fmt::format("two {}s are called '{}'", what, list[i].name));
  }
}
template <class T>
int named(const std::vector<T>& list, std::string_view name, const Where& where, std::string_view what) {
  return index_of(
      list, name, [](const T& x) -> const std::string& { return x.name; }, where, what);
}
/// Rows as long as can be expected decide how wide chunks are: padding must not cost more than it saves.
int lanes_for(double row_length) {
  return row_length >= 96 ? 16 : 8;
}
/// At least one for each thread, where that leaves enough for each.
int blocks_of(int size, bool many_delays, int threads = 1) {
  const int most = many_delays ? kBlockTargetsManyDelays : kBlockTargets;
  return std::max({1, (size + most - 1) / most, std::min(threads, size / kBlockLeast)});
}
/// A projection's connector, whether it stands alone or shares its draws with others of its group.
Connector connector_of(const NetworkSpec& spec, const ProjectionSpec& s, int index, const Range& own,
                       std::uint64_t seed) {
  const auto size = [&](const std::string& name) {
    return spec.populations[static_cast<std::size_t>(named(spec.populations, name, s.where, "population"))]
        .size;
  };
  if (s.group.empty())
    return Connector(s, index, size(s.source), size(s.target), own, s.source == s.target, spec.dt_ms, seed);
  Connector::Group group{0, -1, -1};
  for (const std::string& name : s.group) {
    if (name == s.target) group.first = group.size;
    if (name == s.source) group.self = group.size;
    group.size += size(name);
  }
  if (group.first < 0)
    throw Error(s.where, fmt::format("projection '{}': its group does not contain '{}'", s.name, s.target));
  return Connector(s, index, size(s.source), size(s.target), own, group, spec.dt_ms, seed);
}
/// The longest window that a network with these delays can have.
Step window_of(Step least_delay) {
  constexpr Step kLongestWindow = 256;
  return std::min(least_delay, kLongestWindow);
}
/// Neurons of a block; whole cells.
int block_size(int size, bool many_delays, int threads) {
  const int blocks = blocks_of(size, many_delays, threads);
  return ((size + blocks - 1) / blocks + kCell - 1) / kCell * kCell;
}
}  // namespace

Network::Impl::Impl(const NetworkSpec& s, std::uint64_t seed_, Execution e, bool synapses)
    : spec(s),
      seed(seed_),
      execution(e),
      ranks(e.ranks ? *e.ranks : Ranks::alone()),
      partition(ranks.rank(), ranks.size()),
      pool(std::max(1, e.threads)) {
  check_and_name();
  check_memory();
  make_populations();
  make_fields();
  make_gates();
  make_projections();
  choose_window();
  make_drives();
  make_units();
  if (!synapses) return;
  std::string failed;
  try {
    build_synapses();
  } catch (const Error& error) {  // memory may be short on one rank only
    if (ranks.size() == 1) throw;
    failed = error.what();
  }
  ranks.agree(failed);
  count_synapses();
  set_initial_states();
}

void Network::check(const NetworkSpec& spec) {
  (void)Impl(spec, 0, {}, false);
}

void Network::Impl::check_and_name() {
  if (!(spec.dt_ms >= 1e-3 && spec.dt_ms <= 10))
    throw Error(fmt::format("network.dt must be from 0.001 to 10 ms, here {}", spec.dt_ms));
  if (spec.populations.empty()) throw Error("the network has no population");
  for (ProjectionSpec& p : spec.projections)
    if (p.name.empty()) p.name = p.source + "->" + p.target;
  refuse_twice(spec.populations, "population");
  refuse_twice(spec.projections, "projection");
  refuse_twice(spec.fields, "field");
  refuse_twice(spec.gates, "gate");
  for (const GateSpec& g : spec.gates)
    for (const FieldSpec& f : spec.fields)
      if (g.name == f.name)
        throw Error(g.where,
                    fmt::format("gate '{}' has the name of a field; drives could not tell which", g.name));
}

void Network::Impl::make_populations() {
  populations.resize(spec.populations.size());
  for (std::size_t i = 0; i < populations.size(); ++i) {
    Population& p = populations[i];
    p.spec = &spec.populations[i];
    p.index = static_cast<int>(i);
    p.size = p.spec->size;
    if (p.size < 1)
      throw Error(p.spec->where,
                  fmt::format("population '{}': size must be at least 1, here {}", p.spec->name, p.size));
    if (p.size > (1 << 30))
      throw Error(p.spec->where, fmt::format("population '{}': size is above 2^30", p.spec->name));
    p.counts.assign(static_cast<std::size_t>(p.size), 0);
    if (const SourceEntry* source = source_named(p.spec->model)) {
      const SourceSettings s = source->make(p.spec->params);
      p.rate_hz.assign(static_cast<std::size_t>(p.size), s.rate_hz);
      for (const double u : s.units)
        if (u != std::floor(u) || u >= p.size)
          throw Error(p.spec->where, fmt::format("population '{}': unit {} is not among 0..{}", p.spec->name,
                                                 u, p.size - 1));
      if (!p.spec->background.empty() || !p.spec->drive.empty() || !p.spec->initial.empty())
        throw Error(p.spec->where,
                    fmt::format("population '{}' is a source of spikes: it has no inputs and no state",
                                p.spec->name));
    } else {
      p.neuron = &find_neuron(p.spec->model, p.spec->where);
      for (const BackgroundSpec& b : p.spec->background) {
        const int port =
            b.port.empty() ? 0 : named(p.neuron->ports, b.port, b.where, "port of " + p.spec->model);
        const PortInfo& info = p.neuron->ports[static_cast<std::size_t>(port)];
        if (info.unit == "nS" && b.weight < 0)
          throw Error(b.where, fmt::format("background of '{}': {} of {} takes conductances, its weight must "
                                           "not be below 0 nS, here {}",
                                           p.spec->name, info.name, p.spec->model, b.weight));
      }
      for (const InitialState& s : p.spec->initial) {
        (void)named(p.neuron->state, s.variable, s.where, "state variable of " + p.spec->model);
        check_distribution(s.value, s.where, s.variable);
      }
      for (const DriveSpec& d : p.spec->drive)
        (void)named(p.neuron->driven, d.parameter, d.where,
                    "parameter of " + p.spec->model + " that receptors drive");
      const auto& c = p.spec->current;
      if (c.times_ms.size() != c.amplitude_pA.size() || !std::is_sorted(c.times_ms.begin(), c.times_ms.end()))
        throw Error(c.where, "a step current needs ascending times and one amplitude each");
    }
  }
}

void Network::Impl::make_fields() {
  for (const FieldSpec& f : spec.fields) {
    try {
      fields.push_back({&f, ModulatorField({f.tau_ms, f.tonic, f.quantum}, spec.dt_ms), {}, 1, {}, 0});
    } catch (const Error& e) {
      throw Error(f.where, fmt::format("field '{}': {}", f.name, e.what()));
    }
    for (const std::string& s : f.sources)
      fields.back().sources.push_back(named(spec.populations, s, f.where, "population"));
    for (const auto& p : f.pulses) {
      if (!std::isfinite(p.amount) || !(p.time_ms >= 0))
        throw Error(
            f.where,
            fmt::format("field '{}': a pulse needs a time of at least 0 ms and a finite amount", f.name));
      fields.back().pulses.emplace_back(std::max<Step>(1, steps_of(p.time_ms, spec.dt_ms)), p.amount);
    }
    std::stable_sort(fields.back().pulses.begin(), fields.back().pulses.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  if (!spec.modulation.regions.empty()) regional.emplace(spec.modulation, populations, spec.dt_ms);
}

std::vector<std::string> Network::Impl::value_names() const {
  std::vector<std::string> names;
  for (const FieldSpec& f : spec.fields) names.push_back(f.name);
  if (regional) names.insert(names.end(), regional->heard().begin(), regional->heard().end());
  return names;
}

void Network::Impl::make_gates() {
  const auto gate_of = [&](const GateSpec& g, const std::vector<std::string>& names) {
    try {
      return GateText(g.text, names, g.where);
    } catch (const Error& e) {
      if (e.placed()) throw;
      throw Error(fmt::format("gate '{}': {}", g.name, e.what()));
    }
  };
  if (regional) {
    // What nobody uses is not read: first all names, then those in use.
    regional->listen(regional->names());
    auto names = value_names();
    std::vector<bool> used(names.size() + spec.gates.size());
    const auto use = [&](const GateText& text) {
      for (const int i : text.used()) used[static_cast<std::size_t>(i)] = true;
    };
    for (const GateSpec& g : spec.gates) use(gate_of(g, names));
    for (const GateSpec& g : spec.gates) names.push_back(g.name);  // drives use gates too
    for (const PopulationSpec& p : spec.populations)
      for (const DriveSpec& d : p.drive) use(GateText(d.text, names, d.where));
    std::vector<std::string> heard;
    for (std::size_t i = 0; i < regional->names().size(); ++i)
      if (used[fields.size() + i]) heard.push_back(names[fields.size() + i]);
    regional->listen(heard);
  }
  const auto names = value_names();
  values.resize(names.size());
  for (const GateSpec& g : spec.gates) {
    GateText text = gate_of(g, names);
    const bool jumps = std::ranges::any_of(text.used(), [&](int i) {
      const auto at = static_cast<std::size_t>(i);
      return at < fields.size() || regional->jumps(at - fields.size());
    });
    std::optional<LinearStep> slow;
    if (g.baseline_ms > 0) slow.emplace(spec.dt_ms / g.baseline_ms);
    gates.push_back({&g, std::move(text), jumps, slow, 0, 0, {}, {}});
  }
}

void Network::Impl::make_projections() {
  for (std::size_t i = 0; i < spec.projections.size(); ++i) {
    const ProjectionSpec& s = spec.projections[i];
    projections.emplace_back();
    Projection& p = projections.back();
    p.spec = &s;
    p.name = s.name;
    p.index = static_cast<int>(i);
    p.source = named(spec.populations, s.source, s.where, "population");
    p.target = named(spec.populations, s.target, s.where, "population");
    const auto in = [&](const Error& e) {
      if (e.placed()) return e;
      return Error(std::string(e.what()).find("projection '") == std::string::npos
                       ? fmt::format("{} (projection '{}')", e.what(), s.name)
                       : e.what());
    };
    const Population& target = populations[static_cast<std::size_t>(p.target)];
    if (!target.neuron)
      throw Error(s.where, fmt::format("projection '{}': '{}' is a source of spikes and receives none",
                                       s.name, s.target));
    p.port =
        s.port.empty() ? 0 : named(target.neuron->ports, s.port, s.where, "port of " + target.spec->model);
    try {
      p.connector = std::make_unique<Connector>(
          connector_of(spec, s, p.index, partition.own(p.target, target.size), seed));
    } catch (const Error& e) {
      throw in(e);
    }
    const std::string& unit = target.neuron->ports[static_cast<std::size_t>(p.port)].unit;
    if (const double w = p.connector->least_weight(); unit == "nS" && w < 0)
      throw Error(
          s.where,
          fmt::format("projection '{}': {} of {} takes conductances, weights must not be "
                      "below 0 nS{}",
                      s.name, target.neuron->ports[static_cast<std::size_t>(p.port)].name, target.spec->model,
                      w > -1e299 ? fmt::format(", here {}", w) : "; a normal distribution needs min = 0"));
    const auto gate_named = [&](const std::string& name) {
      return name.empty() ? -1 : named(spec.gates, name, s.where, "gate");
    };
    p.shape.own = !p.connector->one_weight();
    p.fixed.w0 = p.shape.own ? 0 : p.connector->weight();
    if (s.rule != "static") {
      RuleForm& rule = p.rule;
      const RuleEntry& entry = find_rule(s.rule, s.where);
      try {
        rule = entry.make(s.params);
      } catch (const Error& e) {
        throw in(e);
      }
      p.gate = gate_named(s.gate);
      p.plus_gate = gate_named(rule.A_plus_gate);
      p.minus_gate = gate_named(rule.A_minus_gate);
      if (rule.gated && p.gate < 0)
        throw Error(s.where, fmt::format("projection '{}': {} needs a gate", s.name, s.rule));
      if (!rule.gated && p.gate >= 0)
        throw Error(s.where, fmt::format("projection '{}': {} has no gate", s.name, s.rule));
      if (unit == "nS" && rule.w_min < 0)
        throw Error(s.where, fmt::format("projection '{}': w_min must not be below 0 nS, here {}", s.name,
                                         rule.w_min));
      p.shape.plastic = true;
      p.shape.gated = rule.gated;
      p.shape.soft = rule.soft;
      const double w = s.weight.a;
      if (p.connector->one_weight() && (w < rule.w_min || w > rule.w_max))
        throw Error(s.where, fmt::format("projection '{}': weight {} lies outside its bounds {} to {}",
                                         s.name, w, rule.w_min, rule.w_max));
      p.fixed.dw_min = static_cast<float>(rule.w_min - static_cast<double>(p.fixed.w0));
      p.fixed.dw_max = static_cast<float>(rule.w_max - static_cast<double>(p.fixed.w0));
    } else if (!s.params.empty()) {
      refuse_unknown(s.params, {}, "a static projection");
    } else if (!s.gate.empty()) {
      throw Error(s.where, fmt::format("projection '{}' is static and has no gate", s.name));
    }
    if (!(s.dendritic_ms >= 0))
      throw Error(s.where, fmt::format("projection '{}': dendritic must be at least 0 ms, here {}", s.name,
                                       s.dendritic_ms));
    const double least = p.connector->delays().front() * spec.dt_ms;
    if (s.dendritic_ms > least * (1 + 1e-9))
      throw Error(
          s.where,
          fmt::format("projection '{}': the dendritic part, {} ms, is longer than the whole delay, {} ms",
                      s.name, s.dendritic_ms, least));
    p.many_delays = p.connector->delays().size() >= kManyDelays;
    if (p.many_delays) populations[static_cast<std::size_t>(p.target)].many_delays = true;
  }
}

void Network::Impl::choose_window() {
  Step least = std::numeric_limits<Step>::max(), longest = 1;
  for (const Projection& p : projections) {
    least = std::min<Step>(least, p.connector->delays().front());
    longest = std::max<Step>(longest, p.connector->delays().back());
  }
  for (Projection& p : projections) {
    const Population& source = populations[static_cast<std::size_t>(p.source)];
    const Population& target = populations[static_cast<std::size_t>(p.target)];
    const double rows = static_cast<double>(source.size) * static_cast<double>(p.connector->delays().size());
    p.shape.lanes = lanes_for(
        p.connector->expected_indegree() *
        block_size(partition.own(p.target, target.size).count, target.many_delays, execution.threads) / rows);
  }
  min_delay = least == std::numeric_limits<Step>::max() ? 1 : least;
  const auto release_delay = [&](double ms, const char* what, const std::string& name, const Where& where) {
    const Step delay = ms > 0 ? steps_of(ms, spec.dt_ms) : min_delay;
    if (delay < min_delay)
      throw Error(
          where, fmt::format("{} '{}': release_delay {} ms is below the network's minimal delay, {} ms", what,
                             name, ms, static_cast<double>(min_delay) * spec.dt_ms));
    least = std::min(least, delay);
    longest = std::max(longest, delay);
    return delay;
  };
  for (FieldState& f : fields)
    if (!f.sources.empty())
      f.release_delay = release_delay(f.spec->release_delay_ms, "field", f.spec->name, f.spec->where);
  if (regional)
    for (auto& x : regional->nuclei())
      x.release_delay = release_delay(x.spec->release_delay_ms, "nucleus", x.spec->population, x.spec->where);
  window = window_of(least);
  if (execution.exchange_steps > 0) window = std::min<Step>(window, execution.exchange_steps);
  for (Population& p : populations) p.log.keep(longest + 2 * window + 2);
  Step lag = 0;
  for (Projection& p : projections) {
    if (!p.shape.plastic) continue;
    const Step dendritic = steps_of(p.spec->dendritic_ms, spec.dt_ms);
    lag = std::max(lag, dendritic);
    p.clock = std::make_unique<PlasticClock>(p.rule, spec.dt_ms,
                                             populations[static_cast<std::size_t>(p.source)].size, dendritic,
                                             p.connector->delays().back(), window);
    p.visit = visit_row(p.shape, execution.wide);
  }
  for (Projection& p : projections)
    if (!p.clock) p.deliver = deliver_row(p.shape);
  const auto ring = static_cast<std::size_t>(std::bit_ceil(static_cast<std::uint64_t>(window + lag + 2)));
  gate_mask = static_cast<Step>(ring) - 1;
  for (GateState& g : gates) {
    g.left.assign(ring, 0.0);
    g.right.assign(ring, 0.0);
  }
  for (Population& p : populations) {
    p.ring_mask = gate_mask;
    if (!p.spec->current.times_ms.empty()) p.step_current.assign(ring, 0.0);
  }
}

void Network::Impl::make_drives() {
  std::vector<std::string> names = value_names();
  for (const GateSpec& g : spec.gates) names.push_back(g.name);
  drive_values.resize(names.size());
  for (Population& p : populations) {
    if (!p.neuron || p.neuron->driven.empty()) continue;
    std::vector<double> standard;
    for (const DrivenInfo& d : p.neuron->driven) standard.push_back(d.standard);
    p.driven.assign(static_cast<std::size_t>(gate_mask) + 1, standard);
    if (p.spec->drive.empty()) continue;
    Drive drive{p.index, std::vector<std::optional<GateText>>(standard.size())};
    for (const DriveSpec& d : p.spec->drive)
      drive
          .text[static_cast<std::size_t>(named(p.neuron->driven, d.parameter, d.where, "driven parameter"))] =
          GateText(d.text, names, d.where);
    drives.push_back(std::move(drive));
  }
}

void Network::Impl::check_memory() const {
  const MemoryUse need = estimate_memory(spec);
  const auto free = static_cast<double>(available_memory());
  const double here = static_cast<double>(need.total_bytes) * ranks.on_this_machine() / ranks.size();
  std::string failed;
  if (here > free)
    failed = fmt::format(
        "the network needs about {:.2f} GB ({:.0f} million synapses){}, but only {:.2f} GB are free",
        here / 1e9, static_cast<double>(need.synapses) / 1e6,
        ranks.size() > 1
            ? fmt::format(" on a machine with {} of its {} ranks", ranks.on_this_machine(), ranks.size())
            : "",
        free / 1e9);
  ranks.agree(failed);
}

void Network::Impl::make_units() {
  for (Population& p : populations) {
    const Range own = partition.own(p.index, p.size);
    const int size = own.count == 0 ? 1 : block_size(own.count, p.many_delays, execution.threads),
              end = own.first + own.count;
    for (int first = own.first; first < end; first += size) {
      const int count = std::min(size, end - first);
      if (!p.neuron) {
        const SourceSettings s = source_named(p.spec->model)->make(p.spec->params);
        auto unit = std::make_unique<SourceUnit>(p, first, count, spec.dt_ms, seed);
        for (std::size_t i = 0; i < s.units.size(); ++i) {
          const int u = static_cast<int>(s.units[i]);
          if (u >= first && u < first + count)
            unit->given.emplace_back(std::max<Step>(1, steps_of(s.times_ms[i], spec.dt_ms)),
                                     static_cast<std::uint16_t>(u - first));
        }
        std::sort(unit->given.begin(), unit->given.end());
        unit->period = steps_of(s.period_ms, spec.dt_ms);
        unit->set_window(window);
        units.push_back(std::move(unit));
        continue;
      }
      std::unique_ptr<NeuronBlock> neurons;
      try {
        neurons = p.neuron->make(p.spec->params, spec.dt_ms, count);
      } catch (const Error& e) {
        if (e.placed()) throw;
        throw Error(p.spec->where, e.what());
      }
      auto unit = std::make_unique<NeuronUnit>(p, first, count, std::move(neurons));
      std::uint32_t entity = static_cast<std::uint32_t>(p.index) * 64;
      for (const BackgroundSpec& b : p.spec->background)
        unit->background.emplace_back(b.port.empty() ? 0 : named(p.neuron->ports, b.port, b.where, "port"),
                                      Background(b, spec.dt_ms, seed, entity++, execution.wide));
      if (p.spec->noise.kind != NoiseSpec::Kind::none)
        unit->noise = std::make_unique<Noise>(p.spec->noise, seed, static_cast<std::uint32_t>(p.index));
      unit->set_window(window);
      units.push_back(std::move(unit));
    }
  }
}

void Network::Impl::build_synapses() {
  std::vector<std::pair<NeuronUnit*, std::size_t>> work;
  for (auto& u : units) {
    auto* unit = dynamic_cast<NeuronUnit*>(u.get());
    if (!unit) continue;
    for (Projection& p : projections) {
      if (p.target != unit->population().index) continue;
      unit->incoming.push_back(
          {&p, &populations[static_cast<std::size_t>(p.source)], nullptr, nullptr, nullptr});
      work.emplace_back(unit, unit->incoming.size() - 1);
    }
  }
  pool.run(static_cast<int>(work.size()), [&](int i) {
    auto [unit, k] = work[static_cast<std::size_t>(i)];
    NeuronUnit::Incoming& in = unit->incoming[k];
    in.bundle = std::make_unique<Bundle>(*in.projection->connector, in.projection->shape, in.source->size,
                                         unit->first(), unit->count());
    const PlasticClock* clock = in.projection->clock.get();
    if (!clock) return;
    if (clock->rule().clock == RuleClock::step)
      in.dense = std::make_unique<DensePlasticity>(*clock, *in.bundle, in.projection->connector->delays(),
                                                   in.source->size, unit->count());
    else
      in.sums = std::make_unique<PostSums>(*clock, unit->count());
  });
}

void Network::Impl::count_synapses() {
  out_degree.resize(projections.size());
  for (std::size_t p = 0; p < projections.size(); ++p)
    out_degree[p].assign(
        static_cast<std::size_t>(populations[static_cast<std::size_t>(projections[p].source)].size), 0);
  for (auto& u : units) {
    auto* unit = dynamic_cast<NeuronUnit*>(u.get());
    if (!unit) continue;
    for (auto& in : unit->incoming) {
      auto& sum = out_degree[static_cast<std::size_t>(in.projection->index)];
      const auto add = in.bundle->take_out_degrees();
      for (std::size_t s = 0; s < add.size(); ++s) sum[s] += add[s];
    }
  }
  for (auto& degrees : out_degree) ranks.sum(std::span(degrees));
  for (const Projection& p : projections) {
    const auto& degrees = out_degree[static_cast<std::size_t>(p.index)];
    if (std::all_of(degrees.begin(), degrees.end(), [](std::uint32_t d) { return d == 0; }))
      throw Error(p.spec->where, fmt::format("projection '{}' has no synapse", p.name));
  }
}

void Network::Impl::set_initial_states() {
  for (auto& u : units) {
    auto* unit = dynamic_cast<NeuronUnit*>(u.get());
    if (!unit) continue;
    const Population& p = unit->population();
    for (const InitialState& s : p.spec->initial) {
      const int variable = named(p.neuron->state, s.variable, s.where, "state variable");
      for (int j = 0; j < unit->count(); ++j) {
        const Draw draw{seed, Purpose::initial, static_cast<std::uint32_t>(unit->first() + j)};
        unit->neurons().set(variable, j,
                            draw_from(s.value, draw, static_cast<std::uint32_t>(variable),
                                      static_cast<std::uint32_t>(p.index)));
      }
    }
  }
}

MemoryUse estimate_memory(const NetworkSpec& spec) {
  MemoryUse use;
  const auto find = [&](const std::string& name) -> const PopulationSpec* {
    for (const auto& p : spec.populations)
      if (p.name == name) return &p;
    return nullptr;
  };
  for (const auto& p : spec.populations) {
    use.total_bytes += static_cast<std::size_t>(std::max(0, p.size)) * 64;
  }
  // Release may make windows shorter still, which only costs less.
  std::vector<std::optional<Connector>> connectors(spec.projections.size());
  Step least = std::numeric_limits<Step>::max();
  for (std::size_t i = 0; i < spec.projections.size(); ++i) {
    const ProjectionSpec& s = spec.projections[i];
    const PopulationSpec *source = find(s.source), *target = find(s.target);
    if (!source || !target || source->size < 1 || target->size < 1) continue;
    connectors[i] = connector_of(spec, s, static_cast<int>(i), {}, 0);
    least = std::min<Step>(least, connectors[i]->delays().front());
  }
  for (std::size_t i = 0; i < spec.projections.size(); ++i) {
    if (!connectors[i]) continue;
    const ProjectionSpec& s = spec.projections[i];
    const PopulationSpec *source = find(s.source), *target = find(s.target);
    const Connector& connector = *connectors[i];
    const double n = connector.expected_indegree() * target->size;
    const int blocks = blocks_of(target->size, connector.delays().size() >= kManyDelays);
    const double delays = static_cast<double>(connector.delays().size());
    RowShape shape{.own = !connector.one_weight()};
    RuleForm rule;
    if (s.rule != "static") {
      rule = find_rule(s.rule, s.where).make(s.params);
      shape.plastic = true;
      shape.gated = rule.gated;
      shape.soft = rule.soft;
    }
    const double rows = static_cast<double>(source->size) * delays * blocks;
    shape.lanes = lanes_for(n / rows);
    const double padding = std::min(rows, n) * (shape.lanes - 1) / 2.0;
    const double bytes = (n + padding) * static_cast<double>(shape.chunk_bytes()) / shape.lanes + rows * 4;
    use.synapses += static_cast<std::size_t>(n);
    use.synapse_bytes += static_cast<std::size_t>(bytes);
    if (shape.plastic) {
      const Step longest = connector.delays().back(), window = window_of(least);
      const int frames = PlasticClock::Sizes(rule, spec.dt_ms, longest, window).frames;
      const auto per_target = static_cast<std::size_t>(shape.gated ? 16 + 8 * frames : 8 + 4 * frames);
      const std::size_t shared = per_target * static_cast<std::size_t>(target->size) +
                                 PlasticClock::bytes_for(rule, spec.dt_ms, source->size, longest, window);
      use.plastic_synapses += static_cast<std::size_t>(n);
      use.plastic_bytes += static_cast<std::size_t>(bytes) + shared;
      use.total_bytes += shared;
    }
    use.total_bytes += static_cast<std::size_t>(bytes);
    // While a block is drawn its rows are counted in one more array.
    use.total_bytes += static_cast<std::size_t>(source->size * delays * 4);
  }
  return use;
}

}  // namespace labile
