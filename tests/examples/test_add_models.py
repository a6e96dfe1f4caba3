"""A task, a learner and a metric are one file and one line each: added to a copy, they run, fit and show up."""
import csv
import json
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ADDED = {"task": "coin_flip", "learner": "win_stay_lose_shift", "metric": "longest_streak"}

CARD = """\
title = "Three that were added"
seed = 7
subjects = 60
record = "all"
metrics = ["longest_streak", "accuracy", "win_stay"]

[task]
name = "coin_flip"
trials = 150

[[agent]]
name = "WSLS"
model = "win_stay_lose_shift"
params = { epsilon = 0.2 }

[[manipulation]]
condition = "lapses x3"
op = "scale"
target = "epsilon"
amount = 3
at = "start"

[[prediction]]
claim = "lapses break streaks"
metric = "longest_streak"
contrast = ["lapses x3", "intact"]
relation = "ratio < 1"
"""


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=2400, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A copy of the sources with the three files and three lines, built; the program in it."""
    copy = tmp_path_factory.mktemp("copy") / "labile"
    copy.mkdir()
    for name in ("src", "cmake", "experiments", "include"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("CMakeLists.txt", "CMakePresets.json", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for kind, name in ADDED.items():
        shutil.copy(HERE / f"{kind}_example.cpp", copy / "src" / f"{kind}s" / f"{name}.cpp")
        with (copy / "src" / f"{kind}s" / "catalogue.def").open("a") as catalogue:
            catalogue.write(f"ENTRY({name})\n")
    # Paths relative to the copy: every later copy finds what the first one compiled.
    env = os.environ | {"CCACHE_BASEDIR": str(copy), "CCACHE_NOHASHDIR": "1"}
    run("cmake", "--preset", "release", "-DLABILE_TESTS=OFF", "-DLABILE_BENCH=OFF", cwd=copy, env=env)
    run("cmake", "--build", "--preset", "release", "--target", "labile", cwd=copy, env=env)
    yield copy / "build" / "release" / "labile"
    shutil.rmtree(copy)


@pytest.fixture(scope="session")
def out(built, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "card.toml").write_text(CARD)
    run(built, "run", "card.toml", "--out", "out", cwd=folder)
    return folder / "out"


def test_described(built):
    for kind, name in ADDED.items():
        assert name in run(built, "describe", kind)
        assert "source: " in run(built, "describe", kind, name)
    assert "can be fitted" in run(built, "describe", "learner", "win_stay_lose_shift")
    assert "handles: epsilon" in run(built, "describe", "learner", "win_stay_lose_shift")


def test_run(out):
    r = json.loads((out / "results.json").read_text())
    cells = {c["condition"]: c["metrics"] for c in r["cells"]}
    assert cells["lapses x3"]["longest_streak"]["value"] < cells["intact"]["longest_streak"]["value"]
    # Stays after a win unless it lapses, and a lapse picks the same option half the time.
    assert cells["intact"]["win_stay"]["value"] == pytest.approx(1 - 0.2 / 2, abs=0.01)
    assert cells["lapses x3"]["win_stay"]["value"] == pytest.approx(1 - 0.6 / 2, abs=0.015)
    assert r["predictions"][0]["verdict"] == "supported"
    rows = list(csv.DictReader((out / "trials.csv").open()))
    assert len(rows) == 2 * 60 * 150
    best = {}
    for row in rows:
        best.setdefault(row["subject"], set()).add(row["best"])
    assert all(len(b) == 1 for b in best.values()) and set.union(*best.values()) == {"0", "1"}


def test_fit(built, out, tmp_path):
    rows = [r for r in csv.DictReader((out / "trials.csv").open()) if r["condition"] == "intact"]
    with (tmp_path / "intact.csv").open("w") as f:
        table = csv.DictWriter(f, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    fit = json.loads(run(built, "fit", tmp_path / "intact.csv", "--model", "win_stay_lose_shift", "--method", "ml", "--json"))
    epsilon = [s["params"]["epsilon"] for s in fit["subjects"]]
    assert len(epsilon) == 60 and all(s["converged"] for s in fit["subjects"])
    assert sum(epsilon) / len(epsilon) == pytest.approx(0.2, abs=0.03)
    better = json.loads(run(built, "fit", tmp_path / "intact.csv", "--model", "rescorla_wagner", "--method", "ml", "--json"))
    assert sum(s["loglik"] for s in fit["subjects"]) > sum(s["loglik"] for s in better["subjects"])


def test_report(built, out):
    page = (out / "report.html").read_text()
    for word in ("longest_streak", "longest streak", "most right choices in a row", "WSLS", "lapses x3", "lapses break streaks",
                 "win_stay_lose_shift", "coin_flip"):
        assert word in page, word


def test_mistakes_are_found(built, tmp_path):
    (tmp_path / "c.toml").write_text(CARD.replace("coin_flip", "coin_flop"))
    done = subprocess.run([built, "run", "c.toml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "did you mean 'coin_flip'" in done.stderr
    (tmp_path / "c.toml").write_text(CARD.replace('at = "start"', 'at = "reversal"'))
    done = subprocess.run([built, "run", "c.toml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "'reversal'" in done.stderr
