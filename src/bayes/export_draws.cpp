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
    r.push_back({"group_" + param.name, -1, 0, p.mu(k), How::natural});
    r.push_back({"mu_" + param.name, -1, 0, p.mu(k), How::as_is});
    r.push_back({"sigma_" + param.name, -1, 0, p.log_sigma(k), How::exponential});
    if (const int n = static_cast<int>(param.design.names.size()); n > 0)
      r.push_back({"b_" + param.name, -1, n, p.b(k), How::as_is});
  }
  for (int k = 0; k < p.params(); ++k)
    r.push_back({p.model().params[static_cast<std::size_t>(k)].name, k, 0, 0, How::natural});
  std::set<std::string> names;
  for (const auto& q : r)
    if (!names.insert(q.name).second)
      throw Error(fmt::format("two quantities would both be called '{}' in files of draws", q.name));
  return r;
}

double exported_value(const Posterior& p, const ExportedQuantity& x, std::span<const double> q, int i) {
  using How = ExportedQuantity::How;
  if (x.param >= 0)
    return from_line(p.model().params[static_cast<std::size_t>(x.param)].group, p.on_line(q, x.param, i));
  const double value = q[static_cast<std::size_t>(x.at + i)];
  if (x.how == How::exponential) return exp(value);
  if (x.how == How::natural) return from_line(p.model().params[static_cast<std::size_t>(x.at)].group, value);
  return value;
}

}  // namespace labile
