"""`labile calibrate`: its file against plain Python, going on where it was, refusals."""
import json
import os
import signal
import subprocess
import time

from labile_cli import BIN, good, labile, says

QUICK = ("calibrate", "--model", "rescorla_wagner", "--set", "blocks=[10,10]")


def test_summary_follows_from_the_replicates(tmp_path):
    out, plot = tmp_path / "r.json", tmp_path / "r.svg"
    text = good(*QUICK, "--replicates", "40", "--out", out, "--plot", plot)
    told = json.loads(out.read_text())
    assert "fewer than 100 replicates" in text
    assert [r["index"] for r in told["replicates"]] == list(range(40))
    assert told["quantities"][:4] == ["mu[alpha]", "mu[beta]", "log_sigma[alpha]", "log_sigma[beta]"]
    assert told["quantities"][-1] == "loglik"
    for i, q in enumerate(told["summary"]["quantities"]):
        ranks = [r["ranks"][i] for r in told["replicates"]]
        assert all(0 <= x <= 39 for x in ranks)
        assert q["below"] == [sum(x < k for x in ranks) for k in range(41)]
        cuts = {0.5: (10, 29), 0.8: (4, 35), 0.9: (2, 37)}
        for c in q["coverage"]:
            low, high = cuts[c["interval"]]
            assert c["covered"] == sum(low <= x <= high for x in ranks) / 40
    assert plot.read_text().count("<rect") == 1 + len(told["quantities"])


def test_goes_on_where_it_was_and_does_not_depend_on_threads(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    good(*QUICK, "--replicates", "5", "--out", first, "--jobs", "1")
    good(*QUICK, "--replicates", "12", "--out", first, "--jobs", "1")
    good(*QUICK, "--replicates", "12", "--out", second, "--jobs", "3")
    ranks = [[r["ranks"] for r in json.loads(f.read_text())["replicates"]] for f in (first, second)]
    assert len(ranks[0]) == 12 and ranks[0] == ranks[1]
    other = json.loads(good(*QUICK, "--replicates", "12", "--seed", "2", "--json"))
    assert [r["ranks"] for r in other["replicates"]] != ranks[0]


def test_interruption_keeps_what_is_finished(tmp_path):
    out = tmp_path / "r.json"
    running = subprocess.Popen([BIN, *QUICK, "--replicates", "1000000", "--jobs", "1", "--out", out], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    os.kill(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    kept = len(json.loads(out.read_text())["replicates"])
    assert kept > 0 and f"interrupted: {kept} of 1000000" in said
    again = good(*QUICK, "--replicates", str(kept), "--out", out)  # nothing left to do
    assert f"{kept} replicates" in again


def test_refusals(tmp_path):
    out = tmp_path / "r.json"
    good(*QUICK, "--replicates", "1", "--out", out)
    says(labile(*QUICK, "--replicates", "1", "--out", out, "--seed", "9"), "r.json", "seed", "--out")
    out.write_text("{}")
    says(labile(*QUICK, "--replicates", "1", "--out", out), "r.json", "no file of")
    says(labile("calibrate", "--model", "flex"), "cannot be fitted")
    says(labile("calibrate", "--model", "rescorla_wagnr"), "rescorla_wagner")
    says(labile(*QUICK, "--set", "bloks=[3]"), "blocks")
    says(labile(*QUICK, "--group", "alpa = phi 0 1"), "alpha")
    says(labile(*QUICK, "--hold", "alpa=0.3"), "alpha")
    says(labile("calibrate", "--model", "rlwm", "--task", "bandit_reversal"), "set_size")
    says(labile(*QUICK, "--ranks", "500", "--draws", "100"), "ranks")
