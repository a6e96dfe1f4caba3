/// The step: modulators and gates of a window, then every unit by itself, then the exchange of spikes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"
#include "network/network_impl.hpp"

namespace labile {

void Network::Impl::run_until(Step target) {
  const FlushDenormals scope;
  if (now == 0 && target > 0) {
    look_right();
    for (GateState& g : gates) {
      g.formula = value_of(g, 0);
      if (g.slow) g.baseline = g.formula;
      g.right[0] = g.formula - g.baseline;
    }
  }
  const std::function<void(int)> work = [this](int i) {
    units[static_cast<std::size_t>(i)]->run(run_from, run_to);
  };
  while (now < target) {
    if (ranks.size() == 1 && interrupted()) throw Interrupted("stopped");  // else in exchange(), all together
    // Windows end on absolute multiples, so that splitting a run moves none of them for long.
    const Step from = now + 1, to = std::min(target, (now / window + 1) * window);
    double since_last_call = 0;
    stamp(since_last_call);
    advance_modulators(from, to);
    stamp(timing.shared_s);
    run_from = from;
    run_to = to;
    advance_units(work);
    stamp(timing.units_s);
    exchange(from, to);
    stamp(timing.shared_s);
    ++timing.windows;
    now = to;
    if (stop) throw Interrupted("stopped");
    if (ranks.size() > 1) continue;
    note_bad();
    if (!failure.empty()) throw Error(failure);
  }
  for (const auto& u : units)
    if (auto* unit = dynamic_cast<NeuronUnit*>(u.get())) unit->look(now);
  note_bad();
  ranks.agree(failure);
}

void Network::Impl::advance_units(const std::function<void(int)>& work) {
  if (ranks.size() == 1) return pool.run(static_cast<int>(units.size()), work);
  try {
    pool.run(static_cast<int>(units.size()), work);
  } catch (const std::exception& e) {
    failure = e.what();
  }
}

void Network::Impl::look_right() {
  for (std::size_t i = 0; i < fields.size(); ++i) values[i] = fields[i].field.right();
  if (regional) regional->read(std::span(values).subspan(fields.size()));
}

double Network::Impl::value_of(const GateState& g, Step n) const {
  const double value = g.text.eval(values);
  if (!std::isfinite(value))
    throw Error(g.spec->where, fmt::format("gate '{}' = {} is not a number at {:.3f} ms", g.spec->name,
                                           g.text.text(), static_cast<double>(n) * spec.dt_ms));
  return value;
}
void Network::Impl::evaluate_left(Step n) {
  const auto at = static_cast<std::size_t>(n & gate_mask);
  for (GateState& g : gates) {
    const double formula = value_of(g, n);
    if (g.slow) g.baseline = g.slow->kept * g.baseline + g.slow->from * g.formula + g.slow->to * formula;
    g.formula = formula;
    g.left[at] = formula - g.baseline;
  }
}
void Network::Impl::evaluate_right(Step n) {
  const auto at = static_cast<std::size_t>(n & gate_mask);
  for (GateState& g : gates) {
    if (g.jumps) g.formula = value_of(g, n);
    g.right[at] = g.formula - g.baseline;
  }
}

void Network::Impl::advance_modulators(Step from, Step to) {
  // What was changed from outside since the last step acts from here on.
  look_right();
  for (GateState& g : gates) {
    if (g.jumps) g.formula = value_of(g, from - 1);
    g.right[static_cast<std::size_t>((from - 1) & gate_mask)] = g.formula - g.baseline;
  }
  for (Step n = from; n <= to; ++n) {
    const auto at = static_cast<std::size_t>(n & gate_mask);
    // Receptors drive neurons with what they were when the step began.
    if (!drives.empty()) {
      std::ranges::copy(values, drive_values.begin());
      for (std::size_t i = 0; i < gates.size(); ++i)
        drive_values[values.size() + i] = gates[i].right[static_cast<std::size_t>((n - 1) & gate_mask)];
      for (const Drive& d : drives) {
        Population& p = populations[static_cast<std::size_t>(d.population)];
        for (std::size_t k = 0; k < d.text.size(); ++k)
          if (d.text[k]) {
            const double value = d.text[k]->eval(drive_values);
            if (!std::isfinite(value))
              throw Error(p.spec->where,
                          fmt::format("drive '{}' of population '{}' is not a number at {:.3f} ms",
                                      d.text[k]->text(), p.spec->name, static_cast<double>(n) * spec.dt_ms));
            p.driven[at][k] = value;
          }
      }
    }
    for (Population& p : populations) {
      if (p.step_current.empty()) continue;
      const auto& c = p.spec->current;
      const double begin = static_cast<double>(n - 1) * spec.dt_ms + 1e-9 * spec.dt_ms;
      const auto passed = std::upper_bound(c.times_ms.begin(), c.times_ms.end(), begin) - c.times_ms.begin();
      p.step_current[at] = passed == 0 ? 0 : c.amplitude_pA[static_cast<std::size_t>(passed - 1)];
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      FieldState& f = fields[i];
      double released = 0, pulse = 0;
      for (const int s : f.sources)
        released +=
            static_cast<double>(populations[static_cast<std::size_t>(s)].log.at(n - f.release_delay).size());
      while (f.next_pulse < f.pulses.size() && f.pulses[f.next_pulse].first <= n)
        pulse += f.pulses[f.next_pulse++].second;
      f.field.step(released, pulse);
      values[i] = f.field.left();
    }
    if (regional) {
      regional->advance();
      regional->read(std::span(values).subspan(fields.size()));
    }
    evaluate_left(n);
    if (regional) {
      regional->arrive(populations, n);
      regional->read_jumps(std::span(values).subspan(fields.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) values[i] = fields[i].field.right();
    evaluate_right(n);
    for (Projection& p : projections) {
      if (!p.clock) continue;
      const Step m = n - p.clock->gate_lag();  // the synapse's own time
      const auto value = [&](int gate, double otherwise, Step step, bool right) {
        if (gate < 0 || step < 0) return otherwise;
        const GateState& g = gates[static_cast<std::size_t>(gate)];
        return (right ? g.right : g.left)[static_cast<std::size_t>(step & gate_mask)];
      };
      if (p.clock->gated())
        p.clock->push_gate(m >= 1 ? value(p.gate, 0, m - 1, true) : 0,
                           m >= 1 ? value(p.gate, 0, m, false) : 0);
      p.clock->prepare(n, value(p.plus_gate, 1, m, true), value(p.minus_gate, 1, m, true));
    }
  }
}

void Network::Impl::log_spikes(Step from, Step to) {
  for (Step n = from; n <= to; ++n) {
    for (Population& p : populations) p.log.open(n);
    for (const auto& unit : units) {
      const auto spikes = unit->spikes(static_cast<std::size_t>(n - from));
      if (spikes.empty()) continue;
      auto& log = unit->population().log.append(n);
      for (const std::uint16_t j : spikes) log.push_back(static_cast<std::uint32_t>(unit->first() + j));
    }
  }
}

/// The same with all ranks' spikes. A rank sends what happened to it, then by step and population how many fired, and
/// who; parts of a population are joined in the order of its neurons.
void Network::Impl::gather_spikes(Step from, Step to) {
  enum : std::uint32_t { kNothing, kInterrupted, kFailed };
  log_spikes(from, to);
  note_bad();
  outgoing.assign(1, !failure.empty() ? kFailed : interrupted() ? kInterrupted : kNothing);
  for (Step n = from; n <= to; ++n)
    for (Population& p : populations) {
      const auto fired = p.log.at(n);
      outgoing.push_back(static_cast<std::uint32_t>(fired.size()));
      outgoing.insert(outgoing.end(), fired.begin(), fired.end());
    }
  timing.bytes += outgoing.size() * sizeof(std::uint32_t);
  std::vector<const std::uint32_t*> next;
  std::uint32_t happened = kNothing;
  for (const auto& bytes : ranks.gather(std::as_bytes(std::span(outgoing)))) {
    next.push_back(reinterpret_cast<const std::uint32_t*>(bytes.data()));
    happened = std::max(happened, *next.back()++);
  }
  if (happened == kFailed) ranks.agree(failure);
  stop = happened == kInterrupted;
  std::vector<std::span<const std::uint32_t>> part(next.size());
  for (Step n = from; n <= to; ++n)
    for (Population& p : populations) {
      for (std::size_t r = 0; r < next.size(); ++r) {
        const std::uint32_t count = *next[r]++;
        part[r] = {next[r], count};
        next[r] += count;
      }
      p.log.open(n);
      auto& log = p.log.append(n);
      for (int k = 0; k < partition.ranks(); ++k) {
        const auto& fired = part[static_cast<std::size_t>(partition.holder(p.index, k))];
        log.insert(log.end(), fired.begin(), fired.end());
      }
    }
}

void Network::Impl::exchange(Step from, Step to) {
  ranks.size() == 1 ? log_spikes(from, to) : gather_spikes(from, to);
  stamp(timing.exchange_s);
  for (Step n = from; n <= to; ++n) {
    for (Population& p : populations) {
      const auto fired = p.log.at(n);
      for (const std::uint32_t id : fired) ++p.counts[id];
      p.total += fired.size();
    }
    for (Projection& p : projections) {
      const auto fired = populations[static_cast<std::size_t>(p.source)].log.at(n);
      if (p.clock) p.clock->fire(n, fired);
      const auto& degree = out_degree[static_cast<std::size_t>(p.index)];
      std::uint64_t sent = 0;
      for (const std::uint32_t s : fired) sent += degree[s];
      events += sent;
      if (p.clock) plastic_events += sent;
    }
  }
  for (Watch& w : watches) {
    w.spikes.clear();
    for (Step n = from; n <= to; ++n)
      for (const std::uint32_t id : populations[static_cast<std::size_t>(w.population)].log.at(n))
        w.spikes.push_back({n, id});
    w.sink(w.spikes);
  }
}

bool Network::Impl::tell_nuclei(const Population& p, bool uptake) {
  if (!regional) return false;
  bool found = false;
  const auto silent = std::count(p.silent.begin(), p.silent.end(), std::uint8_t{1});
  for (const auto& x : regional->nuclei())
    if (x.population == p.index) {
      regional->modulation().lose_units(x.number, static_cast<double>(silent) / p.size, uptake);
      found = true;
    }
  return found;
}

void Network::Impl::note_bad() {
  if (!failure.empty()) return;
  for (const auto& u : units)
    if (const auto* unit = dynamic_cast<const NeuronUnit*>(u.get()); unit && unit->bad_step > 0) {
      const Population& p = unit->population();
      std::string variable = "a state";
      for (std::size_t v = p.neuron->state.size(); v-- > 0;)
        if (!std::isfinite(unit->neurons().get(static_cast<int>(v), unit->bad_neuron)))
          variable = p.neuron->state[v].name;
      failure = Error(p.spec->where,
                      fmt::format("population '{}': {} of neuron {} ({}) was found not to be finite at "
                                  "{:.3f} ms",
                                  p.spec->name, variable, unit->first() + unit->bad_neuron,
                                  p.neuron->info.name, static_cast<double>(unit->bad_step) * spec.dt_ms))
                    .what();
      return;
    }
}

}  // namespace labile
