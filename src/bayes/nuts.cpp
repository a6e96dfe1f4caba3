/// The one file that sees Stan's headers: they take long to compile.
#include "bayes/nuts.hpp"

#include <cmath>
#include <stan/callbacks/logger.hpp>
#include <stan/math/prim/mat.hpp>
#include <stan/model/gradient.hpp>

#include "core/cpu_time.hpp"
#include "core/error.hpp"
#include "core/random.hpp"

namespace labile {
namespace {
/// What Stan's sampler takes for a model.
struct StanModel {
  LogDensityOver* density;
  std::int64_t* evaluations;
  [[nodiscard]] int num_params_r() const { return density->dim(); }
};
/// Words of one chain, in order.
class Words {
 public:
  using result_type = std::uint32_t;
  Words(std::uint64_t seed, std::uint32_t chain) : draw_{seed, Purpose::sampler, chain} {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xffffffffu; }
  result_type operator()() {
    if (at_ == 4) {
      block_ = draw_.bits(static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32));
      ++counter_;
      at_ = 0;
    }
    return block_[at_++];
  }

 private:
  Draw draw_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  std::size_t at_ = 4;
};
}  // namespace
}  // namespace labile

namespace stan::model {
/// Stan's sampler asks for gradients here; ours are exact, so its automatic differentiation stays out.
template <>
void gradient<labile::StanModel>(const labile::StanModel& model, const Eigen::VectorXd& q, double& value,
                                 Eigen::VectorXd& grad, callbacks::logger&) {
  grad.resize(q.size());
  ++*model.evaluations;
  value = model.density->gradient({q.data(), static_cast<std::size_t>(q.size())},
                                  {grad.data(), static_cast<std::size_t>(grad.size())});
  if (!std::isfinite(value)) {
    value = -std::numeric_limits<double>::infinity();
    grad.setZero();
  }
}
}  // namespace stan::model

#include <stan/mcmc/hmc/nuts/diag_e_nuts.hpp>
#include <stan/mcmc/stepsize_adaptation.hpp>
#include <stan/mcmc/windowed_adaptation.hpp>

namespace labile {
namespace {
Eigen::VectorXd vector_of(std::span<const double> x) {
  return Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size()));
}

/// Stan's schedule of windows, at the end of each of which the metric is learned anew: variances of the window's draws, drawn
/// towards those that the chain began with. Of n draws, ln (variance / first) has variance 2 / n by chance; what its mean square over
/// dimensions has beyond that is the first metric's own error, and by it all dimensions are weighed. One that differs by
/// more than 3 standard errors is kept by its own (a nonnegative garrote). Where the density is much steeper than a normal one of that
/// variance, as between two tops, the inverse mean square of its slope stands for it (a hundredth at least), else all others would move by small steps.
class Metric : public stan::mcmc::windowed_adaptation {
 public:
  Metric(const Eigen::VectorXd& first)
      : windowed_adaptation("variance"),
        first_(first),
        window_(first.size()),
        slope_squares_(Eigen::ArrayXd::Zero(first.size())) {}
  /// Whether `metric` changed; `slope` is that of the density at q.
  bool learn(Eigen::VectorXd& metric, const Eigen::VectorXd& q, const Eigen::VectorXd& slope) {
    if (adaptation_window()) {
      window_.add_sample(q);
      slope_squares_ += slope.array().square();
    }
    const bool end = end_adaptation_window();
    if (end) {
      compute_next_window();
      Eigen::VectorXd var(first_.size());
      window_.sample_variance(var);
      const double noise = 2 / std::max(1.0, static_cast<double>(window_.num_samples()) - 1);
      const Eigen::ArrayXd ratio = (var.array() / first_.array()).max(1e-10).log();
      const double error = std::max(ratio.square().mean() - noise, 0.0);
      const Eigen::ArrayXd kept = (1 - 9 * noise / ratio.square()).max(error / (error + noise));
      metric = first_.array() * (ratio * kept).exp();
      // 1 where the density is normal and the coordinate is not correlated with others.
      const Eigen::ArrayXd steepness = metric.array() * slope_squares_ / window_.num_samples();
      constexpr double kSteep = 2, kSteepest = 100;
      metric.array() *= (steepness > kSteep).select(steepness.min(kSteepest).inverse(), 1.0);
      window_.restart();
      slope_squares_.setZero();
    }
    ++adapt_window_counter_;
    return end;
  }

 private:
  Eigen::VectorXd first_;
  stan::math::welford_var_estimator window_;
  Eigen::ArrayXd slope_squares_;  // sums over the window
};

/// Stan's NUTS with its adaptation of the step size, and our metric.
class Sampler : public stan::mcmc::diag_e_nuts<StanModel, Words> {
 public:
  Sampler(const StanModel& model, Words& words, const Eigen::VectorXd& metric)
      : diag_e_nuts(model, words), density_(*model.density), metric_(metric) {
    set_metric(metric);
  }
  stan::mcmc::stepsize_adaptation& step() { return step_; }
  void at_least(double step) { least_step_ = step; }
  Metric& metric() { return metric_; }
  /// One iteration of warm-up.
  stan::mcmc::sample adapt(stan::mcmc::sample& from, stan::callbacks::logger& logger) {
    stan::mcmc::sample to = transition(from, logger);
    step_.learn_stepsize(nom_epsilon_, to.accept_stat());
    nom_epsilon_ = std::max(nom_epsilon_, least_step_);
    if (metric_.learn(z_.inv_e_metric_, z_.q, z_.g)) {
      density_.learned({z_.inv_e_metric_.data(), static_cast<std::size_t>(z_.inv_e_metric_.size())});
      find_step(logger);
      step_.set_mu(std::log(10 * nom_epsilon_));
      step_.restart();
    }
    return to;
  }
  /// A first step, or the one that was where none is small enough: at the edge of a cliff, say, which the chain may yet leave.
  void find_step(stan::callbacks::logger& logger) {
    const double was = nom_epsilon_;
    try {
      init_stepsize(logger);
    } catch (const std::runtime_error&) {
      if (nom_epsilon_ > 0) throw;  // too long instead: the posterior is improper
      nom_epsilon_ = was;
    }
    nom_epsilon_ = std::max(nom_epsilon_, least_step_);
  }
  void end_adaptation() {
    step_.complete_adaptation(nom_epsilon_);
    nom_epsilon_ = std::max(nom_epsilon_, least_step_);
  }

 private:
  LogDensityOver& density_;
  stan::mcmc::stepsize_adaptation step_;
  double least_step_ = 0;
  Metric metric_;
};
}  // namespace

NutsChain sample_chain(LogDensityOver& density, std::span<const double> start,
                       std::span<const double> inverse_metric, const NutsOptions& options,
                       const std::function<bool(int)>& go_on) {
  const int dim = density.dim();
  if (static_cast<int>(start.size()) != dim || static_cast<int>(inverse_metric.size()) != dim)
    throw Bug("a chain's start and metric have one number for each dimension");
  NutsChain r;
  r.dim = dim;
  const double began = thread_cpu_s();
  const StanModel model{&density, &r.gradients};
  Words words(options.seed, options.chain);
  stan::callbacks::logger silent;
  Sampler sampler(model, words, vector_of(inverse_metric));
  sampler.set_nominal_stepsize(options.step);
  sampler.set_stepsize_jitter(0);
  sampler.set_max_depth(options.max_depth);
  sampler.at_least(options.least_step);
  sampler.step().set_mu(std::log(10 * options.step));
  sampler.step().set_delta(options.adapt_delta);
  // At Stan's 0.05 steps swing so far over 75 iterations that their mean accepts .86 where .8 was asked.
  sampler.step().set_gamma(0.2);
  sampler.step().set_kappa(0.75);
  sampler.step().set_t0(10);
  const auto warmup = static_cast<unsigned>(options.warmup);
  sampler.metric().set_window_params(warmup, warmup * 3 / 20, warmup / 4, 25, silent);

  std::vector<double> grad(start.size());
  if (!std::isfinite(density.gradient(start, grad)))
    throw Error(
        "the log posterior is not finite where a chain starts: some subject's choices are impossible there, "
        "or a prior stands "
        "far from what is possible");
  stan::mcmc::sample at(vector_of(start), 0, 0);
  const Draw own{options.seed, Purpose::sampler, options.chain};
  std::vector<double> moved(start.size());
  const auto move = [&](int iteration) {
    Eigen::Map<Eigen::VectorXd>(moved.data(), dim) = at.cont_params();
    const double by = density.move(moved, own, static_cast<std::uint32_t>(iteration));
    at = stan::mcmc::sample(vector_of(moved), at.log_prob() + by, at.accept_stat());
    return by;
  };
  try {
    sampler.z().q = at.cont_params();
    if (options.warmup > 0) sampler.find_step(silent);
    for (int i = 0; i < options.warmup; ++i) {
      if (go_on && !go_on(i)) return r;
      at = sampler.adapt(at, silent);
      move(i);
    }
    if (options.warmup > 0) sampler.end_adaptation();
    const double warm = thread_cpu_s();
    r.warmup_s = warm - began;
    r.step = sampler.get_nominal_stepsize();
    const Eigen::VectorXd metric = sampler.z().inv_e_metric_;
    r.inverse_metric.assign(metric.data(), metric.data() + dim);
    r.q.reserve(static_cast<std::size_t>(dim) * static_cast<std::size_t>(options.draws));
    std::vector<double> said;
    for (int i = 0; i < options.draws; ++i) {
      if (go_on && !go_on(options.warmup + i)) break;
      at = sampler.transition(at, silent);
      said.clear();
      const double by = move(options.warmup + i);
      sampler.get_sampler_params(said);  // stepsize, treedepth, n_leapfrog, divergent, energy
      const Eigen::VectorXd& q = at.cont_params();
      r.q.insert(r.q.end(), q.data(), q.data() + dim);
      r.lp.push_back(at.log_prob());
      r.accept.push_back(at.accept_stat());
      r.depth.push_back(static_cast<int>(said[1]));
      r.leapfrogs.push_back(static_cast<int>(said[2]));
      r.divergent.push_back(said[3] != 0);
      r.energy.push_back(said[4] - by);
      r.moved.push_back(by);
    }
    r.sampling_s = thread_cpu_s() - warm;
  } catch (const std::runtime_error& e) {
    throw Error(std::string("the sampler gave up: ") + e.what());
  }
  return r;
}

}  // namespace labile
