"""`labile` with learners of beliefs and card gambling: files of people and drawn ones, against plain Python.

The data set is used where it is (LABILE_DATA, or shared/ beside the repository); a small drawn file with the same
columns tests the same path everywhere.
"""
import csv
import json
import os
import random
import sys

import pytest
from labile_cli import ROOT, good, labile, says

sys.path.insert(0, str(ROOT / "tests" / "oracles"))
import beliefs  # noqa: E402
import published_learners as published  # noqa: E402

DATA = os.environ.get("LABILE_DATA", str(ROOT.parent / "shared" / "data"))
PARAMS = ",".join(f"{k}={v}" for k, v in beliefs.PEOPLE.items())


def check_gambling(path):
    found = json.loads(good("loglik", path, "--model", "deck_gambling", "--params", PARAMS, "--reset-on", "session",
                            "--json"))["subjects"]
    by = {}
    with open(path) as f:
        for r in csv.DictReader(f):
            by.setdefault(r["subject"], []).append(r)
    assert len(found) == len(by)
    for name, rows in by.items():
        column = lambda k, f: [f(r[k]) if r[k] != "" else None for r in rows]
        session = column("session", int)
        ll, _ = beliefs.deck_gambling(beliefs.PEOPLE, [d - 1 for d in column("deck", int)],
                                      column("computer_number", float), column("choice", int), column("outcome", float),
                                      [t == 0 or session[t] != session[t - 1] for t in range(len(rows))])
        assert found[name] == pytest.approx(sum(ll), abs=1e-8), name
    return len(by)


def drawn(path):
    draw = random.Random(4)
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow("subject drug session trial block deck computer_number choice outcome rt_s".split())
        for subject in (501, 502, 503):
            for session in (1, 2):
                for t in range(1, 61):
                    deck, number = draw.randrange(1, 4), draw.randrange(1, 10)
                    choice = "" if draw.random() < 0.05 else draw.randrange(2)
                    outcome = draw.choice([1, 0, -1]) if choice == 1 else -1 if choice == "" else 0
                    out.writerow([subject, "placebo", session, t, 1, deck, number, choice, outcome, 0.5])
    return str(path)


def test_card_gambling_of_real_people():
    path = os.path.join(DATA, "michely2022_ssri_gamble", "michely2022_ssri_gamble.csv")
    if not os.path.exists(path):
        pytest.skip("data set michely2022_ssri_gamble is not there: set LABILE_DATA to the folder that holds it")
    assert check_gambling(path) == 66


def test_card_gambling_of_a_drawn_file_and_its_fit(tmp_path):
    path = drawn(tmp_path / "bets.csv")
    assert check_gambling(path) == 3
    assert "lr_win" in good("fit", path, "--model", "deck_gambling", "--method", "map", "--reset-on", "session", "--starts", "2")


def test_card_gambling_must_be_shown_the_number(tmp_path):
    path = drawn(tmp_path / "bets.csv")
    text = open(path).read().replace("computer_number", "number")
    open(path, "w").write(text)
    says(labile("fit", path, "--model", "deck_gambling"), "no column 'computer_number'")


def test_meta_learning_says_why_it_cannot_be_fitted(tmp_path):
    says(labile("fit", drawn(tmp_path / "bets.csv"), "--model", "meta_learning"), "perturbations")


def test_behrens_on_a_file_of_inputs_and_choices(tmp_path):
    """Fits work the belief out once a subject; what they end with is what a likelihood at that point says."""
    draw = random.Random(8)
    path = tmp_path / "inputs.csv"
    trials = [(draw.randrange(2), int(draw.random() < (0.8 if t // 20 % 2 else 0.2))) for t in range(60)]
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subject", "choice", "input"])
        out.writerows([1, c, u] for c, u in trials)
    found = json.loads(good("loglik", str(path), "--model", "behrens", "--params", "beta=2.5", "--json"))["subjects"]["1"]
    expected = published.behrens_grid({"beta": 2.5}, {"input": [u for _, u in trials], "choice": [c for c, _ in trials]})
    assert found == pytest.approx(sum(expected["loglik"]), abs=1e-9)
    assert "beta" in good("fit", str(path), "--model", "behrens", "--method", "map", "--starts", "2")
