"""The batch scripts of tools/slurm under a real Slurm: one host, its own munge, controller and node, in a folder of its own.

Needs root and Debian's slurm-wlm and munge (apt-packages-slurm.txt); says so and skips without them. By hand:
ctest --preset release -L slurm
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

SOURCE = pathlib.Path(os.environ["LABILE_SOURCE"])
BIN = pathlib.Path(os.environ["LABILE_BIN"])
SBIN = "/usr/sbin:/usr/bin:/bin:" + os.environ.get("PATH", "")
MISSING = [p for p in ("munged", "slurmctld", "slurmd", "sbatch", "mpirun") if shutil.which(p, path=SBIN) is None]
pytestmark = [pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (apt-packages-slurm.txt)"),
              pytest.mark.skipif(os.geteuid() != 0, reason="Slurm's daemons are started as root")]

CONF = """ClusterName=labile
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={at}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={at}/state
SlurmdSpoolDir={at}/spool
SlurmctldPidFile={at}/slurmctld.pid
SlurmdPidFile={at}/slurmd.pid
SlurmctldLogFile={at}/slurmctld.log
SlurmdLogFile={at}/slurmd.log
SlurmctldPort={port}
SlurmdPort={port1}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
KillWait=5
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment in which sbatch finds a cluster of this host."""
    at = tmp_path_factory.mktemp("slurm")
    for folder in ("state", "spool"):
        (at / folder).mkdir()
    (at / "munge.key").write_bytes(os.urandom(1024))
    (at / "munge.key").chmod(0o600)
    (at / "slurm.conf").write_text(CONF.format(at=at, host=socket.gethostname().split(".")[0], port=free_port(), port1=free_port()))
    env = {**os.environ, "SLURM_CONF": str(at / "slurm.conf"), "PATH": f"{BIN.parent}:{SBIN}"}
    daemons = [subprocess.Popen(["munged", "--foreground", "--force", f"--key-file={at}/munge.key", f"--socket={at}/munge.socket",
                                 f"--pid-file={at}/munged.pid", f"--log-file={at}/munged.log", f"--seed-file={at}/munge.seed"],
                                env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    time.sleep(1)
    for daemon in ("slurmctld", "slurmd"):
        daemons.append(subprocess.Popen([daemon, "-D"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(2)
    for _ in range(30):
        if "idle" in subprocess.run(["sinfo", "-h"], env=env, capture_output=True, text=True).stdout:
            break
        time.sleep(1)
    else:
        pytest.fail((at / "slurmctld.log").read_text()[-2000:])
    yield env
    for d in reversed(daemons):
        d.terminate()
        d.wait(timeout=30)


def run_job(env, script, card, out, log, options=(), signal_after=None):
    """Submits, tells the ranks to stop after so long, and waits until the job has gone, back in the queue or not."""
    command = ["sbatch", "--parsable", f"--output={log}", "--nodes=1", "--ntasks-per-node=2", "--cpus-per-task=1", "--time=10",
               *options, SOURCE / "tools/slurm" / script, card, out]
    job = subprocess.run([str(c) for c in command], env=env, capture_output=True, text=True, check=True).stdout.strip()
    if signal_after is not None:
        for _ in range(200):
            if log.exists() and "simulating" in log.read_text():
                break
            time.sleep(0.1)
        time.sleep(signal_after)
        subprocess.run(["scancel", "--signal=TERM", job], env=env, check=True)
    for _ in range(240):
        shown = subprocess.run(["scontrol", "show", "job", job], env=env, capture_output=True, text=True).stdout
        if "JobState=COMPLETED" in shown or "JobState=FAILED" in shown or "JobState=CANCELLED" in shown:
            return shown
        time.sleep(1)
    pytest.fail(shown + log.read_text())


def numbers(out):
    return json.dumps(json.loads((out / "results.json").read_text())["cells"])


def card(tmp_path, name, duration, seeds=1):
    text = (SOURCE / "tests/distributed/every_part.toml").read_text()
    text = text.replace('duration = "1 s"', f'duration = "{duration}"').replace("seed = 3", f"seed = 3\nseeds = {seeds}")
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    return path


def test_a_network_that_runs_out_of_time_goes_back_to_the_queue_and_ends_with_the_same_numbers(cluster, tmp_path):
    c = card(tmp_path, "network", "30 s")
    subprocess.run([BIN, "run", c, "--out", tmp_path / "alone"], check=True, capture_output=True)
    shown = run_job(cluster, "network.sbatch", c, tmp_path / "out", tmp_path / "log", signal_after=3)
    log = (tmp_path / "log").read_text()
    assert "JobState=COMPLETED" in shown and "Restarts=1" in shown, shown + log
    assert numbers(tmp_path / "out") == numbers(tmp_path / "alone")


def test_a_sweep_over_ranks(cluster, tmp_path):
    c = card(tmp_path, "sweep", "1 s", seeds=6)
    subprocess.run([BIN, "run", c, "--out", tmp_path / "alone"], check=True, capture_output=True)
    shown = run_job(cluster, "sweep.sbatch", c, tmp_path / "out", tmp_path / "log")
    assert "JobState=COMPLETED" in shown, shown + (tmp_path / "log").read_text()
    assert numbers(tmp_path / "out") == numbers(tmp_path / "alone")
