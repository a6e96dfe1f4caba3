"""Learners of cues on files: columns cue_0 to cue_7, choice and input, against transcriptions of the papers."""
import csv
import json
import random
import sys

import pytest
from labile_cli import ROOT, good, labile, says

sys.path.insert(0, str(ROOT / "tests" / "oracles"))
import cues as oracle  # noqa: E402

PARAMS = {
    "cue_rescorla_wagner": dict(alpha=.25),
    "cue_pearce_hall": dict(kappa=.2, eta=.4, alpha0=.6),
    "mackintosh": dict(lr=.3, gamma=.15, alpha0=.5, a_min=.05, summed=1),
    "latent_cause": dict(alpha_crp=.6, lr=.25, sd_x=.35, sd_r=.4, x_new=.5, causes=4, kernel=0, day=50),
}


def write(path, rows):
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def drawn(draw, subject):
    rows = []
    for t in range(60):
        a, b = draw.choice([(1, 0), (0, 1), (1, 1), (.5, 1)])
        rows.append(dict(subject=subject, cue_0=a, cue_1=b, days=t // 20, choice=draw.choice(["0", "1", "1", ""]),
                         input=draw.choice(["0", "1", "1", "NA"])))
    return rows


def transcribed(model, p, rows):
    number = lambda x: None if x in ("", "NA") else int(x)
    return sum(oracle.run(model, dict(p, dopamine=0.), [[float(r["cue_0"]), float(r["cue_1"])] for r in rows],
                          [float(r.get("days", 0)) for r in rows], [number(r["choice"]) for r in rows],
                          [number(r["input"]) for r in rows])[0])


def loglik(path, model, p, *more):
    args = ",".join(f"{k}={v}" for k, v in p.items())
    return json.loads(good("loglik", path, "--model", model, "--params", args, "--json", *more))["subjects"]


@pytest.mark.parametrize("model", PARAMS)
def test_people_who_predict_an_outcome(model, tmp_path):
    draw = random.Random(4)
    people = {name: drawn(draw, name) for name in ("a", "b")}
    write(tmp_path / "d.csv", people["a"] + people["b"])
    p = dict(PARAMS[model], beta=3, theta=.4)
    found = loglik(tmp_path / "d.csv", model, p)
    for name, rows in people.items():
        assert found[name] == pytest.approx(transcribed(model, p, rows), abs=1e-9), name


def test_what_was_played_is_read_back(tmp_path):
    (tmp_path / "c.toml").write_text(
        'title = "t"\nseed = 3\nsubjects = 3\nrecord = "all"\nmetrics = ["responding"]\n'
        '[task]\nname = "pavlovian"\ndesign = "blocking"\np_outcome = 0.8\n'
        '[[agent]]\nname = "A"\nmodel = "cue_rescorla_wagner"\nparams = { alpha = 0.25 }\n')
    good("run", "c.toml", "--out", "o", cwd=tmp_path)
    rows = read(tmp_path / "o" / "trials.csv")
    assert {"cue_0", "cue_1", "input", "expectation"} <= set(rows[0])
    found = loglik(tmp_path / "o" / "trials.csv", "cue_rescorla_wagner", dict(alpha=.25))
    for name in ("0", "1", "2"):
        mine = [r for r in rows if r["subject"] == name]
        assert found[name] == pytest.approx(
            transcribed("cue_rescorla_wagner", dict(alpha=.25, beta=5, theta=.5), mine), abs=1e-9)
    # An answer that is taken out still leaves what came: column input beside an outcome is kept in our own files.
    for r in rows:
        if r["trial"] == "70":
            r["choice"] = r["outcome"] = r["correct"] = ""
    write(tmp_path / "o" / "trials.csv", rows)
    found = loglik(tmp_path / "o" / "trials.csv", "cue_rescorla_wagner", dict(alpha=.25))
    mine = [r for r in rows if r["subject"] == "1"]
    assert found["1"] == pytest.approx(
        transcribed("cue_rescorla_wagner", dict(alpha=.25, beta=5, theta=.5), mine), abs=1e-9)


def test_files_without_cues_are_refused_and_fits_run(tmp_path):
    rows = drawn(random.Random(8), "a")
    write(tmp_path / "d.csv", rows)
    fit = json.loads(good("fit", tmp_path / "d.csv", "--model", "cue_rescorla_wagner", "--method", "map", "--json"))["subjects"][0]
    assert 0 <= fit["params"]["alpha"] <= 1 and fit["params"]["dopamine"] == 0 and fit["params"]["theta"] == .5
    write(tmp_path / "d.csv", [{k: v for k, v in r.items() if k != "cue_0"} for r in rows])
    says(labile("loglik", tmp_path / "d.csv", "--model", "mackintosh"), "no column 'cue_0'", "did you mean 'cue_1'")
