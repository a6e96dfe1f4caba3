"""`labile recover`: its statistics against plain Python, its luck, its refusals."""
import csv
import json
import math

from labile_cli import good, labile, says

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
    assert "is not identified by this design" in text


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
