/// Draws as netCDF, in the layout that ArviZ's from_netcdf reads: a group a kind of number, dimensions chain, draw, then the quantity's own.
#include <fmt/format.h>
#include <netcdf.h>

#include <cstddef>
#include <system_error>

#include "bayes/export_draws.hpp"
#include "bayes/group_draws.hpp"
#include "bayes/unit_scores.hpp"
#include "core/parallel.hpp"

namespace labile {
namespace {

/// A file that appears whole or not at all.
class NetcdfFile {
 public:
  explicit NetcdfFile(std::filesystem::path target) : target_(std::move(target)), temporary_(target_) {
    temporary_ += ".part";
    check(nc_create(temporary_.c_str(), NC_NETCDF4 | NC_CLOBBER, &id_));
    open_ = true;
  }
  ~NetcdfFile() {
    if (open_) nc_abort(id_);
    if (!done_) {
      std::error_code ignored;
      std::filesystem::remove(temporary_, ignored);
    }
  }
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  [[nodiscard]] int id() const { return id_; }
  void check(int status) const {
    if (status == NC_NOERR) return;
    throw Error(fmt::format("{}: cannot be written: {}", target_.string(), nc_strerror(status)));
  }
  void commit() {
    open_ = false;
    check(nc_close(id_));
    std::error_code failed;
    std::filesystem::rename(temporary_, target_, failed);
    if (failed) throw Error(fmt::format("{}: cannot be written: {}", target_.string(), failed.message()));
    done_ = true;
  }

 private:
  std::filesystem::path target_, temporary_;
  int id_ = 0;
  bool open_ = false, done_ = false;
};

/// A group with its dimensions and their coordinates.
class NetcdfGroup {
 public:
  NetcdfGroup(const NetcdfFile& file, const char* name) : file_(file) {
    file_.check(nc_def_grp(file.id(), name, &id_));
  }
  void text(const char* name, const std::string& value, int variable = NC_GLOBAL) const {
    file_.check(nc_put_att_text(id_, variable, name, value.size(), value.c_str()));
  }
  [[nodiscard]] int dimension(const std::string& name, std::size_t length) const {
    int d = 0;
    file_.check(nc_def_dim(id_, name.c_str(), length, &d));
    return d;
  }
  /// With coordinates 0, 1, ...
  [[nodiscard]] int counted(const std::string& name, std::size_t length) const {
    const int d = dimension(name, length);
    std::vector<long long> at(length);
    for (std::size_t i = 0; i < length; ++i) at[i] = static_cast<long long>(i);
    const int v = variable(name, NC_INT64, {d});
    file_.check(nc_put_var_longlong(id_, v, at.data()));
    return d;
  }
  /// With names as coordinates.
  [[nodiscard]] int named(const std::string& name, const std::vector<std::string>& names) const {
    const int d = dimension(name, names.size());
    const int v = variable(name, NC_STRING, {d});
    std::vector<const char*> list;
    for (const auto& n : names) list.push_back(n.c_str());
    file_.check(nc_put_var_string(id_, v, list.data()));
    return d;
  }
  [[nodiscard]] int variable(const std::string& name, nc_type type,
                             const std::vector<int>& dimensions) const {
    int v = 0;
    file_.check(
        nc_def_var(id_, name.c_str(), type, static_cast<int>(dimensions.size()), dimensions.data(), &v));
    if (type != NC_STRING) file_.check(nc_def_var_fill(id_, v, NC_NOFILL, nullptr));
    return v;
  }
  void compress(int v, const std::vector<std::size_t>& chunk) const {
    file_.check(nc_def_var_chunking(id_, v, NC_CHUNKED, chunk.data()));
    file_.check(nc_def_var_deflate(id_, v, 1, 1, 1));
  }
  template <class T>
  void put(int v, const std::vector<std::size_t>& start, const std::vector<std::size_t>& count,
           std::span<const T> x) const {
    file_.check(nc_put_vara(id_, v, start.data(), count.data(), x.data()));
  }

 private:
  const NetcdfFile& file_;
  int id_ = 0;
};

class Writer {
 public:
  Writer(const GroupFit& fit, const ExportInfo& info, const NetcdfFile& file)
      : fit_(fit),
        p_(*fit.posterior),
        info_(info),
        file_(file),
        draws_(fit.chains),
        chains_(static_cast<std::size_t>(draws_.chains())),
        iterations_(static_cast<std::size_t>(draws_.iterations())) {
    unit_ = p_.units() == p_.subjects() ? "subject" : "unit";
  }

  void posterior(const GroupFitOptions& o) {
    const NetcdfGroup g = group("posterior");
    g.text("inference_library", "labile");
    g.text("inference_library_version", info_.version);
    g.text("model_name", info_.model);
    g.text("data", info_.data);
    g.text("settings",
           fmt::format(
               "{} chains, {} warm-up iterations and {} draws each, adapt_delta {}, max_depth {}, seed {}",
               chains_, o.warmup, o.draws, o.adapt_delta, o.max_depth, o.seed));
    const int chain = g.counted("chain", chains_), draw = g.counted("draw", iterations_);
    const int unit = g.named(unit_, info_.units);
    std::vector<double> x;
    for (const auto& q : exported_quantities(p_)) {
      std::vector<int> dims{chain, draw};
      if (q.param >= 0) dims.push_back(unit);
      if (q.param < 0 && q.size > 0) dims.push_back(g.named(q.name + "_effect", effects(q)));
      const int v = g.variable(q.name, NC_DOUBLE, dims);
      const auto size = static_cast<std::size_t>(q.param >= 0 ? p_.units() : std::max(q.size, 1));
      x.resize(iterations_ * size);
      for (std::size_t c = 0; c < chains_; ++c) {
        for (std::size_t d = 0; d < iterations_; ++d)
          for (std::size_t i = 0; i < size; ++i)
            x[d * size + i] =
                exported_value(p_, q, draws_.q(static_cast<int>(c * iterations_ + d)), static_cast<int>(i));
        std::vector<std::size_t> start{c, 0}, count{1, iterations_};
        if (dims.size() == 3) {
          start.push_back(0);
          count.push_back(size);
        }
        g.put<double>(v, start, count, x);
      }
    }
  }

  void sample_stats() {
    const NetcdfGroup g = group("sample_stats");
    const int chain = g.counted("chain", chains_), draw = g.counted("draw", iterations_);
    const auto put = [&](const char* name, nc_type type, auto&& of) {
      const int v = g.variable(name, type, {chain, draw});
      for (std::size_t c = 0; c < chains_; ++c) {
        const auto x = of(fit_.chains[c]);
        g.put(v, {c, 0}, {1, iterations_}, std::span(x).first(iterations_));
      }
      return v;
    };
    put("lp", NC_DOUBLE, [](const NutsChain& c) { return std::span<const double>(c.lp); });
    put("acceptance_rate", NC_DOUBLE, [](const NutsChain& c) { return std::span<const double>(c.accept); });
    put("energy", NC_DOUBLE, [](const NutsChain& c) { return std::span<const double>(c.energy); });
    put("tree_depth", NC_INT, [](const NutsChain& c) { return std::span<const int>(c.depth); });
    put("n_steps", NC_INT, [](const NutsChain& c) { return std::span<const int>(c.leapfrogs); });
    std::vector<double> step(iterations_);
    put("step_size", NC_DOUBLE, [&](const NutsChain& c) {
      std::fill(step.begin(), step.end(), c.step);
      return std::span<const double>(step);
    });
    const int v = put("diverging", NC_BYTE,
                      [](const NutsChain& c) { return std::span<const std::uint8_t>(c.divergent); });
    g.text("dtype", "bool", v);
  }

  void observed_data() {
    const NetcdfGroup g = group("observed_data");
    const int n = g.counted("observation", static_cast<std::size_t>(fit_.observations));
    std::vector<double> answer;
    std::vector<int> whose, trial;
    for_observations([&](int u, std::size_t t) {
      const auto& s = p_.trials(u);
      answer.push_back(p_.learner().reports      ? s.report[t]
                       : p_.learner().times_only ? s.rt_s[t]
                                                 : s.choice[t]);
      whose.push_back(u);
      trial.push_back(static_cast<int>(t));
    });
    const int y = g.variable(answered(), NC_DOUBLE, {n}), of = g.variable(unit_ + "_index", NC_INT, {n}),
              at = g.variable("row", NC_INT, {n});
    g.text("about", "place among " + unit_ + "s, from 0", of);
    g.text("about", "row of the " + unit_ + "'s record, from 0", at);
    const std::vector<std::size_t> all{answer.size()};
    g.put<double>(y, {0}, all, answer);
    g.put<int>(of, {0}, all, whose);
    g.put<int>(at, {0}, all, trial);
  }

  void log_likelihood() {
    constexpr std::size_t kSome = 1024;
    const NetcdfGroup g = group("log_likelihood");
    const auto observations = static_cast<std::size_t>(fit_.observations);
    const int chain = g.counted("chain", chains_), draw = g.counted("draw", iterations_);
    const int n = g.counted("observation", observations);
    const int v = g.variable(answered(), NC_DOUBLE, {chain, draw, n});
    g.compress(v, {1, iterations_, std::min<std::size_t>(observations, 64)});
    std::size_t first = 0;  // observation
    std::vector<double> some;
    for (int u = 0; u < p_.units(); ++u) {
      const auto& s = p_.trials(u);
      UnitScores unit(p_.learner(), s);
      for (std::size_t from = 0; from < s.size(); from += kSome) {
        if (interrupted()) throw Interrupted("interrupted while writing draws");
        std::vector<std::size_t> at;
        for (std::size_t t = from; t < std::min(s.size(), from + kSome); ++t)
          if (observed(p_.learner(), s, t)) at.push_back(t);
        if (at.empty()) continue;
        some.resize(iterations_ * at.size());
        for (std::size_t c = 0; c < chains_; ++c) {
          unit.each(
              static_cast<int>(iterations_),
              [&](int d, std::span<double> row) {
                p_.row(draws_.q(static_cast<int>(c * iterations_) + d), u, row);
              },
              [&](int d, std::span<const double> each) {
                for (std::size_t i = 0; i < at.size(); ++i)
                  some[static_cast<std::size_t>(d) * at.size() + i] = each[at[i]];
              });
          g.put<double>(v, {c, 0, first}, {1, iterations_, at.size()}, some);
        }
        first += at.size();
      }
    }
  }

 private:
  [[nodiscard]] NetcdfGroup group(const char* name) const {
    NetcdfGroup g(file_, name);
    return g;
  }
  [[nodiscard]] const char* answered() const {
    return p_.learner().reports ? "report" : p_.learner().times_only ? "rt" : "choice";
  }
  [[nodiscard]] std::vector<std::string> effects(const ExportedQuantity& q) const {
    const auto& design = p_.model().params[static_cast<std::size_t>(q.of)].design;
    return q.how == ExportedQuantity::How::tau ? design.slope_names : design.names;
  }
  template <class F>
  void for_observations(F&& f) const {
    for (int u = 0; u < p_.units(); ++u)
      for (std::size_t t = 0; t < p_.trials(u).size(); ++t)
        if (observed(p_.learner(), p_.trials(u), t)) f(u, t);
  }

  const GroupFit& fit_;
  const Posterior& p_;
  const ExportInfo& info_;
  const NetcdfFile& file_;
  Draws draws_;
  std::size_t chains_, iterations_;
  std::string unit_;
};
}  // namespace

void write_netcdf(const GroupFit& fit, const GroupFitOptions& o, const ExportInfo& info, bool log_likelihood,
                  const std::filesystem::path& path) {
  NetcdfFile file(path);
  Writer w(fit, info, file);
  w.posterior(o);
  w.sample_stats();
  w.observed_data();
  if (log_likelihood) w.log_likelihood();
  file.commit();
}

}  // namespace labile
