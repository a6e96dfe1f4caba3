#include "bayes/prior_draws.hpp"

#include <cmath>

#include "core/random.hpp"

namespace labile {

std::vector<std::vector<double>> prior_rows(const GroupModel& model, std::span<const int> subject_of,
                                            std::uint64_t seed, std::uint32_t group) {
  if (model.lkj > 0) throw Error("draws from the prior know no correlated parameters");
  for (const auto& p : model.params)
    if (!p.design.slope_names.empty())
      throw Error("draws from the prior know no effects that differ between subjects; use (1 | subject)");
  const Draw draw{seed, Purpose::parameters, group};
  std::vector<std::vector<double>> rows(subject_of.size(), model.standard);
  // Index 0: the group's own draws of parameter k; index 1 + k: those of subjects.
  std::uint32_t counter = 0;
  for (std::size_t k = 0; k < model.params.size(); ++k) {
    const auto& p = model.params[k];
    const double mu = p.group.mu_mean + p.group.mu_sd * draw.normal(counter++);
    const double u = draw.uniform(counter++);
    const double sigma =
        p.group.sigma * (p.group.cauchy ? std::tan(1.5707963267948966 * u) : normal_quantile(0.5 + 0.5 * u));
    std::vector<double> b;
    for (std::size_t c = 0; c < p.design.names.size(); ++c)
      b.push_back(p.design.prior_sd * draw.normal(counter++));
    for (std::size_t i = 0; i < subject_of.size(); ++i) {
      double y = mu + sigma * draw.normal(static_cast<std::uint32_t>(subject_of[i]),
                                          static_cast<std::uint32_t>(1 + k));
      for (std::size_t c = 0; c < b.size(); ++c) y += p.design.x[i][c] * b[c];
      rows[i][static_cast<std::size_t>(p.at)] = from_line(p.group, y);
    }
  }
  return rows;
}

}  // namespace labile
