#!/usr/bin/python3
"""Random-effects model selection transcribed from the papers' equations with numpy and scipy.

Writes model_selection.json, which tests/unit/model_selection_test.cpp compares with. Variational updates: Stephan et
al. (2009), doi:10.1016/j.neuroimage.2009.03.025, eqs. 9-14. Free energies and BOR: Rigoux et al. (2014),
doi:10.1016/j.neuroimage.2013.08.065, appendix. Exceedance: scipy's adaptive quadrature over the density of one gamma
variable times the distribution functions of the others, checked here against 4 million draws. Shares nothing with
Labile.

    /usr/bin/python3 tests/oracles/model_selection.py
"""
import json
import os

import numpy as np
from scipy import integrate, special, stats


def exceedance(alpha):
    out = []
    for k, a in enumerate(alpha):
        others = [b for j, b in enumerate(alpha) if j != k]

        def f(t):  # over log x_k
            return np.exp(a * t - np.exp(t) - special.gammaln(a)) * np.prod([special.gammainc(b, np.exp(t)) for b in others])

        cuts = [np.log(a) - 60 / min(a, 1)]
        cuts += sorted(np.log(stats.gamma.ppf(q, c)) for c in alpha for q in (1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999)
                       if stats.gamma.ppf(q, c) > 1e-20)
        cuts += [np.log(max(alpha) + 60 + 12 * np.sqrt(max(alpha)))]
        out.append(sum(integrate.quad(f, lo, hi, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
                       for lo, hi in zip(cuts, cuts[1:]) if hi > lo))
    return out


def select(L, alpha0):
    L = np.array(L)
    N, K = L.shape
    alpha = np.full(K, alpha0)
    for _ in range(1_000_000):
        u = L + special.digamma(alpha) - special.digamma(alpha.sum())
        g = np.exp(u - u.max(axis=1, keepdims=True))
        g /= g.sum(axis=1, keepdims=True)
        new = alpha0 + g.sum(axis=0)
        done = np.abs(new - alpha).max() < 1e-13
        alpha = new
        if done:
            break
    # F1 = <log p(y, m, r)> + S[q(r)] + S[q(m)]
    e_log_r = special.digamma(alpha) - special.digamma(alpha.sum())
    log_p_r = special.gammaln(K * alpha0) - K * special.gammaln(alpha0) + ((alpha0 - 1) * e_log_r).sum()
    log_p_ym = (g * (np.where(np.isfinite(L), L, 0) + e_log_r)).sum()
    s_r = stats.dirichlet(alpha).entropy() if K > 1 else 0.0
    s_m = -special.xlogy(g, g).sum()
    f1 = log_p_r + log_p_ym + s_r + s_m
    # F0: every r_k is 1 / K, so that the evidence is exact
    f0 = (special.logsumexp(L, axis=1) - np.log(K)).sum()
    bor = 1 / (1 + np.exp(f1 - f0))
    xp = np.array(exceedance(alpha))
    return {"alpha": alpha.tolist(), "frequency": (alpha / alpha.sum()).tolist(),
            "frequency_sd": [float(stats.beta(a, alpha.sum() - a).std()) for a in alpha],
            "exceedance": xp.tolist(), "bor": float(bor), "protected": ((1 - bor) * xp + bor / K).tolist(),
            "free_energy": float(f1), "null": float(f0), "attribution": g.tolist()}


rng = np.random.default_rng(20140101)
cases = []
for n, k, spread, lead, alpha0 in ((20, 2, 2, 1, 1.0), (20, 3, 1, 0, 1.0), (30, 4, 3, 0.5, 1.0), (100, 3, 5, 1, 1.0),
                                   (12, 5, 2, 0, 0.2), (40, 2, 0.1, 0, 1.0), (500, 3, 4, 0.3, 1.0)):
    L = -100 + spread * rng.standard_normal((n, k))
    L[:, 0] += lead
    L = np.round(L, 4)
    cases.append({"alpha0": alpha0, "L": L.tolist(), **select(L, alpha0)})
alphas = [[1.0, 1.0], [2.5, 1.3], [11.0, 1.0, 1.0], [30.5, 28.0, 4.0], [0.3, 0.7, 1.5], [200.0, 190.0, 210.0, 3.0]]
xps = [exceedance(a) for a in alphas]
for a, xp in zip(alphas, xps):
    draws = rng.dirichlet(a, 4_000_000)
    share = np.bincount(draws.argmax(axis=1), minlength=len(a)) / len(draws)
    assert np.abs(share - xp).max() < 4.5 * 0.5 / 2000, (a, xp, share)
    assert abs(sum(xp) - 1) < 1e-9, (a, xp)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "model_selection.json"), "w") as f:
    f.write('{"cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + '],\n"exceedance": ' +
            json.dumps([{"alpha": a, "xp": x} for a, x in zip(alphas, xps)]) + "}\n")
