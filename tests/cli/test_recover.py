"""`labile recover`: its statistics against plain Python, its luck, its refusals."""
import csv
import json
import math
import re

from labile_cli import good, labile, says, stopped

QUICK = ("recover", "--model", "rescorla_wagner", "--subjects", "40", "--set", "blocks=[40,40,40]", "--seed", "3")


def test_statistics_follow_from_the_table(tmp_path):
    out = tmp_path / "values.csv"
    told = json.loads(good(*QUICK, "--json", "--out", out))
    with open(out, newline="") as f:
        rows = list(csv.DictReader(f))
    assert [p["name"] for p in told["parameters"]] == ["alpha", "beta"]
    assert told["trials"] == 120 and told["subjects"] == 40
    for p in told["parameters"]:
        pairs = [(float(r["truth"]), float(r["fitted"])) for r in rows if r["parameter"] == p["name"]]
        assert len(pairs) == 40
        n = len(pairs)
        mx, my = sum(t for t, _ in pairs) / n, sum(f for _, f in pairs) / n
        cov = sum((t - mx) * (f - my) for t, f in pairs)
        spread = math.sqrt(sum((t - mx) ** 2 for t, _ in pairs) * sum((f - my) ** 2 for _, f in pairs))
        assert math.isclose(p["r"], cov / spread, rel_tol=1e-9)
        assert math.isclose(p["bias"], my - mx, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(p["rmse"], math.sqrt(sum((f - t) ** 2 for t, f in pairs) / n), rel_tol=1e-9)
        assert math.isclose(p["slope"], cov / sum((t - mx) ** 2 for t, _ in pairs), rel_tol=1e-9)
    # 120 trials tell a learning rate from choices, but not perfectly
    assert 0.5 < told["parameters"][0]["r"] < 1


def test_more_trials_recover_better(tmp_path):
    few = json.loads(good(*QUICK[:-4], "--set", "blocks=[20,20]", "--seed", "3", "--json"))
    many = json.loads(good(*QUICK[:-4], "--set", "blocks=[300,300,300,300]", "--seed", "3", "--json"))
    for a, b in zip(few["parameters"], many["parameters"]):
        assert a["truth"] == b["truth"]
        assert b["rmse"] < a["rmse"]


def test_the_same_for_any_number_of_threads():
    assert good(*QUICK, "--json", "--jobs", "1") == good(*QUICK, "--json", "--jobs", "3")


def test_a_range_replaces_a_prior():
    told = json.loads(good(*QUICK, "--range", "alpha=0.2:0.3", "--json"))
    assert all(0.2 <= x <= 0.3 for x in told["parameters"][0]["truth"])
    held = json.loads(good(*QUICK, "--range", "v0=0.4:0.6", "--json"))  # held at its default otherwise
    assert [p["name"] for p in held["parameters"]] == ["alpha", "beta", "v0"]


def test_values_start_afresh_where_the_task_says_so():
    """rl_working_memory has new stimuli in each block: fits that carried values over would not recover rho."""
    told = json.loads(good("recover", "--model", "rlwm", "--subjects", "30", "--json", timeout=300))
    r = {p["name"]: p["r"] for p in told["parameters"]}
    assert told["task"] == "rl_working_memory"
    assert r["rho"] > 0.5, r


def test_says_what_a_design_cannot_tell():
    text = good("recover", "--model", "rescorla_wagner", "--subjects", "30", "--set", "blocks=[3,3]")
    assert "cannot be identified at this design" in text


def test_refusals():
    says(labile("recover", "--model", "rescorla_wagnr"), "rescorla_wagner")
    says(labile("recover", "--model", "flex"), "cannot be fitted")
    says(labile("recover", "--model", "rescorla_wagner", "--range", "alpa=0:1"), "alpha")
    says(labile("recover", "--model", "rescorla_wagner", "--range", "alpha=0.9:0.1"), "alpha", "smaller")
    says(labile("recover", "--model", "rescorla_wagner", "--range", "alpha=0:2"), "alpha")
    says(labile("recover", "--model", "rescorla_wagner", "--range", "alpha"), "NAME=LOW:HIGH")
    says(labile("recover", "--model", "rescorla_wagner", "--task", "two_stp"), "two_step")
    says(labile("recover", "--model", "rlwm", "--task", "bandit_reversal"), "set_size")
    says(labile("recover", "--model", "rescorla_wagner", "--set", "blocs=[3,3]"), "blocks")


def correlation(x, y):
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return (sum((a - mx) * (b - my) for a, b in zip(x, y))
            / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)))


def test_hierarchical_statistics_follow_from_the_table(tmp_path):
    out, plot = tmp_path / "values.csv", tmp_path / "values.svg"
    told = json.loads(good("recover", "--model", "prl_rp", "--method", "bayes", "--subjects", "24", "--seed", "5", "--chains", "2",
                           "--draws", "300", "--json", "--out", out, "--plot", plot))
    with open(out, newline="") as f:
        rows = list(csv.DictReader(f))
    errors = {}
    for p in told["parameters"]:
        mine = [{k: float(v) for k, v in r.items() if k not in ("parameter", "unit")} for r in rows if r["parameter"] == p["name"]]
        assert len(mine) == 24
        truth, fitted = [r["truth"] for r in mine], [r["fitted"] for r in mine]
        errors[p["name"]] = [f - t for t, f in zip(truth, fitted)]
        assert math.isclose(p["r"], correlation(truth, fitted), rel_tol=1e-9)
        assert math.isclose(p["bias"], sum(errors[p["name"]]) / 24, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(p["rmse"], math.sqrt(sum(e * e for e in errors[p["name"]]) / 24), rel_tol=1e-9)
        sd = lambda x: math.sqrt(sum((v - sum(x) / 24) ** 2 for v in x) / 23)
        assert math.isclose(p["shrinkage"], 1 - sd(fitted) / sd(truth), rel_tol=1e-9)
        for c in p["coverage"]:
            percent = f"{100 * c['interval']:.0f}"
            inside = sum(r[f"low_{percent}"] <= r["truth"] <= r[f"high_{percent}"] for r in mine)
            assert math.isclose(c["covered"], inside / 24)
        assert all(r["low_95"] <= r["low_90"] <= r["low_50"] < r["high_50"] <= r["high_90"] <= r["high_95"] for r in mine)
        # true values are what the group's mu and sigma make of standard normals
        group = next(g for g in told["group"] if g["name"] == p["name"])
        assert group["sigma"]["truth"] > 0 and math.isfinite(group["mu"]["truth"])
    names = list(errors)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            assert math.isclose(told["error_correlations"][i][j], correlation(errors[a], errors[b]), rel_tol=1e-9, abs_tol=1e-12)
    assert plot.read_text().startswith("<svg") and plot.read_text().count(">true</text>") == 3


def test_a_range_is_recovered_by_a_group_too():
    told = json.loads(good("recover", "--model", "rescorla_wagner", "--method", "bayes", "--subjects", "20", "--range",
                           "alpha=0.1:0.9", "--draws", "200", "--chains", "1", "--json"))
    alpha = told["parameters"][0]
    assert all(0.1 <= x <= 0.9 for x in alpha["truth"]) and max(alpha["truth"]) - min(alpha["truth"]) > 0.4
    assert told["group"][0]["mu"]["truth"] is None
    assert alpha["r"] > 0.5


MODELS = ("recover", "--models", "rescorla_wagner,hmm_reversal", "--set", "blocks=[50,50,50,50]", "--subjects", "15", "--data-sets", "2")


def test_confusion_follows_from_the_table(tmp_path):
    out = tmp_path / "scores.csv"
    told = json.loads(good(*MODELS, "--json", "--out", out))
    with open(out, newline="") as f:
        rows = list(csv.DictReader(f))
    models = told["models"]
    assert len(rows) + told["invalid"] == 2 * 2 * 15
    count = [[0, 0], [0, 0]]
    for r in rows:
        scores = [float(r[f"score_{m}"]) for m in models]
        best = scores.index(max(scores))
        assert r["best"] == models[best]
        count[models.index(r["simulated"])][best] += 1
    subjects = told["subjects"]
    assert subjects["count"] == count
    for i in range(2):
        n = sum(count[i])
        for j in range(2):
            p = count[i][j] / n
            assert math.isclose(subjects["p_best_given_simulated"][i][j], p, abs_tol=1e-12)
            assert math.isclose(subjects["p_best_given_simulated_se"][i][j], math.sqrt(p * (1 - p) / n), abs_tol=1e-12)
            column = sum(count[k][j] / sum(count[k]) for k in range(2))
            assert math.isclose(subjects["p_simulated_given_best"][i][j], p / column, abs_tol=1e-12)
    # long blocks tell a belief that jumps from values that creep, mostly
    assert count[0][0] > count[0][1] and count[1][1] > count[1][0]
    assert [sum(row) for row in told["groups"]["count"]] == [2, 2]


def test_models_that_differ_in_kind_are_always_told_apart():
    """A bandit player without learning from states against one that is paid by states: go_nogo under both."""
    told = json.loads(good("recover", "--models", "pavlovian_bias,bandit2arm_delta", "--task", "go_nogo", "--subjects", "10",
                           "--data-sets", "1", "--json"))
    count = told["subjects"]["count"]
    assert count[0][0] >= 7, count


def test_models_by_leave_one_out():
    told = json.loads(good("recover", "--models", "rescorla_wagner,hmm_reversal", "--method", "bayes", "--subjects", "8",
                           "--data-sets", "1", "--chains", "2", "--draws", "200", "--json"))
    assert told["criterion"] == "loo"
    assert [sum(row) for row in told["groups"]["count"]] == [1, 1]
    assert sum(map(sum, told["subjects"]["count"])) + told["invalid"] == 16


def test_models_the_same_for_any_number_of_threads():
    assert good(*MODELS, "--json", "--jobs", "1") == good(*MODELS, "--json", "--jobs", "3")


def test_refusals_of_models():
    says(labile("recover"), "--model")
    says(labile("recover", "--models", "rescorla_wagner"), "two or more")
    says(labile("recover", "--models", "rescorla_wagner,rescorla_wagner"), "twice")
    says(labile("recover", "--models", "rescorla_wagner,rl_ddm"), "compared")
    says(labile("recover", "--models", "rescorla_wagner,rlwm"), "set_size")
    says(labile("recover", "--models", "rescorla_wagner,kalmn"), "kalman")
    says(labile("recover", "--models", "rescorla_wagner,kalman", "--criterion", "loo"), "loo")
    says(labile("recover", "--models", "rescorla_wagner,kalman", "--range", "alpha=0:1"), "--range")
    says(labile("recover", "--model", "rescorla_wagner", "--group", "alpha = phi 0 1"), "--group")


def test_ctrl_c_tells_of_the_data_sets_that_have_been_fitted(tmp_path):
    code, out, _ = stopped("recover", "--models", "rescorla_wagner,dual_learning_rate", "--method", "bayes", "--subjects", 4,
                           "--data-sets", 30, "--warmup", 60, "--draws", 60, "--jobs", 1, "--out", tmp_path / "s.csv",
                           when=lambda s: re.search(r" 2\d% models", s))
    assert code == 130, out
    played = int(re.search(r"interrupted: (\d+) of 60 data sets", out)[1])
    with open(tmp_path / "s.csv", newline="") as f:
        sets = {(r["simulated"], r["data_set"]) for r in csv.DictReader(f)}
    assert len(sets) == played >= 12
