"""Runs the labile binary the way a user does."""
import json
import os
import pathlib
import pty
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.path.abspath(os.environ.get("LABILE_BIN", ROOT / "build" / "release" / "labile"))

CARD = """\
title = "A card for tests"
seed = 5
subjects = 40
record = "summary"
metrics = ["switch_lag", "accuracy"]

[task]
name = "bandit_reversal"
blocks = [30, 30]
p_better = 0.8

[[agent]]
name = "RW"
model = "rescorla_wagner"
params = { alpha = 0.4, beta = 4 }

[[manipulation]]
condition = "low alpha"
op = "scale"
target = "alpha"
amount = 0.3
at = "reversal"

[[prediction]]
claim = "a lower learning rate is slower to switch"
metric = "switch_lag"
contrast = ["low alpha", "intact"]
relation = "ratio >= 1.1"

[bootstrap]
resamples = 200
"""


def labile(*args, cwd=None, timeout=600, **options):
    return subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, cwd=cwd, timeout=timeout, **options)


def good(*args, **options):
    """Runs it, wants exit code 0, returns what it printed."""
    done = labile(*args, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stopped(*args, when, **options):
    """Runs it with a terminal for its progress; Ctrl-C once `when` holds of what was shown. Exit code, output, what was shown."""
    master, slave = pty.openpty()
    run = subprocess.Popen([BIN, *map(str, args)], stdout=subprocess.PIPE, stderr=slave, text=True, **options)
    os.close(slave)
    shown, sent = "", False
    try:
        while chunk := os.read(master, 65536).decode("utf-8", "replace"):
            shown += chunk
            if not sent and when(shown):
                run.send_signal(signal.SIGINT)
                sent = True
    except OSError:  # the other end was closed
        pass
    finally:
        os.close(master)
    out, _ = run.communicate(timeout=60)
    assert sent, f"it ended before it could be stopped:\n{out}{shown}"
    return run.returncode, out, shown


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*") if p.is_file())


def results(folder):
    return json.loads((pathlib.Path(folder) / "results.json").read_text("utf-8"))


def settled(folder):
    """results.json without what differs from run to run: time, memory, threads."""
    r = results(folder)
    for key in ("wall_s", "peak_mb", "threads", "finished"):
        r["manifest"].pop(key, None)
    return json.dumps(r)


def says(done, *parts):
    """Exit code 2 and one message in words on stderr, nothing else; holds every part."""
    assert done.returncode == 2, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    message = done.stderr
    assert message.startswith("labile: "), message
    for word in ("Traceback", "terminate called", "what()", "core dumped", "internal error"):
        assert word not in message, message
    for part in parts:
        assert part in message, f"{part!r} is not in: {message}"
    return message
