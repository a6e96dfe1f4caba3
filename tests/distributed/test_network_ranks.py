"""One network over ranks and threads, and checkpoints taken up at other counts: the same bits.

network_digest prints what became of a network as one number a part; these tests compare what it prints.
"""
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest

SOURCE = pathlib.Path(os.environ["LABILE_SOURCE"])
BIN = os.environ["LABILE_BIN"]
DIGEST = pathlib.Path(os.environ["LABILE_BUILD"]) / "tests" / "network_digest"
MPIRUN = shutil.which("mpirun")
pytestmark = pytest.mark.skipif(MPIRUN is None, reason="mpirun is not installed (Debian: openmpi-bin)")

B1 = ["experiments/networks/b1.toml", 400]
B2 = ["experiments/networks/b2.toml", 120, "population.E.size=2000", "population.I.size=500",
      "projection.EE.connect.fixed_indegree=200"]
EVERY = ["tests/distributed/every_part.toml", 300]


def digest(ranks, threads, case, *more):
    card, ms, *overrides = case
    command = [DIGEST, SOURCE / card, threads, ms, *overrides, *more]
    if ranks > 1:
        command = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", ranks, *command]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", [B1, B2, EVERY], ids=["B1", "B2 reduced", "every part"])
def test_same_bits_at_any_ranks_and_threads(case):
    alone = digest(1, 1, case)
    assert "spikes" in alone and len(alone.splitlines()) > 10
    for ranks, threads in [(1, 2), (2, 1), (2, 2), (4, 1), (3, 1)]:
        assert digest(ranks, threads, case) == alone, f"{ranks} ranks, {threads} threads"


@pytest.mark.parametrize("case,at", [(B1, 150), (B2, 50.7), (EVERY, 137.3)], ids=["B1", "B2 reduced", "every part"])
def test_a_checkpoint_is_taken_up_at_other_counts(case, at, tmp_path):
    alone = digest(1, 1, case, f"since={at}")
    for ranks, threads in [(1, 1), (3, 2)]:
        folder = tmp_path / f"{ranks}x{threads}"
        folder.mkdir()
        digest(ranks, threads, case, f"save={folder}", f"at={at}")
        assert len(list(folder.iterdir())) == ranks
        for again, with_threads in [(1, 2), (2, 1), (4, 1)]:
            assert digest(again, with_threads, case, f"load={folder}", f"since={at}") == alone, f"{ranks} to {again}"


def test_a_missing_part_is_named_by_every_count(tmp_path):
    digest(3, 1, EVERY, f"save={tmp_path}", "at=20")
    (tmp_path / "part_1_of_3.h5").unlink()
    for ranks in (1, 2):
        command = [MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", ranks, DIGEST, SOURCE / EVERY[0], 1, 40,
                   f"load={tmp_path}"]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60)
        assert done.returncode != 0
        assert "the part of rank 1 of 3 is missing" in done.stderr


# --- the same by the command line: one network on all ranks, killed and taken up again

CARD = SOURCE / "tests/distributed/every_part.toml"


def launch(n):
    return [MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", str(n)] if n > 1 else []


def outcome(folder):
    """What a run ended with, without times and what depends on the launch."""
    r = json.loads((folder / "results.json").read_text())
    for network in r["networks"]:
        network.pop("bytes")
        for key in [k for k in network if k.endswith("_s") or k == "times_real_time"]:
            network.pop(key)
    return json.dumps([r["cells"], r["networks"]])


def traces(folder):
    """All arrays of the trace file, as h5dump would print them; read by labile's own reader is not needed for equality."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed: traces are not compared here (checkpoint_test does)")
    found = {}
    with h5py.File(folder / "traces.h5") as f:
        f.visititems(lambda name, x: found.__setitem__(name, x[()].tobytes()) if isinstance(x, h5py.Dataset) else None)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    start = time.monotonic()
    subprocess.run([BIN, "run", CARD, "--out", out], check=True, capture_output=True)
    return outcome(out), out, time.monotonic() - start


def test_one_network_on_all_ranks_by_the_command_line(undisturbed, tmp_path):
    for n in (2, 3):
        done = subprocess.run([*launch(n), BIN, "run", CARD, "--out", tmp_path / str(n), "--jobs", "1"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert outcome(tmp_path / str(n)) == undisturbed[0]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_network_killed_at_any_moment_is_taken_up_at_another_count(undisturbed, kill, tmp_path):
    rng = random.Random(4)
    killed = 0
    for trial in range(4):
        out = tmp_path / str(trial)
        command = ["run", str(CARD), "--out", str(out)]
        for attempt in range(40):
            n = rng.choice([1, 2])
            process = subprocess.Popen([*launch(n), BIN, *command, "--jobs", str(rng.choice([1, 2])), "--checkpoint-every", "0"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "LABILE_INDEX_AFTER_S": "0"}, start_new_session=True)
            try:
                # A moment of the run, whatever the machine, which may have become slower; ranks take about a second to meet.
                process.wait(timeout=rng.uniform(0.1, 1) * (undisturbed[2] + (n - 1)) * (1 + attempt / 5))
            except subprocess.TimeoutExpired:
                # A launcher that is killed leaves its ranks behind.
                found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
                process.send_signal(kill)
                for rank in found if kill == signal.SIGKILL else []:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(rank), kill)
                process.wait(timeout=60)
                killed += 1
                if (out / "results.json").exists():  # whole, where the kill came after the last file
                    assert outcome(out) == undisturbed[0]
                if (out / "run.sqlite").exists():
                    command = ["run", "--resume", str(out)]
                continue
            assert process.returncode == 0
            break
        assert outcome(out) == undisturbed[0]
        assert not (out / "checkpoints").exists()
    assert killed >= 4
