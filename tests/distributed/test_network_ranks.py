"""One network over ranks and threads, and checkpoints taken up at other counts: the same bits.

network_digest prints what became of a network as one number a part; these tests compare what it prints.
"""
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
LONG = ["--set", "network.duration=2 s"]


def wait_for_ranks(out):
    """Ranks outlive a killed mpirun for a moment."""
    def alive():
        for f in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(out).encode() in f.read_bytes():
                    return True
            except OSError:
                pass
        return False
    while alive():
        time.sleep(0.05)


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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    began = time.time()
    subprocess.run([BIN, "run", CARD, "--out", out, *LONG], check=True, capture_output=True)
    return outcome(out), time.time() - began


def test_one_network_on_all_ranks_by_the_command_line(undisturbed, tmp_path):
    for n in (2, 3):
        done = subprocess.run([*launch(n), BIN, "run", CARD, "--out", tmp_path / str(n), "--jobs", "1", *LONG],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert outcome(tmp_path / str(n)) == undisturbed[0]


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_network_killed_at_any_moment_is_taken_up_at_another_count(undisturbed, kill, tmp_path):
    """LABILE_KILLS says how many times; 100 by hand, few here."""
    rng = random.Random(4)
    whole, whole_s = undisturbed
    wanted, killed, trial = int(os.environ.get("LABILE_KILLS", "3")), 0, 0
    while killed < wanted:
        trial += 1
        out = tmp_path / str(trial)
        command = ["run", str(CARD), "--out", str(out), *LONG]
        while True:
            n = rng.choice([1, 2])
            process = subprocess.Popen([*launch(n), BIN, *command, "--jobs", str(rng.choice([1, 2])), "--checkpoint-every", "0"],
                                       stdout=subprocess.DEVNULL, stderr=(tmp_path / "said").open("w"),
                                       env={**os.environ, "LABILE_INDEX_AFTER_S": "0"}, start_new_session=True)
            try:
                process.wait(timeout=0.25 * n + rng.uniform(0, whole_s))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, kill) if kill == signal.SIGKILL else process.send_signal(kill)
                process.wait(timeout=60)
                wait_for_ranks(out)
                killed += 1
                for name in ("results.json", "report.html", "manifest.json"):
                    if (out / name).exists():  # killed between the last byte and the farewell: it must be whole
                        assert outcome(out) == whole
                if (out / "run.sqlite").exists():
                    command = ["run", "--resume", str(out)]
                continue
            said = (tmp_path / "said").read_text()
            assert process.returncode == 0, said
            break
        assert outcome(out) == whole
        assert not (out / "checkpoints").exists()
        shutil.rmtree(out)


def test_the_minimal_loop_does_not_depend_on_ranks_and_threads(tmp_path):
    """The corticostriatal circuit in its task: animals are handed out."""
    few = ["--set", "subjects=2", "--set", "task.blocks=[6, 6]"]
    cells = []
    for n, threads in [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1)]:
        out = tmp_path / f"{n}x{threads}"
        done = subprocess.run([*launch(n), BIN, "run", "claim_14_spiking", *few, "--out", out, "--jobs", str(threads)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        cells.append(json.dumps(json.loads((out / "results.json").read_text())["cells"]))
    assert len(set(cells)) == 1
