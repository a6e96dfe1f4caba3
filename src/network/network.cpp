/// The public face: running, what a closed loop may set, and readers, which never change a bit.
#include "network/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "network/network_impl.hpp"

namespace labile {
namespace {

template <class T>
int by_name(const std::vector<T>& list, std::string_view name, std::string_view what) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name) return static_cast<int>(i);
    known.push_back(list[i].name);
  }
  throw Error(fmt::format("no {} is called '{}'{}", what, name, suggest(name, known)));
}
/// One value for all or one each.
template <class T>
void spread(std::vector<T>& to, std::size_t n, std::span<const double> values, std::string_view what) {
  if (values.size() != 1 && values.size() != n)
    throw Error(
        fmt::format("{}: {} values for {} units; give one for all or one each", what, values.size(), n));
  for (const double v : values)
    if (!std::isfinite(v)) throw Error(fmt::format("{}: a value is not finite", what));
  for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<T>(values.size() == 1 ? values[0] : values[i]);
}
}  // namespace

Network::Network(const NetworkSpec& spec, std::uint64_t seed, Execution execution)
    : impl_(std::make_unique<Impl>(spec, seed, execution)) {}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

double Network::dt_ms() const {
  return impl_->spec.dt_ms;
}
Step Network::now() const {
  return impl_->now;
}
double Network::now_ms() const {
  return static_cast<double>(impl_->now) * impl_->spec.dt_ms;
}
void Network::run_until(Step step) {
  impl_->run_until(step);
}
void Network::run(double ms) {
  impl_->run_until(impl_->now + static_cast<Step>(std::llround(ms / impl_->spec.dt_ms)));
}
int Network::population(std::string_view name) const {
  return by_name(impl_->spec.populations, name, "population");
}
int Network::projection(std::string_view name) const {
  return by_name(impl_->spec.projections, name, "projection");
}
int Network::field(std::string_view name) const {
  return by_name(impl_->spec.fields, name, "field");
}
int Network::gate(std::string_view name) const {
  return by_name(impl_->spec.gates, name, "gate");
}
int Network::size(int population) const {
  return impl_->populations[static_cast<std::size_t>(population)].size;
}
const NetworkSpec& Network::spec() const {
  return impl_->spec;
}

void Network::set_rate(int population, std::span<const double> hz) {
  Population& p = impl_->populations[static_cast<std::size_t>(population)];
  if (p.spec->model != "poisson")
    throw Error(fmt::format("population '{}' is no Poisson source: it has no rate to set", p.spec->name));
  for (const double r : hz)
    if (!(r >= 0 && r <= SourceSettings::kMostHz))
      throw Error(fmt::format("population '{}': a rate must be from 0 to {} Hz, here {}", p.spec->name,
                              SourceSettings::kMostHz, r));
  spread(p.rate_hz, static_cast<std::size_t>(p.size), hz, p.spec->name);
}
void Network::set_current(int population, std::span<const double> pA) {
  Population& p = impl_->populations[static_cast<std::size_t>(population)];
  if (!p.neuron)
    throw Error(fmt::format("population '{}' is a source of spikes: it takes no current", p.spec->name));
  p.current.resize(static_cast<std::size_t>(p.size));
  spread(p.current, static_cast<std::size_t>(p.size), pA, p.spec->name);
}
void Network::add_to_field(int field, double amount) {
  if (!std::isfinite(amount)) throw Error("add_to_field: the amount is not finite");
  ModulatorField& f = impl_->fields[static_cast<std::size_t>(field)].field;
  if (f.clamped()) return;
  f.clamp(f.right() + amount);
  f.unclamp();
}
void Network::clamp_field(int field, double value) {
  impl_->fields[static_cast<std::size_t>(field)].field.clamp(value);
}
void Network::release_field(int field) {
  impl_->fields[static_cast<std::size_t>(field)].field.unclamp();
}
void Network::silence(int population, std::span<const int> units) {
  Population& p = impl_->populations[static_cast<std::size_t>(population)];
  p.silent.resize(static_cast<std::size_t>(p.size), 0);
  for (const int u : units) {
    if (u < 0 || u >= p.size)
      throw Error(fmt::format("population '{}': unit {} is not among 0..{}", p.spec->name, u, p.size - 1));
    p.silent[static_cast<std::size_t>(u)] = 1;
  }
  (void)impl_->tell_nuclei(p, false);
}

std::span<const std::uint64_t> Network::counts(int population) const {
  return impl_->populations[static_cast<std::size_t>(population)].counts;
}
std::uint64_t Network::total_spikes(int population) const {
  return impl_->populations[static_cast<std::size_t>(population)].total;
}
double Network::field_value(int field) const {
  return impl_->fields[static_cast<std::size_t>(field)].field.right();
}
double Network::gate_value(int gate) const {
  impl_->look_right();
  const auto& g = impl_->gates[static_cast<std::size_t>(gate)];
  return impl_->now == 0 && g.slow ? 0 : g.text.eval(impl_->values) - g.baseline;
}
double Network::modulation_value(std::string_view name) const {
  if (!impl_->regional) throw Error("the network has no modulators in regions: it has no [modulation]");
  return impl_->regional->value(name);
}
void Network::treat(const Treatment& doses) {
  if (!impl_->regional) throw Error("a dose wants modulators in regions: the network has no [modulation]");
  Modulation& m = impl_->regional->modulation();
  give(m, doses);
  if (impl_->now == 0) m.settle();
}
void Network::lose_terminals(int population) {
  const Population& p = impl_->populations[static_cast<std::size_t>(population)];
  if (!impl_->tell_nuclei(p, true))
    throw Error(fmt::format(
        "population '{}' is no nucleus: no terminals of it release a modulator in regions", p.spec->name));
}
void Network::read_state(int population, std::string_view variable, std::span<const int> units,
                         std::span<double> out) const {
  const Population& p = impl_->populations[static_cast<std::size_t>(population)];
  if (!p.neuron)
    throw Error(fmt::format("population '{}' is a source of spikes: it has no state", p.spec->name));
  const int v = by_name(p.neuron->state, variable, "state variable of " + p.spec->model);
  struct Value {
    std::size_t i;
    double x;
  };
  std::vector<Value> own;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (units[i] < 0 || units[i] >= p.size)
      throw Error(
          fmt::format("population '{}': unit {} is not among 0..{}", p.spec->name, units[i], p.size - 1));
    for (const auto& u : impl_->units) {
      if (&u->population() != &p || units[i] < u->first() || units[i] >= u->first() + u->count()) continue;
      own.push_back({i, dynamic_cast<const NeuronUnit&>(*u).neurons().get(v, units[i] - u->first())});
    }
  }
  for (const Value& value : impl_->ranks.gather_lists(std::span<const Value>(own))) out[value.i] = value.x;
}

std::vector<Network::Impl::Place> Network::Impl::places(int projection) const {
  std::vector<Place> r;
  for (const auto& u : units)
    if (const auto* unit = dynamic_cast<const NeuronUnit*>(u.get()))
      for (const auto& in : unit->incoming)
        if (in.projection->index == projection) r.push_back({unit, &in});
  return r;
}

void Network::Impl::store(const Row& row, std::uint32_t chunk, int lane, double w) const {
  const Projection& p = *row.place.incoming->projection;
  const Bundle& b = *row.place.incoming->bundle;
  const double w0 = p.shape.own ? static_cast<double>(b.w0(chunk)[lane]) : static_cast<double>(p.fixed.w0);
  if (!p.clock) {
    b.w0(chunk)[lane] = static_cast<float>(w);
    return;
  }
  float& dw = b.dw(chunk)[lane];
  if (p.shape.soft && !row.place.incoming->dense) {
    // The factor is that of the new weight, and nothing is pending.
    b.z(chunk)[lane] = static_cast<float>(-pending(row, chunk, lane));
    dw = static_cast<float>(w - w0);
    return;
  }
  dw += static_cast<float>(w - decode(row, chunk, lane).w);
}

std::vector<SynapseState> Network::synapses(int projection, int source) const {
  const FlushDenormals scope;
  const Projection& p = impl_->projections[static_cast<std::size_t>(projection)];
  const int sources = impl_->populations[static_cast<std::size_t>(p.source)].size;
  const auto places = impl_->places(projection);
  std::vector<SynapseState> r;
  for (int s = source < 0 ? 0 : source; s < (source < 0 ? sources : source + 1); ++s)
    for (const auto& place : places)
      impl_->each_synapse(place, static_cast<std::uint32_t>(s),
                          [&](const Impl::Row& row, std::uint32_t c, int lane, int t) {
                            const auto now = impl_->decode(row, c, lane);
                            r.push_back({s, place.unit->first() + t, row.delay_ms, now.bounded(p), now.e});
                          });
  if (impl_->ranks.size() > 1) r = impl_->ranks.gather_lists(std::span<const SynapseState>(r));
  // However targets are cut into blocks.
  const auto before = [](const SynapseState& a, const SynapseState& b) {
    return std::tie(a.source, a.delay_ms, a.target) < std::tie(b.source, b.delay_ms, b.target);
  };
  if (!std::ranges::is_sorted(r, before)) std::ranges::stable_sort(r, before);
  return r;
}

std::size_t Network::synapse_count(int projection) const {
  std::uint64_t n = 0;
  for (const auto& place : impl_->places(projection)) n += place.incoming->bundle->synapses();
  impl_->ranks.sum(std::span(&n, 1));
  return n;
}

int Network::lanes(int projection) const {
  return impl_->projections[static_cast<std::size_t>(projection)].shape.lanes;
}

Network::WeightSummary Network::weight_summary(int projection) const {
  const Projection& p = impl_->projections[static_cast<std::size_t>(projection)];
  const int sources = impl_->populations[static_cast<std::size_t>(p.source)].size;
  const auto places = impl_->places(projection);
  // Means and squares of parts are joined by Chan's formula, so that small spreads around large means
  // survive.
  struct Part {
    double n = 0, mean = 0, square = 0, min = INFINITY, max = -INFINITY;
    void join(const Part& o) {
      if (o.n == 0) return;
      const double d = o.mean - mean, both = n + o.n;
      mean += d * o.n / both;
      square += o.square + d * d * n * o.n / both;
      n = both;
      min = std::min(min, o.min);
      max = std::max(max, o.max);
    }
  };
  // By cells of targets, which no block or rank cuts: the same bits however they are held.
  const auto cells = static_cast<std::size_t>(
      (impl_->populations[static_cast<std::size_t>(p.target)].size + kCell - 1) / kCell);
  std::vector<Part> parts(cells);
  impl_->pool.run(static_cast<int>(places.size()), [&](int i) {
    const FlushDenormals scope;
    const auto& place = places[static_cast<std::size_t>(i)];
    struct Sums {
      double n = 0, first = 0, sum = 0, square = 0;  // of differences from the cell's first
      double min = INFINITY, max = -INFINITY;
    };
    std::vector<Sums> sums(static_cast<std::size_t>(place.unit->count() / kCell + 1));
    for (int s = 0; s < sources; ++s)
      impl_->each_synapse(place, static_cast<std::uint32_t>(s),
                          [&](const Impl::Row& at, std::uint32_t c, int lane, int t) {
                            const double w = impl_->decode(at, c, lane).bounded(p);
                            Sums& cell = sums[static_cast<std::size_t>(t / kCell)];
                            if (cell.n == 0) cell.first = w;
                            ++cell.n;
                            const double d = w - cell.first;
                            cell.sum += d;
                            cell.square += d * d;
                            cell.min = std::min(cell.min, w);
                            cell.max = std::max(cell.max, w);
                          });
    for (std::size_t k = 0; k < sums.size(); ++k) {
      const Sums& cell = sums[k];
      if (cell.n == 0) continue;
      parts[static_cast<std::size_t>(place.unit->first() / kCell) + k] = {
          cell.n, cell.first + cell.sum / cell.n, std::max(0.0, cell.square - cell.sum * cell.sum / cell.n),
          cell.min, cell.max};
    }
  });
  if (impl_->ranks.size() > 1) {
    const Range own =
        impl_->partition.own(p.target, impl_->populations[static_cast<std::size_t>(p.target)].size);
    struct Numbered {
      std::size_t cell;
      Part part;
    };
    std::vector<Numbered> mine;
    for (int k = own.first / kCell; k < (own.first + own.count + kCell - 1) / kCell; ++k)
      mine.push_back({static_cast<std::size_t>(k), parts[static_cast<std::size_t>(k)]});
    for (const Numbered& x : impl_->ranks.gather_lists(std::span<const Numbered>(mine)))
      parts[x.cell] = x.part;
  }
  Part all;
  for (const Part& part : parts) all.join(part);
  return {static_cast<std::size_t>(all.n), all.mean, all.n > 1 ? std::sqrt(all.square / (all.n - 1)) : 0,
          all.min, all.max};
}

void Network::set_weight(int projection, int source, int target, double w) {
  const FlushDenormals scope;
  const Projection& p = impl_->projections[static_cast<std::size_t>(projection)];
  const Population& from_population = impl_->populations[static_cast<std::size_t>(p.source)];
  if (source < 0 || source >= from_population.size)
    throw Error(fmt::format("population '{}': unit {} is not among 0..{}", from_population.spec->name, source,
                            from_population.size - 1));
  if (!p.shape.own && !p.clock)
    throw Error(
        fmt::format("projection '{}' is static with one weight for all: none can be set alone", p.name));
  if (!std::isfinite(w) || (p.clock && (w < p.clock->rule().w_min || w > p.clock->rule().w_max)))
    throw Error(fmt::format("projection '{}': weight {} lies outside its bounds", p.name, w));
  std::uint64_t found = 0;
  for (const auto& place : impl_->places(projection))
    impl_->each_synapse(place, static_cast<std::uint32_t>(source),
                        [&](const Impl::Row& row, std::uint32_t c, int lane, int t) {
                          if (place.unit->first() + t != target) return;
                          ++found;
                          impl_->store(row, c, lane, w);
                        });
  impl_->ranks.sum(std::span(&found, 1));
  if (found == 0)
    throw Error(fmt::format("projection '{}' has no synapse from {} to {}", p.name, source, target));
}

void Network::clear_eligibility(int projection) {
  const FlushDenormals scope;
  const Projection& p = impl_->projections[static_cast<std::size_t>(projection)];
  if (!p.clock || !p.clock->gated()) throw Error(fmt::format("projection '{}' has no eligibility", p.name));
  const int sources = impl_->populations[static_cast<std::size_t>(p.source)].size;
  for (const auto& place : impl_->places(projection)) {
    for (int s = 0; s < sources; ++s)
      impl_->each_synapse(
          place, static_cast<std::uint32_t>(s), [&](const Impl::Row& row, std::uint32_t c, int lane, int) {
            // Without e and the targets' sums nothing is pending: what is stored is the weight.
            const Bundle& b = *place.incoming->bundle;
            const double w = impl_->decode(row, c, lane).bounded(p);
            b.e(c)[lane] = 0;
            if (place.incoming->dense) return;
            const double w0 =
                p.shape.own ? static_cast<double>(b.w0(c)[lane]) : static_cast<double>(p.fixed.w0);
            b.dw(c)[lane] = static_cast<float>(w - w0);
            if (p.shape.soft) b.z(c)[lane] = 0;
          });
    if (place.incoming->sums) place.incoming->sums->clear();
  }
}

void Network::watch_spikes(int population, SpikeSink sink) {
  impl_->watches.push_back({population, std::move(sink), {}});
}

const Network::Timing& Network::timing() const {
  return impl_->timing;
}
MemoryUse Network::memory() const {
  MemoryUse use;
  for (const auto& u : impl_->units) {
    const auto* unit = dynamic_cast<const NeuronUnit*>(u.get());
    if (!unit) continue;
    use.total_bytes += unit->bytes();
    for (const auto& in : unit->incoming) {
      use.synapses += in.bundle->synapses();
      use.synapse_bytes += in.bundle->bytes();
      if (!in.sums) continue;
      use.plastic_synapses += in.bundle->synapses();
      use.plastic_bytes += in.bundle->bytes() + in.sums->bytes();
    }
  }
  for (const Projection& p : impl_->projections) {
    const std::size_t degrees =
        impl_->out_degree[static_cast<std::size_t>(p.index)].size() * sizeof(std::uint32_t);
    use.total_bytes += degrees;
    if (!p.clock) continue;
    use.plastic_bytes += p.clock->bytes() + degrees;
    use.total_bytes += p.clock->bytes();
  }
  std::array<std::uint64_t, 5> all{use.synapse_bytes, use.plastic_bytes, use.total_bytes, use.synapses,
                                   use.plastic_synapses};
  impl_->ranks.sum(std::span(all));
  return {all[0], all[1], all[2], all[3], all[4]};
}
int Network::exchange_steps() const {
  return static_cast<int>(impl_->window);
}
std::uint64_t Network::events() const {
  return impl_->events;
}
std::uint64_t Network::plastic_events() const {
  return impl_->plastic_events;
}

}  // namespace labile
