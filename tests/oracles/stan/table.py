#!/usr/bin/python3
"""What results/ says, one line a model: Stan's times and effective draws."""
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def load(model, kind):
    path = os.path.join(HERE, "results", f"{model}.{kind}.json")
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


def mean(x):
    return sum(x) / len(x)


print("| model | run | compile s | warm-up + sampling s a chain | gradient us | leapfrogs | min bulk ESS "
      "group / sampled | ESS sampled per s, per sampling s | divergences | R-hat |")
print("|---|---|---|---|---|---|---|---|---|---|")
with open(os.path.join(HERE, "models.json")) as f:
    models = list(json.load(f))
for model in models:
    density = load(model, "density")
    us = sorted(a["gradient_us"] for a in density["at"])[2] if density else float("nan")
    for kind in ("speed", "posterior"):
        r = load(model, kind)
        if r:
            e = r["min_ess_bulk"]
            print(f"| {model} | {kind} | {r['compile']['cpu_s']:.0f} | {mean(r['warmup_s']):.1f} + "
                  f"{mean(r['sampling_s']):.1f} | {us:.0f} | {r['leapfrogs_per_draw']:.0f} | {e['group']:.0f} / "
                  f"{e['sampled']:.0f} | {r['ess_of_sampled_per_s']:.2f}, {r['ess_of_sampled_per_sampling_s']:.2f} | "
                  f"{r['divergences']} | {r['max_rhat']:.4f} |")
