#!/usr/bin/python3
"""Log-likelihoods of learners of beliefs and of the card gambling model, on drawn trials and on people.

Writes beliefs.json, which tests/unit/beliefs_test.cpp compares with. Behrens' grid filter and the continuous
HGF come from published_learners.py; the card gambling models are transcribed here from the equations of Michely
et al. (2022), doi:10.1038/s42003-022-03690-5. Gradients by differences (derivatives.py). Shares nothing with Labile.
The people's part needs the data set michely2022_ssri_gamble (LABILE_DATA, or shared/data beside the repository) and is
kept as it was without.

    /usr/bin/python3 tests/oracles/beliefs.py
"""
import csv
import json
import os
import random
from math import exp, log

import derivatives
import published_learners as published

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "beliefs.json")
DATA = os.environ.get("LABILE_DATA", os.path.join(HERE, "..", "..", "..", "shared", "data"))


def log_accept(v, accepted):
    """ln P of accepting, or of declining, a gamble of value v."""
    x = v if accepted else -v
    return -log(1 + exp(-x)) if x > -30 else x - log(1 + exp(x))


def deck_gambling(p, deck, number, choice, outcome, fresh):
    """Models 5 (net 0) and 6 (net 1): one log P a trial, and the deck values before each."""
    q, ll, values = [0.0] * 3, [], []
    for d, n, c, r, new in zip(deck, number, choice, outcome, fresh):
        if new:
            q = [0.0] * 3
        values.append(q[:])
        if c is None:
            ll.append(0.0)
            continue
        norm = (2 * ((n - 1) / 8) - 1) * -1
        ll.append(log_accept(p["bias"] + p["beta_number"] * norm + p["beta_deck"] * q[d], c == 1))
        if c != 1 or r is None:
            continue
        error = r - q[d] - (norm if p["net"] == 1 else 0.0)
        if r == 1:
            q[d] += p["lr_win"] * error
        elif r == -1:
            q[d] += p["lr_loss"] * error
        else:
            q[d] += (p["lr_win"] + p["lr_loss"]) / 2 * error
    return ll, values


def gaps(draw, n, *columns):
    for column in columns:
        for t in draw.sample(range(n), n // 10):
            column[t] = None


def behrens_cases(draw):
    """Missing choices and outcomes; a trial that taught nothing is left out, so the oracle never sees it."""
    cases = []
    for beta, magnitudes, with_right in ((3.0, False, False), (0.05, True, False), (1.2, False, True)):
        n = 90
        right = [1 if draw.random() < (0.8 if t // 30 % 2 else 0.25) else 0 for t in range(n)]
        choice = [draw.randrange(2) for _ in range(n)]
        outcome = [1 if c == r else 0 for c, r in zip(choice, right)]
        gaps(draw, n, choice, outcome)
        outcome = [None if c is None else r for c, r in zip(choice, outcome)]
        if with_right:
            known = [None if draw.random() < 0.2 else r for r in right]
            u = [k if k is not None else (r if o is not None else None)
                 for k, r, o in zip(known, right, outcome)]
        else:
            known = None
            u = [r if o is not None else None for r, o in zip(right, outcome)]
        m0 = [draw.randrange(1, 100) for _ in range(n)] if magnitudes else [1.0] * n
        m1 = [100 - m for m in m0] if magnitudes else [1.0] * n
        # The filter over the trials that taught something; the trials between see the same prediction.
        taught = [t for t in range(n) if u[t] is not None]
        t = published.behrens_grid({"beta": beta}, {"input": [u[k] for k in taught] + [None],
                                                    "choice": [None] * (len(taught) + 1)})["trajectories"]
        rate, spread, at = [], [], 0
        for k in range(n):
            rate.append(t["q"][at])
            spread.append(t["K"][at - 1] if at else sum(published._behrens_tables["K"]) / 53)
            at += u[k] is not None
        of = lambda p, rows=list(zip(choice, rate, m0, m1)): [
            0.0 if c is None else published.binary_loglik(p["beta"] * (m1 * q - m0 * (1 - q)), c) for c, q, m0, m1 in rows]
        case = {"learner": "behrens", "options": 2, "params": {"beta": beta},
                "trials": [list(x) for x in zip(choice, outcome)], "loglik": of({"beta": beta}), "rate": rate,
                "log_spread": spread, "of": of}
        if known is not None:
            case["right"] = [-1 if k is None else k for k in known]
        if magnitudes:
            case["inputs"] = {"magnitude_0": m0, "magnitude_1": m1}
        cases.append(case)
    return cases


def by_levels(p, levels):
    """Parameters as published_learners.py wants them: a list over levels."""
    each = lambda name, n: [p["%s%d" % (name, i + 1)] for i in range(n)]
    return dict(levels=levels, mu=each("mu", levels), pi=each("pi", levels), omega=each("omega", levels),
                kappa=each("kappa", levels - 1), log_alpha=log(p["alpha"]), log_zeta=log(p["zeta"]))


def hgf_cases(draw):
    cases = []
    for levels in (2, 3):
        for scale, om, ka in ((1.0, (5.5, -3.5, -5.0), (1.0, 0.8)), (0.02, (-3.0, -4.0, -6.0), (0.7, 1.1))):
            n, mean = 80, 0.0
            u, report = [], []
            for t in range(n):
                mean = draw.uniform(-60, 60) if t % 25 == 0 else mean
                u.append(scale * (mean + draw.gauss(0, 10)))
                report.append(scale * (mean + draw.gauss(0, 15)))
            gaps(draw, n, u, report)
            s2 = scale * scale
            p = dict(mu1=5 * scale, pi1=0.02 / s2, mu2=0.2, pi2=1.5, omega1=om[0], omega2=om[1], kappa1=ka[0],
                     alpha=110 * s2, zeta=200 * s2)
            if levels == 3:
                p.update(mu3=-0.3, pi3=0.8, omega3=om[2], kappa2=ka[1])
            trials = {"input": u, "report": report}
            filtered = lambda p, levels=levels, trials=trials: published.hgf_continuous(by_levels(p, levels), trials)
            r = filtered(p)
            cases.append({"learner": "hgf_continuous_%dlevel" % levels, "options": 1, "params": p,
                          "trials": [[0, x] for x in u], "report": report, "loglik": r["loglik"],
                          "surprise": sum(r["trajectories"]["surprise"]),
                          "mu1": r["trajectories"]["muhat1"], "of": lambda p, at=filtered: at(p)["loglik"]})
    return cases


PEOPLE = dict(lr_win=.35, lr_loss=.2, bias=.3, beta_number=2.5, beta_deck=1.7, net=1.0)


def gambling_cases(draw):
    cases = []
    for net, rates in ((1.0, (.3, .12)), (0.0, (.15, .4))):
        n = 120
        deck = [draw.randrange(3) for _ in range(n)]
        number = [float(draw.randrange(1, 10)) for _ in range(n)]
        choice = [draw.randrange(2) for _ in range(n)]
        outcome = [draw.choice([1, 1, 0, -1, -1]) if c == 1 else 0 for c in choice]
        gaps(draw, n, choice, outcome)
        fresh = [int(t == 0 or t == 70) for t in range(n)]
        p = dict(lr_win=rates[0], lr_loss=rates[1], bias=-.4, beta_number=1.8, beta_deck=2.6, net=net)
        of = lambda p, trials=(deck, number, choice, outcome, fresh): deck_gambling(p, *trials)[0]
        cases.append({"learner": "deck_gambling", "options": 2, "params": p, "states": 3, "state": deck,
                      "fresh": fresh, "inputs": {"computer_number": number},
                      "trials": [list(x) for x in zip(choice, outcome)], "loglik": of(p), "of": of})
    return cases


def people():
    """Each person's log-likelihood over both sessions, decks starting afresh with a session."""
    path = os.path.join(DATA, "michely2022_ssri_gamble", "michely2022_ssri_gamble.csv")
    rows = list(csv.DictReader(open(path)))
    by = {}
    for r in rows:
        by.setdefault(r["subject"], []).append(r)
    out = []
    for name, trials in by.items():
        column = lambda k, f: [f(t[k]) if t[k] != "" else None for t in trials]
        choice, session = column("choice", int), column("session", int)
        fresh = [t == 0 or session[t] != session[t - 1] for t in range(len(trials))]
        ll, _ = deck_gambling(PEOPLE, [d - 1 for d in column("deck", int)], column("computer_number", float), choice,
                              column("outcome", float), fresh)
        out.append([name, sum(ll)])
    return {"params": PEOPLE, "loglik": out}


def main():
    # science.md D2, L7: outcomes 1, 1, 1, 0, 1 give these posterior means of the rate.
    five = published.behrens_grid({"beta": 1.0}, {"input": [1, 1, 1, 0, 1], "choice": [None] * 5})
    for found, expected in zip(five["trajectories"]["p"], (.657935, .731244, .773289, .618895, .681631)):
        assert abs(found - expected) < 1e-6
    draw = random.Random(11)
    result = {"cases": behrens_cases(draw) + hgf_cases(draw) + gambling_cases(draw)}
    for number, case in enumerate(result["cases"]):
        derivatives.add_points(case, number, case.pop("of"))
    print(derivatives.counted(result["cases"]))
    try:
        result["people"] = people()
    except FileNotFoundError:
        print("the data set is not here: the people's numbers stay as they are")
        with open(OUT) as f:
            result["people"] = json.load(f)["people"]
    with open(OUT, "w") as f:
        json.dump(result, f, indent=None, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    main()
