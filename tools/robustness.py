#!/usr/bin/python3
"""How far Flex's lesion signatures depend on its parameters, with a fixed and with a homeostatic threshold.

    /usr/bin/python3 tools/robustness.py [--labile BUILD/labile] [--out docs/robustness.json] [--svg FILE]

24 parameters times log-normal noise of sd .10 and .25, 40 draws each; in each draw 100 agents a condition reverse once
(80 + 80 trials, p = 1 and .8), intact and under four lesions at the reversal. The two circuits get the same draws; the
homeostatic one has two parameters more, which vary too. Counted is the share of draws that keep each effect (at least
1.5 times intact; credit precision: at least .1 less, at both p), and measured when the intact circuit's noradrenaline
bursts. Parameters, effects, bounds and caps are those of the reference circuit's sweep, so that shares compare with its;
its draws are others.

Two more runs say what a threshold can do at all (1000 agents): fixed ones from 1 to 3.25 in the same reversal, with the
share of changes that noradrenaline bursts on within three trials and the share of late trials on which it bursts for
nothing, also without slips of encoding; and both circuits over 16 blocks of 80 trials.

A card holds one set of parameters an agent and no share of sets; hence a script. Needs numpy. docs/robustness.md says
what came out.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
SD, DRAWS, AGENTS, SEED = (0.10, 0.25), 40, 100, 500
VARIED = ["ne_threshold", "ser_threshold", "evidence_leak", "ne_temperature", "ne_reset", "ne_refractory", "ne_recovery", "blank",
          "history_weight", "w_habit", "alpha_H", "alpha_G", "alpha_V", "ser_loss", "ach_learning", "attention", "n_trust",
          "history_rate", "ne_exploration", "beta_G", "attention_reset", "attention_kept", "attention_decay", "attention_max"]
CAPS = {"evidence_leak": 0.97, "ne_recovery": 0.97, "ne_reset": 0.95, "attention_reset": 0.95}
FOLLOWS = {"alpha_G": "alpha_N", "beta_G": "beta_N"}  # of opponent actors, N follows G
HOMEOSTATIC = {"ne_adaptation": 0.235, "ne_set_point": 0.02}  # src/learners/flex.cpp says where these come from
CIRCUITS = ("fixed", "homeostatic")
LESIONS = {"DA": ("da.release", 0.35), "ACh": ("ach.release", 0.3), "NE": ("ne.release", 0.1), "5-HT": ("ser.release", 0.2)}
EFFECTS = ["DA lag, p = 1", "DA lag, p = .8", "ACh precision", "ACh regressive errors, p = 1", "NE lag, p = 1", "NE lag, p = .8",
           "5-HT false switches", "5-HT lose-shift, p = .8"]
METRICS = ["switch_lag", "credit_precision", "regressive_errors", "false_switches", "lose_shift_misleading", "ne_latency",
           "ne_hit_rate", "ne_false_alarms"]
THRESHOLDS = (1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25)
BLOCKS, LONG = (1, 2, 4, 8, 15), 16
INTACT = {"false alarms": "ne_false_alarms", "latency": "ne_latency", "hit rate": "ne_hit_rate"}


def defaults(labile):
    """name -> (default, lowest, highest) of Flex."""
    told = json.loads(subprocess.run([labile, "describe", "learner", "--json"], check=True, capture_output=True, text=True).stdout)
    flex = next(e for e in told if e["name"] == "flex")
    return {p["name"]: (float(p["default"]), p["low"], p["high"]) for p in flex["parameters"]}


def varied(table, sd, draw):
    """Parameters of both circuits in one draw."""
    noise = iter(np.random.default_rng([SEED, draw]).standard_normal(len(VARIED) + len(HOMEOSTATIC)))
    perturbed = lambda name, x: float(np.clip(min(x * np.exp(sd * next(noise)), CAPS.get(name, np.inf)), *table[name][1:]))
    common = {name: perturbed(name, table[name][0]) for name in VARIED}
    common |= {FOLLOWS[name]: x for name, x in common.items() if name in FOLLOWS}
    return {"fixed": common, "homeostatic": common | {name: perturbed(name, x) for name, x in HOMEOSTATIC.items()}}


def card(agents, seed, metrics, subjects=AGENTS, blocks=2, ps=("1.0", "0.8"), lesions=LESIONS):
    """A card of agents (name -> parameters) in `blocks` blocks; metrics are (name, id, block)."""
    text = (f'seed = {seed}\nsubjects = {subjects}\nrecord = "summary"\n[bootstrap]\nresamples = 100\n'
            f'[task]\nname = "feature_reversal"\nblocks = {[80] * blocks}\nrelevant = [0]\ngood = [0, 1]\n')
    for name, said, block in metrics:
        text += f'[[metric]]\nname = "{name}"\nid = "{said}"\nblocks = {block}\n'
    for p in ps:
        text += f'[[variant]]\nname = "{p}"\ntask = {{ p_better = {p} }}\n'
    for name, parameters in agents.items():
        given = ", ".join(f"{k} = {v!r}" for k, v in parameters.items())
        text += f'[[agent]]\nname = "{name}"\nmodel = "flex"\nparams = {{ {given} }}\n'
    for name, (target, amount) in lesions.items():
        text += f'[[manipulation]]\ncondition = "{name}"\nop = "scale"\ntarget = "{target}"\namount = {amount}\nat = "reversal"\n'
    return text


def run(labile, text):
    """(agent, p, condition) -> metric -> value."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "card.toml").write_text(text)
        subprocess.run([labile, "run", path / "card.toml", "--out", path / "out"], check=True, capture_output=True)
        cells = json.loads((path / "out" / "results.json").read_text())["cells"]
    # A metric that is not defined, such as lose-shift without losses, counts as 0, as in the reference.
    return {(c["agent"], c["variant"], c["condition"]): {m: v["value"] or 0.0 for m, v in c["metrics"].items()} for c in cells}


def kept(cells, circuit):
    """Which of EFFECTS this draw keeps."""
    value = lambda p, condition, metric: cells[circuit, p, condition][metric]
    grows = lambda p, condition, metric: value(p, condition, metric) >= 1.5 * value(p, "intact", metric)
    drops = lambda p: value(p, "intact", "credit_precision") - value(p, "ACh", "credit_precision") >= 0.1
    switches = lambda condition: value("1.0", condition, "false_switches") + value("0.8", condition, "false_switches")
    return [grows("1.0", "DA", "switch_lag"), grows("0.8", "DA", "switch_lag"), drops("1.0") and drops("0.8"),
            grows("1.0", "ACh", "regressive_errors"), grows("1.0", "NE", "switch_lag"), grows("0.8", "NE", "switch_lag"),
            switches("5-HT") >= 1.5 * switches("intact"), grows("0.8", "5-HT", "lose_shift_misleading")]


def wilson(k, n, z=1.96):
    """95% interval of a share."""
    middle, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return [round(float(middle - half), 3), round(float(middle + half), 3)]


def summary(keeps, intact):
    """Shares of one circuit at one sd, and quartiles over draws of what its intact agents do."""
    n = len(keeps)
    out = {"shares": {e: {"share": round(k / n, 3), "interval": wilson(k, n)} for e, k in zip(EFFECTS, map(sum, zip(*keeps)))},
           "intact": {}}
    for p in ("1.0", "0.8"):
        rows = [i[p] for i in intact]
        out["intact"][p] = {name: [round(float(q), 3) for q in np.quantile([r[m] for r in rows], [0.25, 0.5, 0.75])]
                            for name, m in INTACT.items()}
        out["intact"][p]["draws with at most 2 false alarms in 100"] = sum(r["ne_false_alarms"] <= 2 for r in rows)
        out["intact"][p]["draws with most changes hit within 3 trials"] = sum(r["ne_hit_rate"] > 0.5 for r in rows)
    return out


def sweep(labile):
    table, result = defaults(labile), {"draws": DRAWS, "agents": AGENTS, "homeostatic": HOMEOSTATIC, "sd": {}}
    measured = [(m, m, 1) for m in METRICS]
    for sd in SD:
        runs = [run(labile, card(varied(table, sd, draw), SEED + draw, measured)) for draw in range(DRAWS)]
        keeps = {c: [kept(cells, c) for cells in runs] for c in CIRCUITS}
        at = {c: summary(keeps[c], [{p: cells[c, p, "intact"] for p in ("1.0", "0.8")} for cells in runs]) for c in CIRCUITS}
        pairs = list(zip(*(keeps[c] for c in CIRCUITS)))
        at["kept by one only"] = {e: {"fixed": sum(a[i] and not b[i] for a, b in pairs), "homeostatic": sum(b[i] and not a[i] for a, b in pairs)}
                                  for i, e in enumerate(EFFECTS)}
        result["sd"][f"{sd:.2f}"] = at
    return result


def thresholds(labile):
    """What noradrenaline does at fixed thresholds, p -> threshold -> metric, and in long sessions, circuit -> p -> block."""
    base, ps = defaults(labile)["ne_threshold"][0], ("1.0", "0.9", "0.8")
    # Serotonin's part is what moves, down to the threshold without it.
    agents = {f"{x:g}": {"ne_threshold": min(x, base), "ser_threshold": max(0.0, x / base - 1)} for x in THRESHOLDS}
    names = list(INTACT.values()) + ["switch_lag"]
    short = run(labile, card(agents, 31, [(m, m, 1) for m in names], 1000, 2, ps, {}))
    without = run(labile, card({a: x | {"encoding_noise": 0.0} for a, x in agents.items()}, 31, [(m, m, 1) for m in names], 1000, 2, ps, {}))
    wanted = [(m, f"{m} {b}", b) for b in BLOCKS for m in names]
    long = run(labile, card({"fixed": {}, "homeostatic": HOMEOSTATIC}, 32, wanted, 1000, LONG, ps, {}))
    rounded = lambda row: {k: round(v, 3) for k, v in row.items()}
    at = lambda c, p, b: rounded({m: long[c, p, "intact"][f"{m} {b}"] for m in names})
    return {"fixed": {p: {a: rounded(short[a, p, "intact"]) for a in agents} for p in ps},
            "fixed, without slips": {p: {a: rounded(without[a, p, "intact"]) for a in agents} for p in ps},
            "by block": {c: {p: {str(b): at(c, p, b) for b in BLOCKS} for p in ps} for c in CIRCUITS}}


def picture(result, path):
    """A row an effect, a panel a size of noise: shares of draws with 95% intervals."""
    left, wide, gap, top, row = 205, 250, 40, 64, 34
    colors = dict(zip(CIRCUITS, ("#888", "#0072b2")))
    width, height = left + 2 * wide + gap + 20, top + row * len(EFFECTS) + 40
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    text = lambda x, y, s, anchor="start", fill="#222": out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{s}</text>')
    for i, circuit in enumerate(CIRCUITS):
        out.append(f'<circle cx="{left + 6 + 140 * i}" cy="14" r="4" fill="{colors[circuit]}"/>')
        text(left + 16 + 140 * i, 18, f"{circuit} threshold")
    for j, (sd, at) in enumerate(result["sd"].items()):
        x0 = left + j * (wide + gap)
        text(x0 + wide / 2, 44, f"noise of {100 * float(sd):.0f}%", "middle")
        for v in (0, 0.25, 0.5, 0.75, 1):
            x = x0 + v * wide
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 10}" y2="{top + row * len(EFFECTS) - 10}" stroke="#e5e5e5"/>')
            text(x, top + row * len(EFFECTS) + 6, f"{v:g}", "middle", "#666")
        text(x0 + wide / 2, top + row * len(EFFECTS) + 26, "share of draws that keep the effect", "middle", "#666")
        for i, effect in enumerate(EFFECTS):
            y = top + row * i + 6
            if j == 0:
                text(left - 12, y + 4, effect, "end")
            for k, circuit in enumerate(CIRCUITS):
                s, yk = at[circuit]["shares"][effect], y - 5 + 10 * k
                lo, hi = (x0 + v * wide for v in s["interval"])
                out.append(f'<line x1="{lo:.1f}" x2="{hi:.1f}" y1="{yk}" y2="{yk}" stroke="{colors[circuit]}" stroke-width="1.5"/>')
                out.append(f'<circle cx="{x0 + s["share"] * wide:.1f}" cy="{yk}" r="4" fill="{colors[circuit]}"/>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(out) + "\n</svg>\n")


def threshold_picture(found, path):
    """Hits against false alarms, a panel a p; shaded is what the design asks."""
    size, gap, left, top, most = 190, 40, 56, 54, 5
    width, height = left + 3 * size + 2 * gap + 20, top + size + 50
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    text = lambda x, y, s, anchor="middle", more="": out.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222" {more}>{s}</text>')
    text(left, 18, "grey: fixed thresholds, 1 to 3.25; blue: homeostatic, blocks of a long session; shaded: asked for", "start")
    for j, p in enumerate(found["fixed"]):
        x0, y0 = left + j * (size + gap), top + size
        at = lambda row: (x0 + row["ne_false_alarms"] / most * size, y0 - row["ne_hit_rate"] * size)
        out.append(f'<rect x="{x0}" y="{top}" width="{2 / most * size:.1f}" height="{size / 2}" fill="#e5f2e5"/>')
        out.append(f'<rect x="{x0}" y="{top}" width="{size}" height="{size}" fill="none" stroke="#bbb"/>')
        text(x0 + size / 2, top - 8, f"p = {float(p):g}")
        for v in range(most + 1):
            text(x0 + v / most * size, y0 + 16, v)
        for v in (0, 0.5, 1):
            text(x0 - 6, y0 - v * size + 4, f"{v:g}", "end")
        text(x0 + size / 2, y0 + 36, "false alarms in 100 trials")
        rows = [at(r) for r in found["fixed"][p].values()]
        out.append('<polyline fill="none" stroke="#888" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in rows) + '"/>')
        for points, radius, color in ((rows, 3, "#888"), (map(at, found["by block"]["homeostatic"][p].values()), 4, "#0072b2")):
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}"/>' for x, y in points]
    text(16, top + size / 2, "changes met within 3 trials", "middle", f'transform="rotate(-90 16 {top + size / 2})"')
    path.write_text("\n".join(out) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labile", default=str(ROOT / "build" / "release" / "labile"))
    parser.add_argument("--out", default=str(ROOT / "docs" / "robustness.json"))
    parser.add_argument("--svg", default=str(ROOT / "docs" / "img" / "robustness.svg"),
                        help="the first picture; the second stands beside it as *_threshold.svg")
    a = parser.parse_args()
    result = sweep(a.labile)
    result["thresholds"] = thresholds(a.labile)
    pathlib.Path(a.out).write_text(json.dumps(result, indent=1) + "\n")
    svg = pathlib.Path(a.svg)
    picture(result, svg)
    threshold_picture(result["thresholds"], svg.with_name(svg.stem + "_threshold.svg"))
    for sd, at in result["sd"].items():
        print(f"noise {sd}: share of {DRAWS} draws, fixed and homeostatic")
        for e in EFFECTS:
            print(f"  {e:<30}" + "".join(f" {at[c]['shares'][e]['share']:.2f}" for c in CIRCUITS))


if __name__ == "__main__":
    main()
