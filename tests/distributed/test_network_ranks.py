"""One network over ranks and threads, and checkpoints taken up at other counts: the same bits.

network_digest prints what became of a network as one number a part; these tests compare what it prints.
"""
import os
import pathlib
import shutil
import subprocess

import pytest

SOURCE = pathlib.Path(os.environ["LABILE_SOURCE"])
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
