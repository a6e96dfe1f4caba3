/// Every condition of a card on every seed, side by side as threads and memory allow, then compared and judged.
#include "run/network_run.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>

#include "core/archive.hpp"
#include "core/ranks.hpp"
#include "core/share.hpp"
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
  CardRunner(const NetworkCard& card, const NetworkOptions& options)
      : card_(card),
        options_(options),
        ranks_(options.ranks ? *options.ranks : Ranks::alone()),
        sharing_(options.threads > 0 ? options.threads : ranks_.threads(), ranks_, options.store) {
    sharing_.tell = options.tell;
    result_.card = card;
    result_.notes = card.notes;
    result_.threads = sharing_.threads();
  }

  NetworkResult run() {
    const auto start = Clock::now();
    run_networks();
    if (!ranks_.first()) return std::move(result_);  // nothing more is shared
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
    int n = std::min(runs, result_.threads);
    // Some is left for what networks need beside their synapses, and for others.
    const double room = 0.6 * static_cast<double>(available_memory()) / ranks_.on_this_machine();
    n = static_cast<int>(std::min<double>(n, room / largest_bytes()));
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
    shares_.assign(static_cast<std::size_t>(runs), 0);
    // Where there are fewer networks than ranks, or too little memory for one each, all ranks hold one after another.
    const bool one_each = ranks_.of_first(runs >= ranks_.size() && fits_beside(ranks_.on_this_machine()));
    one_each ? hand_out_networks(runs) : networks_over_all_ranks(runs);
  }
  [[nodiscard]] double largest_bytes() const {
    double largest = 1;
    for (const auto& c : card_.conditions)
      largest = std::max(largest, static_cast<double>(estimate_memory(c.network).total_bytes));
    return largest;
  }
  [[nodiscard]] bool fits_beside(int networks) const {
    return networks == 1 || largest_bytes() * networks < 0.8 * static_cast<double>(available_memory());
  }

  void networks_over_all_ranks(int runs) {
    Pieces pieces = pieces_of(runs);
    pieces.work = [&](int k) { run_one(k / card_.seeds, k % card_.seeds, k, result_.threads, &ranks_); };
    sharing_.together(pieces);
  }

  /// A network is one rank's. Worth it where there are as many networks as ranks, or more.
  void hand_out_networks(int runs) {
    const int beside = beside_each_other((runs + ranks_.size() - 1) / ranks_.size());
    Pieces pieces = pieces_of(runs);
    pieces.beside = beside;
    pieces.work = [=, this](int k) {
      run_one(k / card_.seeds, k % card_.seeds, k, std::max(1, result_.threads / beside), nullptr);
    };
    sharing_(pieces);
  }
  /// All of them but the work itself.
  Pieces pieces_of(int runs) {
    Pieces pieces;
    pieces.n = runs;
    pieces.keep = [&](int k, Archive& a) { keep(k / card_.seeds, k % card_.seeds, a); };
    pieces.label = [&](int k) {
      return fmt::format("{}, network {}", card_.conditions[static_cast<std::size_t>(k / card_.seeds)].name,
                         k % card_.seeds + 1);
    };
    // What is recorded goes into files that rank 0 has open.
    pieces.only_first = [&](int k) { return traces_of(k / card_.seeds, k % card_.seeds) != nullptr; };
    pieces.finished = [&](int k) {
      report(k, 1, card_.conditions[static_cast<std::size_t>(k / card_.seeds)].duration_ms / 1000, 0);
    };
    pieces.for_all = false;
    return pieces;
  }

  [[nodiscard]] Traces* traces_of(int c, int network) const {
    return network == 0 && options_.traces ? options_.traces(c) : nullptr;
  }

  /// On this rank alone (`together` null), or a part of it on each.
  void run_one(int c, int network, int k, int threads, Ranks* together) {
    const NetworkCondition& condition = card_.conditions[static_cast<std::size_t>(c)];
    const std::uint64_t seed = card_.seed + static_cast<std::uint64_t>(network);
    SingleOptions options;
    const int parts = together ? together->size() : 1;
    options.threads = std::max(1, useful_threads(condition.network, threads * parts) / parts);
    options.ranks = together;
    options.traces = traces_of(c, network);
    options.record = options.traces != nullptr;
    if (together) options.record = together->of_first(options.record);
    options.report = [&](double share, double model_s, double speed) { report(k, share, model_s, speed); };
    std::optional<RunCheckpoints> checkpoints;
    if (!options_.checkpoints.empty()) {
      auto identity = options_.identity;
      identity.emplace_back("condition", condition.name);
      identity.emplace_back("seed", fmt::format("{}", seed));
      checkpoints.emplace(options_.checkpoints / fmt::format("run_{}", k), std::move(identity),
                          options_.checkpoint_every_s, together ? *together : Ranks::alone());
      checkpoints->written = options_.checkpoint_written;
      options.checkpoints = &*checkpoints;
    }
    const SingleNetwork run = run_single_network(card_, condition, seed, options);
    NetworkCell& cell = result_.cells[static_cast<std::size_t>(c)];
    for (std::size_t m = 0; m < cell.samples.size(); ++m)
      cell.samples[m][static_cast<std::size_t>(network)] = run.samples[m];
    if (network == 0) cell.summary = run.summary;
  }
  void keep(int c, int network, Archive& a) {
    NetworkCell& cell = result_.cells[static_cast<std::size_t>(c)];
    for (auto& samples : cell.samples) a(samples[static_cast<std::size_t>(network)]);
    if (network == 0) a(cell.summary);
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
    std::string detail = fmt::format("{:.4g} of {:.4g} s", model_s, c.duration_ms / 1000);
    if (speed > 0) detail += fmt::format(", {:.3g} times real time", speed);
    options_.progress(sum / static_cast<double>(shares_.size()), what, detail);
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
  Ranks& ranks_;
  Sharing sharing_;
  NetworkResult result_;
  std::mutex progress_lock_;
  std::vector<double> shares_;  // [run]
};

}  // namespace

NetworkResult run_network_card(const NetworkCard& card, const NetworkOptions& options) {
  return CardRunner(card, options).run();
}

}  // namespace labile
