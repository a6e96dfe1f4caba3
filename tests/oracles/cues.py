#!/usr/bin/python3
"""Log-likelihoods of learners of cues in compound on drawn trials, from the papers' equations in plain Python.

Writes cues.json, which tests/unit/cues_test.cpp compares with. Every learner is written here with a stimulation of
dopamine and, without one, is held against published_learners.py. Gradients by differences (derivatives.py). Shares nothing
with Labile but the numbers of one sum, FADING.

    /usr/bin/python3 tests/oracles/cues.py
"""
import json
import os
import random
from functools import lru_cache
from math import exp, isfinite

import derivatives
import published_learners as published
from published_learners import binary_loglik, clip

HERE = os.path.dirname(os.path.abspath(__file__))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def rescorla_wagner(p, x, v, r):
    error = r - dot(v, x) + p["dopamine"]
    return [vi + p["alpha"] * xi * error for vi, xi in zip(v, x)]


def pearce_hall(p, x, v, a, r):
    error = r - dot(v, x) + p["dopamine"]
    return ([vi + p["kappa"] * ai * xi * error for vi, ai, xi in zip(v, a, x)],
            [ai if xi == 0 else p["eta"] * abs(error) + (1 - p["eta"]) * ai for ai, xi in zip(a, x)])


def mackintosh(p, x, v, a, r):
    s = dot(v, x)
    new_v, new_a = v[:], a[:]
    for i, xi in enumerate(x):
        if xi != 0:
            error = (r - s if p["summed"] == 1 else r - v[i]) + p["dopamine"]
            new_v[i] = v[i] + p["lr"] * a[i] * xi * error
            others = sum(v[j] * x[j] for j in range(len(x)) if j != i)
            new_a[i] = clip(a[i] + p["gamma"] * (abs(r - others) - abs(r - v[i])), p["a_min"], 1.0)
    return new_v, new_a


def inverse(x):
    return 1 / x


# Rate and share of exponentials whose sum is 1 / x within 4e-7, by which Labile solves the fading of causes. With 1 / x
# itself values are equal to 5e-6, with this sum values and gradients to rounding.
FADING = ((4.654770338e-05, 1.202757399e-04), (2.527220628e-04, 2.973893693e-04), (6.578506233e-04, 5.248972668e-04),
          (1.337387640e-03, 8.584358152e-04), (2.442144834e-03, 1.396343398e-03), (4.251386909e-03, 2.301380195e-03),
          (7.253053141e-03, 3.836315790e-03), (1.227499147e-02, 6.433590017e-03), (2.071041913e-02, 1.081740627e-02),
          (3.490276728e-02, 1.820706192e-02), (5.879610758e-02, 3.065680520e-02), (9.903118452e-02, 5.162745952e-02),
          (1.667921278e-01, 8.695047331e-02), (2.809212333e-01, 1.464593405e-01), (4.731887765e-01, 2.467762061e-01),
          (7.972897604e-01, 4.162021680e-01), (1.344616050e+00, 7.039697747e-01), (2.274064978e+00, 1.201271219e+00),
          (3.880473273e+00, 2.109432326e+00), (6.839661369e+00, 4.143571007e+00))


@lru_cache(1 << 16)
def sum_of_exponentials(x):
    return sum(share * exp(-rate * x) for rate, share in FADING)


class Causes:
    """Hard assignments to causes of a Chinese restaurant process; cues never shown so far do not count."""

    def __init__(self, p, cues, fading=inverse):
        self.p, self.past, self.w, self.seen, self.clock, self.day = p, [], [], [False] * cues, 0.0, None
        self.fading, self.total = fading, []  # total: of the cues of each cause's trials

    def now(self, days):
        gap = 0.0 if self.day is None else max(0.0, days - self.day)
        return self.clock + 1 + self.p["day"] * gap

    def prior(self, x, days):
        """Weight of each cause in use and of a new one, by how recent it is and by the cues."""
        t = self.now(days)
        seen = [s or xi != 0 for s, xi in zip(self.seen, x)]
        masses = []
        for times, total in zip(self.past, self.total):
            mass = sum(self.fading(t - when) for when in times) if self.p["kernel"] else float(len(times))
            masses.append((mass, [one / len(times) for one in total]))
        if len(self.w) < self.p["causes"]:
            masses.append((self.p["alpha_crp"], [self.p["x_new"]] * len(x)))
        weights = [m * exp(-sum((xi - mi) ** 2 for xi, mi, s in zip(x, mean, seen) if s) / (2 * self.p["sd_x"] ** 2))
                   for m, mean in masses]
        all_of_them = sum(weights)
        return [w / all_of_them for w in weights]

    def candidates(self, n, cues):
        return [w[:] for w in self.w] + [[0.0] * cues for _ in range(n - len(self.w))]

    def expected(self, x, share):
        return dot(share, [dot(w, x) for w in self.candidates(len(share), len(x))])

    def learn(self, x, days, share, r):
        w = self.candidates(len(share), len(x))

        def judged():
            q = [s * exp(-(r - dot(wk, x)) ** 2 / (2 * self.p["sd_r"] ** 2)) for s, wk in zip(share, w)]
            all_of_them = sum(q)
            return [a / all_of_them for a in q]
        for _ in range(3):
            q = judged()
            for k, wk in enumerate(w):
                error = r - dot(wk, x) + self.p["dopamine"]
                w[k] = [wi + self.p["lr"] * q[k] * error * xi for wi, xi in zip(wk, x)]
        q = judged()
        cause = q.index(max(q))
        self.w = w[:max(len(self.w), cause + 1)]
        self.clock, self.day = self.now(days), days
        self.count(cause, x)

    def count(self, cause, x):
        """The trial is one of the cause's."""
        if cause == len(self.past):
            self.past.append([])
            self.total.append([0] * len(x))
        self.past[cause].append(self.clock)
        self.total[cause] = [a + b for a, b in zip(self.total[cause], x)]
        self.seen = [s or xi != 0 for s, xi in zip(self.seen, x)]


def run(learner, p, cues, days, choice, came, fading=inverse):
    """Log-likelihood a trial; what is not known teaches nothing, a missing choice scores nothing."""
    n, out = len(cues[0]), []
    v, a, causes = [0.0] * n, [p.get("alpha0", 0.0)] * n, Causes(p, n, fading) if learner == "latent_cause" else None
    for x, d, c, r in zip(cues, days, choice, came):
        share = causes.prior(x, d) if causes else None
        expected = causes.expected(x, share) if causes else dot(v, x)
        out.append(0.0 if c is None else binary_loglik(p["beta"] * (expected - p["theta"]), c))
        if r is None:
            continue
        if causes:
            causes.learn(x, d, share, r)
        elif learner == "cue_rescorla_wagner":
            v = rescorla_wagner(p, x, v, r)
        elif learner == "cue_pearce_hall":
            v, a = pearce_hall(p, x, v, a, r)
        else:
            v, a = mackintosh(p, x, v, a, r)
    return out, causes


RESPONSES = (dict(beta=5., theta=.5, dopamine=0.), dict(beta=2.2, theta=.35, dopamine=.3))
SETS = {
    "cue_rescorla_wagner": [dict(alpha=.3), dict(alpha=.12)],
    "cue_pearce_hall": [dict(kappa=.3, eta=.3, alpha0=.5), dict(kappa=.25, eta=.6, alpha0=.9)],
    "mackintosh": [dict(lr=.3, gamma=.2, alpha0=.5, a_min=.05, summed=1.), dict(lr=.5, gamma=.4, alpha0=.6, a_min=.1, summed=0.)],
    "latent_cause": [dict(alpha_crp=.5, lr=.2, sd_x=.4, sd_r=.4, x_new=.5, causes=10., kernel=0., day=200.),
                     dict(alpha_crp=1.5, lr=.35, sd_x=.25, sd_r=.3, x_new=.3, causes=3., kernel=0., day=20.),
                     dict(alpha_crp=.5, lr=.2, sd_x=.4, sd_r=.4, x_new=.5, causes=10., kernel=1., day=200.),
                     dict(alpha_crp=1., lr=.3, sd_x=.3, sd_r=.3, x_new=.4, causes=4., kernel=1., day=37.5)],
}


def drawn(draw, n, graded):
    cues, days, today = [], [], 0
    for t in range(n):
        x = [draw.choice([0, 1]) if t > 10 or i < 2 else 0 for i in range(4)]
        if graded:
            x = [round(draw.uniform(.1, 1), 2) for _ in x]
        elif not any(x):
            x[0] = 1
        today += draw.choice([1, 3]) if t % 25 == 24 else 0
        cues.append(x)
        days.append(today)
    came = [int(draw.random() < (.9 if x[0] > .5 and x[2] < .5 else .15)) for x in cues]
    choice = [draw.randrange(2) for _ in cues]
    for column in (came, choice):
        for t in draw.sample(range(n), n // 10):
            column[t] = None
    return cues, days, choice, came


def like_published(learner, p, cues, days, choice, came, out):
    """Without dopamine: the published transcriptions, where they say the same."""
    trials = dict(cues=cues, choice=choice, outcome=came)
    if learner == "cue_rescorla_wagner":
        there = published.rw_summed(dict(p, alpha=[p["alpha"]] * len(cues[0])), trials)
    elif learner == "cue_pearce_hall":
        there = published.pearce_hall_cues(dict(p, n_cues=len(cues[0])), trials)
    elif learner == "mackintosh":
        there = published.mackintosh(dict(p, n_cues=len(cues[0]), alpha_min=p["a_min"]), trials)
    else:  # every cue is shown from the first trial on, and all outcomes are known
        if None in came or not all(cues[0]):
            return 0
        time, now = [], 0.0
        for t in range(len(days)):
            now += 1 + (p["day"] * (days[t] - days[t - 1]) if t else 0)
            time.append(now)
        there = published.latent_cause(dict(p, sweeps=3, k_max=p["causes"]), dict(trials, time=time))
    assert max(abs(a - b) for a, b in zip(there["loglik"], out)) < 1e-10, learner
    return 1


def main():
    assert max(abs(x * sum_of_exponentials(float(x)) - 1) for x in range(1, 10000)) < 4e-7
    draw, cases, same, most = random.Random(20261126), [], {}, 0
    for learner, sets in SETS.items():
        for graded in (False, True):
            for p in sets:
                for response in RESPONSES:
                    p = dict(p, **response)
                    cues, days, choice, came = drawn(draw, 120, graded)
                    out, causes = run(learner, p, cues, days, choice, came)
                    if p["dopamine"] == 0:
                        full = [0 if r is None else r for r in came]
                        again, _ = run(learner, p, cues, days, choice, full)
                        checked = like_published(learner, p, cues, days, choice, full, again)
                        same[learner] = same.get(learner, 0) + checked
                    most = max(most, len(causes.w) if causes else 0)
                    # The sum of exponentials is within 4e-7 of 1 / x, twice that in a share; beta is up to 5.
                    tolerance = 5e-6 if p.get("kernel") else 1e-11
                    cases.append(dict(learner=learner, params=p, cues=cues, days=days, choice=choice, came=came,
                                      loglik=out, tolerance=tolerance))
                    of = lambda p: run(learner, p, cues, days, choice, came, sum_of_exponentials)[0]
                    derivatives.add_points(cases[-1], len(cases) - 1, of, count=2 if causes else 3)
    assert set(same) == set(SETS) and all(same.values()) and most > 3, (same, most)
    assert all(isfinite(x) for c in cases for x in c["loglik"])
    with open(os.path.join(HERE, "cues.json"), "w") as f:
        f.write("[" + ",\n".join(json.dumps(c) for c in cases) + "]\n")
    print(len(cases), "cases; up to", most, "causes;", same, "equal published transcriptions;",
          derivatives.counted(cases))


if __name__ == "__main__":
    main()
