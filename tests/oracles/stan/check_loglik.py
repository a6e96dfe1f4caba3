#!/usr/bin/python3
"""Compares the log-likelihoods of results/*.density.json with those of `labile loglik` at the same parameters.

    /usr/bin/python3 tests/oracles/stan/check_loglik.py DATA build/release/labile
"""
import csv
import json
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def natural(spec, x):
    if spec["transform"] == "phi":
        return spec["lo"] + spec["scale"] / (1 + math.exp(-(0.07056 * x**3 + 1.5976 * x)))
    return math.exp(x) if spec["transform"] == "exp" else x


def subjects(model, point):
    for i in range(1, model["subjects"] + 1):
        yield {"subject": i, **model["hold"],
               **{k: natural(s, point["mu." + k] + math.exp(point["log_sigma." + k]) * point[f"z.{k}.{i}"])
                  for k, s in model["parameters"].items()}}


def labile(program, data, learner, rows):
    with tempfile.TemporaryDirectory() as folder:
        params = os.path.join(folder, "params.csv")
        with open(params, "w", newline="") as f:
            w = csv.DictWriter(f, list(rows[0]))
            w.writeheader()
            w.writerows(rows)
        out = subprocess.run([program, "loglik", data, "--model", learner, "--params", params, "--json"],
                             capture_output=True, text=True, check=True)
    return json.loads(out.stdout)["total"]


def main(data, program):
    with open(os.path.join(HERE, "models.json")) as f:
        models = json.load(f)
    bad = 0
    for name, model in models.items():
        with open(os.path.join(HERE, "results", name + ".density.json")) as f:
            density = json.load(f)
        worst = 0
        for at in density["at"]:
            rows = list(subjects(model, dict(zip(density["names"], at["point"]))))
            ours = labile(program, os.path.join(data, name + ".csv"), model["learner"], rows)
            worst = max(worst, abs(ours - at["log_likelihood"]))
        wrong = worst > (1e-6 if name == "rl_ddm" else 1e-9)  # Stan's Wiener density has an error of 1e-6
        bad += wrong
        print(f"{name}: {worst:.1e} {'WRONG' if wrong else ''}")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
