"""Bad input: exit code 2, a message that says where, what and what instead, and no file under a final name."""
import os
import re
import resource
import signal
import subprocess
import time

import pytest
from labile_cli import BIN, CARD, files, good, labile, says, settled


def changed(old, new):
    assert old in CARD
    return CARD.replace(old, new, 1)


FLEX = changed('name = "RW"\nmodel = "rescorla_wagner"\nparams = { alpha = 0.4, beta = 4 }', 'model = "flex"')

# name: (card, line and column of the culprit, words of the message)
CARDS = {
    "unknown key": (changed("p_better = 0.8", "p_beter = 0.8"), "10:1", ["task.p_beter", "did you mean 'p_better'"]),
    "unknown key at the top": (changed("subjects = 40", "subject = 40"), "3:1", ["'subject'", "did you mean 'subjects'"]),
    "unknown table": (CARD + "[curve]\nbefore = 3\n", "32:2", ["'curve'", "did you mean 'curves'"]),
    "wrong type": (changed("[30, 30]", '"many"'), "9:10", ["task.blocks", "'many' is not a number"]),
    "text for a count": (changed("subjects = 40", 'subjects = "forty"'), "3:12", ["subjects", "'forty' is not a number; allowed: 1 to 10000000"]),
    "fraction of a subject": (changed("subjects = 40", "subjects = 4.5"), "3:12", ["4.5 is not a whole number", "1 to 10000000"]),
    "wrong unit": (changed("p_better = 0.8", 'cue = "20 mV"'), "10:7", ["task.cue", "'20 mV'", "'mV' does not fit", "ms"]),
    "out of bound": (changed("p_better = 0.8", "p_better = 1.2"), "10:12", ["task.p_better", "1.2 is out of bounds", "allowed: 0 to 1"]),
    "parameter out of bound": (changed("alpha = 0.4", "alpha = 1.4"), "15:20", ["alpha", "1.4 is out of bounds", "0 to 1"]),
    "unknown parameter": (changed("beta = 4", "betta = 4"), "15:", ["'betta'", "did you mean 'beta'"]),
    "p_better < p_worse": (changed("p_better = 0.8", "p_better = 0.3\np_worse = 0.6"), "7:1", ["p_better (0.3)", "p_worse (0.6)"]),
    "unknown modulator": (FLEX.replace('"alpha"', '"dopamin.release"'), "", ["manipulation.0.target", "'dopamin.release'", "da.release"]),
    "a threshold with nothing to move": (FLEX.replace('"alpha"', '"da.release"').replace('model = "flex"', 'model = "flex"\nparams = { ne_adaptation = 0.2, ser_base = 0 }'), "14:28", ["ne_adaptation", "ser_base must be above 0"]),
    "a handle nobody has": (changed('target = "alpha"', 'target = "da.release"'), "20:10", ["'da.release'", "alpha, beta"]),
    "unknown operation": (changed('op = "scale"', 'op = "scal"'), "19:6", ["'scal'", "scale"]),
    "amount out of bound": (changed('op = "scale"', 'op = "set"').replace("amount = 0.3", "amount = 3"), "21:10", ["alpha", "3", "0 to 1"]),
    "unknown event": (changed('at = "reversal"', 'at = "reversl"'), "22:6", ["'reversl'", "reversal"]),
    "unknown task": (changed("bandit_reversal", "bandit_revrsal"), "8:8", ["'bandit_revrsal'", "did you mean 'bandit_reversal'"]),
    "unknown model": (changed("rescorla_wagner", "rescorla_wagnr"), "14:9", ["'rescorla_wagnr'", "did you mean 'rescorla_wagner'"]),
    "unknown metric": (changed('"accuracy"', '"acuracy"'), "5:26", ["'acuracy'", "did you mean 'accuracy'"]),
    "missing seed": (changed("seed = 5\n", ""), "", ["seed", "is missing", "seed = 1"]),
    "missing task": (changed('[task]\nname = "bandit_reversal"', "[task]"), "", ["task.name", "is missing"]),
    "syntax error": (changed("seed = 5", "seed = = 5"), "2:", ["is not TOML"]),
    "unclosed text": (changed('title = "A card for tests"', 'title = "A card'), "1:", ["is not TOML"]),
    "metric not measured": (changed('metric = "switch_lag"', 'metric = "win_stay"'), "26:10", ["'win_stay'", "switch_lag, accuracy"]),
    "unknown condition": (changed('"low alpha", "intact"', '"low alfa", "intact"'), "27:", ["'low alfa'", "did you mean 'low alpha'"]),
    "bad relation": (changed("ratio >= 1.1", "ratio is big"), "28:12", ["ratio is big"]),
    "fit of flex": (CARD + '[data]\nname = "x"\n[[fit]]\nmodel = "flex"\n', "35:9", ["'flex' cannot be fitted", "likelihood"]),
    "fit without data": (CARD + '[[fit]]\nmodel = "rescorla_wagner"\n', "32:", ["no [data]"]),
    "two agents of one name": (CARD + '[[agent]]\nname = "RW"\nmodel = "rescorla_wagner"\n', "33:8", ["'RW'", "names must differ"]),
    "no resamples": (changed("resamples = 200", "resamples = 0"), "31:13", ["bootstrap.resamples", "0 is out of bounds", "100 to"]),
    "empty card": ("", "", ["missing"]),
}


@pytest.mark.parametrize("name", CARDS)
def test_card(tmp_path, name):
    text, place, words = CARDS[name]
    card = tmp_path / "bad.toml"
    card.write_text(text)
    done = labile("run", card, "--out", tmp_path / "out")
    message = says(done, f"{card}:", *words)
    if place:
        assert f"{card}:{place}" in message, message
    assert files(tmp_path) == ["bad.toml"]
    assert labile("run", card, "--dry").returncode == 2


def test_set_names_the_option(tmp_path):
    (tmp_path / "c.toml").write_text(CARD)
    run = lambda *a: labile("run", "c.toml", "--out", "out", *a, cwd=tmp_path)
    says(run("--set", "task.p_bettr=0.7"), "--set", "task.p_bettr", "did you mean 'p_better'")
    says(run("--set", "task.p_better"), "key=value")
    says(run("--set", "agent.Flex.model=flex"), "Flex")
    assert run("--sed", "3").returncode == 2
    assert run("--seed", "x").returncode == 2
    assert files(tmp_path) == ["c.toml"]


def test_no_such_card(tmp_path):
    says(labile("run", "nope.toml", cwd=tmp_path), "nope.toml", "reversal_lesions")
    says(labile("report", tmp_path), str(tmp_path), "results.json")
    (tmp_path / "results.json").write_text("{ not json")
    says(labile("report", tmp_path), "results.json")
    assert files(tmp_path) == ["results.json"]


HEAD = "subject,trial,choice,outcome\n"
# name: (file, line or "", words)
DATA = {
    "missing column": ("subject,trial,choice\na,0,1\n", "1", ["'outcome' is missing", "reward", "subject, trial, choice"]),
    "non-numeric outcome": (HEAD + "a,0,0,1\na,1,0,won\n", "3", ["outcome", "'won'", "number or NA"]),
    "choice out of range": (HEAD + "a,0,0,1\na,1,9,1\n", "3", ["choice", "'9'", "0 to 7"]),
    "negative choice": (HEAD + "a,0,-1,1\n", "2", ["choice", "'-1'"]),
    "fractional choice": (HEAD + "a,0,0.5,1\n", "2", ["choice", "'0.5'", "whole number"]),
    "duplicate trials": (HEAD + "a,0,0,1\nb,0,0,1\na,0,1,1\n", "4", ["trial", "'a'", "twice", "line 2"]),
    "too few fields": (HEAD + "a,0,0,1\na,1,0\nb,0,1,1\n", "3", ["too few fields: 3", "4"]),
    "too many fields": (HEAD + "a,0,0,1,7\n", "2", ["5", "4"]),
    "empty": ("", "", ["is empty"]),
    "header only": (HEAD, "", ["no rows"]),
    "truncated": (HEAD + "a,0,0,1\na,1,1", "3", ["ends in the middle of a row"]),
    "open quote": (HEAD + 'a,0,0,1\n"a,1,1,0\n', "3", []),
    "binary": (HEAD + "a,0,\0\0,1\n", "", ["text"]),
}


@pytest.mark.parametrize("name", DATA)
def test_data(tmp_path, name):
    text, line, words = DATA[name]
    data = tmp_path / "data.csv"
    data.write_text(text)
    place = f"{data}:{line}:" if line else f"{data}"
    says(labile("metrics", data), place, *words)
    says(labile("fit", data, "--model", "rescorla_wagner", "--out", tmp_path / "fit.csv"), place, *words)
    says(labile("loglik", data, "--model", "rescorla_wagner"), place, *words)
    assert files(tmp_path) == ["data.csv"]


def test_data_commands(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text(HEAD + "a,0,0,1\na,1,1,0\n")
    says(labile("metrics", tmp_path / "nope.csv"), "nope.csv", "no such file")
    says(labile("fit", data, "--model", "flex"), "'flex' cannot be fitted", "likelihood")
    says(labile("loglik", data, "--model", "flex"), "'flex' has no likelihood", "hidden paths")
    says(labile("fit", data, "--model", "rescorla_wagnr"), "--model", "did you mean 'rescorla_wagner'")
    says(labile("loglik", data, "--model", "rescorla_wagner", "--params", "alpa=0.3"), "--params", "did you mean 'alpha'")
    says(labile("loglik", data, "--model", "rescorla_wagner", "--params", "alpha=3"), "alpha", "0 to 1")
    says(labile("loglik", data, "--model", "rescorla_wagner", "--params", "alpha=x"), "alpha", "'x'")
    says(labile("metrics", data, "--reset-on", "blok"), "blok", "block")
    says(labile("metrics", data, "--outcome-map", "0/1 to"), "0/1 to")
    says(labile("describe", "task", "banditreversal"), "did you mean 'bandit_reversal'")
    says(labile("describe", "tasks"), "did you mean 'task'")
    assert labile().returncode == 2
    assert labile("fit", data).returncode == 2
    assert labile("fit", data, "--model", "rescorla_wagner", "--method", "mle").returncode == 2


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_disk_full(tmp_path):
    card, out = tmp_path / "c.toml", tmp_path / "out"
    card.write_text(CARD)
    says(labile("run", card, "--out", out, preexec_fn=limited(4096)), "results.json", "cannot write", "too large")
    assert "results.json" not in files(out) and not [f for f in files(out) if ".part" in f]

    # What an earlier run left stays as it was, whichever file does not fit: no mixture of two runs.
    good("run", card, "--out", out)
    before = {f: (out / f).read_bytes() for f in files(out)}
    report = (out / "report.html").stat().st_size
    for size in (4096, report - 1000):
        says(labile("run", card, "--out", out, "--seed", 6, preexec_fn=limited(size)), str(out), "cannot write")
        assert {f: (out / f).read_bytes() for f in files(out)} == before

    says(labile("run", card, "--out", tmp_path / "all", "--set", "record=all", preexec_fn=limited(4096)), "trials.csv")
    assert files(tmp_path / "all") == []
    says(labile("run", card, "--out", card), "c.toml", "folder")  # a file where the folder should be


def test_output_that_cannot_be_written(tmp_path):
    data, card = tmp_path / "data.csv", tmp_path / "c.toml"
    data.write_text(HEAD + "a,0,0,1\na,1,1,0\n")
    card.write_text(CARD)
    for command in (["loglik", data, "--model", "rescorla_wagner"], ["metrics", data, "--json"], ["describe"],
                    ["run", card, "--json", "--out", tmp_path / "out"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BIN, *command], stdout=full, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2 and "cannot write" in done.stderr and "internal" not in done.stderr, done.stderr
    says(labile("fit", data, "--model", "rescorla_wagner", "--out", tmp_path / "no" / "fit.csv"), "fit.csv", "there is no folder")


def test_ctrl_c(tmp_path):
    card, out = tmp_path / "c.toml", tmp_path / "out"
    card.write_text(CARD)
    good("run", card, "--out", out)
    before = settled(out)
    run = subprocess.Popen([BIN, "run", card, "--out", out, "--set", "subjects=200000", "--set", "task.blocks=[3000, 3000]"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    assert run.poll() is None, "the run was too short to be stopped"
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    _, message = run.communicate(timeout=20)
    assert run.returncode == 130, message
    assert time.monotonic() - start < 3
    assert re.search(r"stopped at \d+%; nothing new was kept", message) and str(out) in message
    assert settled(out) == before
    assert not [f for f in files(out) if ".part" in f]


def test_ctrl_c_while_resampling(tmp_path):
    """The intervals of a large run take longer than the run: they stop as well."""
    (tmp_path / "c.toml").write_text(CARD)
    run = subprocess.Popen([BIN, "run", "c.toml", "--set", "subjects=20000", "--set", "task.blocks=[5, 5]", "--set",
                            "bootstrap.resamples=20000"], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    time.sleep(2)
    assert run.poll() is None, "the run was too short to be stopped"
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    try:
        _, message = run.communicate(timeout=10)
    finally:
        run.kill()
    assert run.returncode == 130 and time.monotonic() - start < 3, message
    assert "nothing new was kept" in message
    assert files(tmp_path) == ["c.toml"]


def test_a_fit_takes_one_condition(tmp_path):
    """Conditions within subjects are not run together; --condition chooses one, and names what there is."""
    data = tmp_path / 'two.csv'
    rows = ['subject,condition,trial,choice,outcome']
    rows += [f's1,{c},{t},{t % 2},{int(t % 3 == 0)}' for c in ('drug', 'placebo') for t in range(12)]
    data.write_text('\n'.join(rows) + '\n')
    says(labile('fit', str(data), '--model', 'rescorla_wagner'), '--condition', 'drug, placebo')
    says(labile('loglik', str(data), '--model', 'rescorla_wagner', '--condition', 'drog'), "did you mean 'drug'")
    assert 'total' in good('loglik', str(data), '--model', 'rescorla_wagner', '--condition', 'drug')


NETWORK = """seed = 1
[network]
duration = "1 s"
[[population]]
name = "E"
model = "lif_exp"
size = 40000
[[projection]]
source = "E"
target = "E"
connect = "all_to_all"
weight = 1
"""


def test_ctrl_c_while_building(tmp_path):
    (tmp_path / "n.toml").write_text(NETWORK)
    run = subprocess.Popen([BIN, "run", "n.toml"], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    time.sleep(1)
    assert run.poll() is None, "building was too short to be stopped"
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    try:
        _, message = run.communicate(timeout=10)
    finally:
        run.kill()
    assert run.returncode == 130 and time.monotonic() - start < 3, message
    assert "nothing new was kept" in message
    assert files(tmp_path) == ["n.toml"]


def test_lists_name_their_own_line(tmp_path):
    (tmp_path / "l.csv").write_text("source,target\n0,1\n0,99\n")
    (tmp_path / "n.toml").write_text(NETWORK.replace("40000", "80").replace('"all_to_all"', '{ list = "l.csv" }'))
    message = says(labile("run", "n.toml", "--dry", cwd=tmp_path), "l.csv:3", "target 99 is not among 0..79")
    assert message.startswith("labile: l.csv:3")


def test_a_card_is_no_table_and_a_seed_no_negative_number(tmp_path):
    (tmp_path / "n.toml").write_text(NETWORK)
    says(labile("fit", "n.toml", "--model", "rescorla_wagner", cwd=tmp_path), "labile run n.toml")
    assert "--seed" in labile("run", "n.toml", "--seed", "-3", "--dry", cwd=tmp_path).stderr
    says(labile("run", "reversal_lesion", cwd=tmp_path), "did you mean 'reversal_lesions'")


def test_traces_of_an_earlier_run_are_pointed_at(tmp_path):
    small = NETWORK.replace("40000", "8").replace('"1 s"', "10")
    (tmp_path / "n.toml").write_text(small + '[[record]]\nspikes = "E"\n[[condition]]\nname = "b"\nset = { "projection.E->E.weight" = 2 }\n')
    assert "earlier run" not in good("run", "n.toml", "--out", "o", cwd=tmp_path)
    (tmp_path / "n.toml").write_text(small)
    said = good("run", "n.toml", "--out", "o", cwd=tmp_path)
    assert "traces.h5 is of an earlier run" in said and "traces_b.h5 is of an earlier run" in said
