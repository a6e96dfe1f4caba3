#!/usr/bin/python3
"""Derivatives of log-likelihoods, by differences alone, and random points to take them at, for the other oracles.

Shares nothing with Labile. Run as a script it checks itself against closed forms.

    /usr/bin/python3 tests/oracles/derivatives.py
"""
import math
import random

# Counts and switches: no derivative, and no other value drawn.
SETTINGS = ("anchor", "causes", "cues", "kernel", "net", "rules", "summed")
GOOD = 2e-10     # largest error, by its own estimate and relative to max(1, |g|), of a derivative that is given
STEPS = 10       # each half the last
ENOUGH = 6       # of them, where they agree
KINK = 1e-4      # slopes to the two sides that differ by more (relative) are no derivative
NOT_THERE = (ValueError, ZeroDivisionError, OverflowError)  # what a model raises outside its domain


def total(logliks):
    return math.fsum(logliks)


def first_step(x):
    """A tenth of x; where x is inside (0, 1) less than half the way out of it."""
    h = .1 * abs(x) if x else .02
    return min(h, .4 * (1 - x)) if 0 < x < 1 else h


def extrapolated(estimates, order):
    """Neville's tableau of estimates from halved steps h whose errors are a series in h^order: the entry whose distance
    from the two it was made of is least, and that distance (Ridders 1982, Adv Eng Softw 4:75)."""
    best, error, last = math.nan, math.inf, []
    for estimate in estimates:
        now, factor = [estimate], 1.
        for j, before in enumerate(last):
            factor *= 2. ** order
            now.append(now[j] + (now[j] - before) / (factor - 1))
            off = max(abs(now[-1] - now[-2]), abs(now[-1] - before))
            if off < error:
                best, error = now[-1], off
        last = now
    return best, error


def along(f, x, h):
    """Derivative, its error and the forward derivative from steps h, h / 2, .., until it is good; steps that leave the
    domain are left out."""
    here, central, forward, found = f(x), [], [], (math.nan, math.inf)
    for k in range(STEPS):
        up, down = x + h / 2 ** k, x - h / 2 ** k
        try:
            above, below = f(up), f(down)
        except NOT_THERE:
            central, forward = [], []
            continue
        central.append((above - below) / (up - down))
        forward.append((above - here) / (up - x))
        found = extrapolated(central, 2)
        if len(central) >= ENOUGH and found[1] <= .05 * GOOD * max(1., abs(found[0])):
            break
    return *found, extrapolated(forward, 1)[0]


def slope(f, x):
    """df/dx, or None where two sets of steps do not both give it to GOOD and agree, or its two sides differ."""
    found = []
    for h in (first_step(x), .73 * first_step(x)):
        value, error, forward = along(f, x, h)
        scale = max(1., abs(value))
        # Differences to both sides see the mean of two slopes where there is a kink.
        if not error <= GOOD * scale or not abs(forward - value) <= KINK * scale:
            return None
        found.append((error, value))
    if abs(found[0][1] - found[1][1]) > GOOD * max(1., abs(found[0][1])):
        return None
    return min(found)[1]


def gradient(f, params, names=None):
    """Derivative of the sum of f(params) in each of the parameters (all, or `names`), None where it cannot be told."""
    def at(name):
        return lambda x: total(f({**params, name: x}))
    return {name: None if name in SETTINGS or names is not None and name not in names else slope(at(name), x)
            for name, x in params.items()}


def moved(draw, name, x):
    """A number near x: on the logit scale between 0 and 1, where it stays, else by a factor."""
    if name in SETTINGS or x == 0 or abs(x) >= 1e6:  # a million stands for all there is
        return x
    if 0 < x < 1:
        return 1 / (1 + math.exp(-math.log(x / (1 - x)) - draw.uniform(-.4, .4)))
    if x == 1:  # may be the most that there can be
        return math.exp(-draw.uniform(.02, .3))
    return x * math.exp(draw.uniform(-.25, .25))


def near(draw, f, params):
    """Random parameters near the given ones at which the model is there."""
    for _ in range(1000):
        p = {name: moved(draw, name, x) for name, x in params.items()}
        try:
            if math.isfinite(total(f(p))):
                return p
        except NOT_THERE:
            pass
    raise AssertionError("no point near", params)


def points(seed, f, params, names=None, count=3):
    """Total and gradient at the given parameters and at random ones near them. Draws of their own: `seed` says which."""
    draw = random.Random(seed)
    at = [params] + [near(draw, f, params) for _ in range(count)]
    return [dict(params=p, loglik=total(f(p)), gradient=gradient(f, p, names)) for p in at]


def add_points(case, number, f, names=None, count=3):
    """Gives the case its `points`; `f` at its parameters is what the case says, to its tolerance."""
    off = max(abs(a - b) for a, b in zip(f(case["params"]), case["loglik"]))
    assert off <= case.get("tolerance", 1e-14), (case["learner"], off)
    case["points"] = points(f"{case['learner']} {number}", f, case["params"], names, count)


def counted(cases):
    """How many derivatives there are and which are nowhere given, in words."""
    given, names = {}, 0
    for c in cases:
        for p in c.get("points", []):
            for name, g in p["gradient"].items():
                key = c["learner"].split("+")[0] + "." + name
                given[key] = given.get(key, 0) + (g is not None)
                names += 1
    return f"{sum(given.values())} derivatives of {names}; none of {[k for k, n in given.items() if not n]}"


def checks():
    """Closed forms; kinks, thresholds and edges are not taken for derivatives."""
    p = dict(a=.3, b=-2.5, c=40., d=.999, e=0.)
    f = lambda q: [math.sin(3 * q["a"]) * math.exp(q["b"]), q["c"] ** 2.5 * 1e-3, math.log1p(-q["d"]), q["e"] + q["e"] ** 3]
    exact = dict(a=3 * math.cos(.9) * math.exp(-2.5), b=math.sin(.9) * math.exp(-2.5), c=2.5e-3 * 40 ** 1.5, d=-1000., e=1.)
    found = gradient(f, p)
    for name, g in exact.items():
        assert abs(found[name] - g) <= GOOD * max(1, abs(g)), (name, found[name], g)
    assert gradient(f, p, ["a"]) == dict(found, b=None, c=None, d=None, e=None)
    for no_slope in (abs, lambda x: max(x, 2 * x), lambda x: float(x >= 0), lambda x: math.sqrt(x), lambda x: x ** (1 / 3)):
        assert slope(no_slope, 0.) is None
    # A kink, a jump or an edge a little away leaves the slope beside it.
    for beside in (lambda x: abs(x - 1.01), lambda x: x + (x > 1.003), lambda x: x + 0 * math.sqrt(x - .99)):
        assert abs(abs(slope(beside, 1.)) - 1) <= GOOD
    draw, start = random.Random(1), dict(p, rules=6., share=1., all=1e6)
    for _ in range(200):
        q = near(draw, lambda _: [0.], start)
        assert 0 < q["a"] < 1 and .99 < q["d"] < 1 and q["b"] < -1.9 and 30 < q["c"] < 53 and 0 < q["share"] < 1
        assert q["e"] == 0 and q["rules"] == 6 and q["all"] == 1e6


if __name__ == "__main__":
    checks()
