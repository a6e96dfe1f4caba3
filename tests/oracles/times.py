"""Per-trial log-likelihoods of learners with response times, from transcriptions of their papers, for times.json.

The densities and the Yu-Dayan model are those of published_learners.py; records with missing choices, times and
outcomes are made here. A case is made with a function of the parameters (Labile's names); derivatives.py takes its gradient,
there and at random points around, the data left as they are. Shares nothing with Labile.

    /usr/bin/python3 tests/oracles/times.py
"""
import json
import math
import os
import random

import derivatives
import numpy as np
import published_learners as published
from scipy.linalg import solve_banded

HERE = os.path.dirname(os.path.abspath(__file__))


def upper_probability(v, a, z):
    """Ratcliff (1978) Psychol Rev 85:59, appendix: the chance of the bound at a from z a."""
    if v == 0:
        return z
    return math.expm1(-2 * v * a * z) / math.expm1(-2 * v * a)


def diffusion(choice, rt, v, a, z, t0):
    """ln density of a choice at a time; of the choice alone without a time; nothing without a choice."""
    if choice is None:
        return 0.0
    if rt is None:
        p = upper_probability(v, a, z)
        return math.log(p if choice == 1 else 1 - p)
    if choice == 1:
        v, z = -v, 1 - z
    return math.log(published.ddm_lower(rt - t0, v, a, z))


def blank(draw, n, *columns):
    for column in columns:
        for t in draw.sample(range(n), n // 10):
            column[t] = None


def walk(draw, v, a, z, t0):
    """A rough response, for data that the model finds likely."""
    x, t, h = z * a, 0.0, 1e-3
    while 0 < x < a:
        x += v * h + math.sqrt(h) * draw.gauss(0, 1)
        t += h
    return int(x >= a), round(t + t0, 4)


def case(learner, p, choice, rt, of, outcome=None, inputs=None, **more):
    """A record; `of` takes such parameters to one log-likelihood a trial."""
    return dict(learner=learner, params=p, choice=choice, rt=rt, outcome=outcome or [None] * len(rt), inputs=inputs or {},
                loglik=of(p), of=of, **more)


def diffusions(choice, rt, shown):
    """Log-likelihoods of a record of diffusions as a function of the parameters."""
    return lambda p: [diffusion(c, t, p["v"] * x, p["a"], p["z"], p["t0"]) for c, t, x in zip(choice, rt, shown)]


def ddm(draw):
    for p in (dict(v=8., a=1.6, z=.5, t0=.3), dict(v=15., a=.9, z=.35, t0=.15), dict(v=-4., a=2.5, z=.7, t0=.4)):
        n = 120
        coherence = [draw.choice([0, .032, .064, .128, .256, .512]) * draw.choice([-1, 1]) for _ in range(n)]
        choice, rt = [list(x) for x in zip(*(walk(draw, p["v"] * c, p["a"], p["z"], p["t0"]) for c in coherence))]
        blank(draw, n, choice, rt)
        yield case("ddm", p, choice, rt, diffusions(choice, rt, coherence), inputs=dict(coherence=coherence))
    # Not shown: full coherence.
    p = dict(v=1.3, a=1.4, z=.55, t0=.25)
    choice, rt = [list(x) for x in zip(*(walk(draw, p["v"], p["a"], p["z"], p["t0"]) for _ in range(40)))]
    yield case("ddm", p, choice, rt, diffusions(choice, rt, [1.] * 40))


def forward(k, a, z, c, t_half, end, cells=1000, dt=2e-4, growth=math.inf):
    """First-passage densities of dx = k dt + dW between -b(t) and b(t), b = a/2 (1 - c t/(t + t_half)), by the
    Fokker-Planck equation on y = x / b(t) (Crank-Nicolson; Voss & Voss 2008 for the method), from the free density at
    a time so short that no bound matters; a step is dt or growth times the time, if that is less. Returns times, lower
    and upper density."""
    b = lambda t: a / 2 * (1 - c * t / (t + t_half))
    db = lambda t: -a / 2 * c * t_half / (t + t_half) ** 2
    y = np.linspace(-1, 1, cells + 1)
    h, x0 = y[1] - y[0], (z - .5) * a
    t = (min(z, 1 - z) * a) ** 2 / 60
    q = b(t) * np.exp(-(b(t) * y - x0 - k * t) ** 2 / (2 * t)) / math.sqrt(2 * math.pi * t)
    q[0] = q[-1] = 0

    def operator(t):
        """dq/dt = D q'' - (w q)', D = 1/(2 b^2), w = k/b - y b'/b, on inner points: lower, middle, upper."""
        D, w = 1 / (2 * b(t) ** 2), k / b(t) - y * db(t) / b(t)
        return D / h ** 2 + w[:-2] / (2 * h), -2 * D / h ** 2 * np.ones(cells - 1), D / h ** 2 - w[2:] / (2 * h)

    times, low, high, longest = [], [], [], dt
    while t < end:
        dt = min(longest, growth * t)
        lo, mid, up = operator(t)
        rhs = q[1:-1] + dt / 2 * (lo * q[:-2] + mid * q[1:-1] + up * q[2:])
        t += dt
        lo, mid, up = operator(t)
        band = np.zeros((3, cells - 1))
        band[0, 1:], band[1], band[2, :-1] = -dt / 2 * up[:-1], 1 - dt / 2 * mid, -dt / 2 * lo[1:]
        q[1:-1] = solve_banded((1, 1), band, rhs)
        slope = lambda f: (4 * f[1] - f[2]) / (2 * h)  # one-sided, second order, zero at the bound
        times.append(t)
        low.append(slope(q) / (2 * b(t) ** 2))
        high.append(slope(q[::-1]) / (2 * b(t) ** 2))
    return np.array(times), np.array(low), np.array(high)


def ddm_collapsing(draw):
    for p in (dict(v=8., a=2.4, z=.5, t0=.3, c=.8, t_half=.6), dict(v=5., a=1.5, z=.35, t0=.2, c=.5, t_half=.2)):
        choice, rt, coherence, loglik = [], [], [], []
        for x in (-.256, .032, .512):
            times, low, high = forward(p["v"] * x, p["a"], p["z"], p["c"], p["t_half"], 1.6)
            for c, f in ((0, low), (1, high)):
                for at in np.linspace(.06, 1.5, 25):
                    density = float(np.interp(at, times, f))
                    if at < times[0] or density < 1e-3:
                        continue
                    choice.append(c)
                    rt.append(float(at + p["t0"]))
                    coherence.append(x)
                    loglik.append(math.log(density))
        assert len(rt) > 60
        yield dict(learner="ddm_collapsing", params=p, choice=choice, rt=rt, outcome=[None] * len(rt),
                   inputs=dict(coherence=coherence), loglik=loglik, tolerance=2e-3)
    # A share of nothing that is lost: plain diffusion. What a share would change is not known from it.
    p = dict(v=6., a=1.4, z=.4, t0=.25, c=0., t_half=.6)
    coherence = [draw.choice([.064, .256]) * draw.choice([-1, 1]) for _ in range(60)]
    choice, rt = [list(x) for x in zip(*(walk(draw, p["v"] * c, p["a"], p["z"], p["t0"]) for c in coherence))]
    rt[5] = rt[9] = None
    yield case("ddm_collapsing", p, choice, rt, diffusions(choice, rt, coherence), inputs=dict(coherence=coherence),
               tolerance=2e-4, names=("v", "a", "z", "t0", "t_half"), points_tolerance=2e-4)


def close_to_a_bound(draw):
    """Starts close to a bound, or where bounds that come closer overtake them. Cells and steps are halved and
    extrapolated (second order). What is left is far below how much the two differ: each value kept differs by less than
    1e-3 (logarithm)."""
    for p in (dict(v=5., a=1.5, z=.05, t0=.2, c=.5, t_half=.2), dict(v=8., a=2.4, z=.95, t0=.3, c=.8, t_half=.6),
              dict(v=8., a=2.4, z=.7, t0=.3, c=.9, t_half=.2)):
        choice, rt, coherence, loglik, worst = [], [], [], [], 0.
        for x in (-.256, .512):
            runs = [forward(p["v"] * x, p["a"], p["z"], p["c"], p["t_half"], 1.6, cells, dt, growth)
                    for cells, dt, growth in ((2000, 4e-4, .02), (4000, 2e-4, .01))]
            near = (min(p["z"], 1 - p["z"]) * p["a"]) ** 2
            for c in (0, 1):
                for at in np.geomspace(near / 6, 1.5, 30):
                    # The logarithm bends little on the scale of ln t.
                    coarse, fine = (float(np.interp(math.log(at), np.log(r[0]), np.log(np.maximum(r[1 + c], 1e-300))))
                                    for r in runs)
                    if fine < math.log(1e-3):
                        continue
                    worst = max(worst, abs(coarse - fine))
                    choice.append(c)
                    rt.append(float(at + p["t0"]))
                    coherence.append(x)
                    loglik.append(fine + (fine - coarse) / 3)
        print("halving moves ln density by at most", worst, "in", len(rt), "values")
        assert worst < 1e-3 and len(rt) > 40
        yield dict(learner="ddm_collapsing", params=p, choice=choice, rt=rt, outcome=[None] * len(rt),
                   inputs=dict(coherence=coherence), loglik=loglik, tolerance=2e-3)


def learn(p, Q, c, r):
    if c is not None and r is not None:
        error = r - Q[c]
        Q[c] += (p["alpha_neg"] if error < 0 else p["alpha_pos"]) * error


def rl_diffusions(p, choice, rt, outcome):
    Q, out = [p["q0"], p["q0"]], []
    for c, time, r in zip(choice, rt, outcome):
        out.append(diffusion(c, time, p["v"] * (Q[1] - Q[0]), p["a"], p["z"], p["t0"]))
        learn(p, Q, c, r)
    return out


def rl_ddm(draw):
    """Pedersen et al. (2017) Psychon Bull Rev 24:1234: drift = v (Q_upper - Q_lower), two learning rates."""
    for p in (dict(alpha_pos=.3, alpha_neg=.15, v=3., a=1.6, z=.5, t0=.3, q0=.5),
              dict(alpha_pos=.1, alpha_neg=.6, v=5., a=1.1, z=.4, t0=.2, q0=0.)):
        n, Q = 120, [p["q0"], p["q0"]]
        choice, rt, outcome = [], [], []
        missing = {k: set(draw.sample(range(n), n // 10)) for k in ("choice", "rt", "outcome")}
        for t in range(n):
            c, time = walk(draw, p["v"] * (Q[1] - Q[0]), p["a"], p["z"], p["t0"])
            r = float(draw.random() < (.8 if c == (t // 40) % 2 else .2))
            choice.append(None if t in missing["choice"] else c)
            rt.append(None if t in missing["rt"] else time)
            outcome.append(None if t in missing["outcome"] else r)
            learn(p, Q, choice[-1], outcome[-1])
        yield case("rl_ddm", p, choice, rt, lambda p, record=(choice, rt, outcome): rl_diffusions(p, *record), outcome)


def yu_dayan(draw, settings=((3, 1., 1., .005), (5, .4, 1., .01), (3, 1., .3, .002), (4, .7, .6, .05)),
             times=dict(rt0=380., gain=140., sd=45.), observed=(400, 120)):
    resets = []
    for cues, xa, xn, tau in settings:
        n, right_cue, gamma = 400, 0, .9
        target, shown, valid, rt = [], [[] for _ in range(cues)], [], []
        for t in range(n):
            if t and t % 80 == 0:
                right_cue, gamma = (right_cue + 1) % cues, draw.choice([.98, .8, .7, .6])
            side = [draw.randrange(2) for _ in range(cues)]
            target.append(side[right_cue] if draw.random() < gamma else 1 - side[right_cue])
            for k in range(cues):
                shown[k].append(side[k])
            valid.append([int(s == target[-1]) for s in side])
            rt.append(max(1, round(draw.gauss(*observed))) / 1000)
        choice = list(target)
        blank(draw, n, choice, rt, target)
        valid = [None if x is None else v for x, v in zip(target, valid)]
        scored = [None if c is None else None if x is None else 1000 * x for c, x in zip(choice, rt)]
        p = dict(times, tau=tau, xi_ach=xa, xi_ne=xn, lambda0=.5, cues=cues)
        filtered = lambda p, valid=valid, scored=scored: published.yu_dayan(dict(p, n_cues=p["cues"]),
                                                                            dict(valid=valid, rt=scored))
        # Theirs is a density per ms, Labile's per second.
        of = lambda p, at=filtered, valid=valid, scored=scored: [
            0.0 if s is None or v is None else x + math.log(1000) for s, v, x in zip(scored, valid, at(p)["loglik"])]
        resets.append(sum(filtered(p)["trajectories"]["reset"]))
        inputs = {f"cue_{k}": shown[k] for k in range(cues)}
        inputs["target"] = target
        yield case("yu_dayan", p, choice, rt, of, inputs=inputs)
    print("resets:", resets)
    assert sum(resets) > 10


def yu_dayan_early(draw):
    """Spreads so wide that the share of the normal distribution above 0 counts."""
    yield from yu_dayan(draw, ((3, 1., 1., .02),), dict(rt0=60., gain=50., sd=110.), (110, 90))
    yield from yu_dayan(draw, ((3, 4., 3., .1),), dict(rt0=20., gain=90., sd=50.), (40, 30))  # means below 0


def signal_detection(draw):
    """Green & Swets (1966): yes as evidence passes a criterion; after an error it moves by alpha (Kac 1962)."""
    for p in (dict(d_prime=2., criterion=1., alpha=.05, beta=3.), dict(d_prime=1.2, criterion=-.5, alpha=.4, beta=1.5)):
        n = 100
        signal = [draw.randrange(2) for _ in range(n)]
        evidence = [s * 1.5 + draw.gauss(0, 1) for s in signal]
        choice, outcome = [draw.randrange(2) for _ in range(n)], None
        outcome = [float(x == s) for x, s in zip(choice, signal)]
        blank(draw, n, choice, outcome)
        yield case("signal_detection", p, choice, [None] * n,
                   lambda p, record=(signal, evidence, choice, outcome): detections(p, *record), outcome,
                   dict(evidence=evidence))


def detections(p, signal, evidence, choice, outcome):
    out, c = [], p["criterion"]
    for s, e, y, r in zip(signal, evidence, choice, outcome):
        if y is None:
            out.append(0.0)
            continue
        u = p["beta"] * p["d_prime"] * (e - c)
        out.append(float(published.log_logistic(u if y == 1 else -u)))
        if r is not None and y != s:
            c += p["alpha"] if y == 1 else -p["alpha"]
    return out


def collapsing_gradients():
    """Derivatives in all parameters where bounds do come closer, which nothing closed has: of the numerical solution, by
    differences from two steps so wide that its own error, which varies little with the parameters, hardly counts. Both
    solutions are good to 2e-3, so gradients are not compared to more."""
    for p, x in ((dict(v=8., a=2.4, z=.5, t0=.3, c=.8, t_half=.6), .256),
                 (dict(v=5., a=1.5, z=.35, t0=.2, c=.5, t_half=.2), -.128)):
        choice, rt = [0] * 18 + [1] * 18, [float(at + p["t0"]) for at in np.linspace(.1, 1.2, 18)] * 2

        def of(p):
            times, *densities = forward(p["v"] * x, p["a"], p["z"], p["c"], p["t_half"], 1.5)
            return [math.log(np.interp(t - p["t0"], times, densities[c])) for c, t in zip(choice, rt)]

        def slope(name):
            at = lambda h: derivatives.total(of({**p, name: p[name] + h}))
            wide, narrow = ((at(h) - at(-h)) / (2 * h) for h in (.02 * p[name], .01 * p[name]))
            return narrow + (narrow - wide) / 3
        record = case("ddm_collapsing", p, choice, rt, of, inputs=dict(coherence=[x] * 36), tolerance=2e-3,
                      points_tolerance=2e-3)
        del record["of"]
        record["points"] = [dict(params=p, loglik=derivatives.total(record["loglik"]), gradient={k: slope(k) for k in p})]
        yield record


def main():
    # science.md D2, L17 and L18.
    assert abs(upper_probability(1, 1, .5) - .731059) < 5e-7
    assert abs(published.ddm_lower(.3, 1.5, 2, .4) - .143662) < 5e-7
    draw, cases = random.Random(20261125), []
    for make in (ddm, rl_ddm, yu_dayan, signal_detection, ddm_collapsing, close_to_a_bound,
                 yu_dayan_early):
        cases += make(draw)
    for number, c in enumerate(cases):
        if "of" in c:
            derivatives.add_points(c, number, c.pop("of"), c.pop("names", None))
    cases += collapsing_gradients()
    assert all(math.isfinite(x) for c in cases for x in c["loglik"])
    with open(os.path.join(HERE, "times.json"), "w") as f:
        f.write("[" + ",\n".join(json.dumps(c) for c in cases) + "]\n")
    print(len(cases), "cases,", derivatives.counted(cases))


if __name__ == "__main__":
    main()
