/// Running a network's card: every condition on every seed, recorded, measured and judged.
#pragma once

#include <functional>

#include "core/archive.hpp"
#include "metrics/evaluate.hpp"
#include "network/network.hpp"
#include "run/network_card.hpp"
#include "run/run.hpp"

namespace labile {

class Traces;

/// What a protocol chose and what became of it.
struct ChosenSynapse {
  std::string projection;
  int source = -1, target = -1;
  double weight = 0;
  std::size_t above = 0, ties = 0, of = 0;  // synapses that end above it, as high as it, all of them
  int rewards = 0;
  void keep(Archive& a) { a(projection, source, target, weight, above, ties, of, rewards); }
};

/// A recorded number over time for the report: means over intervals, so many that a figure is drawn from them and no more.
class RecordedTrace {
 public:
  std::string kind, name, unit, about;  // kind: the [[record]]'s
  void add(double t_ms, double value);
  /// Ends of the intervals, and means of what was recorded in them.
  [[nodiscard]] std::vector<double> t_ms() const;
  [[nodiscard]] std::vector<double> value() const;
  [[nodiscard]] double every_ms() const;
  void keep(Archive& a) { a(kind, name, unit, about, intervals_, wide_); }

 private:
  static constexpr std::size_t kMost = 800;  // intervals
  struct Interval {
    double sum = 0, last_ms = 0;
    int n = 0;
  };
  std::vector<Interval> intervals_;
  int wide_ = 1;  // values an interval
};

/// One network after its run, in words and numbers for people.
struct NetworkSummary {
  struct Population {
    std::string name;
    int size = 0;
    double rate_hz = 0;
    double cv_isi = std::numeric_limits<double>::quiet_NaN();
    void keep(Archive& a) { a(name, size, rate_hz, cv_isi); }
  };
  struct Projection {
    std::string name, unit;
    bool plastic = false;
    Network::WeightSummary before, after;
    void keep(Archive& a) { a(name, unit, plastic, before, after); }
  };
  std::vector<Population> populations;
  std::vector<Projection> projections;
  std::vector<ChosenSynapse> chosen;
  std::vector<RecordedTrace> traces;  // where records were written: rates, fields, gates, modulation
  MemoryUse memory;
  double model_s = 0, build_s = 0, run_s = 0;  // run_s: wall time of the run itself
  double run_cpu_s = 0;                        // the process's time on all cores during the run
  std::uint64_t events = 0, plastic_events = 0;
  void keep(Archive& a) {
    a(populations, projections, chosen, traces, memory, model_s, build_s, run_s, run_cpu_s, events,
      plastic_events);
  }
};

struct NetworkCell {
  std::string condition;
  std::vector<std::vector<Sample>> samples;  // [measure][network]
  std::vector<Interval> values;              // [measure]
  NetworkSummary summary;                    // of the first network
};

struct NetworkOptions {
  int threads = 0;  // 0 = all cores
  /// Where the first network of a condition is recorded; null or nullptr = nowhere.
  std::function<Traces*(int condition)> traces;
  std::function<void(double share, const std::string& what, const std::string& detail)> progress;
  /// The launch whose ranks share the networks; all of them run the card, and rank 0 alone has the whole result and
  /// `traces`. Null: this process.
  Ranks* ranks = nullptr;
  ResultStore* store = nullptr;                       // of rank 0: where finished networks are kept and found
  std::function<void(const std::string&)> tell = {};  // hears of ranks that are lost
  /// Where networks under way are kept, and taken up from: on all ranks the same; empty = nowhere.
  std::filesystem::path checkpoints = {};
  double checkpoint_every_s = 600;
  Network::Identity identity = {};  // of build and card
  std::function<void()> checkpoint_written = {};
};

struct NetworkResult {
  NetworkCard card;
  std::vector<NetworkCell> cells;   // one a condition
  std::vector<CellEffect> effects;  // against the first condition
  std::vector<Judged> predictions;
  std::vector<std::string> notes;
  double wall_s = 0, peak_mb = 0;
  int threads = 0;
};

/// Runs the card. Results are the same bits for any number of threads, recorded or not.
[[nodiscard]] NetworkResult run_network_card(const NetworkCard& card, const NetworkOptions& options = {});

/// results.json as docs/dev/results.md describes it, with a "networks" list of summaries.
[[nodiscard]] std::string results_json(const NetworkResult& result);
[[nodiscard]] std::string manifest_json(const NetworkResult& result);
/// The summary as lines of text.
[[nodiscard]] std::string summary_text(const NetworkResult& result);

}  // namespace labile
