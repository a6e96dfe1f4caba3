"""`labile compare` against a cross-validation written here, in plain Python, and against what must hold."""
import csv
import json
import math
import os
import random

import pytest
from labile_cli import ROOT, good, labile, says

DATA = os.environ.get("LABILE_DATA", str(ROOT.parent / "shared" / "data"))


def write(path, rows):
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return path


def player(seed, sessions, blocks, trials, alpha, beta, subject="a"):
    """Two options, one better; a learner's choices."""
    luck = random.Random(seed)
    rows, q = [], [0.0, 0.0]
    for s in range(sessions):
        for b in range(blocks):
            best = luck.randrange(2)
            for t in range(trials):
                p1 = 1 / (1 + math.exp(-beta * (q[1] - q[0])))
                c = int(luck.random() < p1)
                r = int(luck.random() < (0.8 if c == best else 0.2))
                q[c] += alpha * (r - q[c])
                rows.append(dict(subject=subject, session=s, block=b, trial=t, choice=c, outcome=r))
    return rows


def loglik(rows, alpha, beta, scored):
    """Rescorla-Wagner from 0; every trial teaches, those of `scored` count."""
    q, total = [0.0, 0.0], 0.0
    for i, r in enumerate(rows):
        c = r["choice"]
        if scored[i]:
            d = beta * (q[1 - c] - q[c])
            total -= max(d, 0) + math.log1p(math.exp(-abs(d)))
        q[c] += alpha * (r["outcome"] - q[c])
    return total


def best(f, lo, hi):
    """Largest value of f over a box of two, by ever finer grids; f is smooth with one top."""
    (a0, a1), (b0, b1) = lo, hi
    point = None
    for _ in range(14):
        grid = [(a0 + (a1 - a0) * i / 12, b0 + (b1 - b0) * j / 12) for i in range(13) for j in range(13)]
        point = max(grid, key=lambda x: f(*x))
        wa, wb = (a1 - a0) / 5, (b1 - b0) / 5
        a0, a1 = max(lo[0], point[0] - wa), min(lo[1], point[0] + wa)
        b0, b1 = max(hi[0], point[1] - wb), min(hi[1], point[1] + wb)
    return point


def cross_validated(rows, fold):
    total = 0.0
    for k in sorted(set(fold)):
        others = [f != k for f in fold]
        alpha, beta = best(lambda a, b: loglik(rows, a, b, others), (1e-6, 1 - 1e-6), (0.0, 30.0))
        total += loglik(rows, alpha, beta, [not o for o in others])
    return total


def compared(*args):
    return {m["model"]: m for m in json.loads(good("compare", *args, "--json"))["models"]}


@pytest.mark.parametrize("sessions, blocks, folds, unit, want", [
    (3, 2, 5, "3 folds of sessions", lambda r: r["session"]),
    (1, 4, 2, "2 folds of blocks", lambda r: r["block"] // 2),
    (1, 1, 4, "4 folds of trials", lambda r: r["trial"] // 20),
])
def test_held_out_likelihood_is_that_of_an_independent_cross_validation(tmp_path, sessions, blocks, folds, unit, want):
    rows = player(11, sessions, blocks, 80 // blocks, 0.4, 4)
    path = write(tmp_path / "d.csv", rows)
    args = [path, "--models", "rescorla_wagner,dual_learning_rate", "--folds", folds, "--method", "ml", "--starts", 5,
            "--hold", "v0=0"]
    said = json.loads(good("compare", *args, "--json"))
    assert unit in said["folds"] and said["trials"] == len(rows)
    assert said["chance"] == pytest.approx(len(rows) * math.log(0.5), abs=1e-9)
    found = {m["model"]: m for m in said["models"]}["rescorla_wagner"]["subjects"]["a"]
    assert found == pytest.approx(cross_validated(rows, [want(r) for r in rows]), abs=2e-4)


def test_who_made_the_choices_wins_and_threads_change_nothing(tmp_path):
    rows = [r for s in range(12) for r in player(100 + s, 2, 3, 40, 0.6, 5, f"s{s}")]
    path = write(tmp_path / "d.csv", rows)
    args = [path, "--models", "rescorla_wagner,bandit2arm_delta,rescorla_wagner+kernel", "--starts", 2]
    one, two = (good("compare", *args, "--json", "--jobs", n) for n in (1, 2))
    assert one == two
    models = json.loads(one)["models"]
    assert [m["heldout_loglik"] for m in models] == sorted((m["heldout_loglik"] for m in models), reverse=True)
    assert sum(m["best_for"] for m in models) == 12
    assert models[0]["behind"]["value"] == 0
    for m in models[1:]:
        assert m["behind"]["value"] <= 0 and m["behind"]["low"] <= m["behind"]["value"] <= m["behind"]["high"]
        total = sum(m["subjects"].values())
        assert total == pytest.approx(m["heldout_loglik"], abs=1e-9)
        mean = (m["heldout_loglik"] - models[0]["heldout_loglik"]) / 12
        assert m["behind"]["value"] == pytest.approx(mean, abs=1e-9)
    assert all(m["heldout_loglik"] > json.loads(one)["chance"] for m in models)
    good("compare", *args, "--out", tmp_path / "each.csv")
    each = list(csv.DictReader(open(tmp_path / "each.csv")))
    assert len(each) == 12 and float(each[3]["rescorla_wagner"]) == pytest.approx(
        next(m for m in models if m["model"] == "rescorla_wagner")["subjects"]["s3"], abs=1e-12)


def test_subjects_without_anything_to_leave_out_are_left_out_and_said(tmp_path):
    rows = player(1, 1, 1, 30, 0.4, 4) + [dict(subject="b", session=0, block=0, trial=0, choice=1, outcome=1)]
    path = write(tmp_path / "d.csv", rows)
    said = good("compare", path, "--models", "rescorla_wagner,dual_learning_rate", "--starts", 1)
    assert "1 subject(s) without choices" in said and "nothing to cut (1 subjects)" in said
    says(labile("compare", write(tmp_path / "e.csv", rows[-1:]), "--models", "rescorla_wagner,dual_learning_rate"),
         "no subject has trials enough")


def test_bad_comparisons_are_refused_in_words(tmp_path):
    path = write(tmp_path / "d.csv", player(1, 1, 1, 30, 0.4, 4))
    says(labile("compare", path, "--models", "rescorla_wagner"), "one learner is not enough")
    says(labile("compare", path, "--models", "rescorla_wagner,rescorla_wagner"), "stands there twice")
    says(labile("compare", path, "--models", "rescorla_wagner,flex"), "cannot be fitted")
    says(labile("compare", path, "--models", "rescorla_wagner,rescorla_wagne"), "did you mean 'rescorla_wagner'?")
    says(labile("compare", path, "--models", "rescorla_wagner,kalman", "--hold", "alhpa=1"), "alhpa", "did you mean 'alpha'?")
    assert labile("compare", path, "--models", "rescorla_wagner,kalman", "--folds", 1).returncode == 2


def test_comparison_of_real_reversals():
    path = os.path.join(DATA, "zorowitz2023_prl3", "zorowitz2023_prl3.csv")
    if not os.path.exists(path):
        pytest.skip("data set zorowitz2023_prl3 is not there")
    found = compared(path, "--models", "rescorla_wagner,dual_learning_rate", "--folds", 2, "--starts", 1,
                     "--where", "platform=prolific")
    assert sum(m["best_for"] for m in found.values()) == len(found["rescorla_wagner"]["subjects"])
    assert all(m["heldout_loglik"] > -90 * math.log(3) * len(m["subjects"]) for m in found.values())


def test_parameters_held_apart_are_told_of(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("subject,block,choice,outcome\n" + "".join(f"{s},{k // 20},{k % 2},{k % 3 == 0:d}\n" for s in "ab" for k in range(40)))
    say = ["compare", path, "--models", "rescorla_wagner,dual_learning_rate", "--starts", 1, "--json"]
    notes = json.loads(good(*say))["notes"]
    assert any("v0 is held at 0 in 'rescorla_wagner' and at 0.5 in 'dual_learning_rate'" in n for n in notes), notes
    assert any("carries over to the next; --reset-on block" in n for n in notes), notes
    notes = json.loads(good(*say, "--hold", "v0=0", "--reset-on", "block"))["notes"]
    assert not any("held at" in n or "carries over" in n for n in notes), notes
