"""`labile fit --formula`: effects are found, units are cut where they should be, and what cannot be fitted is refused in words."""
import csv
import json
import math
import random

import pytest

from labile_cli import good, labile, says

MODEL = ["--model", "rescorla_wagner", "--hold", "v0=0"]


def phi(x):
    return 1 / (1 + math.exp(-(0.07056 * x**3 + 1.5976 * x)))


def study(path, subjects=24, trials=100, seed=8):
    """Two sessions a person of a delta rule; alpha is higher under drug, lower in session 2; `score` is nobody's business."""
    rng = random.Random(seed)
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subjID", "drug", "session", "block", "trial", "choice", "outcome", "score", "load"])
        for s in range(subjects):
            drug, score, own = s % 2, round(rng.gauss(50, 10), 2), rng.gauss(0, 0.2)
            for session in (1, 2):
                alpha = phi(-0.5 + 1.0 * drug - 0.6 * (session == 2) + own)
                v = [0.0, 0.0]
                for t in range(trials):
                    c = int(rng.random() < 1 / (1 + math.exp(-4 * (v[1] - v[0]))))
                    r = int(rng.random() < ((0.8, 0.2) if (t // 25) % 2 else (0.2, 0.8))[c])
                    v[c] += alpha * (r - v[c])
                    out.writerow([f"s{s}", ["placebo", "active"][drug], session, t // 50, t, c, r, score, t % 3])
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return study(tmp_path_factory.mktemp("formula") / "d.csv")


@pytest.fixture(scope="module")
def fitted(data):
    say = ["fit", data, *MODEL, "--json", "--formula", "alpha ~ drug + session + scale(score) + (1 | subjID)",
           "--reference", "drug=placebo"]
    return json.loads(good(*say))


def test_effects_are_where_they_were_put(fitted):
    effects = {e["name"]: e for e in fitted["effects"]["alpha"]["coefficients"]}
    assert set(effects) == {"drug[active]", "session[2]", "scale(score)"}
    for name, true in (("drug[active]", 1.0), ("session[2]", -0.6), ("scale(score)", 0.0)):
        e = effects[name]
        assert abs(e["mean"] - true) < 4 * e["sd"], name  # one seed in 16,000
        assert e["mean"] == fitted["group"][f"b[alpha:{name}]"]["mean"]
    assert effects["drug[active]"]["q2.5"] > 0 > effects["session[2]"]["q97.5"]
    assert effects["drug[active]"]["above_0"] > 0.99 > 0.01 > effects["session[2]"]["above_0"]
    assert effects["scale(score)"]["q2.5"] < 0 < effects["scale(score)"]["q97.5"]
    assert fitted["formula"] == {"alpha": "alpha ~ drug + session + scale(score) + (1 | subjID)"}


def test_cells_and_differences_are_on_the_parameters_scale(fitted):
    cells = {(c["at"]["drug"], c["at"]["session"]): c for c in fitted["cells"]["alpha"]}
    assert len(cells) == 4
    for (drug, session), c in cells.items():
        true = phi(-0.5 + (drug == "active") - 0.6 * (session == "2"))
        assert abs(c["mean"] - true) < 4 * c["sd"]
    first = fitted["effects"]["alpha"]["differences"][0]
    assert first["name"] == "drug: active - placebo, mean over session"
    by_hand = sum(cells["active", s]["mean"] - cells["placebo", s]["mean"] for s in "12") / 2
    assert abs(first["mean"] - by_hand) < 1e-9


def test_a_correlation_of_parameters_is_recovered(tmp_path):
    """alpha and beta correlate by .8 over people, before their transforms."""
    rng, rows = random.Random(21), []
    for s in range(40):
        a = rng.gauss(0, 1)
        b = 0.8 * a + 0.6 * rng.gauss(0, 1)
        alpha, beta, v = phi(-0.3 + 0.8 * a), math.exp(1.0 + 0.5 * b), [0.0, 0.0]
        for t in range(200):
            c = int(rng.random() < 1 / (1 + math.exp(-beta * (v[1] - v[0]))))
            r = int(rng.random() < ((0.8, 0.2) if (t // 25) % 2 else (0.2, 0.8))[c])
            v[c] += alpha * (r - v[c])
            rows.append(f"s{s},{t},{c},{r}")
    (tmp_path / "d.csv").write_text("\n".join(["subject,trial,choice,outcome", *rows]) + "\n")
    fit = json.loads(good("fit", tmp_path / "d.csv", *MODEL, "--json", "--correlated", "--group", "beta = exp mu 1 1 sigma 0.5",
                          "--group", "alpha = phi 0 1 mu 0 1 sigma 0.8", "--draws-out", tmp_path / "draws"))
    r = fit["group"]["corr[alpha,beta]"]
    with open(tmp_path / "draws" / "rescorla_wagner-1.csv") as f:
        draws = list(csv.DictReader(line for line in f if not line.startswith("#")))
    some = [float(d["corr_alpha_beta"]) for d in draws]
    assert abs(sum(some) / len(some) - r["mean"]) < 5 * r["sd"] / math.sqrt(len(some) / 8) and -1 < min(some) < max(some) < 1
    assert 0 < r["q2.5"] < 0.8 < r["q97.5"] and r["mean"] > 0.4, r


def test_the_group_as_a_table(data, tmp_path):
    fit = json.loads(good("fit", data, *MODEL, "--json", "--formula", "alpha ~ drug * session", "--draws", 60, "--warmup", 60,
                          "--group-out", tmp_path / "g.csv"))
    with open(tmp_path / "g.csv", newline="") as f:
        rows = {r["quantity"]: r for r in csv.DictReader(f)}
    assert set(fit["group"]) < set(rows) and len(rows) > len(fit["group"]) + 4
    for name, q in fit["group"].items():
        for key in ("mean", "sd", "q2.5", "q97.5", "ess_bulk", "rhat"):
            assert float(rows[name][key]) == pytest.approx(q[key], rel=1e-9), (name, key)
    difference = fit["effects"]["alpha"]["differences"][0]
    assert float(rows["alpha: " + difference["name"]]["mean"]) == pytest.approx(difference["mean"], rel=1e-9)
    assert float(rows["alpha: drug placebo, session 2"]["mean"]) > 0
    says(labile("fit", data, *MODEL, "--method", "map", "--group-out", tmp_path / "g.csv", "--condition", "1", "--by", "session"), "--group-out")


def test_subjects_stand_with_their_conditions(data, fitted, tmp_path):
    each = fitted["subjects"]
    assert len(each) == 48
    assert [e["condition"]["session"] for e in each[:2]] == ["1", "2"] and each[0]["subject"] == each[1]["subject"] == "s0"
    # beta has no formula: one value a subject; alpha has the session's.
    assert each[0]["params"]["beta"] == each[1]["params"]["beta"]
    assert each[0]["params"]["alpha"] > each[1]["params"]["alpha"]
    assert sum(e["trials"] for e in each) == 24 * 200
    out = tmp_path / "f.csv"
    said = good("fit", data, *MODEL, "--formula", "alpha ~ session * drug", "--draws", 40, "--warmup", 40, "--out", out)
    rows = list(csv.DictReader(open(out)))
    assert len(rows) == 48 and [r["session"] for r in rows[:2]] == ["1", "2"] and rows[2]["subject"] == "s1"
    for words in ("24 subjects make 48 units", "session: factor, levels (subjects) 1 (24), 2 (24); compared with 1",
                  "24 subjects in 48 units", "session: 2 - 1, drug placebo less active", "session[2]:drug[placebo]"):
        assert words in said, said


def test_units_start_afresh(data):
    """The likelihood of each unit is that of its rows alone."""
    fit = json.loads(good("fit", data, *MODEL, "--json", "--formula", "alpha ~ session", "--draws", 20, "--warmup", 30))
    one = fit["subjects"][1]  # s0 in session 2
    params = ",".join(f"{k}={v:.17g}" for k, v in one["params"].items())
    alone = good("loglik", data, "--model", "rescorla_wagner", "--params", params, "--where", "session=2")
    mine = next(line for line in alone.splitlines() if line.startswith("s0,"))
    assert abs(float(mine.split(",")[1]) - one["loglik"]) < 1e-8


def rewritten(data, path, change):
    rows = list(csv.DictReader(open(data)))
    for r in rows:
        change(r)
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, rows[0])
        out.writeheader()
        out.writerows(rows)
    return path


@pytest.mark.parametrize("text", ["NaN", "nan", "inf", "-inf"])
def test_a_covariate_that_is_no_number_is_refused(tmp_path, text):
    rows = [f"s{s},{text if s == 2 else s},{t % 2},{t % 3 == 0:d}" for s in range(5) for t in range(20)]
    (tmp_path / "d.csv").write_text("\n".join(["subject,age,choice,outcome", *rows]) + "\n")
    says(labile("fit", tmp_path / "d.csv", *MODEL, "--formula", "alpha ~ age"), "age", text if "inf" in text else "s2")


def test_a_covariate_that_decides_every_choice_stays_within_its_prior(tmp_path):
    """Those with x = 1 always take option 1, the others always option 0: no estimate runs off, and the habit is named."""
    rows = [f"s{s},{s % 2},{s % 2},{t % 2}" for s in range(8) for t in range(30)]
    (tmp_path / "d.csv").write_text("\n".join(["subject,x,choice,outcome", *rows]) + "\n")
    fit = json.loads(good("fit", tmp_path / "d.csv", *MODEL, "--json", "--formula", "beta ~ factor(x)"))
    effect = fit["group"]["b[beta:x[1]]"]
    assert abs(effect["mean"]) < 3 and 0.1 < effect["sd"] < 1.1  # its prior is N(0, 1)
    assert any("8 of 8 chose the same option every time" in w for w in fit["diagnostics"]["weak"])


def test_missing_covariates_are_named_or_left_out(data, tmp_path):
    def hide(r):
        if r["subjID"] in ("s3", "s7"):
            r["score"] = "NA" if r["session"] == "1" or r["subjID"] == "s3" else ""

    holes = rewritten(data, tmp_path / "holes.csv", hide)
    say = ["fit", holes, *MODEL, "--formula", "alpha ~ scale(score)", "--draws", 20, "--warmup", 30]
    says(labile(*say), "column 'score' is missing", "2 of 24 subjects: s3, s7", "--drop-missing")
    said = good(*say, "--drop-missing")
    assert "s3, s7; they were left out" in said and "22 subjects" in said


def test_conditions_become_legitimate(data):
    quick = ["--draws", 20, "--warmup", 30, "--by", "session"]
    says(labile("fit", data, *MODEL, *quick), "several conditions", "--formula")
    said = good("fit", data, *MODEL, *quick, "--formula", "beta ~ condition")
    assert "condition[2]" in said and "48 units" in said


@pytest.mark.parametrize(
    "formula,extra,words",
    [
        ("alfa ~ drug", [], ["'alfa' is no parameter", "did you mean 'alpha'"]),
        ("v0 ~ drug", [], ["'v0' is no parameter that is estimated"]),
        ("alpha ~ durg", [], ["no column 'durg'", "did you mean 'drug'"]),
        ("alpha ~ drug *", [], ["wants a column where the end stands"]),
        ("alpha ~ 0 + drug", [], ["intercept cannot be left out"]),
        ("alpha ~ load", [], ["'load' changes within a block", "'s0'"]),
        ("alpha ~ choice", [], ["'choice' changes within a block"]),
        ("alpha ~ subjID", [], ["'subjID' says who people are"]),
        ("alpha ~ drug + (1 | drug)", [], ["(1 | subjID)"]),
        ("alpha ~ drug", ["--formula", "alpha, beta ~ session"], ["'alpha' has two formulas"]),
        ("alpha ~ drug", ["--reference", "drug=plcebo"], ["no such level", "did you mean 'placebo'"]),
        ("alpha ~ drug", ["--reference", "session=1"], ["no formula names column 'session'"]),
        ("alpha ~ drug", ["--reference", "drug"], ["write COLUMN=LEVEL"]),
        ("alpha ~ score", ["--reference", "score=50"], ["'score' holds numbers"]),
        ("alpha ~ drug", ["--where", "drug=placebo"], ["'drug' is 'placebo' for everyone"]),
        ("alpha ~ drug", ["--method", "map"], ["--method bayes"]),
        ("alpha ~ drug", ["--effect-prior", 0], []),
        ("alpha ~ factor(score)", [], ["a level of its own for every subject"]),
        ("alpha ~ scale(score) + center(score)", [], ["center(score) says nothing that scale(score) does not"]),
    ],
)
def test_refusals(data, formula, extra, words):
    done = labile("fit", data, *MODEL, "--formula", formula, *extra)
    if words:
        says(done, *words)
    else:
        assert done.returncode == 2 and "--effect-prior" in done.stderr


def test_a_column_that_differs_from_trial_to_trial_is_no_condition(tmp_path):
    rows = [f"{s},{round(.3 + .01 * t + .1 * s, 3)},{t % 2},{t % 3 // 2}" for s in range(3) for t in range(30)]
    path = tmp_path / "d.csv"
    path.write_text("subject,rt,choice,outcome\n" + "\n".join(rows) + "\n")
    says(labile("fit", path, *MODEL, "--formula", "alpha ~ rt"), "rt differs from trial to trial", "90 of 90")
    # Games of one decision each, a drug over half of them: trials are no trials here.
    games = [f"s{s},{'on' if g >= 40 else 'off'},{g},1,{g * 7 % 5 // 3},{g % 3 // 2}" for s in range(4) for g in range(80)]
    path.write_text("subject,drug,block,trial,choice,outcome\n" + "\n".join(games) + "\n")
    good("fit", path, *MODEL, "--formula", "alpha ~ drug", "--draws", 20, "--warmup", 20)
    # Sessions whose first and last trials have no number.
    rows = [f"s{s},{k},{k},{'NA' if t in (0, 39) else t},{t * 7 % 5 // 3},{t % 3 // 2}" for s in range(4) for k in range(2) for t in range(40)]
    path.write_text("subject,drug,session,trial,choice,outcome\n" + "\n".join(rows) + "\n")
    good("fit", path, *MODEL, "--formula", "alpha ~ factor(drug)", "--draws", 20, "--warmup", 20)


def test_a_model_without_the_parameter_is_told_of(data):
    done = labile("fit", data, "--model", "rescorla_wagner,dual_learning_rate", "--formula", "alpha ~ drug", "--draws", 50, "--warmup", 50)
    assert "note: 'dual_learning_rate' has no parameter 'alpha': formula \"alpha ~ drug\" changes nothing in it" in done.stdout


def test_options_without_a_formula_are_refused(data):
    for extra in (["--reference", "drug=placebo"], ["--drop-missing"], ["--effect-prior", 2]):
        says(labile("fit", data, *MODEL, *extra), "belong to --formula")


def test_correlations_are_printed_and_refused_where_there_are_none(data):
    say = ["fit", data, *MODEL, "--correlated"]
    fit = json.loads(good(*say, "--json", "--draws", 100))
    r = fit["group"]["corr[alpha,beta]"]
    assert -1 < r["q2.5"] < r["mean"] < r["q97.5"] < 1
    assert "corr[alpha,beta]" not in json.loads(good("fit", data, *MODEL, "--json", "--draws", 20, "--warmup", 30))["group"]
    assert "correlations over people" in good(*say, "--draws", 20, "--warmup", 30)
    says(labile("fit", data, "--model", "rescorla_wagner", "--hold", "v0=0,beta=3", "--correlated"), "one parameter alone")
    says(labile(*say, "--method", "map"), "--method bayes")


def test_a_prior_that_insists_leaves_no_effect(data):
    say = ["fit", data, *MODEL, "--json", "--formula", "alpha ~ drug", "--draws", 100]
    fit = json.loads(good(*say, "--effect-prior", 0.001))
    assert abs(fit["group"]["b[alpha:drug[placebo]]"]["mean"]) < 0.01
    # And says that the data did not get a word in.
    assert any("the effect of drug[placebo] is hardly informed" in w for w in fit["diagnostics"]["weak"])
