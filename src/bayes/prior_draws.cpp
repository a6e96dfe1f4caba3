#include "bayes/prior_draws.hpp"

#include <cmath>

#include "bayes/correlation.hpp"
#include "core/random.hpp"
#include "core/special.hpp"

namespace labile {
namespace {
/// The group's own draws have index 0; of a subject's, z of parameter k has index 1 + k, those of slopes come behind.
class PriorRows {
 public:
  PriorRows(const GroupModel& model, std::span<const int> subject_of, const Draw& draw)
      : m_(model),
        subject_of_(subject_of),
        draw_(draw),
        slope_(static_cast<std::uint32_t>(1 + model.params.size())) {
    if (m_.lkj > 0) draw_correlation();
  }
  std::vector<std::vector<double>> rows() {
    std::vector<std::vector<double>> r(subject_of_.size(), m_.standard);
    for (std::size_t k = 0; k < m_.params.size(); ++k) {
      const auto& p = m_.params[k];
      std::vector<double> y = values(k);
      for (std::size_t u = 0; u < y.size(); ++u)
        r[u][static_cast<std::size_t>(p.at)] = from_line(p.group, y[u]);
    }
    return r;
  }

 private:
  /// Partial correlations are independent: (1 + z) / 2 ~ Beta(a, a), a = eta + (n - 2 - j) / 2.
  void draw_correlation() {
    const int n = static_cast<int>(m_.params.size());
    correlation_ = Correlation(n, m_.lkj);
    std::vector<double> x;
    for (int i = 1; i < n; ++i)
      for (int j = 0; j < i; ++j) {
        const double a = m_.lkj + 0.5 * (n - 2 - j);
        x.push_back(std::atanh(2 * beta_quantile(a, a, draw_.uniform(counter_++)) - 1));
      }
    correlation_.set(x);
  }
  double spread(const Group& g) {
    const double u = draw_.uniform(counter_++);
    return g.sigma * (g.cauchy ? std::tan(1.5707963267948966 * u) : normal_quantile(0.5 + 0.5 * u));
  }
  [[nodiscard]] double z(int subject, std::size_t k) const {
    const auto e = [&](std::size_t j) {
      return draw_.normal(static_cast<std::uint32_t>(subject), static_cast<std::uint32_t>(1 + j));
    };
    if (m_.lkj <= 0) return e(k);
    double r = 0;
    for (std::size_t j = 0; j <= k; ++j) r += correlation_.factor()[k * m_.params.size() + j] * e(j);
    return r;
  }
  /// Of parameter k, before T: [unit].
  std::vector<double> values(std::size_t k) {
    const auto& p = m_.params[k];
    const double mu = p.group.mu_mean + p.group.mu_sd * draw_.normal(counter_++), sigma = spread(p.group);
    std::vector<double> y(subject_of_.size());
    for (std::size_t u = 0; u < y.size(); ++u) y[u] = mu + sigma * z(subject_of_[u], k);
    for (std::size_t c = 0; c < p.design.names.size(); ++c) {
      const double b = p.design.prior_sd * draw_.normal(counter_++);
      for (std::size_t u = 0; u < y.size(); ++u) y[u] += p.design.x[u][c] * b;
    }
    for (std::size_t j = 0; j < p.design.slope_names.size(); ++j, ++slope_) {
      const double tau = spread(p.group);
      for (std::size_t u = 0; u < y.size(); ++u)
        y[u] +=
            p.design.slope_x[u][j] * tau * draw_.normal(static_cast<std::uint32_t>(subject_of_[u]), slope_);
    }
    return y;
  }

  const GroupModel& m_;
  std::span<const int> subject_of_;
  const Draw& draw_;
  std::uint32_t counter_ = 0, slope_;
  Correlation correlation_;
};
}  // namespace

std::vector<std::vector<double>> prior_rows(const GroupModel& model, std::span<const int> subject_of,
                                            std::uint64_t seed, std::uint32_t group) {
  const Draw draw{seed, Purpose::parameters, group};
  return PriorRows(model, subject_of, draw).rows();
}

}  // namespace labile
