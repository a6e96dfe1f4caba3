/// A chain as CmdStan writes one.
#include <fmt/format.h>

#include <iterator>

#include "bayes/export_draws.hpp"
#include "bayes/group_draws.hpp"
#include "core/output_file.hpp"

namespace labile {
namespace {
/// Names of a program's model hold letters, digits and underscores.
std::string plain(const std::string& name) {
  std::string r;
  for (const char c : name) r += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return r;
}

std::string header(const GroupFitOptions& o, const ExportInfo& info, int chain) {
  const auto v = stan_version();
  return fmt::format(
      "# stan_version_major = {}\n# stan_version_minor = {}\n# stan_version_patch = {}\n"
      "# model = {}_model\n"
      "# method = sample (Default)\n#   sample\n"
      "#     num_samples = {}\n#     num_warmup = {}\n#     save_warmup = 0 (Default)\n#     thin = 1 "
      "(Default)\n"
      "#     adapt\n#       engaged = 1 (Default)\n#       gamma = 0.2\n#       delta = {}\n"
      "#     algorithm = hmc (Default)\n#       hmc\n#         engine = nuts (Default)\n#           nuts\n"
      "#             max_depth = {}\n#         metric = diag_e (Default)\n#         metric_file =  "
      "(Default)\n"
      "#         stepsize = 0.1\n#         stepsize_jitter = 0 (Default)\n"
      "# id = {}\n# data\n#   file = {}\n# init = 2 (Default)\n# random\n#   seed = {}\n"
      "# output\n#   file = output.csv (Default)\n#   diagnostic_file =  (Default)\n#   refresh = 100 "
      "(Default)\n"
      "# labile = {}\n# learner = {}\n",
      v.major, v.minor, v.patch, plain(info.model), o.draws, o.warmup, o.adapt_delta, o.max_depth, chain + 1,
      info.data, o.seed, info.version, info.model);
}
}  // namespace

void write_cmdstan(const GroupFit& fit, const GroupFitOptions& o, const ExportInfo& info, int chain,
                   const std::filesystem::path& path) {
  constexpr std::size_t kFlush = 1 << 20;
  const Posterior& p = *fit.posterior;
  const NutsChain& c = fit.chains[static_cast<std::size_t>(chain)];
  const auto quantities = exported_quantities(p);
  const auto size_of = [&](const ExportedQuantity& x) {
    return x.param >= 0 ? p.units() : std::max(x.size, 1);
  };
  OutputFile file(path);
  fmt::memory_buffer b;
  const auto out = [&]<class... A>(fmt::format_string<A...> text, A&&... args) {
    fmt::format_to(std::back_inserter(b), text, std::forward<A>(args)...);
  };
  file.write(header(o, info, chain));
  for (std::size_t u = 0; u < info.units.size(); ++u) out("# unit {} = {}\n", u + 1, info.units[u]);
  for (const auto& param : p.model().params)
    for (std::size_t i = 0; i < param.design.names.size(); ++i)
      out("# b_{}.{} = {}\n", param.name, i + 1, param.design.names[i]);
  out("lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__");
  for (const auto& x : quantities)
    for (int i = 0; i < size_of(x); ++i)
      if (x.param < 0 && x.size == 0)
        out(",{}", x.name);
      else
        out(",{}.{}", x.name, i + 1);
  out("\n# Adaptation terminated\n# Step size = {}\n# Diagonal elements of inverse mass matrix:\n# ", c.step);
  for (std::size_t i = 0; i < c.inverse_metric.size(); ++i)
    out("{}{}", i > 0 ? ", " : "", c.inverse_metric[i]);
  out("\n");
  const auto dim = static_cast<std::size_t>(c.dim);
  for (std::size_t d = 0; d < static_cast<std::size_t>(c.draws()); ++d) {
    const auto q = std::span(c.q).subspan(d * dim, dim);
    out("{},{},{},{},{},{},{}", c.lp[d], c.accept[d], c.step, c.depth[d], c.leapfrogs[d], c.divergent[d],
        c.energy[d]);
    for (const auto& x : quantities)
      for (int i = 0; i < size_of(x); ++i) out(",{}", exported_value(p, x, q, i));
    out("\n");
    if (b.size() < kFlush) continue;
    file.write({b.data(), b.size()});
    b.clear();
  }
  out("# \n#  Elapsed Time: {:.6g} seconds (Warm-up)\n#                {:.6g} seconds (Sampling)\n"
      "#                {:.6g} seconds (Total)\n# \n",
      c.warmup_s, c.sampling_s, c.warmup_s + c.sampling_s);
  file.write({b.data(), b.size()});
  file.commit();
}

}  // namespace labile
