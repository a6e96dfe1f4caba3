#include "network/unit.hpp"

#include <algorithm>

#include "core/random.hpp"

namespace labile {
namespace {
constexpr Step kCheckEvery = 64;  // steps between checks for states that are not finite
// Rows between a row's fetch and its visit; short rows take less time than memory does.
constexpr std::size_t kFetchAhead = 2, kFetchAheadShort = 12;
}  // namespace

void Unit::drop_silent(std::vector<std::uint16_t>& spikes) const {
  if (population_->silent.empty()) return;
  std::erase_if(spikes,
                [&](std::uint16_t j) { return population_->silent[static_cast<std::size_t>(first_ + j)]; });
}

NeuronUnit::NeuronUnit(Population& population, int first, int count, std::unique_ptr<NeuronBlock> neurons)
    : Unit(population, first, count), neurons_(std::move(neurons)) {
  const auto padded = static_cast<std::size_t>(padded_targets(count)) + 16;
  const std::size_t ports = population.neuron->ports.size();
  memory_ = LargeArray((ports + 2) * padded * sizeof(float));
  auto* at = reinterpret_cast<float*>(memory_.data());
  for (std::size_t p = 0; p < ports; ++p) ports_.push_back(at + p * padded);
  current_ = at + ports * padded;
  nowhere_ = current_ + padded;
}

void NeuronUnit::collect(const Incoming& in, Step from, Step to, Arrivals& a) const {
  a.visits.clear();
  a.step_end.clear();
  const auto delays = in.projection->connector->delays();
  for (Step n = from; n <= to; ++n) {
    for (std::size_t k = 0; k < delays.size(); ++k) {
      const Step fired = n - delays[k];
      if (fired < 1) break;  // later classes are longer
      if (in.projection->clock) {
        for (const PreEvent& e : in.projection->clock->events(fired)) {
          const Bundle::Row row = in.bundle->row(e.source, k);
          if (row.chunks) a.visits.push_back({row.begin, row.chunks, &e, static_cast<std::uint32_t>(k)});
        }
      } else {
        for (const std::uint32_t s : in.source->log.at(fired)) {
          const Bundle::Row row = in.bundle->row(s, k);
          if (row.chunks) a.visits.push_back({row.begin, row.chunks, nullptr, static_cast<std::uint32_t>(k)});
        }
      }
    }
    a.step_end.push_back(static_cast<std::uint32_t>(a.visits.size()));
  }
}

void NeuronUnit::arrive(Incoming& in, const Arrivals& a, std::size_t k, Step n) {
  const Projection& p = *in.projection;
  const std::size_t begin = k == 0 ? 0 : a.step_end[k - 1], end = a.step_end[k];
  float* input = ports_[static_cast<std::size_t>(p.port)];
  const std::size_t ahead = p.shape.lanes == 8 ? kFetchAheadShort : kFetchAhead;
  for (std::size_t v = begin; v < end; ++v) {
    const Visit& visit = a.visits[v];
    NextRow next;
    if (v + ahead < a.visits.size()) {
      const Visit& then = a.visits[v + ahead];
      next = {in.bundle->at(then.begin), then.chunks};
    }
    std::byte* row = in.bundle->at(visit.begin);
    if (!visit.event) {
      p.deliver(row, visit.chunks, p.fixed.w0, input, next);
      continue;
    }
    if (in.dense) {
      in.dense->arrive(n, *visit.event, visit.delay, p.fixed, input);
      continue;
    }
    RowConstants c = p.clock->constants(*visit.event, n);
    c.w0 = p.fixed.w0;
    c.dw_min = p.fixed.dw_min;
    c.dw_max = p.fixed.dw_max;
    const int frame = p.clock->frame_at(n - visit.event->gap);
    p.visit(row, visit.chunks, c, in.sums->targets(frame), visit.event->deliver ? input : nowhere_, next);
  }
}

void NeuronUnit::run(Step from, Step to) {
  arrivals_.resize(incoming.size());
  // All arrivals of the window at once, so that rows can be fetched ahead across steps; where delays are
  // many, the list of a window would not fit in the cache.
  for (std::size_t i = 0; i < incoming.size(); ++i)
    if (!incoming[i].projection->many_delays) collect(incoming[i], from, to, arrivals_[i]);
  const std::size_t padded = static_cast<std::size_t>(neurons_->padded());
  const bool noisy = noise || !population_->current.empty() || !population_->step_current.empty();
  for (Step n = from; n <= to; ++n) {
    const auto k = static_cast<std::size_t>(n - from);
    for (std::size_t i = 0; i < incoming.size(); ++i) {
      if (incoming[i].sums) incoming[i].sums->begin_step(n);
      if (incoming[i].dense) incoming[i].dense->advance(n, incoming[i].projection->fixed);
      const bool one = incoming[i].projection->many_delays;
      if (one) collect(incoming[i], n, n, arrivals_[i]);
      arrive(incoming[i], arrivals_[i], one ? 0 : k, n);
    }
    for (const auto& [port, poisson] : background)
      poisson.add(n, first_, count_, ports_[static_cast<std::size_t>(port)]);
    if (noisy) {
      std::fill_n(current_, padded, 0.0f);
      if (!population_->current.empty()) std::copy_n(population_->current.begin() + first_, count_, current_);
      if (!population_->step_current.empty()) {
        const auto add = static_cast<float>(
            population_->step_current[static_cast<std::size_t>(n & population_->ring_mask)]);
        for (int j = 0; j < count_; ++j) current_[j] += add;
      }
      if (noise) noise->add(n, first_, count_, current_);
    }
    auto& spikes = out_[k];
    spikes.clear();
    neurons_->step({ports_, noisy ? current_ : nullptr,
                    population_->driven.empty()
                        ? std::span<const double>{}
                        : std::span<const double>(
                              population_->driven[static_cast<std::size_t>(n & population_->ring_mask)])},
                   spikes);
    drop_silent(spikes);
    for (Incoming& in : incoming) {
      if (in.sums) in.sums->enter(n, spikes);
      if (in.dense) in.dense->enter(n, spikes, in.projection->fixed);
    }
    if (n % kCheckEvery == 0) look(n);
  }
}

void NeuronUnit::look(Step n) {
  if (bad_step > 0 || n == looked_) return;
  looked_ = n;
  bad_neuron = neurons_->first_not_finite();
  if (bad_neuron >= 0) bad_step = n;
}

std::size_t NeuronUnit::bytes() const {
  std::size_t b = memory_.bytes() + neurons_->bytes();
  for (const Incoming& in : incoming) b += in.bundle->bytes() + (in.sums ? in.sums->bytes() : 0);
  return b;
}

SourceUnit::SourceUnit(Population& population, int first, int count, double dt_ms, std::uint64_t seed)
    : Unit(population, first, count), dt_(dt_ms), seed_(seed) {
  if (population.spec->model != "poisson") return;
  const auto n = static_cast<std::size_t>(count);
  hazard_.assign(n, 0.0);
  drawn_.assign(n, 1);
  for (std::size_t i = 0; i < n; ++i) {
    const Draw draw{seed, Purpose::emission,
                    static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(i)};
    next_.push_back(draw.exponential(0, static_cast<std::uint32_t>(population.index)));
  }
}

void SourceUnit::run(Step from, Step to) {
  for (Step n = from; n <= to; ++n) {
    auto& spikes = out_[static_cast<std::size_t>(n - from)];
    spikes.clear();
    for (std::size_t i = 0; i < next_.size(); ++i) {
      const std::size_t id = static_cast<std::size_t>(first_) + i;
      hazard_[i] += population_->rate_hz[id] * dt_ * 1e-3;
      while (hazard_[i] >= next_[i]) {
        // Kept small, so that precision does not fade over hours.
        hazard_[i] -= next_[i];
        const Draw draw{seed_, Purpose::emission, static_cast<std::uint32_t>(id)};
        next_[i] = draw.exponential(drawn_[i]++, static_cast<std::uint32_t>(population_->index));
        spikes.push_back(static_cast<std::uint16_t>(i));
      }
    }
    if (!given.empty()) {
      const Step at = period > 0 ? (n - 1) % period + 1 : n;
      auto it = std::lower_bound(given.begin(), given.end(), std::pair<Step, std::uint16_t>{at, 0});
      for (; it != given.end() && it->first == at; ++it) spikes.push_back(it->second);
    }
    drop_silent(spikes);
  }
}

void SourceUnit::save(int unit, double* to) const {
  const auto i = static_cast<std::size_t>(unit);
  to[0] = hazard_[i];
  to[1] = next_[i];
  to[2] = drawn_[i];
}
void SourceUnit::load(int unit, const double* from) {
  const auto i = static_cast<std::size_t>(unit);
  hazard_[i] = from[0];
  next_[i] = from[1];
  drawn_[i] = static_cast<std::uint32_t>(from[2]);
}

}  // namespace labile
