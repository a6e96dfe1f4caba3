#!/usr/bin/python3
"""Claim 23: does an agent learn faster where the world keeps changing? Ratio of fitted learning rates.

    /usr/bin/python3 tools/volatility.py BUILD/labile [--out docs/volatility.json]

Runs experiments/volatility.toml (Flex in a stable, then volatile bandit: intact, noradrenaline x0.1, dopamine
x0.35) and fits a delta rule to each phase, all agents of a condition together: q = 1/2 at the first trial of the
window, P(option 0) = logistic(beta (2 q - 1)), q += alpha (o - q) with o = 1 where option 0 paid or the other did
not; alpha and beta free. Windows are trials 40 to 119 and 120 to 289. The ratio of the two alphas has a 95%
interval from 1000 resamples of agents. The ratio depends on how one fits, so it is given for other fits too: q
carried over from the first trial, all trials of the stable phase, one beta for both phases, a share of lapses.

A fit of two numbers to hundreds of agents together is no sum over subjects, which is what metrics are; hence a
script beside the card. Needs numpy and scipy.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from scipy.optimize import minimize

ROOT = pathlib.Path(__file__).resolve().parent.parent
STABLE, VOLATILE = (40, 120), (120, 290)


def read(path):
    """condition -> (option 0 was chosen, option 0 was right), [subject][trial] of 0 and 1."""
    rows = {}
    with open(path) as f:
        for r in csv.DictReader(f):
            rows.setdefault(r["condition"], {}).setdefault(r["subject"], []).append((int(r["choice"]), float(r["outcome"])))
    out = {}
    for condition, by in rows.items():
        x = np.array(list(by.values()))
        first = (x[:, :, 0] == 0).astype(float)
        out[condition] = first, np.where(x[:, :, 1] > 0, first, 1 - first)
    return out


def beliefs(right, alpha, start, stop):
    """2 q - 1 before each trial of the window, [subject][trial]."""
    q, r = np.full(len(right), 0.5), []
    for t in range(start, stop):
        r.append(2 * q - 1)
        q = q + alpha * (right[:, t] - q)
    return np.stack(r, 1)


def loglik(chosen, lean, beta, lapse=0.0):
    """Sum over trials of ln P(choice), [subject]."""
    z = beta * lean * (2 * chosen - 1)
    p = 1 / (1 + np.exp(-z))
    return np.log((1 - lapse) * p + lapse / 2).sum(1)


def window(data, bounds, alpha, beta, carry=False, lapse=0.0):
    chosen, right = data
    start, stop = bounds
    lean = beliefs(right, alpha, 0 if carry else start, stop)[:, (start if carry else 0):]
    return loglik(chosen[:, start:stop], lean, beta, lapse)


def unlogit(x):
    return 1 / (1 + np.exp(-x))


def fit(f, *starts):
    """The best of the searches from each start."""
    found = [minimize(lambda x: -f(x), start, method="Nelder-Mead", options=dict(xatol=1e-4, fatol=1e-3, maxiter=2000))
             for start in starts]
    return min(found, key=lambda r: r.fun).x


def phase(data, bounds, carry=False, lapses=False):
    """alpha and beta (and the lapse) of one phase, all agents together."""
    f = lambda x: window(data, bounds, unlogit(x[0]), np.exp(x[1]), carry, unlogit(x[2]) if lapses else 0.0).sum()
    # Many lapses and steep choices do much the same as few and shallow ones: several starts.
    starts = [[a, b, c] for a in (-3.0, -1.0) for b, c in ((0.5, -5.0), (1.0, -3.0), (2.0, -1.0))]
    x = fit(f, *(starts if lapses else [[-2.0, 1.0]]))
    return unlogit(x[0]), np.exp(x[1])


def one_beta(data):
    f = lambda x: (window(data, STABLE, unlogit(x[0]), np.exp(x[2])) + window(data, VOLATILE, unlogit(x[1]), np.exp(x[2]))).sum()
    x = fit(f, [-2.0, -2.0, 1.0])
    return unlogit(x[1]) / unlogit(x[0])


def resampled(data, bounds, at, weights):
    """ln alpha of each resample: the best of a grid around the fit, bettered by a parabola in ln alpha."""
    chosen, right = data
    la = np.log(at[0]) + np.linspace(-0.6, 0.6, 25)
    lb = np.log(at[1]) + np.linspace(-0.5, 0.5, 15)
    surface = np.stack([np.stack([loglik(chosen[:, bounds[0]:bounds[1]], lean, np.exp(b)) for b in lb], 1)
                        for lean in (beliefs(right, min(np.exp(a), 0.999), *bounds) for a in la)], 1)
    out = []
    for w in weights:
        profile = np.tensordot(w, surface, 1).max(1)
        i = int(np.clip(profile.argmax(), 1, len(la) - 2))
        lo, mid, hi = profile[i - 1:i + 2]
        out.append(la[i] + 0.5 * (la[1] - la[0]) * (lo - hi) / (lo - 2 * mid + hi))
    return np.array(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("labile")
    parser.add_argument("--out", default=str(ROOT / "docs" / "volatility.json"))
    parser.add_argument("--trials", help="a trials.csv of that card, made before")
    parser.add_argument("--set", action="append", default=[], help="passed on to labile run")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not a.trials:
            command = [a.labile, "run", str(ROOT / "experiments" / "volatility.toml"), "--out", folder + "/run"]
            subprocess.run(command + [x for s in a.set for x in ("--set", s)], check=True, capture_output=True)
        data = read(a.trials or folder + "/run/trials.csv")
    draw = np.random.default_rng(1)
    result = {}
    for condition, both in data.items():
        n = len(both[0])
        stable, moving = phase(both, STABLE), phase(both, VOLATILE)
        weights = draw.multinomial(n, np.full(n, 1 / n), 1000)
        spread = resampled(both, VOLATILE, moving, weights) - resampled(both, STABLE, stable, weights)
        low, high = np.exp(np.quantile(spread, [0.025, 0.975]))
        others = {"q carried over": phase(both, VOLATILE, carry=True)[0] / phase(both, STABLE, carry=True)[0],
                  "from trial 0": moving[0] / phase(both, (0, 120))[0], "one beta": one_beta(both),
                  "with lapses": phase(both, VOLATILE, lapses=True)[0] / phase(both, STABLE, lapses=True)[0]}
        result[condition] = {"agents": n, "alpha": [round(float(stable[0]), 4), round(float(moving[0]), 4)],
                             "beta": [round(float(stable[1]), 3), round(float(moving[1]), 3)],
                             "ratio": round(float(moving[0] / stable[0]), 3),
                             "interval": [round(float(low), 3), round(float(high), 3)],
                             "ratio by other fits": {k: round(float(v), 3) for k, v in others.items()}}
        print(condition, json.dumps(result[condition]), flush=True)
    out = pathlib.Path(a.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
