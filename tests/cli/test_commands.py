"""Commands do what they say: same bits for any number of threads, settings count, files can be read back."""
import csv
import json
import os
import random
import re
import shutil
import subprocess
import time

import pytest
from labile_cli import BIN, CARD, ROOT, files, good, labile, results, settled


@pytest.fixture
def card(tmp_path):
    path = tmp_path / "card.toml"
    path.write_text(CARD)
    return path


def run(card, out, *args):
    good("run", card, "--out", out, *args)
    return settled(out)


def metric(folder, name, condition="intact"):
    for cell in results(folder)["cells"]:
        if cell["condition"] == condition:
            return cell["metrics"][name]
    raise AssertionError(condition)


@pytest.mark.parametrize("extra", [[], ["--set", "agent.RW.model=flex", "--set", "agent.RW.params={}", "--set",
                                        "manipulation.0.target=da.release"]], ids=["learner", "circuit"])
def test_same_bits_for_any_number_of_threads(card, tmp_path, extra):
    one, two, four = (run(card, tmp_path / str(n), "--jobs", n, "--set", "subjects=300", "--set", "record=all", *extra)
                      for n in (1, 2, 4))
    assert one == two == four
    assert (tmp_path / "1/trials.csv").read_bytes() == (tmp_path / "4/trials.csv").read_bytes()
    assert run(card, tmp_path / "1", "--jobs", 1, "--set", "subjects=300", "--set", "record=all", *extra) == one
    assert results(tmp_path / "2")["manifest"]["threads"] == 2


def test_seed_and_set_change_results(card, tmp_path):
    run(card, tmp_path / "a")
    run(card, tmp_path / "seed", "--seed", 6)
    run(card, tmp_path / "set", "--set", "task.p_better=0.7")
    a = metric(tmp_path / "a", "accuracy")["value"]
    assert metric(tmp_path / "seed", "accuracy")["value"] != a
    assert results(tmp_path / "seed")["manifest"]["seed"] == 6
    assert metric(tmp_path / "set", "accuracy")["value"] < a
    hashes = {results(tmp_path / d)["card"]["hash"] for d in ("a", "seed", "set")}
    assert len(hashes) == 3
    # The card that was kept is the card that was run.
    again = run(tmp_path / "set" / "card.toml", tmp_path / "again")
    assert again == settled(tmp_path / "set")


def test_values_with_a_unit(card, tmp_path):
    a = run(card, tmp_path / "a", "--set", 'task.cue="0.5 s"')
    assert a == run(card, tmp_path / "b", "--set", "task.cue=500")


def test_dry_writes_nothing(card, tmp_path):
    said = good("run", card, "--dry", "--out", tmp_path / "out")
    assert "Nothing was run" in said and "40 subjects" in said
    assert files(tmp_path) == ["card.toml"]


def test_built_in_cards_are_good(tmp_path):
    for path in sorted((ROOT / "experiments").glob("*.toml")):
        assert "The card is good" in good("run", path, "--dry", cwd=tmp_path)
    assert "The card is good" in good("run", "reversal_lesions", "--dry", cwd=tmp_path)
    assert files(tmp_path) == []


def test_report_again(card, tmp_path):
    out = tmp_path / "out"
    run(card, out)
    assert files(out) == ["card.toml", "report.html", "results.json"]
    page = (out / "report.html").read_bytes()
    assert b"A card for tests" in page
    (out / "report.html").unlink()
    assert str(out / "report.html") in good("report", out)
    assert (out / "report.html").read_bytes() == page


def test_check(card, tmp_path):
    assert labile("run", card, "--check", "--out", tmp_path / "a").returncode == 0
    wrong = labile("run", card, "--check", "--out", tmp_path / "b", "--set", "prediction.0.relation=ratio < 0.5")
    assert wrong.returncode == 1 and "refuted" in wrong.stdout
    assert results(tmp_path / "b")["predictions"][0]["verdict"] == "refuted"


def test_claims(card, tmp_path):
    (tmp_path / "cards").mkdir()
    shutil.copy(card, tmp_path / "cards" / "slow.toml")
    said = good("claims", "--folder", tmp_path / "cards")
    assert "supported" in said and "a lower learning rate is slower to switch" in said
    claims = json.loads(good("claims", "slow", "--json", "--folder", tmp_path / "cards"))
    assert [c["verdict"] for c in claims] == ["supported"]
    assert labile("claims", "nothing", "--folder", tmp_path / "cards").returncode == 2


def test_record_is_read_back(card, tmp_path):
    """trials.csv holds the run: the same metrics come out of it, and learners can be fitted to it."""
    out = tmp_path / "out"
    run(card, out, "--set", "record=all", "--set", "bootstrap.resamples=100")
    rows = list(csv.DictReader((out / "trials.csv").open()))
    assert len(rows) == 2 * 40 * 60
    assert {r["condition"] for r in rows} == {"intact", "low alpha"}
    measured = json.loads(good("metrics", out / "trials.csv", "--json"))
    for condition in ("intact", "low alpha"):
        for name in ("switch_lag", "accuracy"):
            assert measured[condition][name]["value"] == pytest.approx(metric(out, name, condition)["value"], rel=1e-12)
    assert "switch_lag" in good("metrics", out / "trials.csv")

    one = tmp_path / "one.csv"
    with one.open("w") as f:
        w = csv.DictWriter(f, rows[0].keys())
        w.writeheader()
        w.writerows(r for r in rows if r["condition"] == "intact")
    fit = json.loads(good("fit", one, "--model", "rescorla_wagner", "--method", "map", "--starts", 3, "--json"))
    assert len(fit["subjects"]) == 40
    alphas = sorted(s["params"]["alpha"] for s in fit["subjects"])
    assert 0.25 < alphas[20] < 0.55  # they were made with 0.4
    same = [json.loads(good("fit", one, "--model", "rescorla_wagner", "--method", "map", "--starts", 3, "--json", "--jobs", n)) for n in (1, 4)]
    assert same[0] == same[1] == fit
    said = good("fit", one, "--model", "rescorla_wagner,dual_learning_rate", "--method", "map", "--starts", 2, "--out", "fit.csv", cwd=tmp_path)
    assert "log-likelihood" in said
    for model in ("rescorla_wagner", "dual_learning_rate"):
        table = list(csv.DictReader((tmp_path / f"{model}_fit.csv").open()))
        assert len(table) == 40 and float(table[0]["loglik"]) < 0


def test_a_fit_out_of_a_folder_with_a_path(card, tmp_path):
    out = tmp_path / "out"
    run(card, out, "--set", "record=all", "--set", "subjects=4")
    (tmp_path / "fits").mkdir()
    good("fit", out / "trials.csv", "--model", "rescorla_wagner,hmm_reversal", "--method", "map", "--starts", 1, "--condition", "intact", "--out", tmp_path / "fits" / "f.csv")
    assert files(tmp_path / "fits") == ["hmm_reversal_f.csv", "rescorla_wagner_f.csv"]


def test_describe_lists_everything():
    said = good("describe")
    listed = json.loads(good("describe", "--json"))
    for kind in ("task", "learner", "metric"):
        catalogue = (ROOT / "src" / f"{kind}s" / "catalogue.def").read_text()
        names = re.findall(r"ENTRY\((\w+)\)", catalogue)
        assert names
        assert [e["name"] for e in listed if e["kind"] == kind] == names
        for name in names:
            assert re.search(rf"^{kind} +{name} ", said, re.M)
            one = good("describe", kind, name)
            assert "source: " in one
            assert json.loads(good("describe", kind, name, "--json"))[0]["name"] == name
    assert "p_better" in good("describe", "task", "bandit_reversal")
    assert "da.release" in good("describe", "learner", "flex")


def test_json_outputs_parse(card, tmp_path):
    text = good("run", card, "--json", "--out", tmp_path / "out")
    assert json.loads(text) == results(tmp_path / "out")
    r = json.loads(text)
    assert {"title", "variants", "agents", "conditions", "metrics", "cells", "effects", "predictions", "fits", "notes",
            "card", "manifest"} <= r.keys()
    interval = metric(tmp_path / "out", "accuracy")
    assert interval["low"] < interval["value"] < interval["high"] and interval["n"] == 40


def test_loglik_by_hand(tmp_path):
    choices, rewards = [0, 0, 1, 0, 1, 1], [1, 0, 1, 1, 0, 1]
    data = tmp_path / "six.csv"
    data.write_text("subject,trial,choice,outcome\n" + "".join(f"a,{t},{c},{r}\n" for t, (c, r) in enumerate(zip(choices, rewards))))
    args = ["loglik", data, "--model", "rescorla_wagner", "--params", "alpha=.3,beta=3"]
    assert json.loads(good(*args, "--json"))["total"] == pytest.approx(-4.976806, abs=1e-6)
    total = float(re.search(r"^total,(.*)$", good(*args), re.M)[1])
    assert total == pytest.approx(-4.976806, abs=1e-6)
    # Choices and columns as other packages write them.
    data.write_text("subjID\tkeyPressed\treward\n" + "".join(f"a\t{c + 1}\t{r}\n" for c, r in zip(choices, rewards)))
    assert json.loads(good(*args, "--json"))["total"] == pytest.approx(-4.976806, abs=1e-6)


def test_a_wrong_option_is_one_line_and_describe_shows_priors():
    for option, words in ((["--seed", "-1"], "--seed: wants a number, 0 or more, not '-1'"), (["--effect-prior", "0"], "above 0, not '0'"),
                          (["--no-such-option"], "--no-such-option")):
        done = labile("fit", "d.csv", "--model", "rescorla_wagner", *option)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) <= 2, done.stderr
    said = good("describe", "learner", "rescorla_wagner+stickiness")
    assert "beta(1.1, 1.1)" in said and "0 + 1 Phi_approx" in said and "\n  kernel_rate" not in said, said
    params = {p["name"]: p for p in json.loads(good("describe", "learner", "kalman", "--json"))[0]["parameters"]}
    assert params["beta"]["group"]["transform"] == "exp" and params["m0"]["prior"] == "held"


def test_help_and_version():
    assert re.match(r"labile \d+\.\d+\.\d+", good("--version"))
    said = good("--help")
    for command in ("run", "claims", "metrics", "fit", "loglik", "describe", "report"):
        assert command in said
        assert "Usage" in good(command, "--help")


def test_ten_million_rows(tmp_path):
    """A record of 10 million trials is measured in less than 1.2 GB."""
    data, each, people = tmp_path / "large.csv", 1000, 10000
    random.seed(1)
    bodies = []
    for _ in range(16):
        rows, trial = [], 0
        for block in range(20):
            best = block % 2
            for trial in range(block * 50, block * 50 + 50):
                choice = best if random.random() < 0.7 else 1 - best
                paid = int(random.random() < (0.8 if choice == best else 0.2))
                rows.append(f"@,0,{block},{trial},{choice},{paid},{random.random() + 0.2:.3f},{best}\n")
        bodies.append("".join(rows))
    try:
        with data.open("w", buffering=1 << 22) as f:
            f.write("subject,session,block,trial,choice,outcome,rt,best\n")
            for k in range(people):
                f.write(bodies[k % len(bodies)].replace("@", f"s{k}"))
        start = time.monotonic()
        with (tmp_path / "said").open("w") as out, (tmp_path / "wrong").open("w") as err:
            process = subprocess.Popen([BIN, "metrics", data, "--json"], stdout=out, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        assert process.returncode == 0, (tmp_path / "wrong").read_text()
        print(f"{seconds:.1f} s, {usage.ru_maxrss / 1024:.0f} MB")
        assert usage.ru_maxrss / 1024 < 1200
        assert seconds < 60
        r = json.loads((tmp_path / "said").read_text())["all"]
        assert r["accuracy"]["n"] == people and r["accuracy"]["value"] == pytest.approx(0.7, abs=0.01)
    finally:
        data.unlink(missing_ok=True)
