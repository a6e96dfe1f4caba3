#include "bayes/export_draws.hpp"

#include <fmt/format.h>

#include <set>
#include <stan/version.hpp>

#include "core/math.hpp"

namespace labile {

StanVersion stan_version() {
  return {STAN_MAJOR, STAN_MINOR, STAN_PATCH};
}

std::vector<ExportedQuantity> exported_quantities(const Posterior& p) {
  using How = ExportedQuantity::How;
  std::vector<ExportedQuantity> r;
  for (int k = 0; k < p.params(); ++k) {
    const auto& param = p.model().params[static_cast<std::size_t>(k)];
    r.push_back({"group_" + param.name, -1, 0, k, How::median});
    r.push_back({"mu_" + param.name, -1, 0, k, How::mu});
    r.push_back({"sigma_" + param.name, -1, 0, k, How::sigma});
    if (const int n = static_cast<int>(param.design.names.size()); n > 0)
      r.push_back({"b_" + param.name, -1, n, k, How::effect});
    if (p.slopes(k) > 0) r.push_back({"tau_" + param.name, -1, p.slopes(k), k, How::tau});
  }
  for (int i = 1; p.correlated() && i < p.params(); ++i)
    for (int j = 0; j < i; ++j)
      r.push_back({fmt::format("corr_{}_{}", p.model().params[static_cast<std::size_t>(j)].name,
                               p.model().params[static_cast<std::size_t>(i)].name),
                   -1, 0, j, How::correlation, i});
  for (int k = 0; k < p.params(); ++k)
    r.push_back({p.model().params[static_cast<std::size_t>(k)].name, k, 0, 0, How::median});
  std::set<std::string> names;
  for (const auto& q : r)
    if (!names.insert(q.name).second)
      throw Error(fmt::format("two quantities would both be called '{}' in files of draws", q.name));
  return r;
}

double exported_value(const Posterior& p, const ExportedQuantity& x, std::span<const double> q, int i) {
  using How = ExportedQuantity::How;
  if (x.param >= 0) {
    std::vector<double> values(static_cast<std::size_t>(p.params()));
    p.unit_values(q, i, values);
    const auto k = static_cast<std::size_t>(x.param);
    return from_line(p.model().params[k].group, values[k]);
  }
  if (x.how == How::mu) return p.mu(q, x.of);
  if (x.how == How::sigma) return p.sigma(q, x.of);
  if (x.how == How::effect) return p.coefficient(q, p.b(x.of) + i);
  if (x.how == How::tau) return p.tau(q, x.of, i);
  if (x.how == How::correlation) return p.correlation_of(q, x.of, x.with);
  return from_line(p.model().params[static_cast<std::size_t>(x.of)].group, p.mu(q, x.of));
}

}  // namespace labile
