"""Response times through the command line: play, record, likelihood and fit, and what is refused."""
import csv
import json
import math
import sys

from labile_cli import ROOT, good, labile, says

sys.path.insert(0, str(ROOT / "tests" / "oracles"))
import published_learners as published  # noqa: E402

CARD = """\
title = "Dots"
seed = 5
subjects = 12
record = "all"
metrics = ["accuracy", "psychometric_slope", "response_time"]

[task]
name = "random_dots"
repeats = 30

[[agent]]
name = "ddm"
model = "ddm"
params = { v = 9, a = 1.4, z = 0.45, t0 = 0.25 }
"""


def play(tmp_path, card=CARD):
    (tmp_path / "card.toml").write_text(card)
    good("run", tmp_path / "card.toml", "--out", tmp_path / "run")
    return next((tmp_path / "run").rglob("trials.csv"))


def test_a_record_of_diffusion_is_scored_as_the_paper_says(tmp_path):
    trials = play(tmp_path)
    with open(trials, newline="") as f:
        rows = list(csv.DictReader(f))
    assert all(float(r["rt_s"]) > .25 for r in rows if r["choice"])
    p = dict(v=9., a=1.4, z=.45, t0=.25)
    out = json.loads(good("loglik", trials, "--model", "ddm", "--params", *[f"{k}={x}" for k, x in p.items()], "--json"))
    for subject in {r["subject"] for r in rows}:
        expected = 0.0
        for r in rows:
            if r["subject"] != subject or not r["choice"]:
                continue
            v, z = p["v"] * float(r["coherence"]), p["z"]
            if r["choice"] == "1":
                v, z = -v, 1 - z
            expected += math.log(published.ddm_lower(float(r["rt_s"]) - p["t0"], v, p["a"], z))
        assert abs(out["subjects"][subject] - expected) < 1e-6 * abs(expected)  # times are written with 7 digits or so


def test_a_fit_finds_what_played(tmp_path):
    fits = json.loads(good("fit", play(tmp_path), "--model", "ddm", "--method", "map", "--json", timeout=300))
    values = [s["params"] for s in fits["subjects"]]
    assert len(values) == 12
    for name, true, near in (("v", 9, 1.5), ("a", 1.4, .1), ("t0", .25, .02), ("z", .45, .04)):
        assert abs(sum(x[name] for x in values) / 12 - true) < near, name


def test_data_without_times_are_refused(tmp_path):
    data = tmp_path / "choices.csv"
    data.write_text("subject,choice,outcome\n" + "".join(f"1,{t % 2},{t % 3 % 2}\n" for t in range(30)))
    says(labile("fit", data, "--model", "ddm"), "response times", "rt_s")
    says(labile("loglik", data, "--model", "yu_dayan", "--params", "tau=0.01"), "target")
    says(labile("fit", data, "--model", "ddm+lapse"), "takes no parts")


def test_a_learner_with_times_refuses_tasks_it_cannot_play(tmp_path):
    card = tmp_path / "card.toml"
    card.write_text(CARD.replace("random_dots", "predictive_inference").replace("repeats = 30", "trials = 30")
                    .replace(', "psychometric_slope"', ""))
    says(labile("run", card, "--out", tmp_path / "run"), "two bounds")
