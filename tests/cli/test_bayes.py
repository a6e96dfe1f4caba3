"""`labile fit` by hierarchical Bayes: what it prints, that it finds what was put in, and what it refuses."""
import csv
import json
import os
import random
import re

import pytest

from labile_cli import good, labile, says, stopped


def bandit(path, subjects=12, trials=120, alpha=0.3, beta=3.0, seed=4):
    """Choices of a delta rule between two options that pay .75 and .25, everyone with the same parameters."""
    rng = random.Random(seed)
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subject", "trial", "choice", "outcome"])
        for s in range(subjects):
            v = [0.0, 0.0]
            for t in range(trials):
                p1 = 1 / (1 + pow(2.718281828459045, -beta * (v[1] - v[0])))
                c = int(rng.random() < p1)
                r = int(rng.random() < (0.75, 0.25)[c])
                v[c] += alpha * (r - v[c])
                out.writerow([f"s{s}", t, c, r])
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bayes")
    data = bandit(folder / "d.csv")
    fit = json.loads(good("fit", data, "--model", "rescorla_wagner", "--json", "--seed", 2))
    return data, fit


def test_json_holds_group_diagnostics_scores_and_timing(fitted):
    _, fit = fitted
    assert fit["method"] == "bayes"
    for name in ("alpha", "beta", "mu[alpha]", "sigma[beta]"):
        assert set(fit["group"][name]) >= {"mean", "sd", "q2.5", "q97.5", "ess_bulk", "ess_tail", "rhat"}
    assert fit["diagnostics"]["max_rhat"] < 1.02
    assert fit["diagnostics"]["min_ess_bulk"] > 400
    assert fit["loo"]["observations"] == 12 * 120
    assert abs(fit["loo"]["elpd"]["estimate"] - fit["waic"]["elpd"]["estimate"]) < 3
    assert fit["timing"]["gradients"] > 4 * 1300
    assert len(fit["subjects"]) == 12 and set(fit["subjects"][0]["params"]) == {"alpha", "beta", "v0"}


def test_the_group_is_where_it_was_put(fitted):
    _, fit = fitted
    for name, true in (("alpha", 0.3), ("beta", 3.0)):
        g = fit["group"][name]
        assert abs(g["mean"] - true) < 4 * g["sd"], name
        assert g["q2.5"] < g["median"] < g["q97.5"]
    # Everyone is the same: the spread is small, and subjects are drawn to the group.
    spread = [s["params"]["alpha"] for s in fit["subjects"]]
    assert max(spread) - min(spread) < 0.35


def test_threads_change_nothing_and_seeds_do(fitted):
    data, _ = fitted
    say = ["fit", data, "--model", "rescorla_wagner", "--json", "--draws", 50, "--warmup", 50]
    one, two = (json.loads(good(*say, "--jobs", n)) for n in (1, 3))
    assert one["group"] == two["group"] and one["loo"] == two["loo"]
    assert json.loads(good(*say, "--seed", 5))["group"] != one["group"]


def test_what_a_person_reads_and_the_table(fitted, tmp_path):
    data, _ = fitted
    said = good("fit", data, "--model", "rescorla_wagner", "--draws", 200, "--out", tmp_path / "f.csv")
    assert "12 subjects, 1440 choices; 4 chains of 200 draws" in said
    assert "alpha" in said and "leave-one-out" in said
    rows = list(csv.DictReader(open(tmp_path / "f.csv")))
    assert len(rows) == 12
    assert float(rows[0]["alpha_q2.5"]) < float(rows[0]["alpha"]) < float(rows[0]["alpha_q97.5"])


def test_groups_are_the_users_own(fitted):
    data, _ = fitted
    say = ["fit", data, "--model", "rescorla_wagner", "--json", "--draws", 200]
    # A prior that insists: mu almost fixed at phi(0) = 0.5 of [0, 1], no spread to speak of.
    fit = json.loads(good(*say, "--group", "alpha = phi 0 1 mu 0 0.001 sigma 0.001"))
    assert abs(fit["group"]["alpha"]["mean"] - 0.5) < 0.01
    held = json.loads(good(*say, "--hold", "alpha=0.3"))
    assert "alpha" not in held["group"] and held["subjects"][0]["params"]["alpha"] == 0.3


@pytest.mark.parametrize(
    "extra,words",
    [
        (["--group", "alfa = exp"], ["'alfa'", "did you mean 'alpha'"]),
        (["--group", "alpha = fi 0 1"], ["unknown transform 'fi'", "did you mean 'phi'"]),
        (["--group", "alpha = phi 0 2"], ["phi 0 2", "bounds"]),
        (["--group", "alpha = phi 0"], ["wants a number"]),
        (["--group", "beta = phi 0 nan"], ["wants a number"]),
        (["--group", "beta = exp mu 0 inf"], ["wants a number"]),
        (["--group", "beta = exp", "--group", "beta = exp"], ["given twice"]),
        (["--adapt-delta", "nan"], ["nan", "between 0 and 1"]),
        (["--hold", "alpha=0.1,beta=2"], ["every parameter", "nothing to fit"]),
    ],
)
def test_refusals(fitted, extra, words):
    data, _ = fitted
    says(labile("fit", data, "--model", "rescorla_wagner", *extra), *words)


def test_hard_data_get_an_answer_or_a_word(tmp_path):
    def write(name, rows):
        path = tmp_path / name
        path.write_text("subject,choice,outcome\n" + "".join(f"{s},{c},{r}\n" for s, c, r in rows))
        return path

    quick = ["--model", "rescorla_wagner", "--json", "--draws", 100, "--warmup", 100]
    missing = write("missing.csv", [("a", "NA", "NA")] * 10)
    says(labile("fit", missing, *quick), "no choice was made")
    # One trial; one subject; always the same choice: the posterior is near the prior, and says so.
    for name, rows in {
        "one.csv": [("a", 0, 1), ("b", 1, 0)],
        "alone.csv": [("a", k % 2, k % 3 == 0) for k in range(40)],
        "same.csv": [(s, 0, 1) for s in "abc" for _ in range(30)] + [("d", 1, 1)],
    }.items():
        rows = [(s, c, int(r)) for s, c, r in rows]
        fit = json.loads(good("fit", write(name, rows), *quick))
        assert fit["group"]["alpha"]["sd"] > 0, name
        if name == "one.csv":
            assert any(w.startswith("alpha:") for w in fit["diagnostics"]["weak"])


def test_ctrl_c_keeps_the_chains_that_have_finished_and_begins_nothing_new(fitted, tmp_path):
    say = ("fit", fitted[0], "--model", "rescorla_wagner,dual_learning_rate", "--draws", 4000, "--jobs", 1, "--out", tmp_path / "f.csv")
    code, out, shown = stopped(*say, when=lambda s: re.search(r" [34]\d% sampling", s))
    assert code == 130 and "interrupted: 1 of 4 chains" in out, out
    assert "1 chains of 4000 draws" in out and "dual_learning_rate" not in out
    assert "1 of 4 chains say; 1 model(s) after it were not fitted" in shown
    assert os.listdir(tmp_path) == ["rescorla_wagner_f.csv"]
    code, out, shown = stopped(*say, when=lambda s: re.search(r" [1-9]% sampling", s))
    assert code == 130 and "before a chain had finished" in shown and out == "", out


def test_what_was_fitted_before_is_not_lost(fitted, tmp_path):
    say = ["fit", fitted[0], "--model", "rescorla_wagner,kalman", "--draws", 200, "--jobs", 1]
    code, out, shown = stopped(*say, when=lambda s: "sampling" in s.partition("checks")[2])
    assert code == 130 and "rescorla_wagner (hierarchical" in out and "kalman (" not in out, out
    (tmp_path / "d" / "kalman-1.csv").mkdir(parents=True)  # where draws of the second cannot be written
    done = labile(*say, "--warmup", 60, "--json", "--draws-out", tmp_path / "d")
    assert done.returncode == 2 and "kalman-1.csv" in done.stderr
    assert [f["model"] for f in json.loads(done.stdout)] == ["rescorla_wagner", "kalman"]


def test_what_data_do_not_say_is_named(tmp_path):
    def fit(rows, *more):
        (tmp_path / "d.csv").write_text("subject,choice,outcome\n" + "".join(f"{s},{c},{r}\n" for s, c, r in rows))
        return json.loads(good("fit", tmp_path / "d.csv", "--model", "rescorla_wagner", "--json", *more))

    def weak(fit):
        return " / ".join(fit["diagnostics"]["weak"])

    same = fit([(s, 0, k % 2) for s in "abc" for k in range(30)] + [("d", int(k % 3 > 0), 1) for k in range(20)])
    assert "3 of 4 chose the same option every time (a, b, c)" in weak(same)
    everybody = fit([(s, 1, k % 2) for s in "ab" for k in range(30)])
    assert "2 of 2 chose the same option" in weak(everybody) and "alpha: how much people differ (sigma) is hardly" in weak(everybody)
    alone = fit([("a", k % 2, k % 3 == 0 and 1 or 0) for k in range(40)])
    assert "one subject: how much people differ" in weak(alone) and "sigma)" not in weak(alone).replace("(sigma) cannot", "")
    # A prior that choices move, and one that they do not.
    for name, q in alone["group"].items():
        assert ("prior_overlap" in q) == name.startswith(("mu[", "sigma["))
        assert 0 <= q.get("prior_overlap", 0) <= 1
    assert "same option" not in weak(fit([("a", k % 2, 1) for k in range(9)] + [("b", 1, 0)]))  # one choice is no habit


def test_notes_are_in_the_json_and_chains_of_four_draws_are_called_few(fitted, tmp_path):
    rows = list(csv.reader(open(fitted[0])))
    for row in rows[1:]:
        row[2] = str(int(row[2]) + 1)
    with open(tmp_path / "one.csv", "w", newline="") as f:
        csv.writer(f).writerows(rows)
    say = ["fit", tmp_path / "one.csv", "--model", "rescorla_wagner", "--json"]
    for more in (["--warmup", 60, "--draws", 40], ["--method", "map", "--starts", 1]):
        assert any("option 1 became 0" in n for n in json.loads(good(*say, *more))["notes"])
    few = json.loads(good(*say, "--chains", 1, "--warmup", 20, "--draws", 4))["diagnostics"]["warnings"]
    assert any("Few independent draws" in w for w in few), few
    one = " ".join(json.loads(good(*say, "--chains", 1, "--warmup", 30, "--draws", 20))["diagnostics"]["warnings"])
    assert "The halves of the chain" in one and "Chains do not" not in one
    says(labile(*say, "--group", "beta = exp mu 1e6 1 sigma 0.2"), "group of 'beta'", "is no number")
    says(labile(*say, "--group", "beta = identity mu 0 10 sigma 5"), "group of 'beta'", "lower bound, 0")
