/// Every condition of a card on every seed, side by side as threads and memory allow, then compared and judged.
#include "run/network_run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

#include "core/parallel.hpp"
#include "network/memory.hpp"
#include "run/judge.hpp"
#include "run/single_network.hpp"

namespace labile {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}
/// Threads that are of use to one network: below some 2000 neurons each, waiting for one another costs more
/// than they share (1000 neurons at steps of 1 ms: one thread five times as fast as two).
int useful_threads(const NetworkSpec& spec, int threads) {
  constexpr std::int64_t kNeuronsPerThread = 2000;
  std::int64_t neurons = 0;
  for (const auto& p : spec.populations) neurons += p.size;
  return static_cast<int>(std::clamp<std::int64_t>(neurons / kNeuronsPerThread, 1, threads));
}

class CardRunner {
 public:
  CardRunner(const NetworkCard& card, const NetworkOptions& options) : card_(card), options_(options) {
    result_.card = card;
    result_.notes = card.notes;
    result_.threads = options.threads > 0
                          ? options.threads
                          : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }

  NetworkResult run() {
    const auto start = Clock::now();
    run_networks();
    compare();
    judge();
    result_.wall_s = seconds_since(start);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    result_.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024;
    return std::move(result_);
  }

 private:
  /// Networks beside each other as far as threads and memory go; what is left of threads goes into each.
  [[nodiscard]] int beside_each_other(int runs) const {
    double largest = 1;
    for (const auto& c : card_.conditions)
      largest = std::max(largest, static_cast<double>(estimate_memory(c.network).total_bytes));
    int n = std::min(runs, result_.threads);
    // Some is left for what networks need beside their synapses, and for others.
    n = static_cast<int>(std::min<double>(n, 0.6 * static_cast<double>(available_memory()) / largest));
    return std::max(1, n);
  }

  void run_networks() {
    const int conditions = static_cast<int>(card_.conditions.size()), runs = conditions * card_.seeds;
    for (const auto& c : card_.conditions)
      result_.cells.push_back(
          {c.name,
           {card_.measures.size(), std::vector<Sample>(static_cast<std::size_t>(card_.seeds))},
           {},
           {}});
    const int beside = beside_each_other(runs);
    shares_.assign(static_cast<std::size_t>(runs), 0);
    parallel_for(runs, beside, [&](int k) {
      const int c = k / card_.seeds, network = k % card_.seeds;
      run_one(c, network, k, std::max(1, result_.threads / beside));
    });
  }

  void run_one(int c, int network, int k, int threads) {
    const NetworkCondition& condition = card_.conditions[static_cast<std::size_t>(c)];
    Traces* traces = network == 0 && options_.traces ? options_.traces(c) : nullptr;
    const SingleNetwork run = run_single_network(
        card_, condition, card_.seed + static_cast<std::uint64_t>(network),
        {.threads = useful_threads(condition.network, threads),
         .record = traces != nullptr,
         .traces = traces,
         .report = [&](double share, double model_s, double speed) { report(k, share, model_s, speed); }});
    NetworkCell& cell = result_.cells[static_cast<std::size_t>(c)];
    for (std::size_t m = 0; m < cell.samples.size(); ++m)
      cell.samples[m][static_cast<std::size_t>(network)] = run.samples[m];
    if (network == 0) cell.summary = run.summary;
  }

  void report(int k, double share, double model_s, double speed) {
    if (!options_.progress) return;
    const std::lock_guard lock(progress_lock_);
    shares_[static_cast<std::size_t>(k)] = share;
    double sum = 0;
    for (const double s : shares_) sum += s;
    const auto& c = card_.conditions[static_cast<std::size_t>(k / card_.seeds)];
    std::string what = "simulating";
    if (shares_.size() > 1)
      what = fmt::format("{}, network {} of {}", c.name, k % card_.seeds + 1, card_.seeds);
    options_.progress(
        sum / static_cast<double>(shares_.size()), what,
        fmt::format("{:.4g} of {:.4g} s, {:.3g} times real time", model_s, c.duration_ms / 1000, speed));
  }

  void compare() {
    Resampler resampler(card_.seed, card_.resamples);
    for (auto& cell : result_.cells)
      for (std::size_t m = 0; m < cell.samples.size(); ++m)
        cell.values.push_back(interval(resampler, cell, m));
    const NetworkCell& base = result_.cells.front();
    for (std::size_t c = 1; c < result_.cells.size(); ++c) {
      const NetworkCell& cell = result_.cells[c];
      for (std::size_t m = 0; m < cell.samples.size(); ++m) {
        CellEffect e{"", "network", cell.condition, base.condition, static_cast<int>(m), {}, {}};
        e.ratio = resampler.contrast(cell.samples[m], base.samples[m], Contrast::ratio);
        e.difference = resampler.contrast(cell.samples[m], base.samples[m], Contrast::difference);
        e.d = cohen_d(cell.samples[m], base.samples[m]);
        result_.effects.push_back(std::move(e));
      }
    }
  }

  /// Resampling networks that all say yes gives an interval of no width; a share of yes gets Wilson's.
  [[nodiscard]] Interval interval(Resampler& resampler, const NetworkCell& cell, std::size_t m) const {
    Interval i = resampler.mean(cell.samples[m]);
    if (card_.measures[m].kind != MeasureSpec::Kind::chosen_in_top || i.n == 0) return i;
    const double z = 1.959963984540054, n = i.n, p = i.value;
    const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    i.low = std::max(0.0, center - half);
    i.high = std::min(1.0, center + half);
    return i;
  }

  [[nodiscard]] const NetworkCell& cell(const std::string& condition) const {
    for (const auto& c : result_.cells)
      if (c.condition == condition) return c;
    throw Bug("no cell " + condition);
  }

  void judge() {
    Resampler resampler(card_.seed, card_.resamples);
    for (const auto& p : card_.predictions) {
      std::size_t m = 0;
      while (card_.measures[m].id != p.metric) ++m;
      Judged j{p, "", "", {}, "", ""};
      const NetworkCell& treated = cell(p.treated);
      if (p.of == Prediction::Of::value) {
        j.effect = treated.values[m];
      } else if (p.of == Prediction::Of::count) {
        double yes = 0;
        for (const auto& s : treated.samples[m]) yes += s.num;
        j.effect = {yes, yes, yes, card_.seeds};
        j.reason = fmt::format("a count of these {} networks; it has no interval", card_.seeds);
      } else {
        j.effect = resampler.contrast(treated.samples[m], cell(p.control).samples[m],
                                      p.of == Prediction::Of::ratio ? Contrast::ratio : Contrast::difference);
      }
      j.verdict = verdict(p, j.effect);
      if (std::isinf(j.effect.value)) j.reason = "the control is zero";
      if (j.verdict == "not run") j.reason = "the measure is not defined in these networks";
      if (j.verdict == "undecided" && j.effect.n < 2) j.reason = "one network says nothing about networks";
      result_.predictions.push_back(std::move(j));
    }
  }

  const NetworkCard& card_;
  const NetworkOptions& options_;
  NetworkResult result_;
  std::mutex progress_lock_;
  std::vector<double> shares_;  // [run]
};

}  // namespace

NetworkResult run_network_card(const NetworkCard& card, const NetworkOptions& options) {
  return CardRunner(card, options).run();
}

}  // namespace labile
