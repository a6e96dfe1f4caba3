"""A launch of several ranks, and runs that are killed: always the bits of one undisturbed process."""
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from labile_cli import BIN, CARD, files, good, labile, says, settled  # noqa: E402

MPIRUN = shutil.which("mpirun")
needs_mpi = pytest.mark.skipif(MPIRUN is None, reason="mpirun is not installed (Debian: openmpi-bin)")

FIT = CARD.replace("subjects = 40", "subjects = 12").replace("blocks = [30, 30]", "blocks = [15, 15]") + """
[[fit]]
id = "group"
of = "agents"
model = "rescorla_wagner"
method = "bayes"
chains = 2
warmup = 60
draws = 60
"""

NETWORK = """\
title = "A network for tests"
seed = 3
seeds = 3

[network]
dt = 0.1
duration = "0.5 s"

[[population]]
name = "input"
model = "poisson"
size = 100
rate = 10

[[population]]
name = "out"
model = "lif_exp"
size = 100
tau_m = 20
E_L = 0
V_th = 20
V_reset = 0

[[projection]]
name = "in"
source = "input"
target = "out"
connect = { bernoulli = 0.5 }
weight = { normal = [200, 20], min = 0 }
delay = 1

[[record]]
rates = "out"
every = "100 ms"

[[measure]]
kind = "rate"
population = "out"
"""


def ranks(n, *args, recovery=False, **options):
    command = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", str(n)]
    if recovery:
        command.append("--enable-recovery")
    return [*command, BIN, *map(str, args)], options


def launched(n, *args, timeout=600, env=None):
    command, _ = ranks(n, *args)
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env)


def bare(folder):
    """results.json without times and what depends on the launch."""
    def clean(x):
        if isinstance(x, dict):
            return {k: clean(v) for k, v in x.items()
                    if not (k.endswith("_s") or k.endswith("_cpu") or k in ("times_real_time", "threads", "host", "peak_mb", "bytes", "finished"))}
        return [clean(v) for v in x] if isinstance(x, list) else x
    return json.dumps(clean(json.loads(settled(folder))))


def outputs(folder):
    """Files of a run but for its index, which a slow machine may make for any."""
    return [f for f in files(folder) if f != "run.sqlite"]


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    at = tmp_path_factory.mktemp("cards")
    for name, text in {"agents": CARD, "fit": FIT, "network": NETWORK}.items():
        (at / f"{name}.toml").write_text(text)
        good("run", at / f"{name}.toml", "--out", at / name, "--jobs", 1)
    return at


@needs_mpi
@pytest.mark.parametrize("card", ["agents", "fit", "network"])
def test_results_do_not_depend_on_ranks_and_threads(cards, card, tmp_path):
    for n, threads in ((1, 2), (2, 1), (2, 2), (4, 1)):
        out = tmp_path / f"{n}x{threads}"
        done = launched(n, "run", cards / f"{card}.toml", "--out", out, "--jobs", threads)
        assert done.returncode == 0, done.stdout + done.stderr
        assert bare(out) == bare(cards / card), f"{n} ranks of {threads} threads"
        assert done.stdout.count("Report: ") + done.stdout.count("Results: ") == 1, done.stdout
        assert outputs(out) == outputs(cards / card)


@needs_mpi
def test_an_error_is_said_once_and_is_the_exit_code(cards, tmp_path):
    done = launched(3, "run", tmp_path / "nothing.toml", "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("no such card") == 1, done.stderr
    bad = tmp_path / "bad.toml"
    bad.write_text(CARD.replace("p_better = 0.8", "p_better = 8"))
    done = launched(3, "run", bad, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("p_better") == 1, done.stderr


@needs_mpi
def test_other_commands_are_the_work_of_one_rank():
    done = launched(3, "describe", "task", "bandit_reversal")
    assert done.returncode == 0
    assert done.stdout.strip() == good("describe", "task", "bandit_reversal").strip()
    assert done.stderr.count("is the work of one rank") == 1


LONG = CARD.replace("subjects = 40", "subjects = 3200").replace("blocks = [30, 30]", "blocks = [1500, 1500]")


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    at = tmp_path_factory.mktemp("long")
    (at / "card.toml").write_text(LONG)
    start = time.monotonic()
    good("run", at / "card.toml", "--out", at / "whole", "--jobs", 1)
    return at, time.monotonic() - start


def now(seconds=0):
    return dict(os.environ, LABILE_INDEX_AFTER_S=str(seconds))


def start(command, env):
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def kept(out):
    """Pieces in the index of a run, none while there is no index to read."""
    try:
        with sqlite3.connect(f"file:{out}/run.sqlite?mode=ro", uri=True) as db:
            return db.execute("SELECT COUNT(*) FROM work WHERE result IS NOT NULL").fetchone()[0]
    except sqlite3.Error:
        return 0


def under_way(run, out):
    """Waits until pieces are written to the index, which nobody else can read meanwhile: it grows."""
    index, at_first = out / "run.sqlite", None
    while at_first is None or index.stat().st_size == at_first:
        if at_first is None and index.exists():
            at_first = index.stat().st_size
        assert run.poll() is None, run.communicate()
        time.sleep(0.01)


def workers(pid):
    """Processes of labile below a launcher."""
    return [int(p) for p in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


@needs_mpi
def test_work_of_a_killed_rank_is_done_by_the_others(long, tmp_path):
    at, _ = long
    command, _ = ranks(3, "run", at / "card.toml", "--out", tmp_path / "out", "--jobs", 1, recovery=True)
    run = start(command, now())
    under_way(run, tmp_path / "out")
    os.kill(max(workers(run.pid)), signal.SIGKILL)
    out, err = run.communicate(timeout=600)
    assert run.returncode == 0, out + err
    assert bare(tmp_path / "out") == bare(at / "whole")
    assert "has died" in err


def test_a_killed_run_goes_on_to_the_same_results(long, tmp_path):
    at, whole_s = long
    chance = random.Random(5)
    for k in range(4):
        out = tmp_path / str(k)
        run = start([BIN, "run", at / "card.toml", "--out", out, "--jobs", "1"], now())
        time.sleep(chance.uniform(0.2, 0.8) * whole_s)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        done = labile("run", "--resume", out, "--jobs", 2)
        if not (out / "run.sqlite").exists() and done.returncode == 2:  # killed before anything was finished
            continue
        assert done.returncode == 0, done.stderr
        assert bare(out) == bare(at / "whole")
        assert outputs(out) == outputs(at / "whole")
        assert kept(out) == 0
        assert "Nothing to do" in good("run", "--resume", out)


@needs_mpi
def test_a_killed_launch_goes_on_with_another_number_of_ranks(long, tmp_path):
    at, whole_s = long
    out = tmp_path / "out"
    command, _ = ranks(2, "run", at / "card.toml", "--out", out, "--jobs", 1)
    run = start(command, now())
    under_way(run, out)
    time.sleep(0.1 * whole_s)
    for pid in workers(run.pid):
        os.kill(pid, signal.SIGKILL)
    run.communicate(timeout=300)
    done = launched(3, "run", "--resume", out, "--jobs", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert bare(out) == bare(at / "whole")


def test_an_interrupted_run_says_how_to_go_on(long, tmp_path):
    at, _ = long
    out = tmp_path / "out"
    run = start([BIN, "run", at / "card.toml", "--out", out, "--jobs", "1"], now())
    under_way(run, out)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=300)
    assert run.returncode == 130
    assert f"labile run --resume {out}" in err
    assert kept(out) > 0
    good("run", "--resume", out)
    assert bare(out) == bare(at / "whole")


def test_refusals_say_why(long, tmp_path):
    at, _ = long
    says(labile("run"), "give a card, or --resume")
    says(labile("run", "--resume", tmp_path / "nowhere"), "no such folder")
    says(labile("run", "--resume", tmp_path), "the folder is empty")
    (tmp_path / "results.json").write_text("{}")
    says(labile("run", "--resume", tmp_path), "no run.sqlite", "results.json")
    (tmp_path / "run.sqlite").write_bytes(b"not a database at all" * 100)
    says(labile("run", "--resume", tmp_path), "is damaged", "run the card anew")
    assert labile("run", at / "card.toml", "--resume", tmp_path).returncode == 2

    out = tmp_path / "out"
    run = start([BIN, "run", at / "card.toml", "--out", out, "--jobs", "1"], now())
    under_way(run, out)
    run.send_signal(signal.SIGSTOP)
    says(labile("run", "--resume", out), "another run is at work")
    run.kill()
    run.communicate()
    for key, words in (("program", "another build"), ("version", "another version"), ("hash", "no longer what it was")):
        other = tmp_path / key
        shutil.copytree(out, other)
        with sqlite3.connect(other / "run.sqlite") as db:
            db.execute("UPDATE run SET value = 'x' WHERE key = ?", (key,))
        db.close()
        says(labile("run", "--resume", other), words, "anew")


def test_a_disk_that_refuses_leaves_no_broken_files(long, tmp_path):
    at, _ = long
    out = tmp_path / "out"
    done = subprocess.run(["bash", "-c", f"ulimit -f 8; exec {BIN} run {at / 'card.toml'} --out {out} --jobs 1"],
                          capture_output=True, text=True, env=now(), timeout=600)
    says(done, "run.sqlite", "cannot")
    assert not [f for f in files(out) if ".part" in f or f.endswith(".json")]
