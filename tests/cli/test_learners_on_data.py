"""`labile loglik` on files of the field's form against published numbers and transcriptions of the papers.

Real data and reference numbers are used where they are (LABILE_DATA, LABILE_REFERENCE, or shared/ beside the
repository); small drawn files with the same columns test the same paths everywhere.
"""
import csv
import json
import math
import os
import random
import sys

import pytest
from labile_cli import ROOT, good, labile, says

sys.path.insert(0, str(ROOT / "tests" / "oracles"))
import published_learners as published  # noqa: E402

SHARED = ROOT.parent / "shared"
DATA = os.environ.get("LABILE_DATA", str(SHARED / "data"))
REFERENCE = os.environ.get("LABILE_REFERENCE", str(SHARED / "reference"))


def data_file(name):
    path = os.path.join(DATA, name, name + ".csv")
    if not os.path.exists(path):
        pytest.skip(f"data set {name} is not there")
    return path


def by_subject(rows):
    r = {}
    for row in rows:
        r.setdefault(row["subject"], []).append(row)
    return r


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def write(path, rows):
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def logliks(*args):
    return json.loads(good("loglik", *args, "--json"))["subjects"]


# (bias_wm, bias_rl) of the seven models; a number, or which theta.
BIASES = {"WM0 RL0 0": (0, 0), "WM RL0 0": (6, 0), "WM RL1 0": (6, 1), "WM=RL 0": (6, 6), "WM RL 0": (6, 7),
          "WM1 RL0 0": (1, 0), "WM1 RL1 0": (1, 1)}


def test_rl_working_memory_has_the_published_log_likelihoods(tmp_path):
    data = data_file("collins2014_rlwm_schizophrenia")
    reference = os.path.join(REFERENCE, "collins_rlwm_dataset2_SZ_subjects.csv")
    if not os.path.exists(reference):
        pytest.skip("the reference log-likelihoods are not there")
    models = {}
    for row in read(reference):
        models.setdefault(row["model_id"], []).append(row)
    assert set(models) == set(BIASES)
    checked = 0
    for name, rows in models.items():
        table = []
        for r in rows:
            theta = [float(r[f"theta{i}"]) for i in range(1, 12) if r[f"theta{i}"]]
            bias = [theta[b - 1] if b > 1 else b for b in BIASES[name]]
            table.append(dict(subject=r["subject"], alpha=repr(theta[0]), stick=repr(theta[1]), rho=repr(theta[2]),
                              forget=repr(theta[3]), eps=repr(theta[4]), K=repr(theta[-1]), bias_wm=repr(bias[0]),
                              bias_rl=repr(bias[1])))
        write(tmp_path / "params.csv", table)
        found = logliks(data, "--model", "rlwm", "--params", tmp_path / "params.csv", "--reset-on", "block",
                        "--min-rt", "0.15")
        for r in rows:
            assert found[r["subject"]] == pytest.approx(float(r["loglik_stored"]), abs=1e-6), (name, r["subject"])
            checked += 1
    assert checked == 595


def rlwm_rows(draw, subjects=3):
    rows = []
    for s in range(subjects):
        for block, size in enumerate((2, 5, 3), start=1):
            shown = [k for k in range(1, size + 1)] * 6
            draw.shuffle(shown)
            for stimulus in shown:
                choice = draw.choice(["1", "2", "3", "3", ""])
                rows.append(dict(subject=f"s{s}", block=block, set_size=size, stimulus=stimulus, choice=choice,
                                 outcome="" if not choice else draw.choice("01"), rt=round(draw.uniform(.1, .9), 3)))
    return rows


def rlwm_oracle(rows, params):
    cell = lambda x, f: None if x == "" else f(x)
    return sum(published.rlwm(params, dict(
        block=[r["block"] for r in rows], set_size=[r["set_size"] for r in rows],
        stimulus=[r["stimulus"] - 1 for r in rows], choice=[cell(r["choice"], lambda x: int(x) - 1) for r in rows],
        outcome=[cell(r["outcome"], int) for r in rows], rt=[r["rt"] for r in rows]))["loglik"])


def test_rl_working_memory_on_a_file(tmp_path):
    draw = random.Random(7)
    rows = rlwm_rows(draw)
    write(tmp_path / "d.csv", rows)
    params = [dict(subject=f"s{s}", alpha=.1 + .2 * s, stick=.05 * s, rho=.8, forget=.2, eps=.01 + .1 * s, K=2.5 + s,
                   bias_wm=.3, bias_rl=.6) for s in range(3)]
    write(tmp_path / "p.csv", params)
    found = logliks(tmp_path / "d.csv", "--model", "rlwm", "--params", tmp_path / "p.csv", "--reset-on", "block",
                    "--min-rt", "0.15")
    for p in params:
        mine = [r for r in rows if r["subject"] == p["subject"]]
        assert found[p["subject"]] == pytest.approx(rlwm_oracle(mine, p), abs=1e-9)


def test_parameter_tables_are_read_with_care(tmp_path):
    write(tmp_path / "d.csv", rlwm_rows(random.Random(1), 2))
    run = lambda text: labile("loglik", "d.csv", "--model", "rlwm", "--params", "p.csv", cwd=tmp_path) \
        if (tmp_path / "p.csv").write_text(text) else None
    says(run("alpha\n.1\n"), "p.csv:1", "'subject' is missing")
    says(run("subject,alpa\ns0,.1\n"), "p.csv:1", "no parameter of 'rlwm'")
    says(run("subject,alpha\ns0,.1\n"), "p.csv", "no row for subject 's1'")
    says(run("subject,alpha\ns0,.1\ns1,2\n"), "p.csv:3", "alpha", "0 to 1")
    says(run("subject,alpha\ns0,.1\ns1,x\n"), "p.csv:3", "alpha", "'x'")
    says(run("subject,alpha\ns0,.1\ns0,.2\n"), "p.csv:3", "second row")
    says(run("subject,alpha\ns0,.1,3\n"), "p.csv:2", "3 fields")
    done = run("subject,alpha,BIC\ns0,.1,7\ns1,.2,8\n")
    assert done.returncode == 0 and "BIC" in done.stdout and "stay at their defaults" in done.stdout
    # What a model must be shown.
    (tmp_path / "plain.csv").write_text("subject,choice,outcome\na,0,1\na,1,0\n")
    says(labile("loglik", "plain.csv", "--model", "rlwm", cwd=tmp_path), "set_size")
    says(labile("loglik", "plain.csv", "--model", "two_step_hybrid", cwd=tmp_path), "three states")


def pairs_oracle(rows, pair, alpha_pos, alpha_neg, beta):
    """Probabilistic selection (Frank et al. 2007): each pair has two options of its own, values of 0 at first."""
    total, value = 0, {}
    for r in rows:
        q = value.setdefault(r[pair], [0.0, 0.0])
        if r["choice"] == "":
            continue
        k = int(r["choice"])
        total -= math.log1p(math.exp(-beta * (q[k] - q[1 - k])))
        error = float(r["outcome"]) - q[k]
        q[k] += (alpha_pos if error > 0 else alpha_neg) * error
    return total


def check_pairs(path, pair, *args):
    params = dict(alpha_pos=.31, alpha_neg=.12, beta=4.5)
    found = logliks(path, "--model", "dual_learning_rate", "--options", pair, "--params",
                    "v0=0," + ",".join(f"{k}={v}" for k, v in params.items()), *args)
    subjects = by_subject([r for r in read(path) if r.get("condition", "A") == "A"])
    assert len(found) == len(subjects)
    for name, rows in subjects.items():
        assert found[name] == pytest.approx(pairs_oracle(rows, pair, **params), abs=1e-9), name
    return len(subjects)


def test_pairs_with_options_of_their_own_of_real_people():
    assert check_pairs(data_file("turi2017_placebo_pst"), "pair", "--condition", "A") == 29


def test_pairs_with_options_of_their_own_on_a_file(tmp_path):
    draw = random.Random(5)
    write(tmp_path / "pst.csv", [dict(subject=f"s{s}", type=draw.choice(["12", "34", "56"]), choice=draw.choice(["0", "1", "1", ""]),
                                      outcome=draw.choice("01")) for s in range(3) for _ in range(80)])
    assert check_pairs(tmp_path / "pst.csv", "type") == 3


TWO_STEP = dict(alpha1=.45, alpha2=.6, beta1=3.5, beta2=2.5, w=.55, perseveration=.2)


def two_step_oracle(rows):
    cell = lambda x, f=int: None if x in ("", "NA") else f(float(x))
    p = dict(TWO_STEP, lam=.3, p=TWO_STEP["perseveration"])
    choice1 = [cell(r["choice1"]) for r in rows]
    return sum(published.two_step_daw(p, dict(
        choice1=choice1, state2=[cell(r["state2"]) for r in rows],
        choice2=[None if a is None or cell(r["choice2"]) is None else cell(r["choice2"]) % 2 for a, r in zip(choice1, rows)],
        outcome=[cell(r["outcome"], float) for r in rows]))["loglik"])


def check_two_step(path):
    args = ",".join(f"{k}={v}" for k, v in TWO_STEP.items()) + ",lambda=.3"
    found = logliks(path, "--model", "two_step_hybrid", "--params", args)
    subjects = by_subject(read(path))
    assert len(found) == len(subjects)
    for name, rows in subjects.items():
        assert found[name] == pytest.approx(two_step_oracle(rows), abs=1e-8), name
    return len(subjects)


def test_two_step_of_real_people():
    assert check_two_step(data_file("zorowitz2023_twostep")) > 300


def test_two_step_on_a_file(tmp_path):
    draw, rows = random.Random(3), []
    for s in range(4):
        for t in range(50):
            c1, room = draw.choice(["0", "1", "1", ""]), draw.choice("01")
            c2 = draw.choice(["0", "1", "1", ""]) if c1 else ""
            rows.append(dict(subject=f"s{s}", trial=t, choice1=c1, rt1_s=.5, state2=room if c1 else "", choice2=c2,
                             rt2_s=.6, outcome=draw.choice("01") if c2 else ""))
    write(tmp_path / "two.csv", rows)
    assert check_two_step(tmp_path / "two.csv") == 4
    for r in rows:  # numbered through the rooms
        if r["state2"] == "1" and r["choice2"]:
            r["choice2"] = str(int(r["choice2"]) + 2)
    write(tmp_path / "two.csv", rows)
    assert check_two_step(tmp_path / "two.csv") == 4
    rows[3]["trial"] = rows[2]["trial"]
    rows[2]["choice1"], rows[3]["choice1"] = "1", "1"
    write(tmp_path / "two.csv", rows)
    says(labile("loglik", tmp_path / "two.csv", "--model", "two_step_hybrid"), "two.csv:5", "trial 2 twice", "line 4")
    rows[3]["trial"] = 3
    for r in rows:
        r["state2"] = {"0": "5", "1": "7", "": ""}[r["state2"]]
    write(tmp_path / "two.csv", rows)
    says(labile("loglik", tmp_path / "two.csv", "--model", "two_step_hybrid"), "state2", "5 and 7")


TWO = dict(mu2=.5, pi2=1e4, omega2=-6, kappa1=1)
PUBLISHED3 = dict(TWO, mu3=0, pi3=10, omega3=-2, kappa2=1)
THREE = dict(mu2=0, pi2=1, mu3=0, pi3=10, omega2=-3, omega3=-2, kappa2=1)


def surprise(path, model, params):
    args = ",".join(f"{k}={v}" for k, v in params.items())
    return json.loads(good("loglik", path, "--model", model, "--params", args, "--surprise", "--json"))


def test_hgf_has_the_published_surprise():
    """The field's example of 320 inputs, to 1e-4 of the published totals and 1e-8 of a transcription."""
    path = os.path.join(REFERENCE, "hgf_binary320_u_y.csv")
    if not os.path.exists(path):
        pytest.skip("the 320 inputs are not there")
    u = [int(r["u"]) for r in read(path)]
    for model, levels, params, total_there in (("hgf_binary_2level", 2, TWO, 215.58821),
                                               ("hgf_binary_3level", 3, PUBLISHED3, 215.59067)):
        total = surprise(path, model, params)["total"]
        r = published.hgf_binary(dict(dict(kappa1=1, zeta=1), levels=levels, **params), dict(input=u, choice=[None] * len(u)))
        assert total == pytest.approx(sum(r["trajectories"]["surprise"]), abs=1e-8)
        assert total == pytest.approx(total_there, abs=1e-4)


def test_surprise_of_a_file(tmp_path):
    draw = random.Random(9)
    u = [int(draw.random() < .7) for _ in range(50)]
    write(tmp_path / "u.csv", [dict(u=x) for x in u])
    r = published.hgf_binary(dict(THREE, levels=3, zeta=1), dict(input=u, choice=[None] * 50))
    assert surprise(tmp_path / "u.csv", "hgf_binary_3level", THREE)["total"] == pytest.approx(
        sum(r["trajectories"]["surprise"]), abs=1e-9)
    says(labile("loglik", tmp_path / "u.csv", "--model", "rescorla_wagner", "--surprise"), "no model of sequences")
    (tmp_path / "u.csv").write_text("u\n1\n2\n")
    says(labile("loglik", tmp_path / "u.csv", "--model", "hgf_binary_2level", "--surprise"), "u.csv:3", "'2' is not 0, 1 or NA")


def test_go_nogo_and_parts_on_a_file(tmp_path):
    draw = random.Random(5)
    rows = [dict(subject="a", trial=t, cue=draw.randrange(4), choice=draw.randrange(2), outcome=draw.choice([-1, 0, 1]))
            for t in range(60)]
    write(tmp_path / "g.csv", rows)
    columns = {k: [r[k] for r in rows] for k in ("cue", "choice", "outcome")}
    p = dict(xi=.05, ep=.3, b=.2, pi=.4, rhoRew=4., rhoPun=6.)
    found = logliks(tmp_path / "g.csv", "--model", "pavlovian_bias", "--params", ",".join(f"{k}={v}" for k, v in p.items()))
    assert found["a"] == pytest.approx(sum(published.gng_m4(p, columns)["loglik"]), abs=1e-10)
    found = logliks(tmp_path / "g.csv", "--model", "rescorla_wagner+stickiness+lapse", "--params",
                    "alpha=.3,beta=2,stickiness=.5,lapse=.1")
    r = published.delta_learner(dict(n_arms=2, alpha=.3, beta=2., kappa=.5, lapse=.1), columns)
    assert found["a"] == pytest.approx(sum(r["loglik"]), abs=1e-10)
    fit = json.loads(good("fit", tmp_path / "g.csv", "--model", "rescorla_wagner+stickiness", "--method", "map", "--json"))["subjects"][0]
    assert fit["params"]["stickiness"] != 0 and fit["params"]["lapse"] == 0


PLAY = """
title = "played"
seed = 3
subjects = 6
record = "all"
metrics = ["accuracy"]
[task]
name = "two_step"
trials = 60
[[agent]]
name = "A"
model = "two_step_hybrid"
params = { alpha1 = 0.45, alpha2 = 0.6, beta1 = 3.5, beta2 = 2.5, w = 0.55, perseveration = 0.2, lambda = 0.3 }
[[agent]]
name = "B"
model = "two_step_hybrid"
params = { w = 0 }
"""


def test_what_was_played_is_read_back_with_its_states(tmp_path):
    (tmp_path / "c.toml").write_text(PLAY)
    good("run", "c.toml", "--out", "o", cwd=tmp_path)
    played = [r for r in read(tmp_path / "o" / "trials.csv") if r["condition"] == "A, intact"]
    args = ",".join(f"{k}={v}" for k, v in TWO_STEP.items()) + ",lambda=.3"
    found = logliks(tmp_path / "o" / "trials.csv", "--model", "two_step_hybrid", "--condition", "A, intact", "--params", args)
    for name, rows in by_subject(played).items():
        wide = [dict(choice1=a["choice"], state2=str(int(b["state"]) - 1), choice2=b["choice"], outcome=b["outcome"])
                for a, b in zip(rows[0::2], rows[1::2])]
        assert found[name] == pytest.approx(two_step_oracle(wide), abs=1e-9)


def test_columns_that_mean_something_else_are_left_alone(tmp_path):
    (tmp_path / "d.csv").write_text("subject,choice,outcome,input,prediction\na,0,1,left,sure\na,1,0,right,no\n")
    assert logliks(tmp_path / "d.csv", "--model", "rescorla_wagner")


def test_cards_fit_models_that_must_be_shown_something(tmp_path):
    rows = rlwm_rows(random.Random(11), 3)
    write(tmp_path / "d.csv", rows)
    (tmp_path / "c.toml").write_text('title = "t"\nseed = 1\nsubjects = 4\nmetrics = ["accuracy"]\n'
                                     '[task]\nname = "rl_working_memory"\nset_sizes = [2, 3]\n'
                                     '[data]\nname = "d.csv"\nreset_on = ["block"]\n'
                                     '[[fit]]\nmodel = "rlwm"\nstarts = 1\n'
                                     '[[agent]]\nname = "A"\nmodel = "rlwm"\n')
    good("run", "c.toml", "--out", "o", cwd=tmp_path)
    fitted = read(tmp_path / "o" / "fit_rlwm.csv")
    assert len(fitted) == 3 and all(0 <= float(r["alpha"]) <= 1 for r in fitted)


def test_stages_from_one_and_fast_reports(tmp_path):
    draw, rows = random.Random(2), []
    for t in range(40):
        room = draw.choice([1, 2])
        rows.append(dict(subject="a", trial=t, stage=0, state=0, choice=draw.randrange(2), outcome=""))
        rows.append(dict(subject="a", trial=t, stage=1, state=room, choice=draw.randrange(2), outcome=draw.randrange(2)))
    write(tmp_path / "zero.csv", rows)
    write(tmp_path / "one.csv", [dict(r, stage=r["stage"] + 1) for r in rows])
    zero, one = (logliks(tmp_path / f, "--model", "two_step_hybrid") for f in ("zero.csv", "one.csv"))
    assert zero == one
    reports = [dict(subject="a", trial=t, outcome=150 + t, report=140 + t, rt=.1 if t == 3 else .5) for t in range(10)]
    write(tmp_path / "r.csv", reports)
    every, slow = (logliks(tmp_path / "r.csv", "--model", "reduced_bayes", *more) for more in ((), ("--min-rt", ".15")))
    write(tmp_path / "r.csv", [dict(r, report="" if r["trial"] == 3 else r["report"]) for r in reports])
    assert slow != every and slow == logliks(tmp_path / "r.csv", "--model", "reduced_bayes")
    write(tmp_path / "r.csv", [{k: v for k, v in r.items() if k != "rt"} for r in reports])
    says(labile("loglik", tmp_path / "r.csv", "--model", "reduced_bayes", "--min-rt", ".15"), "no column of response times")


def test_other_names_and_parts_are_known_everywhere(tmp_path):
    assert good("describe", "learner", "gng_m4") == good("describe", "learner", "pavlovian_bias")
    assert "lapse" in good("describe", "learner", "rescorla_wagner+lapse")
    says(labile("describe", "learner", "rescorla_wagner+laps"), "did you mean 'lapse'")
    (tmp_path / "c.toml").write_text('title = "t"\nseed = 1\nsubjects = 4\nmetrics = ["accuracy"]\n[task]\nname = "go_nogo"\n'
                                     '[[agent]]\nname = "A"\nmodel = "gng_m4"\n'
                                     '[[agent]]\nname = "B"\nmodel = "prl_ewa+stickiness"\n')
    good("run", "c.toml", "--out", "o", cwd=tmp_path)
    (tmp_path / "c.toml").write_text((tmp_path / "c.toml").read_text().replace("gng_m4", "gng_m5"))
    says(labile("run", "c.toml", "--dry", cwd=tmp_path), "c.toml:9:9", "did you mean 'gng_m4'")
