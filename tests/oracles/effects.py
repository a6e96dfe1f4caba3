#!/usr/bin/env python3
"""Log density and gradient of prl_rp with effects of covariates, between and within subjects, worked out on its own.

Writes effects.json, which tests/unit/formula_test.cpp compares with. Nothing is shared with Labile: the model is written out below on
complex numbers, so that gradients are exact (complex step). Three people in two sessions each, four in one; what the session does differs between people.

    /usr/bin/python3 tests/oracles/effects.py > tests/oracles/effects.json
"""
import json

import numpy as np
from scipy.special import gammaln

PARAMS = ("Apun", "Arew", "beta")
PRIOR_SD = 0.7


def phi(x):
    return 1 / (1 + np.exp(-(0.07056 * x**3 + 1.5976 * x)))


def choices_loglik(a_pun, a_rew, beta, choice, outcome):
    v, total = [0j, 0j], 0j
    for c, r in zip(choice, outcome):
        if c < 0:
            continue
        total -= np.log(1 + np.exp(-beta * (v[c] - v[1 - c])))
        v[c] += (a_rew if r > 0 else a_pun) * (r - v[c])
    return total


def normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)


def correlation_log_density(x, z, eta=2):
    """Of the numbers x (row by row below the diagonal) and subjects' z [parameter][subject] on them: LKJ(eta) by its determinant."""
    n = len(z)

    def matrix(x):
        low = np.eye(n, dtype=complex)
        rows = iter(np.tanh(x))
        for i in range(1, n):
            left = 1.0
            for j in range(i):
                low[i, j] = next(rows) * np.sqrt(left)
                left = left - low[i, j] ** 2
            low[i, i] = np.sqrt(left)
        return low @ low.T

    below = np.tril_indices(n, -1)
    r = matrix(x).real
    jacobian = []
    for i in range(len(x)):
        stepped = np.array(x, complex)
        stepped[i] += 1e-30j
        jacobian.append(matrix(stepped)[below].imag / 1e-30)
    # Lewandowski, Kurowicka & Joe (2009), equation 16.
    norm = 0.0
    for k in range(1, n):
        a = eta + (n - k - 1) / 2
        norm += (2 * eta - 2 + n - k) * (n - k) * np.log(2) + (n - k) * (2 * gammaln(a) - gammaln(2 * a))
    value = (eta - 1) * np.linalg.slogdet(r)[1] - norm + np.linalg.slogdet(np.array(jacobian))[1]
    e = np.array(z)
    value -= 0.5 * np.sum(e * np.linalg.solve(r, e)) + 0.5 * e.shape[1] * (np.linalg.slogdet(r)[1] + n * np.log(2 * np.pi))
    return value


def correlations(rng):
    """Points for four parameters of five subjects, with gradients by central differences of the above."""
    at = []
    for _ in range(4):
        point = rng.normal(0, 0.7, 6 + 20)
        f = lambda p: correlation_log_density(p[:6], p[6:].reshape(4, 5))
        grad = []
        for i in range(26):
            h = np.zeros(26)
            h[i] = 1e-5
            grad.append((8 * (f(point + h) - f(point - h)) - (f(point + 2 * h) - f(point - 2 * h))) / 12e-5)
        at.append({"point": point.tolist(), "log_density": f(point), "gradient": grad})
    return at


def log_density(q, units, design, slopes, subjects):
    """q by name. theta = T(mu + x b + sum of w tau v + sigma z), z and v ~ N(0, 1)."""
    total = 0j
    for p in PARAMS:
        sigma = np.exp(q[f"log_sigma.{p}"])
        total += normal(q[f"mu.{p}"], 0, 1)
        total += np.log(2) + normal(sigma, 0, 0.2) + q[f"log_sigma.{p}"]
        for c in range(len(design.get(p, [[]])[0])):
            total += normal(q[f"b.{p}.{c + 1}"], 0, PRIOR_SD)
        for c in range(len(slopes.get(p, [[]])[0])):
            tau = np.exp(q[f"log_tau.{p}.{c + 1}"])
            total += np.log(2) + normal(tau, 0, 0.2) + q[f"log_tau.{p}.{c + 1}"]
            for s in range(subjects):
                total += normal(q[f"v.{p}.{c + 1}.{s + 1}"], 0, 1)
        for s in range(subjects):
            total += normal(q[f"z.{p}.{s + 1}"], 0, 1)
    for u, unit in enumerate(units):
        theta = {}
        for p in PARAMS:
            y = q[f"mu.{p}"] + np.exp(q[f"log_sigma.{p}"]) * q[f"z.{p}.{unit['subject'] + 1}"]
            if p in design:
                y = y + sum(x * q[f"b.{p}.{c + 1}"] for c, x in enumerate(design[p][u]))
            if p in slopes:
                s = unit["subject"] + 1
                y = y + sum(w * np.exp(q[f"log_tau.{p}.{c + 1}"]) * q[f"v.{p}.{c + 1}.{s}"] for c, w in enumerate(slopes[p][u]))
            theta[p] = phi(y) * (10 if p == "beta" else 1)
        total += choices_loglik(theta["Apun"], theta["Arew"], theta["beta"], unit["choice"], unit["outcome"])
    return total


def main():
    rng = np.random.default_rng(3)
    units = []
    for s in range(7):
        for _ in range(2 if s < 3 else 1):
            n = int(rng.integers(15, 30))
            choice = [int(x) for x in rng.integers(0, 2, n)]
            choice[int(rng.integers(0, n))] = -1
            units.append({"subject": s, "choice": choice, "outcome": [int(x) for x in rng.choice([-1, 1], n)]})
    # Apun: a drug between, a session within, both; beta: a score between; Arew: none.
    drug = [[0, 1, 0, 1, 1, 0, 0][u["subject"]] for u in units]
    session = [int(i > 0 and units[i - 1]["subject"] == u["subject"]) for i, u in enumerate(units)]
    score = [[-1.2, 0.3, 0.8, -0.4, 1.9, 0.1, -0.6][u["subject"]] for u in units]
    design = {"Apun": [[d, w, d * w] for d, w in zip(drug, session)], "beta": [[x] for x in score]}
    slopes = {"Apun": [[w - sum(session) / len(session)] for w in session]}
    names = [f"mu.{p}" for p in PARAMS] + [f"log_sigma.{p}" for p in PARAMS]
    names += [f"b.Apun.{c + 1}" for c in range(3)] + ["b.beta.1"]
    names += ["log_tau.Apun.1"] + [f"v.Apun.1.{s + 1}" for s in range(7)]
    names += [f"z.{p}.{s + 1}" for p in PARAMS for s in range(7)]
    at = []
    for _ in range(5):
        point = rng.normal(0, 0.6, len(names))
        point[3:6] -= 1
        q = dict(zip(names, point.astype(complex)))
        grad = []
        for name in names:
            stepped = dict(q)
            stepped[name] += 1e-30j
            grad.append(float(log_density(stepped, units, design, slopes, 7).imag / 1e-30))
        value = float(log_density(q, units, design, slopes, 7).real)
        at.append({"point": point.tolist(), "log_density": value, "gradient": grad})
    print(json.dumps({"prior_sd": PRIOR_SD, "units": units, "design": design, "slopes": slopes, "names": names, "at": at,
                      "correlations": correlations(rng)}))


main()
