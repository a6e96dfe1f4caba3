#!/usr/bin/python3
"""Writes a synthetic results.json (docs/dev/results.md) that holds every case the report page must draw.

    make_example.py results.json            the varied example
    make_example.py --minimal results.json  a title and empty lists

The numbers are made up from smooth curves, so that a drawing that is wrong looks wrong.
"""
import json
import math
import sys

HOSTILE = 'Reversal <b>& "lesions"</b> </script><script>document.documentElement.dataset.broken=1</script><!-- @LABILE_JS@'
CONDITIONS = ["intact", "DA lesion", "ACh lesion", "NE lesion", "5-HT lesion"]
VARIANTS = ["p = 1", "p = 0.8"]

# Trials to relearn, ceiling of performance, rate of perseveration: one row per condition.
BEHAVIOR = {
    "intact": (6.0, 0.95, 0.21), "DA lesion": (14.0, 0.85, 0.38), "ACh lesion": (10.0, 0.93, 0.30),
    "NE lesion": (8.0, 0.94, 0.22), "5-HT lesion": (6.6, 0.90, 0.45),
}
METRICS = [
    ("switch_lag", "Switch lag", "trials", "Index of the first trial of the first run of 4 correct.", "lower"),
    ("perseveration", "Perseveration", "share", "Share of choices of the old best option after the change.", "lower"),
    ("accuracy", "Accuracy", "share", "Share of choices of the best option over all trials.", "higher"),
    ("win_stay", "Win-stay", "share", "Share of repeated choices after a reward.", "none"),
    ("lose_shift", "Lose-shift", "share", "Share of changed choices after an omission.", "none"),
    ("dprime", "Pooled sensitivity d'", "1", "Over all subjects together, so it has no spread.", "higher"),
]


def estimate(value, half, n=2000):
    return {"value": value, "low": value - half, "high": value + half, "n": n}


def curve(signal, label, unit, xs, function, half):
    mean = [function(x) for x in xs]

    probability = unit in ("share of subjects", "probability")

    def spread(m):   # an interval narrows towards the ends of a probability
        return 2 * math.sqrt(max(0, m * (1 - m))) if probability else 1

    def bounded(m):
        return min(1, max(0, m)) if probability else m

    return {"signal": signal, "label": label, "unit": unit, "x": xs, "mean": mean,
            "low": [None if m is None else bounded(m - half * spread(m)) for m in mean],
            "high": [None if m is None else bounded(m + half * spread(m)) for m in mean]}


def correct(x, lag, ceiling, noise):
    if x < 0:
        return ceiling
    return (1 - ceiling) + (2 * ceiling - 1) / (1 + math.exp(-(x - lag) / (0.3 * lag))) - noise * 0.1


def modulators(xs, condition, noise):
    def bump(x, height, decay):
        return height * math.exp(-x / decay) if x >= 0 else 0.0

    lost = {name: 0.4 if condition.startswith(name) else 1.0 for name in ("DA", "ACh", "NE", "5-HT")}
    surprise = 1 - noise
    return [
        curve("da", "Dopamine", "reward", xs, lambda x: lost["DA"] * (0.05 - bump(x, 0.8 * surprise, 4.0)), 0.02),
        curve("ach", "Acetylcholine", "1", xs, lambda x: lost["ACh"] * (0.3 + noise + bump(x, 0.25, 8.0)), 0.015),
        curve("ne", "Noradrenaline", "nats", xs, lambda x: None if x == 7 else lost["NE"] * (0.2 + bump(x, 1.6 * surprise, 5.0)), 0.05),
        curve("ser", "Serotonin", "1", xs, lambda x: lost["5-HT"] * (0.5 - bump(x, 0.3, 12.0)), 0.01),
    ]


def simulated_cell(variant, condition):
    lag, ceiling, persevere = BEHAVIOR[condition]
    noise = 0.0 if variant == "p = 1" else 0.25
    lag *= 1 + 1.4 * noise
    xs = list(range(-10, 31))
    values = {
        "switch_lag": estimate(lag * 1.4, 0.14), "perseveration": estimate(persevere + noise * 0.1, 0.008),
        "accuracy": estimate(ceiling - noise * 0.5, 0.006), "win_stay": estimate(0.93 - noise * 0.2, 0.005),
        "lose_shift": estimate(0.62 - persevere * 0.5, 0.01), "dprime": estimate(0.4 + ceiling * 2 - noise, 0.05),
    }
    if condition == "NE lesion":
        values["lose_shift"] = {"value": None, "low": None, "high": None, "n": 0}
        if variant == "p = 0.8":
            del values["dprime"]
    curves = [curve("correct", "P(correct)", "share of subjects", xs,
                    lambda x: correct(x, lag, ceiling - noise * 0.4, noise), 0.02)]
    curves += modulators(xs, condition, noise)
    curves.append(curve("belief", "Belief in the new rule", "probability", xs,
                        lambda x: 0.05 if x < 0 else 1 / (1 + math.exp(-(x - lag) / 2)), 0.02))
    return {"variant": variant, "agent": "Flex", "condition": condition, "source": "simulated", "data": "",
            "subjects": 2000, "metrics": values, "curves": curves}


def people_cells():
    xs = list(range(-5, 16))
    curves = [curve("correct", "P(correct)", "share of subjects", xs, lambda x: correct(x, 7.5, 0.82, 0.2), 0.05)]
    measured = {"switch_lag": estimate(11.2, 0.9, 325), "perseveration": estimate(0.27, 0.02, 325),
                "accuracy": estimate(0.79, 0.012, 325), "lose_shift": estimate(0.44, 0.02, 325),
                "reaction_time": estimate(0.61, 0.02, 325)}
    stored = {"accuracy": {"value": 0.74, "low": None, "high": None, "n": 48}, "switch_lag": None}
    return [
        {"variant": "p = 0.8", "agent": "", "condition": "intact", "source": "people", "data": "zorowitz2023_prl3",
         "subjects": 325, "metrics": measured, "curves": curves},
        {"variant": "p = 0.75, published", "agent": "", "condition": "intact", "source": "people, stored",
         "data": "a <published> table", "subjects": None, "metrics": stored,
         "curves": [dict(curves[0], mean=[m - 0.05 for m in curves[0]["mean"]], low=None, high=None)]},
    ]


def effects(cells):
    spread = {"switch_lag": 4.0, "perseveration": 0.12, "accuracy": 0.08, "win_stay": 0.05, "lose_shift": 0.1}
    out = []
    reference = {cell["variant"]: cell for cell in cells if cell["condition"] == "intact"}
    for cell in cells:
        if cell["condition"] == "intact":
            continue
        base = reference[cell["variant"]]["metrics"]
        for name, entry in cell["metrics"].items():
            a, b = entry["value"], base[name]["value"]
            none = {"value": None, "low": None, "high": None}
            effect = {"variant": cell["variant"], "agent": "Flex", "condition": cell["condition"], "against": "intact",
                      "metric": name, "ratio": none, "difference": none, "d": None}
            if a is not None:
                effect["ratio"] = {"value": a / b, "low": a / b - 0.04, "high": a / b + 0.04}
                effect["difference"] = {"value": a - b, "low": a - b - 0.02, "high": a - b + 0.02}
                if name in spread:
                    d = (a - b) / spread[name]
                    effect["d"] = {"value": d, "low": d - 0.1, "high": d + 0.1}
            out.append(effect)
    return out


def prediction(claim, metric, contrast, relation, value, low, high, verdict, **more):
    entry = {"claim": claim, "variant": "p = 1", "agent": "Flex", "metric": metric, "contrast": contrast,
             "relation": relation, "value": value, "low": low, "high": high, "verdict": verdict, "reason": "",
             "anchor": "", "tuned": False}
    entry.update(more)
    return entry


def predictions():
    return [
        prediction("14: blunted dopamine slows abandonment of the old rule", "switch_lag", ["DA lesion", "intact"],
                   "ratio >= 1.6", 2.33, 2.27, 2.39, "supported", anchor="doi:10.1523/JNEUROSCI.5066-10.2011", tuned=True),
        prediction("15: cholinergic loss slows learning & leaves the ceiling alone", "accuracy", ["ACh lesion", "intact"],
                   "within 5%", 0.979, 0.972, 0.986, "supported", anchor="doi:10.1037/0735-7044.120.2.298"),
        prediction('16: "phasic" noradrenaline is not needed when outcomes are certain', "switch_lag",
                   ["NE lesion", "intact"], "ratio <= 1.1", 1.33, 1.30, 1.36, "refuted",
                   anchor="Yu & Dayan (2005) Neuron 46:681"),
        prediction("17: serotonin loss raises perseveration", "perseveration", ["5-HT lesion", "intact"],
                   "difference > 0", 0.24, 0.23, 0.25, "supported", variant="p = 0.8"),
        prediction("18: accuracy drops with dopamine loss in <noisy> worlds", "accuracy", ["DA lesion", "intact"],
                   "difference < -0.1", -0.1, -0.108, -0.094, "undecided", variant="p = 0.8"),
        prediction("19: lose-shift falls without noradrenaline", "lose_shift", ["NE lesion", "intact"],
                   "ratio < 1", None, None, None, "not run", reason="The metric is not defined in this cell."),
        prediction("20: accuracy lies in the range of people", "accuracy", ["intact"], "between 0.7 and 0.85",
                   0.825, 0.819, 0.831, "supported", variant="p = 0.8"),
        prediction("21: a relation in words only", "win_stay", ["intact", "DA lesion"], "about as in the paper",
                   0.93, None, None, "undecided"),
        prediction("22: the <pill> lowers learning", "", [], "difference < 0", -0.05, -0.11, 0.01, "undecided", fit="effects",
                   effect="alpha: drug: <pill> - placebo, mean over session", variant="", agent=""),
    ]


def fits():
    def histogram(peak, width, low, high, bins=16):
        edges = [low + (high - low) * i / bins for i in range(bins + 1)]
        counts = [round(60 * math.exp(-((edges[i] + edges[i + 1]) / 2 - peak) ** 2 / (2 * width ** 2))) for i in range(bins)]
        return {"edges": edges, "counts": counts}

    def parameter(name, unit, peak, width, low, high):
        return {"name": name, "unit": unit, "mean": peak, "sd": width, "median": peak, "q25": peak - 0.67 * width,
                "q75": peak + 0.67 * width, "histogram": histogram(peak, width, low, high)}

    common = {"data": "zorowitz2023_prl3", "method": "map", "subjects": 325, "trials": 29240}
    return [
        dict(common, model="rescorla_wagner", loglik=-17410.8, aic=36121.6, bic=36900.2, parameters_per_subject=2, at_bound=31,
             parameters=[parameter("alpha", "1", 0.45, 0.2, 0, 1), parameter("beta", "1/reward", 4.1, 1.9, 0, 12)]),
        dict(common, model="dual_learning_rate", loglik=-17000.1, aic=34000.2, bic=35000.3, parameters_per_subject=3, at_bound=12,
             parameters=[parameter("alpha_pos", "1", 0.55, 0.2, 0, 1), parameter("alpha_neg", "1", 0.32, 0.15, 0, 1),
                         parameter("beta", "1/reward", 4.6, 2.0, 0, 12),
                         {"name": "kappa", "unit": "1", "mean": None, "sd": None, "median": None, "q25": None, "q75": None,
                          "histogram": None}]),
        dict(common, model="random_choice", loglik=-20267.6, aic=None, bic=None, parameters_per_subject=0, at_bound=0, parameters=[]),
    ]


def pharmacology():
    """Two conditions with doses: a blocker of two sites with traces, and a precursor that the model refuses at its largest dose."""
    grid = [2 * 30 ** (k / 6) for k in range(-6, 7)]
    ms = list(range(-200, 2001, 50))

    def level(t, rest, high):
        return high if 0 <= t < 200 else 0 if 1000 <= t < 1200 else rest

    def basis(what, value, unit, sure):
        return {"what": what, "value": value, "unit": unit, "sure": sure}

    def phases(rest, burst, pause):
        return {"rest": rest, "burst": burst, "pause": pause}

    ed50 = [basis("a <pill>, dose that takes half of D2", 1.1, "mg", "guess"), basis("D2, EC50", 0.01, "µM", "recalled")]
    pill = {"drug": "a <pill>", "does": "blocks D2", "amount": 2, "unit": "mg", "usual": 2, "hours": 4, "regions": ["dorsal_striatum"]}
    course = {"hours": list(range(25)), "read": 4, "releases": [], "sure": "guess",
              "rests_on": [basis("a <pill>, half-life", 19.5, "h", "guess")],
              "sites": [{"kind": "receptor", "modulator": "DA", "site": "D2", "region": region, "taken": [0.6 * h * math.exp(1 - h / 4) / 4 for h in range(25)]}
                        for region in ("dorsal_striatum", "prefrontal")]}
    food = {"drug": "precursor", "does": "", "amount": 2, "unit": "mg", "usual": 1, "hours": None, "regions": []}
    common = {"handles": [], "trace_times": {"burst": [0, 200], "pause": [1000, 1200], "ms": ms}}
    return [
        dict(common, condition="DA lesion", doses=[pill], releases=[],
             sites=[{"kind": kind, "modulator": "DA", "site": "D2", "region": "dorsal_striatum", "taken": taken, "sure": "guess",
                     "rests_on": ed50} for kind, taken in (("receptor", 0.64), ("autoreceptor", 0.7))],
             concentrations=[{"modulator": "DA", "region": "dorsal_striatum", "intact": 0.016, "drug": 0.02, "sure": "ours", "rests_on": []}],
             activations=[{"modulator": "DA", "receptor": "D2", "region": "dorsal_striatum", "intact": phases(0.6, 0.8, 0.4),
                           "drug": phases(0.3, 0.5, 0.2), "sure": "unsure", "rests_on": []}],
             dose_response=[dict(pill, grid=grid, refused="", sure="guess", rests_on=ed50, releases=[], course=course,
                                 sites=[{"kind": "receptor", "modulator": "DA", "site": "D2", "region": "dorsal_striatum",
                                         "taken": [d / (d + 1.1) for d in grid]}],
                                 handles=[{"handle": "da.tonic", "intact": 0, "values": [-0.3 * d / (d + 1.1) for d in grid]}])],
             traces=[{"modulator": "DA", "region": "dorsal_striatum", "intact": [level(t, 0.016, 0.1) for t in ms],
                      "drug": [level(t, 0.02, 0.13) for t in ms],
                      "receptors": [{"receptor": "D2", "intact": [level(t, 0.6, 0.9) for t in ms], "drug": [level(t, 0.3, 0.5) for t in ms]}]}]),
        dict(common, condition="ACh lesion", doses=[food], sites=[], concentrations=[], activations=[], traces=[],
             releases=[{"modulator": "DA", "region": region, "times": 1.6, "added": 0, "sure": "unsure",
                        "rests_on": [basis("precursor, effect of the usual dose", 0.3, "share", "unsure")]}
                       for region in ("dorsal_striatum", "prefrontal")],
             dose_response=[dict(food, course=None, grid=grid, refused="more is released than is cleared", sure="unsure", rests_on=[], sites=[],
                                 releases=[{"modulator": "DA", "region": region, "times": [1 + 0.3 * d for d in grid[:-1]] + [None]}
                                           for region in ("dorsal_striatum", "prefrontal")],
                                 handles=[{"handle": "da.release", "intact": 1, "values": [1 + 0.2 * d for d in grid[:-1]] + [None]}])]),
    ]


def group_fits():
    def summary(mean, sd):
        return {"mean": mean, "sd": sd, "q2.5": mean - 2 * sd, "median": mean, "q97.5": mean + 2 * sd, "ess_bulk": 2100.0, "ess_tail": 1800.0,
                "rhat": 1.001, "mcse_mean": sd / 45, "mcse_sd": sd / 60}

    def histogram(mean, sd, bins=48):
        edges = [mean + sd * (-3.3 + 6.6 * i / bins) for i in range(bins + 1)]
        counts = [round(4000 * 6.6 / bins * math.exp(-(-3.3 + 6.6 * (i + 0.5) / bins) ** 2 / 2) / 2.507) for i in range(bins)]
        return {"edges": edges, "counts": counts, "prior": [0.004 + 0.001 * math.sin(i / 8) for i in range(bins)]}

    def parameter(name, unit, mean, sd, subjects):
        return {"name": name, "unit": unit, "own_share": 0.62, "histogram": histogram(mean, sd),
                "ranks": [[50 + (7 * (bin + 3 * chain)) % 11 - 5 for bin in range(20)] for chain in range(4)],
                "subjects": [{"subject": f"s<{s}>", "mean": mean + sd * 4 * math.sin(s), "low": mean + sd * (4 * math.sin(s) - 2),
                              "high": mean + sd * (4 * math.sin(s) + 2)} for s in range(subjects)]}

    def fit(name, of, model, means, **more):
        entry = {"id": name, "model": model, "method": "bayes", "of": of, "data": "", "group_name": "people", "variant": "", "agent": "",
                 "condition": "", "subjects": 40, "units": 40, "observations": 3600, "predicts": "choices",
                 "settings": {"chains": 4, "warmup": 300, "draws": 1000}, "group": {n: summary(m, s) for n, _, m, s in means},
                 "diagnostics": {"divergences": 0, "max_rhat": 1.004, "min_ess_bulk": 900.0, "warnings": [], "weak": []},
                 "loo": {"elpd": {"estimate": -1800.2, "se": 30.1}},
                 "parameters": [parameter(n, u, m, s, 40) for n, u, m, s in means], "methods": "We fitted <the learner>."}
        entry.update(more)
        return entry

    means = [("alpha", "1", 0.4, 0.03), ("beta", "1/outcome", 4.2, 0.4)]
    people = fit("effects", "people", "rescorla_wagner", means, data="a <published> set", units=80)
    people["formula"] = {"alpha": "alpha ~ drug * session + (1 + session | subject)"}
    people["cells"] = {"alpha": [dict(summary(0.4 + 0.05 * i, 0.03), at={"drug": d, "session": i + 1})
                                 for d in ("placebo", "<pill>") for i in range(2)]}
    people["effects"] = {"alpha": {"coefficients": [], "differences": [
        dict(summary(-0.05, 0.03), name="drug: <pill> - placebo, mean over session", above_0=0.06),
        dict(summary(0.05, 0.02), name="session: 2 - 1", above_0=0.99)]}}
    people["diagnostics"] = dict(people["diagnostics"], warnings=["3 draws <diverged>."], weak=["beta: hardly informed"])
    people["check"] = {"task": "restless_bandit", "replicates": 200, "notes": [], "metrics": {
        "win_stay": {"observed": 0.7, "mean": 0.68, "q2.5": 0.66, "q97.5": 0.71, "p": 0.1, "replicates": 200, "unit": "share",
                     "subjects_defined": 40, "subjects_outside": 3}}}
    people["recovery"] = {"task": "restless_bandit", "warnings": [], "trade_offs": [{"a": "alpha", "b": "beta", "r": -0.61}],
                          "parameters": [{"name": n, "unit": u, "r": r, "bias": 0.01, "rmse": 0.1, "slope": 0.7, "truth_sd": 0.2, "covered_90": 0.9,
                                          "points": [[0.1 * s, 0.1 * s + 0.05 * math.sin(7 * s)] for s in range(40)]}
                                         for n, u, r in (("alpha", "1", 0.83), ("beta", "1/outcome", 0.41))]}
    plain = fit("rescorla_wagner", "people", "rescorla_wagner", means, data="a <published> set")
    agents = [fit("circuits", "agents", "rescorla_wagner", [(n, u, m * (1 - 0.1 * i), s) for n, u, m, s in means], agent="Flex", variant="p = 1",
                  condition=condition, group_name="p = 1, Flex, " + condition) for i, condition in enumerate(CONDITIONS)]
    return [people, plain] + agents


def fit_comparisons():
    return [{"group": "people", "observations": 3600, "models": [
        {"id": "effects", "model": "rescorla_wagner", "elpd": -1800.2, "se": 30.1, "behind": 0, "behind_se": 0, "stacking": 0.8, "unreliable": 0},
        {"id": "rescorla_wagner", "model": "rescorla_wagner", "elpd": -1806.5, "se": 30.4, "behind": 6.3, "behind_se": 3.1, "stacking": 0.2,
         "unreliable": 1}]}]


def example():
    cells = [simulated_cell(variant, condition) for variant in VARIANTS for condition in CONDITIONS]
    return {
        "title": HOSTILE,
        "about": "Five agents relearn a two-armed bandit <whose> best arm changes; each lesion blunts one modulator & nothing else.",
        "tuned_on": "parameters were tuned on the switch lag of the intact and DA cells at p = 1.",
        "variants": VARIANTS, "agents": ["Flex"], "conditions": CONDITIONS,
        "metrics": [dict(zip(("id", "label", "unit", "about", "direction"), metric)) for metric in METRICS],
        "cells": cells + people_cells(), "effects": effects(cells), "predictions": predictions(), "fits": fits(),
        "group_fits": group_fits(), "fit_comparisons": fit_comparisons(), "pharmacology": pharmacology(),
        "notes": ["Data set zorowitz2023_prl3 was not found; stored numbers are shown (Zorowitz et al. 2023).",
                  "A note with <i>markup</i> & \"quotes\"."],
        "card": {"text": "# reversal under lesions\ntitle = \"Reversal\"\nseed = 21\n\n[task]\nname = \"reversal\"\np = [1.0, 0.8]\n"
                         "# a line that is much longer than any phone is wide, to see that it scrolls inside its own box and nowhere else\n",
                 "hash": "9f0c5d1e77aa41b2"},
        "manifest": {"version": "0.1.0", "build": "Release", "compiler": "g++ 12.2.0", "flags": "-O2 -ffp-contract=off",
                     "seed": 21, "host": "x86_64, 2 cores", "threads": 2, "wall_s": 3.14, "peak_mb": 120.4,
                     "started": "2026-11-23T20:00:00Z", "gpu": None},
    }


def minimal():
    return {"title": "Nothing was run", "about": "", "tuned_on": "", "variants": [], "agents": [], "conditions": [],
            "metrics": [], "cells": [], "effects": [], "predictions": [], "fits": [], "group_fits": [], "fit_comparisons": [],
            "notes": [], "card": {}, "manifest": {}}


def main(arguments):
    made = minimal() if "--minimal" in arguments else example()
    paths = [argument for argument in arguments if not argument.startswith("--")]
    if len(paths) != 1:
        sys.exit(__doc__)
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(made, file, ensure_ascii=False, indent=1, allow_nan=False)


if __name__ == "__main__":
    main(sys.argv[1:])
