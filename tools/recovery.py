#!/usr/bin/env python3
"""Parameter recovery: subjects simulated here, in Python, fitted by `labile fit`; docs/img/recovery.svg and a table.

Usage: tools/recovery.py [path of labile]; needs numpy. 200 subjects of 300 trials, two options, .8/.2, a reversal
every 30 trials (kalman: four options whose payoffs of 0 to 100 drift); parameters uniform over the ranges drawn on
the axes. The simulation shares no code with Labile: the models are those of this file and of tests/oracles.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "oracles"))
import learners as oracle  # noqa: E402

LABILE = sys.argv[1] if len(sys.argv) > 1 else "build/release/labile"
SUBJECTS, TRIALS, BLOCK = 200, 300, 30
MODELS = {
    "rescorla_wagner": {"alpha": (0.05, 0.95), "beta": (1, 10)},
    "dual_learning_rate": {"alpha_pos": (0.05, 0.95), "alpha_neg": (0.05, 0.95), "beta": (1, 10)},
    "hmm_reversal": {"hazard": (0.01, 0.3), "p_better": (0.55, 0.95), "beta": (1, 10)},
    "pearce_hall": {"kappa": (0.05, 0.95), "eta": (0.05, 0.95), "beta": (1, 10)},
    "kalman": {"sigma_d": (0.5, 8), "beta": (0.05, 0.5)},
    "experience_weighted": {"phi": (0.05, 0.95), "rho": (0.05, 0.95), "beta": (1, 10)},
    "opal": {"alpha_c": (0.05, 0.95), "alpha_g": (0.05, 0.6), "alpha_n": (0.05, 0.6), "beta": (0.5, 5)},
}


def simulate_transcribed(model, p, rng):
    """As simulate, for the transcriptions of tests/oracles, at their papers' fixed parameters (its first set)."""
    learner, sets = oracle.MODELS[model]
    options = 4 if model == "kalman" else 2
    fixed = dict(sets[0], **({"theta": 50, "sigma_o": 4, "m0": 50, "sigma_0": 4} if model == "kalman" else {}))
    p, level, rows = {**fixed, **p}, rng.normal(50, 2.8, options), []
    state = learner.start(options, p)
    for t in range(TRIALS):
        prob = np.exp([oracle.log_softmax(learner.utility(state, p), c) for c in range(options)])
        choice = int(rng.choice(options, p=prob / prob.sum()))
        if model == "kalman":  # Daw et al. (2006)
            r = float(np.clip(rng.normal(level[choice], 4), 1, 100))
            level = 0.9836 * level + (1 - 0.9836) * 50 + rng.normal(0, 2.8, options)
        else:
            r = int(rng.random() < (0.8 if choice == t // BLOCK % 2 else 0.2))
        learner.learn(state, choice, r, p)
        rows.append((choice, r))
    return rows


def simulate(model, p, rng):
    """One subject's choices and outcomes."""
    if model in oracle.MODELS:
        return simulate_transcribed(model, p, rng)
    start = 0.5 if model != "rescorla_wagner" else 0.0
    v = np.full(2, start)
    rows = []
    for t in range(TRIALS):
        good = t // BLOCK % 2
        choice = int(rng.random() < 1 / (1 + np.exp(-p["beta"] * (v[1] - v[0]))))
        r = int(rng.random() < (0.8 if choice == good else 0.2))
        rows.append((choice, r))
        if model == "hmm_reversal":  # v is the belief that an option is the better one
            prior = (1 - p["hazard"]) * v + p["hazard"] * (1 - v)
            like = np.array([p["p_better"] if o == choice else 0.2 for o in (0, 1)])
            v = prior * (like if r else 1 - like)
            v = v / v.sum()
        else:
            delta = r - v[choice]
            rate = p.get("alpha", p.get("alpha_pos") if delta >= 0 else p.get("alpha_neg"))
            v[choice] += rate * delta
    return rows


def panel(x0, y0, size, name, lo, hi, true, fitted):
    """One scatter of fitted against true values as SVG."""
    def at(v):
        return (np.clip(v, lo, hi) - lo) / (hi - lo) * size
    dots = "".join(f'<circle cx="{x0 + at(t):.1f}" cy="{y0 + size - at(f):.1f}" r="1.8"/>' for t, f in zip(true, fitted))
    return (f'<rect x="{x0}" y="{y0}" width="{size}" height="{size}" fill="none" stroke="#888"/>'
            f'<path d="M{x0},{y0 + size} L{x0 + size},{y0}" stroke="#bbb"/><g fill="#0072b2" opacity=".6">{dots}</g>'
            f'<text x="{x0}" y="{y0 - 6}">{name}</text><text x="{x0}" y="{y0 + size + 14}">{lo}</text>'
            f'<text x="{x0 + size}" y="{y0 + size + 14}" text-anchor="end">{hi}</text>'
            f'<text x="{x0 + size / 2}" y="{y0 + size + 14}" text-anchor="middle">true</text>'
            f'<text transform="translate({x0 - 5},{y0 + size / 2}) rotate(-90)" text-anchor="middle">fitted</text>')


rng = np.random.default_rng(1)
svg, print_rows = [], ["| learner | parameter | r | bias | rmse |", "|---|---|---|---|---|"]
for row, (model, ranges) in enumerate(MODELS.items()):
    truth = [{k: rng.uniform(*r) for k, r in ranges.items()} for _ in range(SUBJECTS)]
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder) / "choices.csv"
        lines = ["subject,trial,choice,outcome"]
        for s, p in enumerate(truth):
            lines += [f"s{s},{t},{c},{r}" for t, (c, r) in enumerate(simulate(model, p, rng))]
        data.write_text("\n".join(lines) + "\n")
        done = subprocess.run([LABILE, "fit", str(data), "--model", model, "--method", "map", "--json"], check=True, capture_output=True)
    fits = {s["subject"]: s["params"] for s in json.loads(done.stdout)["subjects"]}
    svg.append(f'<text x="10" y="{30 + row * 190}" font-weight="bold">{model}</text>')
    for column, (name, (lo, hi)) in enumerate(ranges.items()):
        true = np.array([p[name] for p in truth])
        fitted = np.array([fits[f"s{s}"][name] for s in range(SUBJECTS)])
        r, error = np.corrcoef(true, fitted)[0, 1], fitted - true
        print_rows.append(f"| `{model}` | {name} | {r:.2f} | {error.mean():+.3f} | {np.sqrt((error ** 2).mean()):.3f} |")
        svg.append(panel(40 + column * 180, 60 + row * 190, 120, name, lo, hi, true, fitted))
page = (f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{40 + 190 * len(MODELS)}" font-family="sans-serif" font-size="11">'
        f'<rect width="760" height="{40 + 190 * len(MODELS)}" fill="white"/>{"".join(svg)}</svg>\n')
(pathlib.Path(__file__).resolve().parent.parent / "docs" / "img" / "recovery.svg").write_text(page)
print("\n".join(print_rows))
