#!/usr/bin/python3
"""Log-likelihoods of learners on drawn trials, transcribed from the papers' equations in plain Python.

A case is made with a function of the parameters (Labile's names) that gives one log-likelihood a trial; derivatives.py
takes its gradient, there and at random points around. Writes learners.json, which tests/unit/learners_test.cpp compares
with, and checks itself against closed forms. Models of published_learners.py are turned into rows of decisions here.
Shares nothing with Labile.

    /usr/bin/python3 tests/oracles/learners.py
"""
import json
import math
import os
import random

import derivatives
import published_learners as published

HERE = os.path.dirname(os.path.abspath(__file__))


def log_softmax(u, c):
    top = max(u)
    return u[c] - top - math.log(sum(math.exp(x - top) for x in u))


def run(model, options, trials, p):
    """Per-trial log P(choice); a missing choice (None) gives 0 and teaches nothing."""
    state, out = model.start(options, p), []
    for c, r in trials:
        if c is None:
            out.append(0.0)
            continue
        out.append(log_softmax(model.utility(state, p), c))
        if r is not None:
            model.learn(state, c, r, p)
    return out


class PearceHall:
    """Li et al. (2011) Nat Neurosci 14:1250, eqs. of the hybrid model: the old associability sets the rate."""
    def start(self, n, p):
        return {"V": [p["v0"]] * n, "a": [p["alpha0"]] * n}

    def utility(self, s, p):
        return [p["beta"] * v for v in s["V"]]

    def learn(self, s, c, r, p):
        error = r - s["V"][c]
        s["V"][c] += p["kappa"] * s["a"][c] * error
        s["a"][c] = p["eta"] * abs(error) + (1 - p["eta"]) * s["a"][c]


class Kalman:
    """Daw et al. (2006) Nature 441:876, supplementary methods: gain, then decay to theta and diffusion."""
    def start(self, n, p):
        return {"mu": [p["m0"]] * n, "sd2": [p["sigma_0"] ** 2] * n}

    def utility(self, s, p):
        return [p["beta"] * m for m in s["mu"]]

    def learn(self, s, c, r, p):
        gain = s["sd2"][c] / (s["sd2"][c] + p["sigma_o"] ** 2)
        s["mu"][c] += gain * (r - s["mu"][c])
        s["sd2"][c] = (1 - gain) * s["sd2"][c]
        for i in range(len(s["mu"])):
            s["mu"][i] = p["lambda"] * s["mu"][i] + (1 - p["lambda"]) * p["theta"]
            s["sd2"][i] = p["lambda"] ** 2 * s["sd2"][i] + p["sigma_d"] ** 2


class ExperienceWeighted:
    """den Ouden et al. (2013) Neuron 80:1090: n = rho n + 1, V = (V phi n_before + r) / n."""
    def start(self, n, p):
        return {"V": [0.0] * n, "n": [0.0] * n}

    def utility(self, s, p):
        return [p["beta"] * v for v in s["V"]]

    def learn(self, s, c, r, p):
        before = s["n"][c]
        s["n"][c] = before * p["rho"] + 1
        s["V"][c] = (s["V"][c] * p["phi"] * before + r) / s["n"][c]


class HmmReversal:
    """Hampton et al. (2006) J Neurosci 26:8360: a filter over which option is the good one, over n of them. The belief
    moves when an outcome is taken in, not before the choice."""
    def start(self, n, p):
        return [1 / n] * n

    def utility(self, b, p):
        return [p["beta"] * x for x in b]

    def learn(self, b, c, r, p):
        h, n = p["hazard"], len(b)
        for i, x in enumerate(b):
            pays = p["p_better"] if i == c else p["p_worse"]
            b[i] = ((1 - h) * x + h * (1 - x) / (n - 1)) * (pays if r > 0 else 1 - pays)
        total = sum(b)
        b[:] = [x / total for x in b]


class DeltaRule:
    """Rescorla & Wagner (1972); a rate for each sign of the error: Frank et al. (2007) PNAS 104:16311."""
    def start(self, n, p):
        return [p["v0"]] * n

    def utility(self, v, p):
        return [p["beta"] * x for x in v]

    def learn(self, v, c, r, p):
        error = r - v[c]
        v[c] += p.get("alpha", p.get("alpha_neg" if error < 0 else "alpha_pos")) * error


class Opal:
    """Collins & Frank (2014) Psychol Rev 121:337, eqs. 1-5; errors below the floor count as the floor in the actors."""
    def start(self, n, p):
        return {"V": p["v0"], "G": [1.0] * n, "N": [1.0] * n}

    def utility(self, s, p):
        bg, bn = p["beta"] * (1 + p["rho"]), p["beta"] * (1 - p["rho"])
        return [bg * g - bn * n for g, n in zip(s["G"], s["N"])]

    def learn(self, s, c, r, p):
        error = r - s["V"]
        s["V"] += p["alpha_c"] * error
        error = max(error, p["floor"])
        s["G"][c] = min(5.0, max(0.05, s["G"][c] + p["alpha_g"] * s["G"][c] * error))
        s["N"][c] = min(5.0, max(0.05, s["N"][c] + p["alpha_n"] * s["N"][c] * -error))


MODELS = {
    "pearce_hall": (PearceHall(), [dict(kappa=.3, eta=.3, alpha0=.5, beta=3., v0=0.),
                                   dict(kappa=.8, eta=.65, alpha0=.9, beta=1.4, v0=.4)]),
    "kalman": (Kalman(), [dict(zip(("lambda", "theta", "sigma_d", "sigma_o", "m0", "sigma_0", "beta"),
                                   (.9836, .5, .3, .5, .5, .4, 3.))),
                          dict(zip(("lambda", "theta", "sigma_d", "sigma_o", "m0", "sigma_0", "beta"),
                                   (.8, .1, .05, 1.5, -.2, 2., 1.1)))]),
    "experience_weighted": (ExperienceWeighted(), [dict(phi=.7, rho=.5, beta=3.), dict(phi=.95, rho=.9, beta=1.7)]),
    "opal": (Opal(), [dict(alpha_c=.1, alpha_g=.1, alpha_n=.1, beta=3., rho=0., v0=.5, floor=-.7),
                      dict(alpha_c=.3, alpha_g=.6, alpha_n=.25, beta=1.5, rho=-.4, v0=.1, floor=-.3)]),
}

LATER_MODELS = {
    "rescorla_wagner": (DeltaRule(), [dict(alpha=.35, beta=2.5, v0=.2), dict(alpha=.8, beta=1.2, v0=-.3)]),
    "dual_learning_rate": (DeltaRule(), [dict(alpha_pos=.35, alpha_neg=.1, beta=2.5, v0=.4),
                                         dict(alpha_pos=.2, alpha_neg=.7, beta=4., v0=.1)]),
    "hmm_reversal": (HmmReversal(), [dict(hazard=.05, p_better=.8, p_worse=.2, beta=3.),
                                     dict(hazard=.2, p_better=.65, p_worse=.4, beta=6.)]),
}


def closed_forms():
    """science.md D2: L8, L9, L10 and the steady Kalman gain L1."""
    opal, s = Opal(), {"V": 0.0, "G": [1.0], "N": [1.0]}
    p = dict(alpha_c=.1, alpha_g=.1, alpha_n=.1, floor=-.7)
    for _ in range(10):
        opal.learn(s, 0, 1, p)
    assert all(abs(a - b) < 1e-6 for a, b in zip((s["V"], s["G"][0], s["N"][0]), (.651322, 1.876327, .508804)))
    s, p["floor"] = {"V": .5, "G": [1.0], "N": [1.0]}, -.3
    for r in (0, 0, 0, 1, 1):
        opal.learn(s, 0, r, p)
    assert all(abs(a - b) < 1e-6 for a, b in zip((s["V"], s["G"][0], s["N"][0]), (.485245, 1.026191, .964757)))
    s = {"V": [0.0], "a": [.5]}
    for r in (1, 1, 0):
        PearceHall().learn(s, 0, r, dict(kappa=.3, eta=.3))
    assert abs(s["V"][0] - .248495) < 1e-6 and abs(s["a"][0] - .591725) < 1e-6
    s = {"mu": [0.0], "sd2": [16.0]}
    for _ in range(500):
        Kalman().learn(s, 0, 0, {"lambda": 1.0, "theta": 0, "sigma_d": 2.8, "sigma_o": 4.0})
    assert abs(s["sd2"][0] - 15.786187) < 1e-6 and abs(s["sd2"][0] / (s["sd2"][0] + 16) - .4966367) < 1e-6
    # The published filter moves its belief before each choice, which divides the temperature.
    trials = [(0, 1), (0, 0), (1, 1), (0, 0), (0, 1), (1, 1), (1, 0)]
    there = published.hmm_reversal(dict(h=.1, L=.7, beta=3 / .8), dict(zip(("choice", "outcome"), zip(*trials))))["loglik"]
    here = run(HmmReversal(), 2, trials, dict(hazard=.1, p_better=.7, p_worse=.3, beta=3.))
    assert max(abs(a - b) for a, b in zip(there, here)) < 1e-14


def missing(draw, n, *columns):
    """Blanks a tenth of each column."""
    for column in columns:
        for t in draw.sample(range(n), n // 10):
            column[t] = None


def rows(learner, options, params, choice, outcome, of, **more):
    """A case; `of` takes such parameters to one log-likelihood a row."""
    return {"learner": learner, "options": options, "params": params,
            "trials": [list(x) for x in zip(choice, outcome)], "loglik": of(params), "of": of, **more}


def renamed(p, **names):
    """Parameters by their names in published_learners.py, old=new."""
    return {names.get(name, name): x for name, x in p.items()}


def rl_working_memory(draw):
    blocks = [(2, 8), (5, 6), (3, 6)]
    block, size, stimulus = [], [], []
    for b, (n, repeats) in enumerate(blocks):
        shown = list(range(n)) * repeats
        draw.shuffle(shown)
        block += [b] * len(shown)
        size += [n] * len(shown)
        stimulus += shown
    n = len(block)
    choice, outcome = [draw.randrange(3) for _ in range(n)], [draw.randrange(2) for _ in range(n)]
    missing(draw, n, choice, outcome)
    fresh = [int(t > 0 and block[t] != block[t - 1]) for t in range(n)]
    trials = dict(block=block, set_size=size, stimulus=stimulus, choice=choice, outcome=outcome)
    for p in (dict(alpha=.05, stick=.03, rho=.9, forget=.1, eps=.05, K=3., bias_wm=.2, bias_rl=.3),
              dict(alpha=.4, stick=-.08, rho=.6, forget=.3, eps=.0, K=4.4, bias_wm=1., bias_rl=0.)):
        yield rows("rlwm", 3, dict(p, beta=25.), choice, outcome, lambda p: published.rlwm(p, trials)["loglik"], states=5,
                   state=stimulus, fresh=fresh, inputs={"set_size": size})


def by_stage(r, choice1):
    """The two stages' log-likelihoods as rows: no second where there was no first choice."""
    stages = zip(choice1, r["trajectories"]["ll1"], r["trajectories"]["ll2"])
    return [x for c, one, two in stages for x in ([one] if c is None else [one, two])]


def two_step(draw):
    n = 60
    c1, c2 = [draw.randrange(2) for _ in range(n)], [draw.randrange(2) for _ in range(n)]
    room, outcome = [draw.randrange(2) for _ in range(n)], [draw.choice([0, 1, .5, -1]) for _ in range(n)]
    missing(draw, n, c1, c2, outcome)
    choice, result, state, stage = [], [], [], []
    for t in range(n):
        choice.append(c1[t]); result.append(None); state.append(0); stage.append(0)
        if c1[t] is not None:
            choice.append(c2[t]); result.append(outcome[t]); state.append(1 + room[t]); stage.append(1)
    trials, shape = dict(choice1=c1, state2=room, choice2=c2, outcome=outcome), dict(states=3, state=state, stage=stage)
    hybrid = lambda p: by_stage(published.two_step_daw(renamed(p, **{"lambda": "lam", "perseveration": "p"}), trials), c1)
    seven = lambda p: by_stage(published.ts_par7(p, trials), c1)
    for p in (dict(alpha1=.5, alpha2=.4, beta1=4., beta2=3., w=.5, perseveration=.1, p_common=.7, **{"lambda": .6}),
              dict(alpha1=.2, alpha2=.7, beta1=1.5, beta2=5., w=.9, perseveration=-.3, p_common=.7, **{"lambda": .1})):
        yield rows("two_step_hybrid", 2, p, choice, result, hybrid, **shape)
    for p in ({"a1": .5, "a2": .4, "beta1": 4., "beta2": 3., "w": .5, "lambda": .6, "pi": .4},
              {"a1": .2, "a2": .8, "beta1": 1.5, "beta2": 6., "w": .9, "lambda": .1, "pi": -.7}):
        yield rows("ts_par7", 2, p, choice, result, seven, **shape)


def go_nogo(draw):
    n = 80
    cue, choice = [draw.randrange(4) for _ in range(n)], [draw.randrange(2) for _ in range(n)]
    outcome = [draw.choice([-1, 0, 1]) for _ in range(n)]
    missing(draw, n, choice, outcome)
    trials = dict(cue=cue, choice=choice, outcome=outcome)
    for p in (dict(xi=.1, ep=.2, b=.3, pi=.5, rhoRew=5., rhoPun=3.), dict(xi=0., ep=.6, b=-1., pi=-.2, rhoRew=8., rhoPun=12.)):
        yield rows("pavlovian_bias", 2, p, choice, outcome, lambda p: published.gng_m4(p, trials)["loglik"], states=4, state=cue)


def hgf(draw):
    n = 120
    u = [int(draw.random() < (.8 if t // 30 % 2 else .25)) for t in range(n)]
    choice = [draw.randrange(2) for _ in range(n)]
    missing(draw, n, choice)
    two = dict(mu2=.3, pi2=2., omega2=-2.5, kappa1=1.2, zeta=1.7)
    three = dict(two, mu3=.8, pi3=3., omega3=-4., kappa2=.9)
    came = [None if c is None else int(c == x) for c, x in zip(choice, u)]
    # Without the column of what was right, a missing choice hides the input.
    seen = [None if c is None else x for c, x in zip(choice, u)]
    for levels, p in ((2, two), (3, three)):
        for shown, more in ((u, {"right": u}), (seen, {})):
            filtered = lambda p, levels=levels, shown=shown: published.hgf_binary(dict(p, levels=levels),
                                                                                  dict(input=shown, choice=choice))
            yield rows(f"hgf_binary_{levels}level", 2, p, choice, came, lambda p, at=filtered: at(p)["loglik"], **more,
                       surprise=sum(filtered(p)["trajectories"]["surprise"]))


def vkf(draw):
    n = 120
    u = [int(draw.random() < (.8 if t // 30 % 2 else .25)) for t in range(n)]
    choice = [draw.randrange(2) for _ in range(n)]
    missing(draw, n, choice)
    of = lambda p: published.vkf_binary(renamed(p, **{"lambda": "lam"}), dict(input=u, choice=choice))["loglik"]
    for p in (dict(v0=.1, omega=.2, beta=1.3), dict(v0=2., omega=.05, beta=.6)):
        yield rows("vkf_binary", 2, {**p, "lambda": .25}, choice,
                   [None if c is None else int(c == x) for c, x in zip(choice, u)], of, right=u)


def reports(draw):
    n, mean = 90, 150.
    outcome, report = [], []
    for t in range(n):
        mean = draw.uniform(0, 300) if draw.random() < .1 else mean
        outcome.append(mean + draw.gauss(0, 12))
        report.append((outcome[-2] if t else 150.) + draw.gauss(0, 20))
    missing(draw, n, outcome, report)
    for p in (dict(H=.1, sigma=12., sigma_report=15., U=1 / 300, tau0=.5, B0=150., anchor=0.),
              dict(H=.35, sigma=20., sigma_report=30., U=1 / 300, tau0=.2, B0=100., anchor=1.)):
        yield rows("reduced_bayes", 2, p, [0 if x is not None else None for x in report], outcome,
                   lambda p: published.reduced_bayes(p, dict(outcome=outcome, report=report))["loglik"], report=report)


def packages(draw):
    n = 80
    choice, outcome = [draw.randrange(2) for _ in range(n)], [draw.choice([-1, 1]) for _ in range(n)]
    missing(draw, n, choice, outcome)
    trials = dict(choice=choice, outcome=outcome)
    for p in (dict(A=.3, tau=1.), dict(A=.8, tau=4.)):
        yield rows("bandit2arm_delta", 2, p, choice, outcome, lambda p: published.bandit2arm_delta(p, trials)["loglik"])
    for p in (dict(Arew=.3, Apun=.6, beta=2.), dict(Arew=.9, Apun=.1, beta=5.)):
        yield rows("prl_rp", 2, p, choice, outcome, lambda p: published.prl_rp(p, trials)["loglik"])
    for p in (dict(phi=.7, rho=.5, beta=2.), dict(phi=.95, rho=.8, beta=5.)):
        yield rows("prl_ewa", 2, p, choice, outcome, lambda p: published.prl_ewa(p, trials)["loglik"])
    for p in (dict(eta_pos=.3, eta_neg=.3, alpha=.1, beta=2.), dict(eta_pos=.7, eta_neg=.2, alpha=-.4, beta=4.)):
        yield rows("fictitious", 2, p, choice, outcome,
                   lambda p: published.fictitious_update(renamed(p, eta_pos="eta"), trials)["loglik"])


def parts(draw):
    n = 80
    for options in (2, 4):
        choice = [draw.randrange(options) for _ in range(n)]
        outcome = [draw.choice([0, 1, -.5, .35]) for _ in range(n)]
        missing(draw, n, choice, outcome)
        off = dict(stickiness=0., kernel_rate=0., kernel_weight=0., lapse=0., forgetting=0.)
        for name, on in (("+stickiness", dict(stickiness=.7)), ("+lapse", dict(lapse=.12)),
                         ("+kernel", dict(kernel_rate=.3, kernel_weight=1.1)), ("+forgetting", dict(forgetting=.25)),
                         ("+lapse+forgetting+kernel+stickiness",
                          dict(stickiness=-.4, kernel_rate=.2, kernel_weight=.8, lapse=.05, forgetting=.1))):
            with_parts = {**off, **on}
            trials = dict(choice=choice, outcome=outcome)
            names = dict(stickiness="kappa", kernel_rate="alpha_ck", kernel_weight="beta_ck", forgetting="forget", v0="q0",
                         alpha_pos="alpha")
            of = lambda p, trials=trials, n=options: published.delta_learner({**renamed(p, **names), "n_arms": n},
                                                                             trials)["loglik"]
            one, two = dict(alpha=.35, beta=2.5, v0=.2), dict(alpha_pos=.35, alpha_neg=.1, beta=2.5, v0=.4)
            yield rows("rescorla_wagner" + name, options, {**one, **with_parts}, choice, outcome, of)
            yield rows("dual_learning_rate" + name, options, {**two, **with_parts}, choice, outcome, of)


def habit_and_goal(draw):
    n = 120
    for options in (2, 3):
        choice = [draw.randrange(options) for _ in range(n)]
        outcome = [draw.choice([0, 0, 1, -.2, .8]) for _ in range(n)]
        worth = [1.0] * (n // 2) + [0.0] * (n // 4) + [draw.choice([1.0, .5, -.3, 1.7]) for _ in range(n // 4)]
        missing(draw, n, choice, outcome)
        trials = dict(choice=choice, outcome=outcome, outcome_value=worth)
        of = lambda p, trials=trials, n=options: published.habit_goal({**p, "n_arms": n}, trials)["loglik"]
        base = dict(alpha=.1, beta=30., noise=.02, w_goal=.5, sharpness=10., decay=0., prior_came=.1, prior_not=1., dls=1.,
                    dms=1., dopamine=1.)
        for change in ({}, dict(alpha=.6, noise=.15, w_goal=.7, sharpness=1.5, decay=.05, prior_came=1.2, dls=.6, dms=.8,
                                dopamine=.4, beta=6.), dict(sharpness=0., w_goal=.3, beta=4.), dict(dls=0., beta=5.),
                       dict(dms=0., beta=5.), dict(dls=0., dms=0.)):
            p = {**base, **change}
            yield rows("habit_goal", options, p, choice, outcome, of, inputs={"outcome_value": worth})


def rules_over_sets(draw):
    states, sets, each = 3, 11, 24
    for options in (2, 4):
        rules = [[draw.randrange(options) for _ in range(states)] for _ in range(3)]
        number, state, choice, outcome = [], [], [], []
        for k in range(sets):
            rule = rules[draw.randrange(3)]
            for _ in range(each):
                s = draw.randrange(states)
                c = rule[s] if draw.random() < .6 else draw.randrange(options)
                number.append(float(k)); state.append(s); choice.append(c)
                outcome.append(draw.choice([1, .5]) if (c == rule[s]) == (draw.random() < .85) else draw.choice([0, -1]))
        missing(draw, len(choice), choice, outcome)
        for t in (0, each, 2 * each):  # also where sets begin
            choice[t if options == 2 else t + 1] = None
            outcome[t + 1 if options == 2 else t] = None
        trials = dict(choice=choice, outcome=outcome, state=state, set=number)
        of = lambda p, trials=trials, n=options: published.task_sets({**p, "n_arms": n, "n_states": states}, trials)["loglik"]
        base = dict(alpha=.5, beta=8., alpha_crp=1., doubt=.01, rules=6.)
        for change in ({}, dict(alpha=.9, beta=3., alpha_crp=4.), dict(alpha=.2, alpha_crp=.05, doubt=.2), dict(rules=1.),
                       dict(rules=0.), dict(alpha_crp=1e6)):
            p = {**base, **change}
            yield rows("task_sets", options, p, choice, outcome, of, states=states, state=state, inputs={"set": number})


def plain(draw, models):
    """Learners of options alone, over outcomes of many sizes and among two and four."""
    for options in (2, 4):
        trials = [[draw.randrange(options), draw.choice([0, 1, -.5, .35])] for _ in range(60)]
        for column in (0, 1):
            for t in draw.sample(range(60), 6):
                trials[t][column] = None
        for name, (model, sets) in models.items():
            for p in sets:
                of = lambda p, model=model, n=options, trials=trials: run(model, n, trials, p)
                yield rows(name, options, p, *zip(*trials), of)


def main():
    closed_forms()
    draw = random.Random(20261125)
    cases = list(plain(draw, MODELS))
    for make in (rl_working_memory, two_step, go_nogo, hgf, vkf, reports, packages, parts, habit_and_goal, rules_over_sets):
        cases += make(draw)
    cases += plain(random.Random(20261127), LATER_MODELS)  # draws of their own, so that the others keep theirs
    for number, case in enumerate(cases):
        derivatives.add_points(case, number, case.pop("of"))
    assert all(math.isfinite(x) for c in cases for x in c["loglik"])
    with open(os.path.join(HERE, "learners.json"), "w") as f:
        f.write("[" + ",\n".join(json.dumps(c) for c in cases) + "]\n")
    print(len(cases), "cases,", derivatives.counted(cases))


if __name__ == "__main__":
    main()
