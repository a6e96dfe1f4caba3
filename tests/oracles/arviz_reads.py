"""Reads the files of a folder that `labile fit --draws-out` wrote with ArviZ and prints what it makes of them as JSON."""
import glob
import json
import sys

import arviz as az
import numpy as np
from arviz.stats.diagnostics import _ess

folder, model = sys.argv[1:]
data = az.from_netcdf(f"{folder}/{model}.nc")
chains = az.from_cmdstan(sorted(glob.glob(f"{folder}/{model}-*.csv")))


def stats(x):
    draws = np.asarray(x)
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "rhat": float(az.rhat(draws)),
        "ess_bulk": float(az.ess(draws)),
        "ess_tail": float(az.ess(draws, method="tail")),
        "mcse_mean": float(az.mcse(draws)),
    }


scalars = [name for name, v in data.posterior.data_vars.items() if v.dims == ("chain", "draw")]
waic = az.waic(data)


def leave_one_out():
    """PSIS by ArviZ, with each observation's own relative efficiency, of its likelihood, as R's loo has it; az.loo takes one for all."""
    loglik = data.log_likelihood["choice"].values  # [chain][draw][observation]
    each, lppd = [], []
    for i in range(loglik.shape[2]):
        x = loglik[:, :, i]
        lppd.append(np.logaddexp.reduce(x.ravel()) - np.log(x.size))
        if np.ptp(x) < 1e-12:  # the same at all draws: nothing to weigh
            each.append(x.flat[0])
            continue
        reff = min(float(_ess(np.exp(x - x.max()))) / x.size, 1e9)
        weights, _ = az.psislw(-x.ravel(), reff)
        each.append(float(np.logaddexp.reduce(weights + x.ravel())))
    n = len(each)
    return {"elpd": float(np.sum(each)), "se": float(np.sqrt(n * np.var(each, ddof=1))), "p": float(np.sum(lppd) - np.sum(each))}


loo = leave_one_out()
theirs = az.loo(data)
import cmdstanpy  # noqa: E402

read = cmdstanpy.from_csv(sorted(glob.glob(f"{folder}/{model}-*.csv")))
assert read.chains == data.posterior.sizes["chain"]
assert np.allclose(read.stan_variable("alpha"), np.concatenate(data.posterior["alpha"].values), rtol=1e-12)
print(
    json.dumps(
        {
            "groups": sorted(data.groups()),
            "subjects": [str(s) for s in data.posterior["subject"].values],
            "netcdf": {name: stats(data.posterior[name]) for name in scalars},
            "cmdstan": {name: stats(chains.posterior[name]) for name in scalars},
            "alpha": [stats(data.posterior["alpha"].values[:, :, s]) for s in range(data.posterior.sizes["subject"])],
            "loo": loo,
            "az_loo": {"elpd": float(theirs.elpd_loo), "se": float(theirs.se)},
            # ArviZ takes the variance over draws with divisor S, R's loo with S - 1.
            "waic": {"elpd": float(waic.elpd_waic - waic.p_waic / (waic.n_samples - 1))},
            "divergences": int(data.sample_stats["diverging"].values.sum()),
        }
    )
)
