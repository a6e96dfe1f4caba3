#!/usr/bin/python3
"""Log-likelihoods and ML fits of people, by an implementation that shares nothing with Labile (numpy, scipy).

Writes fit_people.json, which tests/unit/fit_test.cpp compares with. Data: zorowitz2023_prl3, from Zorowitz, Solis,
Niv & Bennett (2023), Nature Human Behaviour 7:1667, doi:10.1038/s41562-023-01640-7 (MIT licence).

    /usr/bin/python3 tests/oracles/fit_people.py ../shared/data
"""
import csv
import json
import os
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIONS = 3


def rescorla_wagner(choices, rewards, alpha, beta, v0):
    q, total = np.full(OPTIONS, float(v0)), 0.0
    for c, r in zip(choices, rewards):
        if c is None:
            continue
        total += beta * q[c] - logsumexp(beta * q)
        if r is not None:
            q[c] = (1 - alpha) * q[c] + alpha * r
    return total


def dual_learning_rate(choices, rewards, alpha_pos, alpha_neg, beta, v0):
    q, total = np.full(OPTIONS, float(v0)), 0.0
    for c, r in zip(choices, rewards):
        if c is None:
            continue
        total += beta * q[c] - logsumexp(beta * q)
        if r is not None:
            rate = alpha_pos if r >= q[c] else alpha_neg
            q[c] = (1 - rate) * q[c] + rate * r
    return total


def hmm_reversal(choices, rewards, hazard, p_better, p_worse, beta):
    # The textbook forward algorithm with a transition matrix.
    move = np.full((OPTIONS, OPTIONS), hazard / (OPTIONS - 1))
    np.fill_diagonal(move, 1 - hazard)
    b, total = np.full(OPTIONS, 1 / OPTIONS), 0.0
    for c, r in zip(choices, rewards):
        if c is None:
            continue
        total += beta * b[c] - logsumexp(beta * b)
        if r is not None:
            pays = np.where(np.arange(OPTIONS) == c, p_better, p_worse)
            b = (move.T @ b) * (pays if r > 0 else 1 - pays)
            b /= b.sum()
    return total


MODELS = {
    "rescorla_wagner": (rescorla_wagner, {"alpha": 0.4, "beta": 4.0, "v0": 0.0}),
    "dual_learning_rate": (dual_learning_rate, {"alpha_pos": 0.5, "alpha_neg": 0.3, "beta": 4.0, "v0": 0.5}),
    "hmm_reversal": (hmm_reversal, {"hazard": 0.08, "p_better": 0.75, "p_worse": 0.25, "beta": 5.0}),
}


def read(path):
    people = {}
    with open(path, newline="") as f:
        for row in csv.DictReader(f):
            choices, rewards = people.setdefault(row["subject"], ([], []))
            choices.append(int(row["choice"]) if row["choice"] != "" else None)
            rewards.append(float(row["outcome"]) if row["outcome"] != "" else None)
    return people


def fit_ml(choices, rewards):
    """Maximum likelihood of dual_learning_rate with v0 = 0.5, in natural parameters under bounds."""
    def cost(x):
        return -dual_learning_rate(choices, rewards, *x, 0.5)

    bounds = [(0, 1), (0, 1), (0, 100)]
    best = None
    # Wide enough for the ridge of low rates and high beta, where the best of some people lies at beta's bound.
    for a in (0.03, 0.2, 0.5, 0.9):
        for b in (0.03, 0.2, 0.5, 0.9):
            for beta in (1.5, 6.0, 40.0):
                r = minimize(cost, [a, b, beta], method="L-BFGS-B", bounds=bounds)
                best = r if best is None or r.fun < best.fun else best
    return minimize(cost, best.x, method="Nelder-Mead", bounds=bounds,
                    options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})


def main():
    name = "zorowitz2023_prl3"
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../../../shared/data")
    people = read(os.path.join(folder, name, name + ".csv"))
    out = {"data": name, "cite": "doi:10.1038/s41562-023-01640-7", "subjects": len(people), "models": {}, "ml": []}
    for key, (model, params) in MODELS.items():
        each = [model(*data, **params) for data in people.values()]
        out["models"][key] = {"params": params, "sum": float(np.sum(each)), "first": each[:20]}
    # The first ten people whose optimum lies inside the bounds.
    for index, (subject, data) in enumerate(people.items()):
        r = fit_ml(*data)
        if 0.01 < r.x[0] < 0.99 and 0.01 < r.x[1] < 0.99 and r.x[2] < 90:
            fit = {"params": [*map(float, r.x), 0.5], "loglik": float(-r.fun)}
            out["ml"].append({"index": index, "subject": subject} | fit)
        if len(out["ml"]) == 10:
            break
    with open(os.path.join(HERE, "fit_people.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


main()
