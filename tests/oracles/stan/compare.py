#!/usr/bin/python3
"""`labile fit` beside Stan: posteriors of all models whose results are here, and effective draws a second.

    /usr/bin/python3 tests/oracles/stan/compare.py posterior DATA [MODEL ...]   # against MODEL.posterior.json, else MODEL.speed.json
    /usr/bin/python3 tests/oracles/stan/compare.py speed DATA [MODEL ...]       # against MODEL.speed.json

DATA is the folder that make_data.py wrote. Means have to agree within 4 combined MCSE, standard deviations within 5% or 4 MCSE.
Subjects' values and those of the group count alike; exit code 1 when any is outside. What was found goes to results/compared.json. Speed: minimum bulk effective draws of mu, sigma
and all subjects' parameters over processor seconds, warm-up (ours: empirical Bayes too) and sampling of both.
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LABILE = os.environ.get("LABILE_BIN", str(HERE.parents[2] / "build/release/labile"))
SPECS = json.loads((HERE / "models.json").read_text())


def group_text(name, p):
    kind = f"phi {p['lo']} {p['scale']}" if p["transform"] == "phi" else p["transform"]
    spread = "cauchy" if p["sigma_prior"][0] == "half_cauchy" else "sigma"
    return f"{name} = {kind} mu {p['mu_prior'][1]} {p['mu_prior'][2]} {spread} {p['sigma_prior'][1]}"


def fit(model, data, *more):
    spec = SPECS[model]
    say = [LABILE, "fit", f"{data}/{model}.csv", "--model", spec["learner"], "--json", "--jobs", "1", *more]
    for name, p in spec["parameters"].items():
        say += ["--group", group_text(name, p)]
    if spec["hold"]:
        say += ["--hold", ",".join(f"{k}={v}" for k, v in spec["hold"].items())]
    return json.loads(subprocess.run(say, check=True, capture_output=True, text=True).stdout)


def pairs(stan, ours):
    """Every quantity that both have: name, Stan's, ours."""
    for kind, name in (("mu", "mu[{}]"), ("sigma", "sigma[{}]"), ("value", "{}")):
        block = stan["group"][kind]
        for i, p in enumerate(block["parameter"]):
            yield name.format(p), {k: block[k][i] for k in ("mean", "sd", "mcse_mean", "mcse_sd")}, ours["group"][name.format(p)]
    for p, block in stan["subjects"].items():
        for i in range(len(block["mean"])):
            yield f"{p}[{i + 1}]", {k: block[k][i] for k in ("mean", "sd", "mcse_mean", "mcse_sd")}, ours["subjects"][i]["posterior"][p]


def results(model, what):
    """The file to compare with; the shorter runs hold posteriors too."""
    file = HERE / "results" / f"{model}.{what}.json"
    return file if file.exists() or what == "speed" else HERE / "results" / f"{model}.speed.json"


def compare(model, data):
    stan = json.loads(results(model, "posterior").read_text())
    ours = fit(model, data, "--draws", "2000", "--warmup", "500", "--adapt-delta", "0.9")
    bad, count, worst_mean, worst_sd = [], 0, 0.0, 0.0
    for name, a, b in pairs(stan, ours):
        count += 1
        combined = (a["mcse_mean"] ** 2 + b["mcse_mean"] ** 2) ** 0.5
        z = abs(a["mean"] - b["mean"]) / combined
        spread = abs(a["sd"] - b["sd"]) / (a["mcse_sd"] ** 2 + b.get("mcse_sd", 0) ** 2) ** 0.5
        part = abs(a["sd"] / b["sd"] - 1)
        worst_mean = max(worst_mean, z)
        worst_sd = max(worst_sd, min(spread / 4, part / 0.05))
        if z > 4 or (part > 0.05 and spread > 4):
            bad.append(f"  {name}: Stan {a['mean']:.5g} (sd {a['sd']:.4g}), ours {b['mean']:.5g} (sd {b['sd']:.4g}), z {z:.1f}")
    print(f"{model}: {count} quantities, largest mean difference {worst_mean:.2f} combined MCSE, sd {worst_sd:.2f} of what is allowed; "
          f"{len(bad)} outside; ours {ours['diagnostics']['divergences']} divergences, R-hat {ours['diagnostics']['max_rhat']:.4f}")
    print("\n".join(bad[:10]), end="\n" if bad else "", flush=True)
    return {"quantities": count, "largest_mean_difference_mcse": round(worst_mean, 3), "largest_sd_share_of_allowed": round(worst_sd, 3),
            "outside": bad, "stan": results(model, "posterior").name, "max_rhat": round(ours["diagnostics"]["max_rhat"], 4),
            "divergences": ours["diagnostics"]["divergences"]}


def speed(model, data):
    stan = json.loads(results(model, "speed").read_text())
    ours = fit(model, data)
    t = ours["timing"]
    cpu = t["start_cpu_s"] + t["warmup_cpu_s"] + t["sampling_cpu_s"]
    least = min(q["ess_bulk"] for name, q in ours["group"].items() if "[" in name)
    least = min([least] + [q["ess_bulk"] for s in ours["subjects"] for q in s["posterior"].values()])
    theirs = min(stan["min_ess_bulk"]["group"], stan["min_ess_bulk"]["subjects"])
    stan_cpu = sum(stan["warmup_s"]) + sum(stan["sampling_s"])
    ratio = (least / cpu) / (theirs / stan_cpu)
    print(f"{model}: Stan {theirs:.0f} in {stan_cpu:.1f} s = {theirs / stan_cpu:.1f}/s; ours {least:.0f} in {cpu:.2f} s = {least / cpu:.0f}/s, "
          f"{1e6 * (t['warmup_cpu_s'] + t['sampling_cpu_s']) / t['gradients']:.0f} us a gradient; ratio {ratio:.1f}", flush=True)
    return ratio


if __name__ == "__main__":
    what, data, *models = sys.argv[1:]
    models = models or [m for m in SPECS if results(m, what).exists()]
    if not models:
        sys.exit(f"no results/*.{what}.json to compare with: run_stan.R makes them")
    if what == "posterior":
        found = {m: compare(m, data) for m in models}
        (HERE / "results" / "compared.json").write_text(json.dumps(found, indent=1) + "\n")
        sys.exit(any(f["outside"] for f in found.values()))
    ratios = [speed(m, data) for m in models]
    product = 1.0
    for r in ratios:
        product *= r
    print(f"geometric mean {product ** (1 / len(ratios)):.1f}")
