#include "cli/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "record/write.hpp"

namespace labile {

ProgressLine::ProgressLine(bool enabled) : enabled_(enabled), terminal_(::isatty(2) != 0) {}

void ProgressLine::show(double share, const std::string& what, const std::string& detail) {
  if (share <= 1) share_ = share;
  if (!enabled_) return;
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (terminal_) {
    const int filled = static_cast<int>(share * 30);
    const std::string left =
        share > 0.02 && share < 1 ? fmt::format("{:.0f} s left", elapsed * (1 - share) / share) : "";
    fmt::print(stderr, "\r[{:<30}] {:3.0f}% {} {}{}{}\033[K", std::string(filled, '='), 100 * share, what,
               detail, detail.empty() || left.empty() ? "" : ", ", left);
    std::fflush(stderr);
  } else if (const int decile = static_cast<int>(share * 10);
             decile != last_decile_ || (what != last_what_ && elapsed > last_line_ + 10)) {
    // A log gets a line a tenth, and now and then what is done meanwhile.
    if (elapsed > 2) fmt::print(stderr, "{}: {:.0f}%\n", what, 100 * share);
    last_decile_ = decile;
    last_what_ = what;
    last_line_ = elapsed;
  }
}

void ProgressLine::clear() {
  if (enabled_ && terminal_) fmt::print(stderr, "\r\033[K");
}

void ProgressLine::note(const std::string& text) {
  clear();
  fmt::print(stderr, "note: {}\n", text);
}

std::string interval_text(const Interval& i) {
  if (!std::isfinite(i.value)) return "-";
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", i.value, i.low, i.high);
}

int print_verdicts(const std::vector<Judged>& predictions, int most) {
  const char* quantities[] = {"ratio", "difference", "value", "count"};
  int shown = 0;
  const bool several = std::any_of(predictions.begin(), predictions.end(),
                                   [&](const Judged& p) { return p.agent != predictions.front().agent; });
  for (const auto& p : predictions) {
    if (shown == most) continue;
    std::string where = p.variant;
    if (several && !p.agent.empty()) where += (where.empty() ? "" : ", ") + p.agent;
    const auto& q = p.prediction;
    const std::string what =
        q.fit.empty() ? fmt::format("{} {}", q.treated, q.metric)
                      : fmt::format("{}{}, {}", q.treated.empty() ? "" : q.treated + " ", q.effect, q.fit);
    fmt::print("{}: {} {} ({}{}), predicted {}\n", p.verdict, what, quantities[static_cast<int>(q.of)],
               where.empty() ? "" : where + ": ", interval_text(p.effect), q.relation_text);
    if (!p.reason.empty() && (p.verdict == "not run" || p.verdict == "undecided"))
      fmt::print("  {}\n", p.reason);
    ++shown;
  }
  return shown;
}

void print_tally(const std::vector<Judged>& predictions) {
  int supported = 0, refuted = 0, open = 0;
  for (const auto& p : predictions) {
    supported += p.verdict == "supported";
    refuted += p.verdict == "refuted";
    open += p.verdict == "undecided" || p.verdict == "not run";
  }
  if (!predictions.empty())
    fmt::print("Predictions: {} supported, {} refuted, {} undecided or not run.\n", supported, refuted, open);
}

void print_headlines(const RunResult& r) {
  int shown = print_verdicts(r.predictions, 3);
  for (const auto& f : r.fits) {
    if (shown == 3) break;
    double loglik = 0, bic = 0;
    for (const auto& s : f.fits) {
      if (std::isfinite(s.loglik)) loglik += s.loglik;
      if (std::isfinite(s.bic)) bic += s.bic;
    }
    fmt::print("{} on {}: log-likelihood {:.1f}, BIC {:.1f} over {} subjects\n", f.spec.model, f.data, loglik,
               bic, f.fits.size());
    ++shown;
  }
  for (const auto& f : r.group_fits) {
    if (shown == 3) break;
    fmt::print("{} of {}: elpd {:.1f} over {} subjects; {}\n", f.spec.id, f.group(),
               f.result.fit.loo.elpd.value, f.result.formulas.subjects.size(),
               f.result.fit.warnings.empty() ? "checks passed" : "see its warnings in the report");
    ++shown;
  }
}

bool any_refuted(const std::vector<Judged>& predictions) {
  for (const auto& p : predictions)
    if (p.verdict == "refuted") return true;
  return false;
}

std::string fit_table(const ModelFit& f) {
  std::string r = "subject";
  for (const auto& n : f.names) r += fmt::format(",{},{}_se", n, n);
  r += ",loglik,log_posterior,aic,bic,trials,converged,at_bound,note\n";
  const auto number = [](double x) { return std::isfinite(x) ? fmt::format("{}", x) : std::string{}; };
  for (std::size_t s = 0; s < f.fits.size(); ++s) {
    const auto& fit = f.fits[s];
    r += csv_field(f.subjects[s]);
    for (std::size_t k = 0; k < f.names.size(); ++k)
      r += fmt::format(",{},{}", k < fit.params.size() ? number(fit.params[k]) : "",
                       k < fit.se.size() ? number(fit.se[k]) : "");
    std::string note = fit.note;
    for (char& c : note)
      if (c == ',' || c == '\n') c = ';';
    r += fmt::format(",{},{},{},{},{},{},{},{}\n", number(fit.loglik), number(fit.log_posterior),
                     number(fit.aic), number(fit.bic), fit.trials, fit.converged ? 1 : 0,
                     fmt::join(fit.at_bound, " "), note);
  }
  return r;
}

int thread_count(int jobs) {
  return jobs > 0 ? jobs : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}
std::string text_of(double x) {
  return fmt::format("{:.3g}", x);
}

}  // namespace labile
