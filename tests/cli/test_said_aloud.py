"""What used to pass in silence: columns that mean the same, times in the wrong unit, blocks that do not exist, what is
not comparable, what was never used. Each is refused or said."""
import json
import random

import pytest
from labile_cli import CARD, good, labile, results, says

HEAD = "subject,trial,choice,outcome\n"


def write(path, text):
    path.write_text(text)
    return path


def choices(subject="a", n=40, extra=lambda t: "", seed=1):
    draw = random.Random(seed)
    return "".join(f"{subject},{t},{draw.randrange(2)},{draw.randrange(2)}{extra(t)}\n" for t in range(n))


def timed(times, subject="a", seed=2):
    draw = random.Random(seed)
    return "".join(f"{subject},{t},{int(draw.random() < .8)},{draw.randrange(2)},{x}\n" for t, x in enumerate(times))


def notes(*args):
    return [line[6:] for line in good(*args).splitlines() if line.startswith("note: ")]


def has(lines, *parts):
    return any(all(p in line for p in parts) for line in lines)


# ---- files ----
def test_two_columns_of_one_meaning(tmp_path):
    d = write(tmp_path / "d.csv", "subject,trial,choice,response,outcome,reward\na,0,0,1,1,5\na,1,1,0,0,6\n")
    said = notes("metrics", d, "--metric", "reward_rate")
    assert has(said, "'choice' was read as choice", "'response'", "--columns choice=NAME")
    assert has(said, "'outcome' was read as outcome", "'reward'")
    asked = ["--columns", "choice=response", "--columns", "outcome=reward"]
    assert not has(notes("metrics", d, "--metric", "reward_rate", *asked), "may mean the same")
    value = lambda *a: json.loads(good("metrics", d, "--metric", "reward_rate", "--json", *a))["all"]["reward_rate"]["value"]
    assert (value(), value(*asked)) == (.5, 5.5)
    twice = write(tmp_path / "t.csv", "subject,trial,choice,outcome,rt,rt_ms\na,0,0,1,0.5,400\n")
    assert has(notes("metrics", twice, "--metric", "response_time"), "'rt' was read as rt_s", "'rt_ms'")
    gains = write(tmp_path / "g.csv", "subject,trial,choice,outcome,gain,loss\na,0,0,1,2,0\n")
    assert has(notes("metrics", gains, "--metric", "reward_rate"), "'outcome' was read", "'gain' and 'loss'")
    # What is read for something else, or left alone for its own reason, is no second column.
    assert not has(notes("metrics", d, "--metric", "reward_rate", "--where", "response=1"), "'response'")


def test_a_file_without_a_last_line_end(tmp_path):
    whole = HEAD + "a,0,0,10\na,1,1,25"
    assert has(notes("metrics", write(tmp_path / "cut.csv", whole), "--metric", "reward_rate"), "cut short", "line 3")
    assert not has(notes("metrics", write(tmp_path / "d.csv", whole + "\n"), "--metric", "reward_rate"), "cut short")


def test_outcomes_that_a_learner_does_not_mean(tmp_path):
    def paid(*amounts):
        draw = random.Random(3)
        return write(tmp_path / "d.csv", HEAD + "".join(f"a,{t},{draw.randrange(2)},{draw.choice(amounts)}\n" for t in range(60)))
    say = lambda d, model: notes("fit", d, "--model", model, "--method", "map", "--starts", 1)
    assert has(say(paid(0, 500), "rescorla_wagner"), "outcomes reach 500", "'rescorla_wagner'", "--group")
    assert has(say(paid(0, .01), "dual_learning_rate"), "outcomes reach 0.01")
    assert not has(say(paid(0, 500), "hmm_reversal"), "outcomes reach")  # asks whether there was one
    assert has(say(paid(40, 50, 60), "hmm_reversal"), "only whether it is above 0", "60 of 60")
    assert not has(say(paid(40, 50, 60), "kalman"), "outcomes reach")  # its parameters are in points
    for model in ("rescorla_wagner", "hmm_reversal", "prl_rp"):
        assert not has(say(paid(0, 1), model), "outcomes reach") and not has(say(paid(-1, 1), model), "above 0"), model


def test_values_cannot_start_afresh_on_a_column_that_is_not_there(tmp_path):
    d = write(tmp_path / "d.csv", HEAD.replace("trial", "trial,blok") + "a,0,0,0,1\na,1,1,1,0\na,2,1,1,1\n")
    for command in (["fit", d, "--model", "rescorla_wagner"], ["loglik", d, "--model", "rescorla_wagner"]):
        says(labile(*command, "--reset-on", "block"), f"{d}:1", "no column 'block'", "did you mean 'blok'", "--columns block=NAME")
        says(labile(*command, "--reset-on", "session"), "no column 'session'")
    good("loglik", d, "--model", "rescorla_wagner", "--reset-on", "block", "--columns", "block=blok")
    # A block may be derived, from where the best option changes.
    best = write(tmp_path / "b.csv", "subject,trial,choice,outcome,best\na,0,0,1,0\na,1,1,0,1\n")
    good("loglik", best, "--model", "rescorla_wagner", "--reset-on", "block")
    card = write(tmp_path / "c.toml", f'seed = 1\nmetrics = ["accuracy"]\n[data]\nname = "{d}"\nreset_on = ["session"]\n')
    says(labile("run", card, "--out", tmp_path / "out"), "no column 'session'")


def test_needed_numbers_are_checked_where_they_stand(tmp_path):
    rows = lambda last: "subject,trial,stimulus,choice,outcome,set_size\na,0,1,0,1,2\na,1,2,,1,\na,2,2,1,0," + last + "\n"
    fit = lambda last: labile("fit", write(tmp_path / "d.csv", rows(last)), "--model", "rlwm", "--method", "map", "--starts", 1)
    assert fit("2").returncode == 0  # where no choice was made none is needed
    says(fit("NA"), "d.csv:4", "set_size", "is missing")
    says(fit("0"), "d.csv:4", "set_size", "0 is no number of stimuli", "from 1")
    says(fit("2.5"), "d.csv:4", "2.5 is no number of stimuli")
    says(fit("two"), "d.csv:4", "'two' is not a number")


# ---- times ----
def test_milliseconds_under_a_name_of_seconds(tmp_path):
    draw = random.Random(3)
    d = write(tmp_path / "d.csv", HEAD.replace("\n", ",rt\n") + timed([round(draw.uniform(400, 900)) for _ in range(60)]))
    message = says(labile("fit", d, "--model", "ddm", "--method", "map", "--starts", 1), "median of 702 s", "milliseconds", "--columns rt_ms=NAME")
    assert "'ddm'" in message
    says(labile("loglik", d, "--model", "ddm"), "milliseconds")
    assert has(notes("loglik", d, "--model", "rescorla_wagner"), "milliseconds")  # choices need no times
    seconds = tmp_path / "s.csv"
    seconds.write_text("\n".join(",".join(f[:4] + [str(float(f[4]) / 1000)]) if f[0] != "subject" else ",".join(f)
                                 for f in (line.split(",") for line in d.read_text().split())) + "\n")
    total = lambda *a: json.loads(good("loglik", *a, "--model", "ddm", "--json"))["total"]
    assert total(d, "--columns", "rt_ms=rt") == pytest.approx(total(seconds), abs=1e-9)


def test_responses_before_t0(tmp_path):
    draw = random.Random(4)
    times = [round(draw.uniform(.4, .9), 3) for _ in range(60)]
    d = write(tmp_path / "d.csv", HEAD.replace("\n", ",rt\n") + timed([0.2, 0.3] + times) + timed(times, "b"))
    said = notes("loglik", d, "--model", "ddm", "--params", "t0=0.35")
    assert has(said, "subject a: 2 response(s)", "t0") and not has(said, "subject b")
    assert not has(notes("loglik", d, "--model", "ddm", "--params", "t0=0.1"), "t0")
    # A response at 0 s is before every t0.
    zero = write(tmp_path / "z.csv", HEAD.replace("\n", ",rt\n") + timed([0.0] + times) + timed(times, "b"))
    out = good("fit", zero, "--model", "ddm", "--method", "map", "--starts", 1)
    assert "1 response(s) took less than 0.1 s" in out and "--min-rt 0.1" in out
    assert "1 subject(s) have responses at or before their t0, which cannot be: a" in out
    clean = good("fit", zero, "--model", "ddm", "--method", "map", "--starts", 1, "--min-rt", .1)
    assert "took less than 0.1 s;" not in clean and "which cannot be" not in clean


# ---- fits ----
def test_densities_are_not_set_beside_probabilities(tmp_path):
    draw = random.Random(5)
    d = write(tmp_path / "d.csv", HEAD.replace("\n", ",rt\n") + timed([round(draw.uniform(.4, .9), 3) for _ in range(60)]))
    out = good("fit", d, "--model", "ddm,rescorla_wagner", "--method", "map", "--starts", 1)
    assert "'ddm' is scored on choices with response times and 'rescorla_wagner' on choices" in out and "not comparable" in out
    assert "60 choices with response times" in out and "60 choices\n" in out
    alone = good("fit", d, "--model", "rescorla_wagner,kalman", "--method", "map", "--starts", 1)
    assert "not comparable" not in alone
    fits = json.loads(good("fit", d, "--model", "ddm,rescorla_wagner", "--method", "map", "--starts", 1, "--json"))
    assert [f["of"] for f in fits] == ["choices with response times", "choices"]
    says(labile("compare", d, "--models", "ddm,rescorla_wagner"), "cannot be ranked together")
    card = write(tmp_path / "c.toml", f'seed = 1\nmetrics = ["reward_rate"]\n[data]\nname = "{d}"\n[[fit]]\nmodel = "ddm"\nstarts = 1\n'
                 '[[fit]]\nmodel = "rescorla_wagner"\nstarts = 1\n')
    good("run", card, "--out", tmp_path / "out")
    assert has(results(tmp_path / "out")["notes"], "not comparable")


def test_subjects_without_anything_to_score(tmp_path):
    d = write(tmp_path / "d.csv", HEAD + choices() + "b,0,NA,1\nb,1,,0\n")
    assert "1 subject(s) could not be fitted, no choice was made: b" in good("fit", d, "--model", "rescorla_wagner", "--method", "map", "--starts", 1)
    assert has(notes("loglik", d, "--model", "rescorla_wagner"), "1 subject(s) stand at 0", "no choice was made", "b")
    assert not has(notes("loglik", write(tmp_path / "e.csv", HEAD + choices()), "--model", "rescorla_wagner"), "stand at 0")
    # A model of times alone has nothing to say of choices without times.
    cued = lambda s, rt: "".join(f"{s},{t},{t % 2},1,{rt},{t % 2},{t % 2},{t // 2 % 2},0\n" for t in range(30))
    e = write(tmp_path / "t.csv", "subject,trial,choice,outcome,rt,target,cue_0,cue_1,cue_2\n" + cued("a", .4) + cued("b", ""))
    fits = json.loads(good("fit", e, "--model", "yu_dayan", "--method", "map", "--starts", 1, "--json"))["subjects"]
    assert [f["trials"] for f in fits] == [30, 0] and fits[1]["loglik"] is None
    assert fits[1]["note"] == "no response time is known"


def test_cues_of_yu_dayan_are_those_shown(tmp_path):
    row = lambda t: f"a,{t},{t % 2},1,0.4,{t % 2},{t % 2},{t // 2 % 2}\n"
    d = write(tmp_path / "d.csv", "subject,trial,choice,outcome,rt,target,cue_0,cue_1\n" + "".join(map(row, range(30))))
    says(labile("loglik", d, "--model", "yu_dayan"), "cues = 3", "2 are shown", "write cues = 2")
    says(labile("fit", d, "--model", "yu_dayan", "--method", "map", "--starts", 1), "cues = 3", "2 are shown")
    good("loglik", d, "--model", "yu_dayan", "--params", "cues=2")
    good("fit", d, "--model", "yu_dayan", "--method", "map", "--starts", 1, "--hold", "cues=2")
    card = write(tmp_path / "c.toml", 'seed = 1\nsubjects = 4\nmetrics = ["accuracy"]\n[task]\nname = "posner"\nlength = 100\ncues = 5\n'
                 '[[agent]]\nmodel = "yu_dayan"\n')
    says(labile("run", card, "--out", tmp_path / "out"), "cues = 3", "5 are shown")
    good("run", card, "--out", tmp_path / "out", "--set", "agent.yu_dayan.params.cues=5")


# ---- metrics ----
def test_reports_are_no_choices(tmp_path):
    draw = random.Random(6)
    rows = "".join(f"{s},{t},{draw.random():.3f},{draw.randrange(2)}\n" for s in "ab" for t in range(30))
    d = write(tmp_path / "d.csv", "subject,trial,report,outcome\n" + rows)
    out = good("metrics", d)
    assert "60 reports" in out and "60 choices" not in out
    assert "report_learning_rate" in out and "win_stay" not in out and "reward_rate" not in out
    asked = good("metrics", d, "--metric", "win_stay", "--metric", "report_learning_rate")
    line = next(x for x in asked.splitlines() if x.startswith("win_stay"))
    assert "not defined: these data hold reports and no choices" in line
    said = json.loads(good("metrics", d, "--json"))["all"]
    assert said["count"] == {"subjects": 2, "trials": 60, "reports": 60}


def test_a_block_that_no_session_has(tmp_path):
    d = write(tmp_path / "d.csv", "subject,block,trial,choice,outcome\n" + "".join(f"a,{t // 10},{t},{t % 2},1\n" for t in range(30)))
    good("metrics", d, "--metric", "reward_rate,blocks=2")
    says(labile("metrics", d, "--metric", "reward_rate,blocks=3"), "reward_rate,blocks=3", "no session has block 3", "0 to 2")
    says(labile("metrics", d, "--metric", "reward_rate,blocks=reversl"), "'reversl'", "did you mean 'reversal'")
    one = write(tmp_path / "one.csv", HEAD + choices())
    assert "not defined: every session is one block" in good("metrics", one, "--metric", "reward_rate,blocks=reversal")


def test_windows_longer_than_a_block(tmp_path):
    rows = "".join(f"a,{t // 15},{t},{t // 3 % 2},{t % 2},{t // 15 % 2}\n" for t in range(60))
    d = write(tmp_path / "d.csv", "subject,block,trial,choice,outcome,best\n" + rows)
    note = "blocks of 15 trials are shorter than what late_accuracy (30 trials) look at"
    assert has(notes("metrics", d, "--metric", "late_accuracy"), note)
    assert not has(notes("metrics", d, "--metric", "late_accuracy,trials=15"), "shorter than")
    # It is so: all of the reversal blocks are covered.
    value = lambda m: json.loads(good("metrics", d, "--metric", m, "--json"))["all"][m]["value"]
    assert value("late_accuracy") == value("accuracy,blocks=reversal")
    card = write(tmp_path / "c.toml", f'seed = 1\nmetrics = ["late_accuracy"]\n[data]\nname = "{d}"\n')
    good("run", card, "--out", tmp_path / "out")
    assert has(results(tmp_path / "out")["notes"], note)


# ---- cards ----
def card_notes(tmp_path, text):
    good("run", write(tmp_path / "c.toml", text), "--out", tmp_path / "out")
    return results(tmp_path / "out")["notes"]


def test_an_occurrence_that_never_comes(tmp_path):
    late = CARD.replace('at = "reversal"', 'at = "reversal"\noccurrence = 2')
    assert has(card_notes(tmp_path, late), "'low alpha'", "occurrence 2 of 'reversal' never came", "'alpha'", "1 time(s) at most")
    assert not has(card_notes(tmp_path, CARD), "never came")
    assert has(card_notes(tmp_path, CARD.replace('at = "reversal"', "time = 1e11")), "100000000000 ms never came")


def schedule(columns, n=30):
    return ",".join(columns) + "\n" + "".join(",".join(str(int((t + k) % 3 == 0)) for k in range(len(columns))) + "\n" for t in range(n))


def test_parameters_beside_a_schedule(tmp_path):
    write(tmp_path / "s.csv", schedule(["best", "payoff_0", "payoff_1"]))
    said = card_notes(tmp_path, CARD.replace("p_better = 0.8", 'p_better = 0.8\nschedule = "s.csv"'))
    assert has(said, "s.csv says what happens", "blocks, p_better of task 'bandit_reversal' changed nothing")
    # Without payoffs luck is still the task's.
    write(tmp_path / "s.csv", schedule(["best"]))
    said = card_notes(tmp_path, CARD.replace("p_better = 0.8", 'p_better = 0.8\nschedule = "s.csv"'))
    assert has(said, "blocks of task 'bandit_reversal' changed nothing")
    assert not has(card_notes(tmp_path, CARD), "changed nothing")


def test_a_gap_in_payoffs(tmp_path):
    card = write(tmp_path / "c.toml", CARD.replace("p_better = 0.8", 'schedule = "s.csv"'))
    for columns, gap in ((["best", "payoff_0", "payoff_2"], "payoff_1"), (["best", "payoff_1"], "payoff_0"),
                         (["best", "p_0", "p_1", "p_3"], "p_2")):
        write(tmp_path / "s.csv", schedule(columns))
        says(labile("run", card, "--out", tmp_path / "out"), "s.csv:1", columns[-1], f"there is no column {gap}")
    data = write(tmp_path / "d.csv", "subject,trial,choice,outcome,best,payoff_0,payoff_2\n" + "".join(f"a,{t},{t % 3},1,0,1,0\n" for t in range(20)))
    people = CARD.replace("p_better = 0.8", 'schedule = "data"') + f'[data]\nname = "{data}"\n'
    says(labile("run", write(tmp_path / "p.toml", people), "--out", tmp_path / "out"), "payoff_2", "there is no column payoff_1")


def test_a_data_set_that_is_absent_beside_a_task(tmp_path):
    said = card_notes(tmp_path, CARD + '[data]\nname = "no_such_set"\n')
    assert has(said, "no_such_set was not found", "no people stand beside the agents", "LABILE_DATA")


def test_a_metric_that_has_no_value_anywhere(tmp_path):
    block = CARD.replace('metrics = ["switch_lag", "accuracy"]', 'metrics = ["switch_lag"]') + '[[metric]]\nname = "accuracy"\nblocks = BLOCK\n'
    assert has(card_notes(tmp_path, block.replace("BLOCK", "7")), "Metric 'accuracy' has a value nowhere", "block 7")
    assert not has(card_notes(tmp_path, block.replace("BLOCK", "1")), "nowhere")
