#!/usr/bin/python3
"""Simulated data for the posteriors of tests/oracles/stan: one CSV file a model, as `labile fit` reads them.

    /usr/bin/python3 tests/oracles/stan/make_data.py FOLDER
    /usr/bin/python3 tests/oracles/stan/make_data.py FOLDER ts_par7=1000     # one model, of so many subjects

Subjects' parameters are T(true_mu + true_sigma z), z ~ N(0, 1), with transforms and values of models.json; seeds are
there too. The simulators share nothing with Labile or with the Stan texts beside this file. FOLDER/true.json keeps
what was drawn.
"""
import csv
import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def phi_approx(x):
    return 1 / (1 + np.exp(-(0.07056 * x**3 + 1.5976 * x)))


def natural(spec, x):
    if spec["transform"] == "phi":
        return spec["lo"] + spec["scale"] * phi_approx(x)
    return np.exp(x) if spec["transform"] == "exp" else x


def softmax(u):
    e = np.exp(u - np.max(u))
    return e / e.sum()


def logistic(x):
    return 1 / (1 + np.exp(-x))


def reversals(g, trials):
    """Which of two options is better: it changes every 15 to 25 trials."""
    best, now = [], int(g.integers(2))
    while len(best) < trials:
        best += [now] * int(g.integers(15, 26))
        now = 1 - now
    return best[:trials]


def bandit2arm_delta(g, p, trials):
    V = np.zeros(2)
    for t in range(trials):
        c = int(g.random() < softmax(p["tau"] * V)[1])
        r = 1 if g.random() < (0.3, 0.7)[c] else -1
        V[c] += p["A"] * (r - V[c])
        yield {"choice": c, "outcome": r}


def prl_rp(g, p, trials):
    V, best = np.zeros(2), reversals(g, trials)
    for t in range(trials):
        c = int(g.random() < softmax(p["beta"] * V)[1])
        r = 1 if g.random() < (0.8 if c == best[t] else 0.2) else -1
        V[c] += (p["Arew"] if r > 0 else p["Apun"]) * (r - V[c])
        yield {"choice": c, "outcome": r}


def prl_ewa(g, p, trials):
    V, n, best = np.zeros(2), np.zeros(2), reversals(g, trials)
    for t in range(trials):
        c = int(g.random() < softmax(p["beta"] * V)[1])
        r = 1 if g.random() < (0.8 if c == best[t] else 0.2) else -1
        more = p["rho"] * n[c] + 1
        V[c] = (p["phi"] * n[c] * V[c] + r) / more
        n[c] = more
        yield {"choice": c, "outcome": r}


def gng_m4(g, p, trials):
    """Cues: 0 go to win, 1 go to avoid, 2 withhold to win, 3 withhold to avoid; the right answer helps at 80%."""
    cues = g.permutation(np.repeat(np.arange(4), trials // 4))
    Q, V = np.zeros((4, 2)), np.zeros(4)
    for s in cues:
        go = (1 - p["xi"]) * logistic(Q[s, 1] + p["b"] + p["pi"] * V[s] - Q[s, 0]) + p["xi"] / 2
        c = int(g.random() < go)
        good = g.random() < (0.8 if c == (s < 2) else 0.2)
        o = int(good) if s % 2 == 0 else int(good) - 1
        felt = (p["rhoRew"] if o >= 0 else p["rhoPun"]) * o
        V[s] += p["ep"] * (felt - V[s])
        Q[s, c] += p["ep"] * (felt - Q[s, c])
        yield {"state": int(s), "choice": c, "outcome": o}


def ts_par7(g, p, trials):
    """Rewards of 0 or 1, whose probabilities walk between .25 and .75 with sd .025; common transitions 70%."""
    pay = g.uniform(0.25, 0.75, (2, 2))
    F, Q, last = np.zeros(2), np.zeros((2, 2)), None
    for t in range(trials):
        best = Q.max(axis=1)
        planned = np.array([0.7 * best[0] + 0.3 * best[1], 0.3 * best[0] + 0.7 * best[1]])
        v = p["w"] * planned + (1 - p["w"]) * F
        c1 = int(g.random() < logistic(p["beta1"] * (v[1] - v[0]) + (0 if last is None else p["pi"] * (2 * last - 1))))
        s = c1 if g.random() < 0.7 else 1 - c1
        c2 = int(g.random() < logistic(p["beta2"] * (Q[s, 1] - Q[s, 0])))
        r = int(g.random() < pay[s, c2])
        F[c1] += p["a1"] * (Q[s, c2] - F[c1])
        Q[s, c2] += p["a2"] * (r - Q[s, c2])
        F[c1] += p["lambda"] * p["a1"] * (r - Q[s, c2])
        last = c1
        pay += g.normal(0, 0.025, (2, 2))
        pay = np.where(pay > 0.75, 1.5 - pay, np.where(pay < 0.25, 0.5 - pay, pay))
        yield {"choice1": c1, "state2": s, "choice2": c2, "outcome": r}


def passage(g, drift, a, dt=1e-4):
    """Euler steps of 0.1 ms from the middle: the bounds reached are wider by 0.58 sqrt(dt), 0.4% of a."""
    x = a / 2
    t = 0.0
    while True:
        path = x + np.cumsum(drift * dt + np.sqrt(dt) * g.standard_normal(5000))
        out = np.flatnonzero((path <= 0) | (path >= a))
        if out.size:
            return int(path[out[0]] >= a), t + (out[0] + 1) * dt
        x, t = path[-1], t + 5000 * dt


def rl_ddm(g, p, trials):
    Q, best = np.full(2, 0.5), reversals(g, trials)
    for t in range(trials):
        c, time = passage(g, p["v"] * (Q[1] - Q[0]), p["a"])
        r = int(g.random() < (0.8 if c == best[t] else 0.2))
        d = r - Q[c]
        Q[c] += (p["alpha_neg"] if d < 0 else p["alpha_pos"]) * d
        yield {"choice": c, "outcome": r, "rt": round(p["t0"] + time, 6)}


def dual_learning_rate(g, p, trials):
    V, best = np.full(2, 0.5), reversals(g, trials)
    for t in range(trials):
        c = int(g.random() < softmax(p["beta"] * V)[1])
        r = int(g.random() < (0.8 if c == best[t] else 0.2))
        d = r - V[c]
        V[c] += (p["alpha_pos"] if d >= 0 else p["alpha_neg"]) * d
        yield {"choice": c, "outcome": r}


def kalman(g, p, trials):
    """Four payoffs that walk with sd 2.8 and decay 0.9836 to 50, seen with noise of sd 4, whole points."""
    level = g.normal(50, 15, 4)
    m, S = np.full(4, 50.0), np.full(4, 16.0)
    for t in range(trials):
        c = int(g.choice(4, p=softmax(p["beta"] * m)))
        r = int(np.clip(np.round(g.normal(level[c], 4)), 1, 100))
        gain = S[c] / (S[c] + 16)
        m[c] += gain * (r - m[c])
        S[c] *= 1 - gain
        m = 0.9836 * m + (1 - 0.9836) * 50
        S = 0.9836**2 * S + p["sigma_d"] ** 2
        level = 0.9836 * level + (1 - 0.9836) * 50 + g.normal(0, 2.8, 4)
        yield {"choice": c, "outcome": r}


def main(folder, sizes):
    with open(os.path.join(HERE, "models.json")) as f:
        models = json.load(f)
    if sizes:
        models = {name: dict(models[name], subjects=n) for name, n in sizes.items()}
    os.makedirs(folder, exist_ok=True)
    drawn = {}
    for name, m in models.items():
        g = np.random.default_rng(m["seed"])
        z = g.standard_normal((m["subjects"], len(m["parameters"])))
        rows, people = [], []
        for i in range(m["subjects"]):
            p = {k: float(natural(s, s["true_mu"] + s["true_sigma"] * z[i, j]))
                 for j, (k, s) in enumerate(m["parameters"].items())}
            people.append(p)
            for t, row in enumerate(globals()[name](g, p, m["trials"])):
                rows.append({"subject": i + 1, "trial": t + 1, **row})
        drawn[name] = people
        with open(os.path.join(folder, name + ".csv"), "w", newline="") as f:
            w = csv.DictWriter(f, fieldnames=list(rows[0]), lineterminator="\n")
            w.writeheader()
            w.writerows(rows)
    with open(os.path.join(folder, "true.json"), "w") as f:
        json.dump(drawn, f, indent=1)


if __name__ == "__main__":
    main(sys.argv[1], {name: int(n) for name, n in (text.split("=") for text in sys.argv[2:])})
