#include "metrics/evaluate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.hpp"
#include "core/math.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace labile {
namespace {

constexpr int kGroup = 16;  // resamples summed side by side

/// Which blocks a request means.
struct BlockChoice {
  int from = 0, to = std::numeric_limits<int>::max();  // [from, to]
  bool last = false;                                   // only the last of a session
  [[nodiscard]] bool has(int block, bool is_last) const {
    return block >= from && block <= to && (is_last || !last);
  }
};

BlockChoice block_choice(const std::string& text, const char* metric) {
  if (text == "all" || text == "session") return {};
  if (text == "last") return {0, std::numeric_limits<int>::max(), true};
  if (text == "acquisition") return {0, 0};
  if (text == "reversal") return {1, std::numeric_limits<int>::max()};
  int n = -1;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  static const std::vector<std::string> known{"reversal", "acquisition", "last", "all", "session"};
  if (ec != std::errc{} || end != text.data() + text.size() || n < 0)
    throw Error(
        fmt::format("metric '{}': blocks = '{}' is neither \"reversal\", \"acquisition\", \"last\", \"all\", "
                    "\"session\" nor the number of a block, counted from 0{}",
                    metric, text, suggest(text, known)));
  return {n, n};
}

/// A request with everything that depends on the record looked up.
struct Prepared {
  const Measure* measure;
  const Collect* collect;  // null: no median
  BlockChoice blocks;
  std::vector<const std::vector<double>*> signals;
  bool whole = false;  // sessions in one piece
  bool possible = true;
};

Prepared prepare(const Trials& trials, const MetricRequest& request) {
  const std::string& blocks = request.blocks.empty() ? request.entry->blocks : request.blocks;
  Prepared p{&request.measure,
             request.collect ? &request.collect : nullptr,
             block_choice(blocks, request.entry->info.name),
             {},
             blocks == "session",
             true};
  for (const auto& name : request.needs) {
    const auto it = trials.signals.find(name);
    if (it == trials.signals.end())
      p.possible = false;
    else
      p.signals.push_back(&it->second);
  }
  return p;
}

/// Rows [begin, end) of one block.
struct Rows {
  std::size_t begin, end;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};

/// Nothing of a column that the record lacks.
template <class T>
std::span<const T> part(const std::vector<T>& column, Rows rows) {
  return column.empty() ? std::span<const T>() : std::span<const T>(column).subspan(rows.begin, rows.size());
}

BlockView view_of(const Trials& t, const std::vector<std::int32_t>& choice, int block, Rows rows,
                  Rows before) {
  BlockView b;
  b.block = block;
  b.correct = part(t.correct, rows);
  b.choice = part(choice, rows);
  b.best = part(t.best, rows);
  b.old_best = part(t.old_best, rows);
  b.outcome = part(t.outcome, rows);
  b.rt_s = part(t.rt_s, rows);
  b.correct_before = part(t.correct, before);
  b.choice_before = part(choice, before);
  b.block_of = part(t.block, rows);
  b.stage = part(t.stage, rows);
  b.state = part(t.state, rows);
  b.right = part(t.right, rows);
  b.report = part(t.report, rows);
  b.report_after = t.report_after;
  b.layout = &t.layout;
  if (!t.feature.empty()) {
    const std::size_t wide = t.feature.size() / t.rows();
    b.feature = std::span<const std::int64_t>(t.feature).subspan(rows.begin * wide, rows.size() * wide);
  }
  return b;
}

/// Calls visit(view, rows, rows of the block before, is_last) for each block of a subject in order, or for
/// each session.
template <class Visit>
void for_each_block(const Trials& t, const std::vector<std::int32_t>& choice, std::size_t subject,
                    bool whole_sessions, Visit&& visit) {
  const std::size_t end = t.first[subject + 1];
  Rows before{t.first[subject], t.first[subject]};
  BlockView first;
  int index = 0;
  for (std::size_t r = t.first[subject]; r < end;) {
    Rows rows{r, r + 1};
    while (rows.end < end && t.session[rows.end] == t.session[r] &&
           (whole_sessions || t.block[rows.end] == t.block[r]))
      ++rows.end;
    const bool same_session = rows.end < end && t.session[rows.end] == t.session[r];
    BlockView view = view_of(t, choice, index, rows, before);
    if (index == 0)
      first = view;
    else
      view.first = &first;
    visit(view, rows, before, !same_session);
    index = same_session ? index + 1 : 0;
    before = same_session ? rows : Rows{rows.end, rows.end};
    r = rows.end;
  }
}

/// Choices as metrics see them: where only reports were asked for there are none, unless reports were judged right
/// or wrong, which metrics tell by choices.
class Choices {
 public:
  explicit Choices(const Trials& t) : choice_(t.choice) {
    const bool judged = std::ranges::any_of(t.correct, [](auto c) { return c >= 0; });
    if (only_reports(t) && !judged) none_.assign(t.rows(), -1);
  }
  [[nodiscard]] const std::vector<std::int32_t>& list() const { return none_.empty() ? choice_ : none_; }

 private:
  const std::vector<std::int32_t>& choice_;
  std::vector<std::int32_t> none_;
};

/// Calls visit(view) for each of a subject's blocks that the request means, signals and all.
template <class Visit>
void for_each_view(const Trials& t, const Choices& choices, std::size_t subject, const Prepared& p,
                   Visit&& visit) {
  if (!p.possible) return;
  for_each_block(t, choices.list(), subject, p.whole,
                 [&](BlockView view, Rows rows, Rows before, bool is_last) {
                   if (!p.blocks.has(view.block, is_last)) return;
                   for (const auto* signal : p.signals) {
                     view.signals.push_back(part(*signal, rows));
                     view.signals_before.push_back(part(*signal, before));
                   }
                   visit(view);
                 });
}

/// The upper of the two in the middle where there are two.
double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double quantile(std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  if (i + 1 >= sorted.size()) return sorted.back();
  const double share = at - static_cast<double>(i);
  if (sorted[i] == sorted[i + 1] || share == 0) return sorted[i];  // infinities have no difference
  return sorted[i] + share * (sorted[i + 1] - sorted[i]);
}

int defined(std::span<const Sample> samples) {
  return static_cast<int>(
      std::count_if(samples.begin(), samples.end(), [](const Sample& s) { return s.den > 0; }));
}

Interval interval_of(double value, std::vector<double> resampled, int n) {
  Interval r{value, kNaN, kNaN, n};
  // A ratio over a control that resamples to zero is infinite, and counts as that large.
  std::erase_if(resampled, [](double x) { return std::isnan(x); });
  if (resampled.empty() || std::isnan(value)) return r;
  std::sort(resampled.begin(), resampled.end());
  r.low = quantile(resampled, 0.025);
  r.high = quantile(resampled, 0.975);
  return r;
}

double contrasted(double a, double b, Contrast kind) {
  return kind == Contrast::ratio ? a / b : a - b;
}

}  // namespace

namespace {
/// The longest part of a block that the metric's parameters name, in trials.
int window_of(const MetricEntry& entry, const Settings& settings) {
  double longest = 0;
  for (const auto& p : entry.params) {
    const std::string_view name = p.name;
    // The trials of accuracy_before lie in the block before.
    if ((name != "trials" && name != "first" && name != "last") || p.unit != "trials" ||
        std::string_view(entry.info.name) == "accuracy_before")
      continue;
    const auto it = settings.find(p.name);
    longest = std::max(longest, it == settings.end() ? std::get<double>(p.standard)
                                                     : static_cast<double>(checked_integer(p, it->second)));
  }
  return static_cast<int>(longest);
}
/// The number of the last block that any session has.
int last_block(const Trials& t) {
  int last = 0;
  for (std::size_t s = 0; s < t.subjects.size(); ++s)
    for_each_block(t, t.choice, s, false,
                   [&](const BlockView& b, Rows, Rows, bool) { last = std::max(last, b.block); });
  return last;
}
}  // namespace

bool only_reports(const Trials& t) {
  return !t.report.empty() && std::ranges::all_of(t.choice, [](auto c) { return c <= 0; });
}

void check_block(const Trials& t, const MetricRequest& request, std::string_view written) {
  const BlockChoice asked =
      block_choice(request.blocks.empty() ? request.entry->blocks : request.blocks, request.entry->info.name);
  if (asked.from != asked.to || asked.from == 0) return;
  if (const int last = last_block(t); asked.from > last)
    throw Error(fmt::format("{}: no session has block {}; blocks are numbered from 0 to {}", written,
                            asked.from, last));
}

std::string why_undefined(const Trials& t, const MetricRequest& request) {
  for (const auto& name : request.needs)
    if (!t.signals.contains(name)) return fmt::format("these data have no column '{}'", name);
  if (only_reports(t)) return "these data hold reports and no choices";
  const std::string blocks = request.blocks.empty() ? request.entry->blocks : request.blocks;
  if (blocks == "reversal" && last_block(t) == 0)
    return "every session is one block, so nothing ever reversed";
  return "nothing that it counts occurs in these data";
}

std::string long_windows(const Trials& t, std::span<const MetricRequest> requests) {
  std::vector<std::string> names;
  int shortest = std::numeric_limits<int>::max(), longest = 0;
  for (const auto& r : requests) {
    if (r.window == 0) continue;
    const Prepared p = prepare(t, r);
    bool whole = false;
    for (std::size_t s = 0; p.possible && s < t.subjects.size(); ++s)
      for_each_block(t, t.choice, s, p.whole, [&](const BlockView& b, Rows, Rows, bool is_last) {
        if (!p.blocks.has(b.block, is_last) || b.size() >= r.window) return;
        whole = true;
        shortest = std::min(shortest, b.size());
        longest = std::max(longest, b.size());
      });
    const std::string name = fmt::format("{} ({} trials)", r.entry->info.name, r.window);
    if (whole && std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  if (names.empty()) return {};
  return fmt::format(
      "blocks of {} trials are shorter than what {} look at, and are taken whole there",
      shortest == longest ? fmt::format("{}", longest) : fmt::format("{} to {}", shortest, longest),
      fmt::join(names, ", "));
}

MetricRequest request_metric(std::string_view name, const Settings& settings, const std::string& blocks,
                             const Where& where) {
  const MetricEntry& entry = find_metric(name, where);
  if (!blocks.empty()) block_choice(blocks, entry.info.name);
  return {&entry,
          entry.make(settings),
          blocks,
          entry.needs_of(settings),
          entry.collect ? entry.collect(settings) : Collect{},
          window_of(entry, settings)};
}

std::vector<std::vector<Sample>> evaluate(const Trials& trials, std::span<const MetricRequest> requests) {
  const Choices choices(trials);
  std::vector<Prepared> prepared;
  for (const auto& r : requests) prepared.push_back(prepare(trials, r));
  std::vector<std::vector<Sample>> result(requests.size(), std::vector<Sample>(trials.subjects.size()));
  for (std::size_t s = 0; s < trials.subjects.size(); ++s)
    for (std::size_t m = 0; m < prepared.size(); ++m) {
      const Prepared& p = prepared[m];
      Sample& sum = result[m][s];
      std::vector<double> values;
      for_each_view(trials, choices, s, p, [&](const BlockView& view) {
        if (p.collect) {
          (*p.collect)(view, values);
          return;
        }
        const Sample add = (*p.measure)(view);
        sum.num += add.num;
        sum.den += add.den;
      });
      if (!values.empty()) sum = {median_of(std::move(values)), 1};
      if (sum.den == 0) sum.num = 0;  // what is not defined adds nothing, whatever single blocks said
    }
  return result;
}

std::vector<std::vector<double>> collect_values(const Trials& trials, const MetricRequest& request) {
  if (!request.collect) throw Bug("a metric that is no median has no values to collect");
  const Choices choices(trials);
  const Prepared p = prepare(trials, request);
  std::vector<std::vector<double>> values(trials.subjects.size());
  for (std::size_t s = 0; s < values.size(); ++s)
    for_each_view(trials, choices, s, p, [&](const BlockView& view) { (*p.collect)(view, values[s]); });
  return values;
}

double pooled_value(std::span<const Sample> samples) {
  Sample sum;
  for (const auto& s : samples) {
    sum.num += s.num;
    sum.den += s.den;
  }
  return sum.den > 0 ? sum.num / sum.den : kNaN;
}

Resampler::Resampler(std::uint64_t seed, int resamples) : seed_(seed), resamples_(resamples) {
  if (resamples < 1) throw Error(fmt::format("bootstrap: {} resamples; give 1 or more", resamples));
}

const std::vector<std::uint8_t>& Resampler::counts(std::size_t n, std::uint32_t stream) {
  auto& c = counts_[{n, stream}];
  if (!c.empty() || n == 0) return c;
  const int groups = (resamples_ + kGroup - 1) / kGroup;
  c.assign(static_cast<std::size_t>(groups) * n * kGroup, 0);
  for (int r = 0; r < resamples_; ++r) {
    if (interrupted()) {
      c.clear();  // half-counted
      throw Interrupted("interrupted while resampling");
    }
    const Draw draw{seed_, Purpose::bootstrap, static_cast<std::uint32_t>(r)};
    std::uint8_t* const mine = c.data() + static_cast<std::size_t>(r / kGroup) * n * kGroup + r % kGroup;
    for (std::size_t i = 0; i < n; i += 2) {
      const auto w = draw.bits(static_cast<std::uint32_t>(i / 2), stream);
      for (std::size_t k = 0; k < 2 && i + k < n; ++k) {
        const auto taken =
            static_cast<std::size_t>(Draw::uniform53(w[2 * k], w[2 * k + 1]) * static_cast<double>(n));
        // Counts follow about a Poisson law of mean 1: 255 is out of reach but for the types.
        std::uint8_t& count = mine[std::min(taken, n - 1) * kGroup];
        count = static_cast<std::uint8_t>(std::min<int>(count + 1, 255));
      }
    }
  }
  return c;
}

std::vector<double> Resampler::resampled(std::span<const Sample> samples, std::uint32_t stream) {
  const auto& c = counts(samples.size(), stream);
  std::vector<double> values(static_cast<std::size_t>(resamples_), kNaN);
  const std::uint8_t* w = c.data();
  for (int from = 0; from < resamples_ && !samples.empty(); from += kGroup) {
    if (interrupted()) throw Interrupted("interrupted while resampling");
    double num[kGroup] = {}, den[kGroup] = {};
    for (const Sample& s : samples) {
      for (int k = 0; k < kGroup; ++k) {
        num[k] += w[k] * s.num;
        den[k] += w[k] * s.den;
      }
      w += kGroup;
    }
    for (int k = 0; k < std::min(kGroup, resamples_ - from); ++k)
      if (den[k] > 0) values[from + k] = num[k] / den[k];
  }
  return values;
}

Interval Resampler::mean(std::span<const Sample> samples) {
  return interval_of(pooled_value(samples), resampled(samples, 0), defined(samples));
}

Interval Resampler::contrast(std::span<const Sample> a, std::span<const Sample> b, Contrast kind) {
  auto x = resampled(a, 0);
  const auto y = resampled(b, a.size() == b.size() ? 0 : 1);
  for (std::size_t r = 0; r < x.size(); ++r) x[r] = contrasted(x[r], y[r], kind);
  return interval_of(contrasted(pooled_value(a), pooled_value(b), kind), std::move(x),
                     std::min(defined(a), defined(b)));
}

Interval Resampler::median(const std::vector<std::vector<double>>& values) {
  std::vector<std::pair<double, std::size_t>> sorted;  // value, subject
  for (std::size_t s = 0; s < values.size(); ++s)
    for (const double x : values[s]) sorted.emplace_back(x, s);
  if (sorted.empty()) return {};
  std::sort(sorted.begin(), sorted.end());
  const auto& c = counts(values.size(), 0);
  std::vector<double> resampled;
  for (int r = 0; r < resamples_; ++r) {
    if (interrupted()) throw Interrupted("interrupted while resampling");
    const auto weight = [&](std::size_t s) {
      return c[(static_cast<std::size_t>(r / kGroup) * values.size() + s) * kGroup +
               static_cast<std::size_t>(r % kGroup)];
    };
    std::size_t all = 0, sum = 0;
    for (std::size_t s = 0; s < values.size(); ++s) all += weight(s) * values[s].size();
    for (const auto& [x, s] : sorted)
      if ((sum += weight(s)) > all / 2) {
        resampled.push_back(x);
        break;
      }
  }
  const int n = static_cast<int>(
      std::count_if(values.begin(), values.end(), [](const auto& list) { return !list.empty(); }));
  return interval_of(sorted[sorted.size() / 2].first, std::move(resampled), n);
}

std::vector<int> Resampler::weights(int n, int resample) {
  const auto& c = counts(static_cast<std::size_t>(n), 0);
  std::vector<int> r(static_cast<std::size_t>(n));
  const std::size_t base = static_cast<std::size_t>(resample / kGroup) * static_cast<std::size_t>(n) * kGroup;
  for (std::size_t i = 0; i < r.size(); ++i)
    r[i] = c[base + i * kGroup + static_cast<std::size_t>(resample % kGroup)];
  return r;
}

Interval bootstrap_mean(std::span<const Sample> samples, std::uint64_t seed, int resamples) {
  return Resampler(seed, resamples).mean(samples);
}

Interval bootstrap_contrast(std::span<const Sample> a, std::span<const Sample> b, Contrast kind,
                            std::uint64_t seed, int resamples) {
  return Resampler(seed, resamples).contrast(a, b, kind);
}

double cohen_d(std::span<const Sample> a, std::span<const Sample> b) {
  struct Moments {
    double n = 0, mean = 0, squares = 0;
  };
  const auto moments = [](std::span<const Sample> samples) {
    Moments m;
    for (const auto& s : samples) {
      if (s.den <= 0) continue;
      m.n += 1;
      const double d = s.num / s.den - m.mean;
      m.mean += d / m.n;
      m.squares += d * (s.num / s.den - m.mean);
    }
    return m;
  };
  const Moments x = moments(a), y = moments(b);
  if (x.n < 2 || y.n < 2) return kNaN;
  const double variance = (x.squares + y.squares) / (x.n + y.n - 2);
  return variance > 0 ? (x.mean - y.mean) / std::sqrt(variance) : kNaN;
}

}  // namespace labile
