/// Checkpoints of a network: what all ranks know alike, as one record; what each holds of neurons and synapses, by
/// neuron and in the order in which synapses were drawn, so that any other cut can take it up.
///
///   part_R_of_N.h5   notes (attributes): identity, step, ranks
///     /shared                 bytes; of rank 0 only
///     /neurons/POPULATION     [neuron][variable]
///     /sums/PROJECTION        [target][number]: what its spikes have added up
///     /synapses/PROJECTION/*  [synapse] weight, eligibility; `count` [cell of 64 targets] how many
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/archive.hpp"
#include "network/network_impl.hpp"
#include "store/state_file.hpp"

namespace labile {
namespace {

constexpr const char* kFormat = "labile checkpoint 1";

std::string part_name(int rank, int ranks) {
  return fmt::format("part_{}_of_{}.h5", rank, ranks);
}
/// Which fields of a synapse change, by name.
using FieldOf = float* (Bundle::*)(std::uint32_t) const;
std::vector<std::pair<std::string, FieldOf>> changing(const RowShape& shape) {
  if (!shape.plastic) {
    if (!shape.own) return {};
    return {{"w", &Bundle::w0}};
  }
  std::vector<std::pair<std::string, FieldOf>> r{{"dw", &Bundle::dw}};
  if (shape.gated) r.emplace_back("e", &Bundle::e);
  if (shape.soft) r.emplace_back("z", &Bundle::z);
  return r;
}

/// All parts of a checkpoint, asked by neurons.
class Parts {
 public:
  Parts(const std::filesystem::path& folder, const Network::Identity& identity)
      : folder_(folder), identity_(identity) {
    std::error_code ec;
    if (!std::filesystem::is_directory(folder, ec))
      throw Error(
          fmt::format("{}: no such folder can be reached; a checkpoint was expected there", folder.string()));
    int ranks = 0;
    for (const auto& e : std::filesystem::directory_iterator(folder)) {
      const std::string name = e.path().filename().string();
      int rank = 0, of = 0;
      if (std::sscanf(name.c_str(), "part_%d_of_%d.h5", &rank, &of) == 2 && name == part_name(rank, of)) {
        if (ranks != 0 && of != ranks)
          throw Error(fmt::format("{}: parts of two checkpoints lie here, of {} and {} ranks",
                                  folder.string(), ranks, of));
        ranks = of;
      }
    }
    if (ranks < 1) throw Error(fmt::format("{}: no part of a checkpoint lies here", folder.string()));
    partition_.emplace(0, ranks);
    for (int r = 0; r < ranks; ++r)
      if (!std::filesystem::exists(folder / part_name(r, ranks)))
        throw Error(fmt::format("{}: the part of rank {} of {} is missing ({})", folder.string(), r, ranks,
                                part_name(r, ranks)));
  }
  [[nodiscard]] const StateReader& of_rank(int rank) {
    const auto at = open_.find(rank);
    if (at != open_.end()) return at->second;
    StateReader part(folder_ / part_name(rank, partition_->ranks()));
    if (const auto format = part.note("format"); format != kFormat)
      throw Error(
          fmt::format("{}: is a '{}', this Labile reads '{}'", part.path().string(), format, kFormat));
    for (const auto& [name, text] : identity_)
      if (const auto other = part.note(name); other != text)
        throw Error(fmt::format("{}: this checkpoint is of another {}: {}, here {}", part.path().string(),
                                name, other, text));
    const std::string step = part.note("step");
    if (step_.empty()) step_ = step;
    if (step != step_)
      throw Error(fmt::format("{}: is of step {}, other parts of this checkpoint of {}", part.path().string(),
                              step, step_));
    return open_.emplace(rank, std::move(part)).first->second;
  }
  /// Parts that hold some of these neurons: f(part, first of its own neurons, neurons that are wanted of it).
  template <class F>
  void each(int population, int size, Range wanted, F&& f) {
    for (int k = 0; k < partition_->ranks(); ++k) {
      const Range has = partition_->part(size, k);
      const int first = std::max(has.first, wanted.first),
                end = std::min(has.first + has.count, wanted.first + wanted.count);
      if (first < end) f(of_rank(partition_->holder(population, k)), has.first, Range{first, end - first});
    }
  }
  /// Rows of `width` numbers a neuron.
  std::vector<double> rows(int population, int size, Range wanted, std::size_t width,
                           const std::string& name) {
    std::vector<double> r(static_cast<std::size_t>(wanted.count) * width);
    each(population, size, wanted, [&](const StateReader& part, int has, Range from) {
      part.read(name, static_cast<std::size_t>(from.first - has) * width,
                std::span(r).subspan(static_cast<std::size_t>(from.first - wanted.first) * width,
                                     static_cast<std::size_t>(from.count) * width));
    });
    return r;
  }

 private:
  std::filesystem::path folder_;
  const Network::Identity& identity_;
  std::optional<Partition> partition_;
  std::map<int, StateReader> open_;
  std::string step_;
};

/// Spikes on their way to synapses of one projection, by slot of its ring.
struct Waiting {
  std::uint32_t slot, target;
};
std::vector<std::vector<std::uint16_t>>* waiting_of(NeuronUnit::Incoming& in) {
  if (in.dense) return &in.dense->waiting();
  return in.sums ? &in.sums->waiting() : nullptr;
}
struct SourceTrace {
  std::uint64_t row;
  DensePlasticity::Trace trace;
};

}  // namespace

void Network::Impl::keep(Archive& a) {
  a(now, events, plastic_events);
  for (Population& p : populations) {
    a.each(p.counts);
    a(p.total, p.silent, p.current, p.log);
    a.each(p.rate_hz);
  }
  for (FieldState& f : fields) a(f.field, f.next_pulse);
  for (GateState& g : gates) {
    a(g.baseline, g.formula);
    a.each(g.left);
    a.each(g.right);
  }
  if (regional) a(regional->modulation());
  for (Projection& p : projections)
    if (p.clock) a(*p.clock);
}

void Network::save(const std::filesystem::path& folder, const Identity& identity) const {
  Impl& m = *impl_;
  // What belongs to no neuron, from all ranks.
  std::vector<std::vector<Waiting>> waiting(m.projections.size());
  std::vector<std::vector<SourceTrace>> traces(m.projections.size());
  for (const auto& u : m.units) {
    auto* unit = dynamic_cast<NeuronUnit*>(u.get());
    if (!unit) continue;
    for (auto& in : unit->incoming) {
      const auto p = static_cast<std::size_t>(in.projection->index);
      if (const auto* ring = waiting_of(in))
        for (std::size_t slot = 0; slot < ring->size(); ++slot)
          for (const std::uint16_t j : (*ring)[slot])
            waiting[p].push_back(
                {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(unit->first() + j)});
      if (!in.dense) continue;
      const auto& x = in.dense->sources();
      for (std::size_t row = 0; row < x.size(); ++row)
        if (x[row].at > 0) traces[p].push_back({row, x[row]});
    }
  }
  Archive shared;
  m.keep(shared);
  for (std::size_t p = 0; p < m.projections.size(); ++p) {
    if (!m.projections[p].clock) continue;
    auto w = m.ranks.gather_lists(std::span<const Waiting>(waiting[p]));
    std::ranges::stable_sort(w, {}, [](const Waiting& x) { return std::pair(x.slot, x.target); });
    auto t = m.ranks.gather_lists(std::span<const SourceTrace>(traces[p]));
    shared(w, t);
  }

  std::string failed;
  try {
    const int ranks = m.ranks.size();
    StateWriter file(folder / part_name(m.ranks.rank(), ranks));
    file.note("format", kFormat);
    for (const auto& [name, text] : identity) file.note(name, text);
    file.note("step", fmt::format("{}", m.now));
    if (m.ranks.first()) file.write("/shared", std::span<const std::byte>(shared.bytes()));
    // Arrays first, then each unit its part.
    for (const Population& p : m.populations) {
      const auto own = static_cast<std::size_t>(m.partition.own(p.index, p.size).count);
      const std::size_t width = p.neuron ? p.neuron->state.size() : SourceUnit::kKept;
      file.make<double>("/neurons/" + p.spec->name, own * width);
    }
    std::vector<std::size_t> count(m.projections.size());
    std::vector<std::size_t> width(m.projections.size());
    std::map<const NeuronUnit::Incoming*, std::size_t> offset;
    for (const auto& u : m.units)
      if (auto* unit = dynamic_cast<NeuronUnit*>(u.get()))
        for (auto& in : unit->incoming) {
          const auto p = static_cast<std::size_t>(in.projection->index);
          offset[&in] = count[p];
          count[p] += in.bundle->synapses();
          width[p] = in.sums ? in.sums->kept() : in.dense ? DensePlasticity::kKept : 0;
        }
    for (const Projection& p : m.projections) {
      const auto i = static_cast<std::size_t>(p.index);
      const Range own = m.partition.own(p.target, m.populations[static_cast<std::size_t>(p.target)].size);
      if (p.clock) file.make<double>("/sums/" + p.name, static_cast<std::size_t>(own.count) * width[i]);
      const auto fields = changing(p.shape);
      for (const auto& [name, field] : fields)
        file.make<float>(fmt::format("/synapses/{}/{}", p.name, name), count[i]);
      if (!fields.empty())
        file.make<std::uint32_t>(fmt::format("/synapses/{}/count", p.name),
                                 static_cast<std::size_t>((own.count + kCell - 1) / kCell));
    }
    m.pool.run(static_cast<int>(m.units.size()), [&](int i) {
      const Unit& u = *m.units[static_cast<std::size_t>(i)];
      const Population& pop = u.population();
      const Range own = m.partition.own(pop.index, pop.size);
      const auto from = static_cast<std::size_t>(u.first() - own.first),
                 n = static_cast<std::size_t>(u.count());
      if (const auto* source = dynamic_cast<const SourceUnit*>(&u)) {
        std::vector<double> rows(n * SourceUnit::kKept);
        if (source->has_state())
          for (std::size_t j = 0; j < n; ++j)
            source->save(static_cast<int>(j), rows.data() + j * SourceUnit::kKept);
        file.fill("/neurons/" + pop.spec->name, from * SourceUnit::kKept, std::span<const double>(rows));
        return;
      }
      const auto& unit = dynamic_cast<const NeuronUnit&>(u);
      const std::size_t variables = pop.neuron->state.size();
      std::vector<double> rows;
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t v = 0; v < variables; ++v)
          rows.push_back(unit.neurons().kept(static_cast<int>(v), static_cast<int>(j)));
      file.fill("/neurons/" + pop.spec->name, from * variables, std::span<const double>(rows));
      for (const auto& in : unit.incoming) {
        const Projection& p = *in.projection;
        if (const std::size_t w = width[static_cast<std::size_t>(p.index)]; w > 0) {
          rows.assign(n * w, 0);
          for (std::size_t j = 0; j < n; ++j)
            in.sums ? in.sums->save(static_cast<int>(j), rows.data() + j * w)
                    : in.dense->save(static_cast<int>(j), rows.data() + j * w);
          file.fill("/sums/" + p.name, from * w, std::span<const double>(rows));
        }
        const auto fields = changing(p.shape);
        if (fields.empty()) continue;
        std::vector<std::vector<float>> values(fields.size(), std::vector<float>(in.bundle->synapses()));
        std::vector<std::uint32_t> cells;
        Bundle::Drawn order(*in.bundle, *p.connector);
        std::size_t at = 0;
        for (std::size_t j = 0; j < n; ++j) {
          const auto slots = order.next();
          for (std::size_t f = 0; f < fields.size(); ++f) {
            const FieldOf field = fields[f].second;
            float* to = values[f].data() + at;
            for (const auto& s : slots) *to++ = ((*in.bundle).*field)(s.chunk)[s.lane];
          }
          if (j % kCell == 0) cells.push_back(0);
          cells.back() += static_cast<std::uint32_t>(slots.size());
          at += slots.size();
        }
        for (std::size_t f = 0; f < fields.size(); ++f)
          file.fill(fmt::format("/synapses/{}/{}", p.name, fields[f].first), offset.at(&in),
                    std::span<const float>(values[f]));
        file.fill(fmt::format("/synapses/{}/count", p.name), from / kCell,
                  std::span<const std::uint32_t>(cells));
      }
    });
    file.commit();
  } catch (const Error& e) {
    if (m.ranks.size() == 1) throw;
    failed = e.what();
  }
  m.ranks.agree(failed);
}

void Network::load(const std::filesystem::path& folder, const Identity& identity) {
  Impl& m = *impl_;
  std::string failed;
  try {
    Parts parts(folder, identity);
    const auto bytes = parts.of_rank(0).read<std::byte>("/shared");
    Archive shared(bytes, fmt::format("{}: the state of this checkpoint", parts.of_rank(0).path().string()));
    m.keep(shared);
    std::vector<std::vector<Waiting>> waiting(m.projections.size());
    std::vector<std::vector<SourceTrace>> traces(m.projections.size());
    for (std::size_t p = 0; p < m.projections.size(); ++p)
      if (m.projections[p].clock) shared(waiting[p], traces[p]);
    shared.finish();
    for (const auto& u : m.units) {
      const Population& pop = u->population();
      const Range range{u->first(), u->count()};
      const auto n = static_cast<std::size_t>(u->count());
      const std::string neurons = "/neurons/" + pop.spec->name;
      if (auto* source = dynamic_cast<SourceUnit*>(u.get())) {
        if (!source->has_state()) continue;
        const auto rows = parts.rows(pop.index, pop.size, range, SourceUnit::kKept, neurons);
        for (std::size_t j = 0; j < n; ++j)
          source->load(static_cast<int>(j), rows.data() + j * SourceUnit::kKept);
        continue;
      }
      auto& unit = dynamic_cast<NeuronUnit&>(*u);
      const std::size_t variables = pop.neuron->state.size();
      const auto rows = parts.rows(pop.index, pop.size, range, variables, neurons);
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t v = 0; v < variables; ++v)
          unit.neurons().restore(static_cast<int>(v), static_cast<int>(j), rows[j * variables + v]);
      for (auto& in : unit.incoming) {
        const Projection& p = *in.projection;
        const auto index = static_cast<std::size_t>(p.index);
        if (in.sums || in.dense) {
          const std::size_t w = in.sums ? in.sums->kept() : DensePlasticity::kKept;
          const auto sums = parts.rows(pop.index, pop.size, range, w, "/sums/" + p.name);
          for (std::size_t j = 0; j < n; ++j)
            in.sums ? in.sums->load(static_cast<int>(j), sums.data() + j * w)
                    : in.dense->load(static_cast<int>(j), sums.data() + j * w);
        }
        if (auto* ring = waiting_of(in)) {
          for (auto& slot : *ring) slot.clear();
          for (const Waiting& x : waiting[index]) {
            const int j = static_cast<int>(x.target) - u->first();
            if (j >= 0 && j < u->count()) ring->at(x.slot).push_back(static_cast<std::uint16_t>(j));
          }
        }
        // Blocks without a row of a source keep its trace as it was when they took it up: the latest is right.
        if (in.dense) {
          auto& own = in.dense->sources();
          std::ranges::fill(own, DensePlasticity::Trace{});
          for (const SourceTrace& x : traces[index])
            if (x.trace.at > own.at(x.row).at) own[x.row] = x.trace;
        }
        const auto fields = changing(p.shape);
        if (fields.empty()) continue;
        Bundle::Drawn order(*in.bundle, *p.connector);
        parts.each(pop.index, pop.size, range, [&](const StateReader& part, int has, Range from) {
          const auto cells = part.read<std::uint32_t>(fmt::format("/synapses/{}/count", p.name));
          const auto first = cells.begin() + (from.first - has) / kCell;
          const auto last = first + (from.count + kCell - 1) / kCell;
          const std::size_t before = std::accumulate(cells.begin(), first, std::size_t{0}),
                            number = std::accumulate(first, last, std::size_t{0});
          std::vector<std::vector<float>> values;
          for (const auto& [name, field] : fields) {
            values.emplace_back(number);
            part.read(fmt::format("/synapses/{}/{}", p.name, name), before, std::span<float>(values.back()));
          }
          std::size_t at = 0;
          for (int j = 0; j < from.count; ++j)
            for (const auto& s : order.next()) {
              if (at >= number)
                throw Error(fmt::format("{}: has other synapses than this network", part.path().string()));
              for (std::size_t f = 0; f < fields.size(); ++f)
                ((*in.bundle).*fields[f].second)(s.chunk)[s.lane] = values[f][at];
              ++at;
            }
        });
      }
    }
  } catch (const Error& e) {
    if (m.ranks.size() == 1) throw;
    failed = e.what();
  }
  m.ranks.agree(failed);
}

}  // namespace labile
