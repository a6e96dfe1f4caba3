"""What `labile fit` writes beside parameters: draws, trials with the learner's numbers, a methods paragraph, predictive checks."""
import csv
import json
import math
import os
import pathlib
import random
import subprocess
import sys

import pytest

from labile_cli import BIN, ROOT, good, labile, says

QUICK = ["--warmup", 150, "--draws", 250]


def payoffs(path, subjects=10, trials=100, alpha=0.3, beta=3.0, stay=0.0, seed=4):
    """A delta rule between two options whose payoffs are all in the table; sessions are words, subjects take turns."""
    rng = random.Random(seed)
    v = [[0.0, 0.0] for _ in range(subjects)]
    last = [None] * subjects
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subjID", "day", "session", "trial", "choice", "outcome", "payoff_0", "payoff_1", "delta"])
        for t in range(trials):
            for s in range(subjects):
                u = [beta * x for x in v[s]]
                if last[s] is not None:
                    u[last[s]] += stay
                p1 = 1 / (1 + math.exp(u[0] - u[1]))
                pay = [int(rng.random() < p) for p in (0.7, 0.3)]
                c = int(rng.random() < p1)
                v[s][c] += alpha * (pay[c] - v[s][c])
                last[s] = c
                out.writerow([f"s{s}", "mo,nday" if t < trials / 2 else "tuesday", "am" if t < trials / 2 else "pm", t + 1, c, pay[c], *pay, "x"])
    return path


def table(path):
    return list(csv.DictReader(open(path)))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    data = payoffs(folder / "d.csv")
    fit = json.loads(good("fit", data, "--model", "rescorla_wagner", "--json", "--seed", 2, *QUICK, "--draws-out", folder / "draws",
                          "--trials-out", folder / "trials.csv", "--methods", folder / "methods.md",
                          "--check", "win_stay,lose_shift", "--replicates", 100))
    return folder, data, fit


def chain(path):
    lines = [x for x in open(path).read().splitlines() if x and not x.startswith("#")]
    return list(csv.DictReader(lines))


def test_draws_as_cmdstan_writes_them(run):
    folder, _, fit = run
    chains = [chain(folder / "draws" / f"rescorla_wagner-{c}.csv") for c in (1, 2, 3, 4)]
    assert [len(c) for c in chains] == [250] * 4
    draws = [row for c in chains for row in c]
    for name, key in (("group_alpha", "alpha"), ("mu_beta", "mu[beta]"), ("sigma_alpha", "sigma[alpha]")):
        mean = sum(float(r[name]) for r in draws) / len(draws)
        assert mean == pytest.approx(fit["group"][key]["mean"], rel=1e-12), name
    for s in range(10):
        mean = sum(float(r[f"beta.{s + 1}"]) for r in draws) / len(draws)
        assert mean == pytest.approx(fit["subjects"][s]["params"]["beta"], rel=1e-12)
    assert sum(int(r["divergent__"]) for r in draws) == fit["diagnostics"]["divergences"]


def arviz_python():
    """A Python that has ArviZ: this one, or LABILE_ARVIZ_PYTHON (tests/oracles/arviz-requirements.txt says how)."""
    for python in (os.environ.get("LABILE_ARVIZ_PYTHON"), sys.executable):
        if python and subprocess.run([python, "-c", "import arviz"], capture_output=True).returncode == 0:
            return python
    pytest.skip("ArviZ is not installed: see tests/oracles/arviz-requirements.txt")


def test_arviz_reads_both_and_finds_the_same(run):
    folder, _, fit = run
    python = arviz_python()
    done = subprocess.run([python, ROOT / "tests/oracles/arviz_reads.py", folder / "draws", "rescorla_wagner"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    assert theirs["groups"] == ["log_likelihood", "observed_data", "posterior", "sample_stats"]
    assert theirs["subjects"] == [f"s{s}" for s in range(10)]
    for name, key in (("group_alpha", "alpha"), ("mu_beta", "mu[beta]"), ("sigma_alpha", "sigma[alpha]"), ("sigma_beta", "sigma[beta]")):
        ours = fit["group"][key]
        for stat in ("mean", "sd", "rhat", "ess_bulk", "ess_tail", "mcse_mean"):
            assert theirs["netcdf"][name][stat] == pytest.approx(ours[stat], rel=1e-6), (name, stat)
        for stat in ("mean", "rhat"):
            assert theirs["cmdstan"][name][stat] == pytest.approx(ours[stat], rel=1e-6), (name, stat)
    for s in range(10):
        assert theirs["alpha"][s]["rhat"] == pytest.approx(fit["subjects"][s]["posterior"]["alpha"]["rhat"], rel=1e-6)
    assert theirs["loo"]["elpd"] == pytest.approx(fit["loo"]["elpd"]["estimate"], rel=1e-6)
    assert theirs["loo"]["se"] == pytest.approx(fit["loo"]["elpd"]["se"], rel=1e-6)
    assert theirs["loo"]["p"] == pytest.approx(fit["loo"]["p"]["estimate"], rel=1e-6)
    assert theirs["az_loo"]["elpd"] == pytest.approx(fit["loo"]["elpd"]["estimate"], abs=0.01)  # one efficiency for all
    assert theirs["waic"]["elpd"] == pytest.approx(fit["waic"]["elpd"]["estimate"], rel=1e-6)
    assert theirs["divergences"] == fit["diagnostics"]["divergences"]


def rescorla_wagner(rows, alpha, beta, v0=0.0, fresh=None):
    """Transcription: prediction error, probabilities of both options and utilities before the choice of each row."""
    v, out, before = [v0, v0], [], None
    for row in rows:
        if fresh and before is not None and row[fresh] != before:
            v = [v0, v0]
        before = row[fresh] if fresh else None
        u = [beta * x for x in v]
        top = max(u)
        e = [math.exp(x - top) for x in u]
        p = [x / sum(e) for x in e]
        c, r = int(row["choice"]), float(row["outcome"])
        delta = r - v[c]
        v[c] += alpha * delta
        out.append((delta, p, u, math.log(p[c])))
    return out


def same_as_transcription(rows, params_of, fresh=None):
    for s in sorted({r["subjID"] for r in rows}):
        mine = [r for r in rows if r["subjID"] == s]
        p = params_of[s]
        for row, (delta, prob, u, l) in zip(mine, rescorla_wagner(mine, p["alpha"], p["beta"], p["v0"], fresh)):
            assert float(row["fit_delta"]) == pytest.approx(delta, abs=1e-12)
            for o in (0, 1):
                assert float(row[f"prob_{o}"]) == pytest.approx(prob[o], abs=1e-12)
                assert float(row[f"utility_{o}"]) == pytest.approx(u[o], abs=1e-12)
            assert float(row["loglik"]) == pytest.approx(l, abs=1e-11)


def test_trials_are_the_table_with_the_learners_numbers(run):
    folder, data, fit = run
    rows, original = table(folder / "trials.csv"), table(data)
    assert len(rows) == len(original)
    for row, was in zip(rows, original):  # subjects take turns in the file; words and their commas stay
        assert {k: row[k] for k in was} == was
    same_as_transcription(rows, {s["subject"]: s["params"] for s in fit["subjects"]})


def test_trials_of_single_fits_filters_and_fresh_starts(run, tmp_path):
    _, data, _ = run
    say = ["fit", data, "--model", "rescorla_wagner", "--method", "map", "--json", "--starts", 2]
    fit = json.loads(good(*say, "--reset-on", "session", "--trials-out", tmp_path / "t.csv", "--methods", tmp_path / "m.md"))
    same_as_transcription(table(tmp_path / "t.csv"), {s["subject"]: s["params"] for s in fit["subjects"]}, "session")
    assert "maximum a posteriori" in (tmp_path / "m.md").read_text()
    fit = json.loads(good(*say, "--where", "session=pm", "--trials-out", tmp_path / "t.csv"))
    rows = table(tmp_path / "t.csv")
    assert len(rows) == 500 and {r["session"] for r in rows} == {"pm"}
    same_as_transcription(rows, {s["subject"]: s["params"] for s in fit["subjects"]})


def test_trials_of_conditions_within_subjects(tmp_path):
    """Conditions take turns, subjects too: every row has the numbers of its own subject in its own condition."""
    rng, lines, trial = random.Random(12), ["subjID,drug,block,trial,choice,outcome"], 0
    for block in range(4):
        for s in ("b", "a", "c"):
            for _ in range(15):
                trial += 1
                lines.append(f"{s},{'on' if block % 2 else 'off'},{block},{trial},{rng.randint(0, 1)},{rng.randint(0, 1)}")
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    say = ["fit", tmp_path / "d.csv", "--model", "rescorla_wagner", "--warmup", 60, "--draws", 50, "--json"]
    fit = json.loads(good(*say, "--formula", "alpha, beta ~ drug", "--trials-out", tmp_path / "t.csv"))
    rows, original = table(tmp_path / "t.csv"), table(tmp_path / "d.csv")
    assert [{k: r[k] for k in original[0]} for r in rows] == original
    units = {f"{s['subject']}/{s['condition']['drug']}": s["params"] for s in fit["subjects"]}
    assert len(units) == 6
    for r in rows:
        r["subjID"] += "/" + r["drug"]
        r.setdefault("fit_delta", r["delta"])
    same_as_transcription(rows, units, "block")


def test_trials_where_something_is_missing(tmp_path):
    rows = ["subject,trial,choice,outcome", "a,1,0,1", "a,2,NA,NA", "a,3,1,NA", "a,4,1,0"] + [f"b,{t},{t % 2},1" for t in range(6)]
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n")
    good("fit", tmp_path / "d.csv", "--model", "rescorla_wagner", "--method", "map", "--trials-out", tmp_path / "t.csv")
    out = table(tmp_path / "t.csv")
    assert [r["delta"] != "" for r in out[:4]] == [True, False, False, True]  # no outcome, nothing learned
    assert [r["loglik"] != "" for r in out[:4]] == [True, False, True, True]
    assert out[1]["prob_0"] != ""


def test_trials_with_two_decisions_a_row(tmp_path):
    rng = random.Random(3)
    lines = ["subject,trial,choice1,state2,choice2,reward"]
    for s in "ab":
        for t in range(60):
            first = rng.randint(1, 2)
            lines.append(f"{s},{t},{first},{1 + (rng.random() < 0.7) * (first == 2)},{rng.randint(1, 2)},{rng.randint(0, 1)}")
    lines[5] = "a,4,NA,NA,NA,NA"
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    good("fit", tmp_path / "d.csv", "--model", "two_step_hybrid", "--method", "map", "--starts", 1, "--trials-out", tmp_path / "t.csv")
    out = table(tmp_path / "t.csv")
    assert len(out) == 120 and out[119]["subject"] == "b"
    for i, r in enumerate(out):
        if i == 4:
            assert r["loglik_1"] == r["loglik_2"] == r["prob_0_2"] == ""
            continue
        for stage in "12":
            p = float(r[f"prob_{int(r['choice' + stage]) - 1}_{stage}"])
            assert math.log(p) == pytest.approx(float(r[f"loglik_{stage}"]), abs=1e-9)


def test_methods_say_what_was_run(run):
    folder, _, fit = run
    text = (folder / "methods.md").read_text()
    for words in ("`rescorla_wagner`", "1000 choices of 10 subjects (d.csv)", "4 chains of 250 draws after 150 warm-up", "seed 2",
                  "half-normal(0.2)", "| alpha | 0 + 1 Phi_approx | N(0, 1) |", "v0 = 0", "Labile 0."):
        assert words in text, words
    assert f"at most {fit['diagnostics']['max_rhat']:.3f}" in text


def win_stay(choices, outcomes):
    """Within sessions, of 50 trials each."""
    wins = [t for t in range(1, len(choices)) if outcomes[t - 1] > 0 and t != 50]
    return sum(choices[t] == choices[t - 1] for t in wins), len(wins)


def test_predictive_checks_equal_own_simulation(run):
    """Agents with the exported draws, played in Python on the same payoffs: the same distribution of win_stay."""
    folder, data, fit = run
    check = fit["check"]
    assert check["from"] == "posterior" and check["replicates"] == 100 and check["task"] == "restless_bandit"
    ours = check["metrics"]["win_stay"]
    rows = table(data)
    by = {f"s{s}": [r for r in rows if r["subjID"] == f"s{s}"] for s in range(10)}
    counts = [win_stay([int(r["choice"]) for r in by[s]], [float(r["outcome"]) for r in by[s]]) for s in by]
    assert ours["observed"] == pytest.approx(sum(c[0] for c in counts) / sum(c[1] for c in counts), rel=1e-12)
    draws = [row for c in (1, 2, 3, 4) for row in chain(folder / "draws" / f"rescorla_wagner-{c}.csv")]
    rng, values = random.Random(5), []
    for d in draws[::5]:  # 200 of them
        num = den = 0
        for s in range(10):
            alpha, beta, v, choices, outcomes = float(d[f"alpha.{s + 1}"]), float(d[f"beta.{s + 1}"]), [0.0, 0.0], [], []
            for r in by[f"s{s}"]:
                c = int(rng.random() < 1 / (1 + math.exp(beta * (v[0] - v[1]))))
                pay = float(r[f"payoff_{c}"])
                v[c] += alpha * (pay - v[c])
                choices.append(c)
                outcomes.append(pay)
            n = win_stay(choices, outcomes)
            num, den = num + n[0], den + n[1]
        values.append(num / den)
    mean = sum(values) / len(values)
    sd = math.sqrt(sum((x - mean) ** 2 for x in values) / len(values))
    assert abs(ours["mean"] - mean) < 4 * sd * math.sqrt(1 / 100 + 1 / 200)
    width = ours["q97.5"] - ours["q2.5"]
    assert 2.5 * sd < width < 5.5 * sd  # 3.9 sd of a normal
    assert 0.005 < ours["p"] < 0.995  # people are of the model
    assert len(ours["subjects"]) == 10


def test_predictive_checks_see_what_a_model_lacks(tmp_path):
    data = payoffs(tmp_path / "d.csv", stay=2.5, seed=6)
    fit = json.loads(good("fit", data, "--model", "rescorla_wagner", "--json", *QUICK, "--check", "lose_shift", "--check", "win_stay"))
    assert fit["check"]["metrics"]["lose_shift"]["p"] > 0.99  # agents shift more after losses than these people


def test_prior_predictive_checks_fit_nothing(run):
    _, data, _ = run
    say = ["fit", data, "--model", "rescorla_wagner", "--prior-only", "--check", "win_stay", "--json"]
    prior = json.loads(good(*say))
    assert prior["method"] == "prior" and "group" not in prior
    wide = prior["check"]["metrics"]["win_stay"]
    assert wide["q97.5"] - wide["q2.5"] > 0.1
    narrow = json.loads(good(*say, "--group", "alpha = phi 0 1 mu 0 0.001 sigma 0.001", "--group", "beta = exp mu -20 0.001 sigma 0.001"))
    at_chance = narrow["check"]["metrics"]["win_stay"]
    assert abs(at_chance["mean"] - 0.5) < 0.01  # beta of nothing
    said = good(*say[:-1])
    assert "prior predictive check: 200 groups of 10 play restless_bandit" in said


def test_checks_on_a_task_that_draws_its_own_luck(tmp_path):
    rng = random.Random(1)
    lines = ["subject,block,trial,choice,outcome,best"]
    for s in range(6):
        for t in range(60):
            best, c = int(t >= 30), rng.randint(0, 1)
            lines.append(f"{s},{int(t >= 30)},{t},{c},{int(rng.random() < (0.8 if c == best else 0.2))},{best}")
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    say = ["fit", tmp_path / "d.csv", "--model", "rescorla_wagner", "--prior-only", "--json", "--check", "accuracy"]
    says(labile(*say), "payoff_0", "--task bandit_reversal")
    check = json.loads(good(*say, "--task", "bandit_reversal", "--set", "p_better=0.8"))["check"]
    assert check["metrics"]["accuracy"]["observed"] == pytest.approx(0.5, abs=0.1)
    assert check["metrics"]["accuracy"]["q2.5"] < check["metrics"]["accuracy"]["q97.5"]


@pytest.mark.parametrize(
    "extra,words",
    [
        (["--method", "map", "--draws-out", "x"], ["--draws-out", "map has no draws"]),
        (["--method", "ml", "--check", "win_stay"], ["--check", "bayes"]),
        (["--prior-only"], ["--prior-only", "--check"]),
        (["--check", "win_sty"], ["win_sty", "did you mean 'win_stay'"]),
        (["--check", "win_stay", "--task", "restles_bandit"], ["restles_bandit", "did you mean 'restless_bandit'"]),
        (["--prior-only", "--check", "win_stay", "--out", "x.csv"], ["nothing to write"]),
        (["--task", "two_step"], ["--task", "--check"]),
        (["--check", "win_stay", "--task", "restless_bandit", "--set", "optoins=2"], ["optoins", "did you mean 'options'"]),
        (["--out", "x.csv", "--group-out", "./x.csv"], ["--group-out ./x.csv", "is the file of --out"]),
        (["--out", "."], ["--out .", "is a folder"]),
        (["--starts", 3], ["--starts", "map and ml"]),
    ],
)
def test_refusals(run, extra, words):
    _, data, _ = run
    said = labile("fit", data, "--model", "rescorla_wagner", *extra, *QUICK)
    says(said, *words)
    assert said.stdout == ""  # before anything was fitted


def test_a_table_to_the_terminal_stands_with_what_is_said(run, tmp_path):
    _, data, _ = run
    with open(tmp_path / "log.txt", "w") as log:
        subprocess.run([BIN, "fit", data, "--model", "rescorla_wagner", "--method", "ml", "--starts", "1", "--out", "/dev/stdout"], stdout=log, check=True)
    said = (tmp_path / "log.txt").read_text()
    assert said.count("subject,alpha,") == 1 and "maximum likelihood" in said
    good("fit", data, "--model", "rescorla_wagner", "--method", "ml", "--starts", 1, "--out", "/dev/null", "--trials-out", "/dev/null")


def test_chains_belong_to_bayes(run):
    _, data, _ = run
    for extra in (["--chains", 2], ["--group", "beta = exp"], ["--max-depth", 8]):
        says(labile("fit", data, "--model", "rescorla_wagner", "--method", "map", *extra), str(extra[0]), "--method bayes")


def test_predictive_checks_of_conditions_within_subjects(tmp_path):
    """People who follow values in one condition and guess in the other: a model that knows the condition plays as they do, one that
    does not plays somewhere between."""
    rng, lines = random.Random(9), ["subject,drug,block,trial,choice,outcome,payoff_0,payoff_1"]
    for s in range(8):
        for block in range(4):
            v, beta = [0.0, 0.0], 8.0 if block % 2 else 0.3
            for t in range(50):
                pay = [int(rng.random() < 0.8), int(rng.random() < 0.2)]
                c = int(rng.random() < 1 / (1 + math.exp(-beta * (v[1] - v[0]))))
                v[c] += 0.3 * (pay[c] - v[c])
                lines.append(f"s{s},{'on' if block % 2 else 'off'},{block},{t},{c},{pay[c]},{pay[0]},{pay[1]}")
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    say = ["fit", tmp_path / "d.csv", "--model", "rescorla_wagner", "--json", *QUICK, "--check", "win_stay", "--replicates", 100]
    with_it = json.loads(good(*say, "--formula", "beta ~ drug"))["check"]
    among = json.loads(good(*say, "--formula", "alpha ~ drug", "--hold", "beta=2"))["check"]
    assert len(with_it["metrics"]["win_stay"]["subjects"]) == 16
    outside = [sum(not m["q2.5"] <= m["observed"] <= m["q97.5"] for m in c["metrics"]["win_stay"]["subjects"].values()) for c in (with_it, among)]
    assert outside[0] <= 3 and outside[1] >= 6, outside
    prior = json.loads(good(*say, "--formula", "beta ~ drug + (1 + drug | subject)", "--correlated", "--prior-only"))["check"]
    assert prior["from"] == "prior" and len(prior["metrics"]["win_stay"]["subjects"]) == 16
