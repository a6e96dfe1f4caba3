#!/usr/bin/python3
"""Gamma, digamma and the shares of gamma and beta distributions, to 50 digits by mpmath.

Writes special.json, which tests/unit/special_test.cpp compares with. Needs tools/install.sh apt-packages-oracles.txt.

    /usr/bin/python3 tests/oracles/special.py
"""
import json
import os

import mpmath as mp

mp.mp.dps = 50
xs = [0.01, 0.1, 0.5, 1.3, 2.0, 5.5, 9.99, 10.0, 33.3, 250.0, 1e3, 1e5]
gammas = [(a, a * f) for a in (0.05, 0.5, 1.0, 3.7, 20.0, 400.0, 1e4) for f in (0.2, 0.7, 0.97, 1.0, 1.05, 1.5)]
betas = [(a, b, x) for a, b in ((0.5, 0.5), (1.0, 4.0), (3.3, 1.2), (51.0, 951.0), (400.0, 300.0), (200.0, 3801.0))
         for x in (0.01, 0.05, 0.2, 0.5, 0.6, 0.99)]


def number(x):
    return float(x)


out = {
    "log_gamma": [[x, number(mp.loggamma(x))] for x in xs],
    "digamma": [[x, number(mp.digamma(x))] for x in xs],
    "gamma_share": [[a, x, number(mp.gammainc(a, 0, x, regularized=True))] for a, x in gammas],
    "beta_share": [[a, b, x, number(mp.betainc(a, b, 0, x, regularized=True))] for a, b, x in betas],
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "special.json"), "w") as f:
    f.write("{" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in out.items()) + "}\n")
