"""Data sets of people through the command line: numbers of the sets' own checks, and small files of their form.

Real sets are used where they are (LABILE_DATA or shared/ beside the repository); each is skipped loudly where it is
not. Drawn files with the same columns take the same paths everywhere.
"""
import csv
import json
import os
import random
import statistics

import pytest
from labile_cli import ROOT, good, labile, results, says

DATA = os.environ.get("LABILE_DATA", str(ROOT.parent / "shared" / "data"))


def data_file(name):
    path = os.path.join(DATA, name, name + ".csv")
    if not os.path.exists(path):
        pytest.skip(f"data set {name} is not there")
    return path


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def write(path, rows):
    with open(path, "w", newline="") as f:
        out = csv.DictWriter(f, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    return path


# How each set is read, how pairs of trials are made in its checks, and by which columns these group.
SETS = {
    "cavanagh2017_pd_onoff_vv": dict(columns=["choice=choice_side"], options=2, by=["medication"], apart=["medication"]),
    "cavanagh_pst_depression": dict(
        columns=["state=pair"], options=0, features="ABCDEF", by=["depr_group", "phase"], pairs="next=state",
        # Three people went back from testing to training: pairs of training trials reach across.
        pairs_where="phase=train"),
    "collins2012_rlwm": dict(columns=["state=stimulus", "condition=none"], options=3, first=1, by=["set_size"],
                             pairs="next=state"),
    "collins2014_rlwm_schizophrenia": dict(columns=["state=stimulus"], options=3, first=1,
                                           by=["set_size", "condition"], pairs="next=state"),
    "mcdougle_collins2021_rlwmp": dict(columns=["state=stimulus", "condition=none"], options=3, first=1,
                                       by=["set_size"], pairs="next=state"),
    "michely2022_ssri_gamble": dict(columns=["state=deck"], options=2, by=["drug", "session", "deck"],
                                    pairs="next=state,blocks=session", loss=-1),
    "norton2019_changeprob": dict(columns=["outcome=correct"], options=2, first=1, by=["task"], where=["task=covert"]),
    "turi2017_placebo_pst": dict(columns=["state=pair", "correct=choice"], options=2, by=["condition"],
                                 pairs="next=state", apart=["condition"]),
    "zorowitz2023_twostep": dict(columns=[], options=2, by=["platform"], pairs="stage=0", stage=0),
}


def measured(path, how, by=None, where=()):
    """What Labile measures; repetitions among the rows that they are counted in."""
    found, names, shares = measured_in(path, how, by, where)
    if "pairs_where" in how:
        pairs = measured_in(path, how, by, [how["pairs_where"]])[0]
        for group, metrics in found.items():
            for key in ("stay after win", "shift after loss"):
                metrics.pop(names[key], None)
                if names[key] in pairs.get(group, {}):
                    metrics[names[key]] = pairs[group][names[key]]
    return found, names, shares


def measured_in(path, how, by, where):
    args = ["metrics", path, "--json"]
    columns = list(how["columns"])
    if by:
        columns = [c for c in columns if not c.startswith("condition=")]
        args += ["--by", by]
    for c in columns:
        args += ["--columns", c]
    for w in where:
        args += ["--where", w]
    pairs = "," + how["pairs"] if how.get("pairs") else ""
    names = {"stay after win": "win_stay" + pairs, "accuracy": "accuracy",
             "shift after loss": "lose_shift" + pairs + (f",loss={how['loss']}" if "loss" in how else "")}
    if "features" in how:
        shares = {f: f"choice_share,feature={i}" for i, f in enumerate(how["features"])}
    else:
        shares = {str(i + how.get("first", 0)): f"choice_share,option={i}" for i in range(how["options"])}
    for m in [*names.values(), *shares.values()]:
        args += ["--metric", m]
    return json.loads(good(*args)), names, shares


def compare_with_checks(found, names, shares, checks, where, stage=None):
    """Four digits of every number that the checks hold."""
    seen = 0

    def same(metric, value, key):
        nonlocal seen
        assert found[metric]["value"] == pytest.approx(value, abs=5.1e-5), (where, key)
        seen += 1
    if checks.get("p_stay_after_win") is not None:
        same(names["stay after win"], checks["p_stay_after_win"], "stay after win")
        assert found[names["stay after win"]]["of"] == checks["n_stay_after_win"], where
    if checks.get("p_stay_after_loss") is not None:
        same(names["shift after loss"], 1 - checks["p_stay_after_loss"], "stay after loss")
        assert found[names["shift after loss"]]["of"] == checks["n_stay_after_loss"], where
    if checks.get("p_correct") is not None and "accuracy" in found:
        same("accuracy", checks["p_correct"], "correct")
    if stage is None:
        if checks.get("n_choice"):
            assert found["count"]["choices"] == checks["n_choice"], where
        for name, value in checks.get("choice_prop", {}).items():
            same(shares[name], value, f"share of {name}")
    if "n_subjects" in checks:
        assert found["count"]["subjects"] == checks["n_subjects"], where
    return seen


@pytest.mark.parametrize("name", SETS)
def test_metrics_equal_the_checks_of_the_set(name):
    path, how = data_file(name), SETS[name]
    with open(os.path.join(DATA, name, name + ".checks.json")) as f:
        checks = json.load(f)
    where = how.get("where", ())
    seen = 0
    if not where and not how.get("apart"):
        found, names, shares = measured(path, how)
        groups = list(found)
        if len(groups) == 1:
            seen += compare_with_checks(found[groups[0]], names, shares, checks["all"], name, how.get("stage"))
    for by in how["by"]:
        found, names, shares = measured(path, how, by, where)
        for group, numbers in checks["by_" + by].items():
            if group not in found:
                assert where or numbers["n_choice"] == 0, (name, group)
                continue
            seen += compare_with_checks(found[group], names, shares, numbers, (name, by, group), how.get("stage"))
    assert seen >= 4, "nothing was compared"


def test_overt_reports_are_judged_as_the_checks_say():
    path = data_file("norton2019_changeprob")
    found = json.loads(good("metrics", path, "--json", "--where", "task=overt", "--columns",
                            "choice=none,report=criterion_deg,outcome=category", "--metric", "accuracy"))
    with open(path.replace(".csv", ".checks.json")) as f:
        checks = json.load(f)
    # Rows without a criterion are no answers to us; the checks count them as wrong answers.
    rows = [r for r in read(path) if r["task"] == "overt"]
    answered = [r for r in rows if r["criterion_deg"]]
    assert found["all"]["count"]["reports"] == len(answered) and all(r["correct"] == "0" for r in rows if r not in answered)
    share = found["all"]["accuracy"]["value"]
    assert share == pytest.approx(sum(r["correct"] == "1" for r in answered) / len(answered), abs=1e-12)
    assert share * len(answered) / len(rows) == pytest.approx(checks["by_task"]["overt"]["p_correct"], abs=5.1e-5)


def stays(rows, key, choice, outcome, loss=0):
    """Independent of Labile: share and number of stays after wins, of shifts after losses."""
    last, win, lose = {}, [0, 0], [0, 0]
    for r in rows:
        k = tuple(r[x] for x in key)
        if k in last and last[k][0] != "" and r[choice] != "" and last[k][1] != "":
            before, paid = last[k][0], float(last[k][1])
            if paid > 0:
                win = [win[0] + (before == r[choice]), win[1] + 1]
            elif paid <= loss:
                lose = [lose[0] + (before != r[choice]), lose[1] + 1]
        last[k] = (r[choice], r[outcome])
    return win, lose


def drawn_selection(path, seed=3, words=True):
    """Rows of a probabilistic selection task with sides, letters, two phases and missed trials."""
    luck = random.Random(seed)
    rows = []
    for s in range(6):
        for t in range(60):
            pair = luck.choice(["AB", "CD", "EF"])
            sides = list(pair)
            luck.shuffle(sides)
            choice = "" if luck.random() < 0.08 else luck.choice(sides)
            good_one = choice == pair[0]
            rows.append(dict(subject=f"s{s}", trial=t + 1, phase="train" if t < 40 else "test", pair=pair,
                             stim_left=sides[0], stim_right=sides[1], choice=choice,
                             outcome="" if choice == "" or t >= 40 else int(luck.random() < (0.8 if good_one else 0.2)),
                             correct="" if choice == "" else int(good_one)))
    write(path, rows)
    return rows


def test_letters_that_change_sides_are_options(tmp_path):
    path = tmp_path / "pst.csv"
    rows = drawn_selection(path)
    how = SETS["cavanagh_pst_depression"]
    found, names, shares = measured(path, how)
    win, lose = stays([r for r in rows if r["phase"] == "train"], ["subject", "pair"], "choice", "outcome")
    assert win[1] > 30 and lose[1] > 30
    assert found["all"][names["stay after win"]]["value"] == pytest.approx(win[0] / win[1], abs=1e-12)
    assert found["all"][names["stay after win"]]["of"] == win[1]
    assert found["all"][names["shift after loss"]]["value"] == pytest.approx(lose[0] / lose[1], abs=1e-12)
    made = [r["choice"] for r in rows if r["choice"]]
    for letter, metric in shares.items():
        assert found["all"][metric]["value"] == pytest.approx(made.count(letter) / len(made), abs=1e-12)
    assert found["all"]["count"]["choices"] == len(made)
    said = good("metrics", path, "--columns", "state=pair,session=phase")  # phases as sessions
    assert "A = 0, B = 1" in said and "words, numbered in the order in which they appear" in said
    # Learners learn letters, not sides: the likelihood does not change when all sides are turned around.
    turned = [dict(r, stim_left=r["stim_right"], stim_right=r["stim_left"]) for r in rows]
    write(tmp_path / "turned.csv", turned)
    a, b = (json.loads(good("loglik", p, "--model", "rescorla_wagner", "--params", "alpha=0.3,beta=2", "--json"))
            for p in (path, tmp_path / "turned.csv"))
    assert a["total"] == pytest.approx(b["total"], abs=1e-10) and a["total"] < -100
    rows[7]["choice"] = "Z"
    write(path, rows)
    says(labile("metrics", path), ":9: choice", "'Z' is none of this row's options")


def test_rows_are_chosen_by_where(tmp_path):
    path = tmp_path / "pst.csv"
    rows = drawn_selection(path)
    train = json.loads(good("metrics", path, "--json", "--where", "phase=train"))
    assert train["all"]["count"]["trials"] == sum(r["phase"] == "train" for r in rows)
    both = json.loads(good("metrics", path, "--json", "--where", "pair=AB", "--where", "pair=CD"))
    assert both["all"]["count"]["trials"] == sum(r["pair"] in ("AB", "CD") for r in rows)
    says(labile("metrics", path, "--where", "phase=trian"), "no row has phase = trian")
    says(labile("metrics", path, "--where", "phse=train"), "no column 'phse'", "did you mean 'phase'?")
    says(labile("metrics", path, "--where", "phase"), "write column=value")


def rates(rows, min_error):
    """Apparent learning rates by trials since the change; reports come after outcomes."""
    r = {}
    before = None
    for row in rows:
        key = (row["subject"], row["session"])
        if before is None or before[0] != key:
            since = 0
        else:
            since = 0 if str(row["change_point"]) == "1" else since + 1
            error = float(row["outcome"]) - before[1]
            if abs(error) > min_error:
                r.setdefault(since, []).append((float(row["estimate"]) - before[1]) / error)
        before = (key, float(row["estimate"]))
    return r


def upper_median(values):
    return sorted(values)[len(values) // 2]


def check_learning_rates(path):
    rows = read(path)
    by_lag = rates(rows, 0.02)
    ask = ["metrics", path, "--json", "--report-after", "--signals", "hidden=hidden_parameter", "--metric", "report_error"]
    spans = {"from=0,to=0": lambda k: k == 0, "from=1": lambda k: k >= 1, "from=1,to=5": lambda k: 1 <= k <= 5}
    for span in spans:
        ask += ["--metric", f"apparent_learning_rate,min_error=0.02,{span}"]
    found = json.loads(good(*ask))["all"]
    for span, inside in spans.items():
        values = [x for k, list_ in by_lag.items() if inside(k) for x in list_]
        m = found[f"apparent_learning_rate,min_error=0.02,{span}"]
        assert m["of"] == len(values)
        assert m["median"]["value"] == pytest.approx(upper_median(values), abs=1e-12), span
        assert m["median"]["low"] <= m["median"]["value"] <= m["median"]["high"]
    off = statistics.fmean(abs(float(r["estimate"]) - float(r["hidden_parameter"])) for r in rows)
    assert found["report_error"]["value"] == pytest.approx(off, abs=1e-12)
    return found


def test_learning_rates_of_foucault2024_are_the_published_ones():
    found = check_learning_rates(data_file("foucault2024_adaprob"))
    change, other = (found[f"apparent_learning_rate,min_error=0.02,{s}"] for s in ("from=0,to=0", "from=1"))
    assert (change["of"], other["of"]) == (1290, 31270)
    assert round(change["median"]["value"], 4) == 0.0305 and round(other["median"]["value"], 4) == 0.0321
    assert round(found["report_error"]["value"], 4) == 0.1610


def drawn_reports(path, seed=5):
    luck = random.Random(seed)
    rows = []
    for s in range(5):
        for session in (1, 2):
            p, estimate = luck.random(), 0.5
            for t in range(60):
                change = t == 0 or luck.random() < 0.08
                if change and t:
                    p = luck.random()
                outcome = int(luck.random() < p)
                estimate += luck.choice([0, 0.05, 0.2]) * (outcome - estimate)
                rows.append(dict(subject=s, session=session, trial=t + 1, outcome=outcome, estimate=round(estimate, 6),
                                 hidden_parameter=round(p, 6), change_point=int(change)))
    return write(path, rows)


def test_learning_rates_of_drawn_reports(tmp_path):
    check_learning_rates(drawn_reports(tmp_path / "reports.csv"))
    said = good("metrics", tmp_path / "reports.csv", "--report-after")
    assert "came after the outcome of their row" in said and "median of all values" in said


def test_models_learn_before_they_answer_where_reports_come_after(tmp_path):
    """A model whose prediction is the report it will be compared with gets it exactly only in the right order."""
    rows, B = [], 0.5
    luck = random.Random(1)
    for t in range(40):
        outcome = luck.random()
        B += 0.5 * (outcome - B)  # tau0 = 0.5 and H = 0, first step
        rows.append(dict(subject=1, trial=t, outcome=repr(outcome), estimate=repr(B)))
        break
    write(tmp_path / "one.csv", rows)
    params = "H=0,sigma=1,sigma_report=0.1,U=1,tau0=0.5,B0=0.5"
    after = json.loads(good("loglik", tmp_path / "one.csv", "--model", "reduced_bayes", "--params", params, "--json",
                            "--report-after"))["total"]
    before = json.loads(good("loglik", tmp_path / "one.csv", "--model", "reduced_bayes", "--params", params, "--json"))
    at_center = 1.3836465597893729  # -ln(0.1 sqrt(2 pi))
    assert after == pytest.approx(at_center, abs=1e-12)
    assert before["total"] == pytest.approx(at_center - 0.5 * ((B - 0.5) / 0.1) ** 2, abs=1e-9)


def test_reduced_bayes_without_jumps_is_a_number(tmp_path):
    """H = 0 and an outcome so far away that its density underflows."""
    write(tmp_path / "far.csv", [dict(subject=1, trial=t, outcome=x, report=0) for t, x in enumerate((0, 300, 1e4, 0))])
    total = json.loads(good("loglik", tmp_path / "far.csv", "--model", "reduced_bayes", "--params",
                            "H=0,sigma=1,sigma_report=1000,B0=0,tau0=0.5", "--json"))["total"]
    # By hand: without jumps tau' = tau / (1 + tau), the rate is tau.
    B, tau, expected = 0.0, 0.5, 0.0
    import math
    for x in (0, 300, 1e4, 0):
        expected += -0.5 * math.log(2 * math.pi) - math.log(1000) - 0.5 * (B / 1000) ** 2
        B += tau * (x - B)
        tau = tau / (tau + 1)
    assert total == pytest.approx(expected, rel=1e-12)


def test_filters_learn_what_was_right_without_an_outcome(tmp_path):
    """An outcome that was not shown, while the file says which option was right."""
    luck = random.Random(2)
    rows = []
    for t in range(60):
        choice, right = luck.randint(0, 1), int(luck.random() < 0.8)
        rows.append(dict(subject=1, choice=choice, outcome=int(choice == right), input=right))
    hidden = [dict(r, outcome="" if t % 3 == 0 else r["outcome"]) for t, r in enumerate(rows)]
    write(tmp_path / "all.csv", rows)
    write(tmp_path / "some.csv", hidden)
    for model in ("hgf_binary_2level", "hgf_binary_3level", "vkf_binary"):
        a, b = (json.loads(good("loglik", tmp_path / f, "--model", model, "--columns", "input=input", "--json"))["total"]
                for f in ("all.csv", "some.csv"))
        assert a == b, model


def test_a_number_that_a_model_needs_is_missed_by_name(tmp_path):
    rows = [dict(subject="a", block=1, stimulus=1 + t % 2, choice=1 + t % 3, outcome=t % 2, set_size=2) for t in range(8)]
    rows[5]["set_size"] = "NaN"
    write(tmp_path / "d.csv", rows)
    says(labile("loglik", tmp_path / "d.csv", "--model", "rlwm"), "d.csv:7", "set_size", "is missing")
    good("loglik", tmp_path / "d.csv", "--model", "rescorla_wagner")
    rows[5]["choice"] = ""
    write(tmp_path / "d.csv", rows)
    good("loglik", tmp_path / "d.csv", "--model", "rlwm")


def test_more_states_than_models_keep_apart(tmp_path):
    rows = [dict(subject="a", cue=f"picture {t % 20}", choice=t % 2, outcome=(t // 2) % 2) for t in range(80)]
    write(tmp_path / "d.csv", rows)
    assert "shows 20 states, and at most 16" in good("metrics", tmp_path / "d.csv")
    says(labile("loglik", tmp_path / "d.csv", "--model", "rescorla_wagner"), "20 states", "--columns state=none")
    good("loglik", tmp_path / "d.csv", "--model", "rescorla_wagner", "--columns", "state=none")


CARD = """title = "t"
seed = 1
subjects = 4
metrics = ["accuracy"]
[task]
name = "{task}"
schedule = "{schedule}"
{more}
[[agent]]
model = "{model}"
"""


def test_a_card_names_a_file_of_what_agents_meet(tmp_path):
    write(tmp_path / "walk.csv", [dict(trial=t, payoff_0=50 + t, payoff_1=60 - t, payoff_2=10) for t in range(20)])
    (tmp_path / "c.toml").write_text(CARD.format(task="restless_bandit", schedule="walk.csv", more="", model="kalman"))
    good("run", "c.toml", "--out", "out", "--set", "record=all", cwd=tmp_path)
    rows = read(tmp_path / "out" / "trials.csv")
    assert len(rows) == 4 * 20
    for r in rows:
        t, c = int(r["trial"]), int(r["choice"])
        assert float(r["outcome"]) == (50 + t, 60 - t, 10)[c]
        assert int(r["best"]) == (1 if 60 - t > 50 + t else 0)
    # Beside the card, wherever the command runs.
    good("run", tmp_path / "c.toml", "--out", tmp_path / "out2", cwd=ROOT)


@pytest.mark.parametrize("task, model, columns, wrong", [
    ("restless_bandit", "kalman", dict(best=0), "payoff_0"),
    ("two_step", "ts_par7", dict(best=0), "p_0, p_1, p_2, p_3"),
    ("rl_working_memory", "rlwm", dict(best=0), "column state"),
    ("predictive_inference", "reduced_bayes", dict(best=0), "column outcome"),
    ("volatile_bandit", "rescorla_wagner", dict(best=0), "payoff_0 and payoff_1"),
    ("bandit_reversal", "rescorla_wagner", dict(outcome=0), "column best"),
    ("go_nogo", "pavlovian_bias", dict(best=0), "takes no schedule"),
])
def test_tasks_say_what_a_schedule_lacks(tmp_path, task, model, columns, wrong):
    write(tmp_path / "s.csv", [dict(trial=t, **columns) for t in range(5)])
    (tmp_path / "c.toml").write_text(CARD.format(task=task, schedule="s.csv", more="", model=model))
    says(labile("run", "c.toml", "--out", "out", cwd=tmp_path), "s.csv" if task != "go_nogo" else task, wrong)


def test_schedules_are_refused_by_file_line_and_column(tmp_path):
    (tmp_path / "c.toml").write_text(CARD.format(task="restless_bandit", schedule="s.csv", more="", model="kalman"))
    for text, place in (("trial,payoff_0,payoff_1\n0,1,2\n1,x,3\n", "s.csv:3: payoff_0: 'x' is not a number"),
                        ("trial,payoff_0,payoff_1\n0,1,2\n2,1,3\n", "s.csv:3: trial: trial 2 follows trial 0"),
                        ("trial,payoff_0,payoff_1\n0,1,2\n1,1\n", "s.csv:3: too few fields"),
                        ("trial,payoff_0,payoff_1\n", "has a header and no rows"),
                        ("trial,best\n0,9\n", "s.csv:2: best: 9 is not a whole number from 0 to 7"),
                        ("trial,p_0,p_1\n0,0.5,1.5\n", "s.csv:2: p_1: 1.5 is no probability")):
        (tmp_path / "s.csv").write_text(text)
        says(labile("run", "c.toml", "--out", "out", cwd=tmp_path), place)
    (tmp_path / "s.csv").unlink()
    assert labile("run", "c.toml", "--out", "out", cwd=tmp_path).returncode == 2


def test_agents_meet_what_people_met(tmp_path):
    """Stimuli, right actions, set sizes and blocks of each person; outcomes follow from them."""
    luck = random.Random(4)
    rows = []
    for s in range(3):
        for block, size in enumerate((2, 3)):
            right = [luck.randint(1, 3) for _ in range(size)]
            for t in range(10 + s):
                stimulus = luck.randrange(size)
                choice = luck.randint(1, 3)
                rows.append(dict(subject=f"p{s}", block=block + 1, set_size=size, stimulus=stimulus + 1,
                                 correct_action=right[stimulus], choice=choice, outcome=int(choice == right[stimulus])))
    write(tmp_path / "people.csv", rows)
    (tmp_path / "c.toml").write_text(CARD.format(task="rl_working_memory", schedule="data", more=f"""
[data]
name = "{tmp_path / 'people.csv'}"
reset_on = ["block"]
""", model="rlwm"))
    good("run", "c.toml", "--out", "out", "--set", "record=all", cwd=tmp_path)
    made = read(tmp_path / "out" / "trials.csv")
    assert len(made) == len(rows)
    for r, m in zip(rows, made):
        assert (m["subject"], int(m["state"]), int(m["best"]), int(m["block"]), float(m["set_size"])) == (
            r["subject"][1:], r["stimulus"] - 1, r["correct_action"] - 1, r["block"] - 1, r["set_size"])
        assert float(m["outcome"]) == (int(m["choice"]) == r["correct_action"] - 1)
    cells = results(tmp_path / "out")["cells"]
    assert {c["agent"] for c in cells} == {"rlwm", "people"}


def test_a_card_of_people_alone(tmp_path):
    rows = [dict(subject=f"s{s}", drug="ssri" if s % 2 else "placebo", choice=t % 2, outcome=(t + s) % 2, best=0)
            for s in range(4) for t in range(20)]
    write(tmp_path / "people.csv", rows)
    text = f"""title = "t"
seed = 1
metrics = ["accuracy", "win_stay"]
[data]
name = "{tmp_path / 'people.csv'}"
columns = {{ condition = "drug" }}
[[fit]]
model = "rescorla_wagner"
starts = 1
hold = {{ beta = 2.0 }}
"""
    (tmp_path / "c.toml").write_text(text)
    good("run", "c.toml", "--out", "out", cwd=tmp_path)
    r = results(tmp_path / "out")
    assert {c["condition"] for c in r["cells"]} == {"ssri", "placebo"}
    fits = read(tmp_path / "out" / "fit_rescorla_wagner.csv")
    assert len(fits) == 4 and all(float(f["beta"]) == 2.0 for f in fits)
    (tmp_path / "c.toml").write_text(text.replace("people.csv", "absent.csv"))
    said = good("run", "c.toml", "--out", "out2", cwd=tmp_path)
    assert "was not found, so this card of people was skipped" in said


@pytest.mark.parametrize("card", sorted(p.stem for p in (ROOT / "experiments" / "people").glob("*.toml")))
def test_cards_of_people_are_good_and_skip_without_data(card, tmp_path):
    path = ROOT / "experiments" / "people" / f"{card}.toml"
    assert "The card is good" in good("run", path, "--dry")
    said = good("run", path, "--out", "out", "--set", "subjects=4", cwd=tmp_path,
                env={**os.environ, "LABILE_DATA": str(tmp_path)}) if not (tmp_path / "shared").exists() else ""
    assert "was not found" in said


def check_criteria(path, tmp_path):
    """Criteria as reports by tools/norton_criteria.py, against rates computed here from the file of criteria."""
    import math
    import subprocess
    import sys
    out = tmp_path / "criteria.csv"
    subprocess.run([sys.executable, ROOT / "tools" / "norton_criteria.py", path, out], check=True)
    spans = {"from=0,to=0": (0, 0), "from=1,to=5": (1, 5), "from=6": (6, 10**6)}
    ask = ["metrics", out, "--json", "--signals", "hidden", "--metric", "report_error"]
    for span in spans:
        ask += ["--metric", f"apparent_learning_rate,min_error=0.02,{span}"]
    found = json.loads(good(*ask))["all"]
    rows = [r for r in read(path) if r["task"] == "overt"]

    def implied(r):
        green, red, sd = (float(r[k]) for k in ("green_mean_deg", "red_mean_deg", "stim_sd_deg"))
        if not r["criterion_deg"]:
            return math.nan
        k = float(r["criterion_deg"])  # the prior at which both categories are as likely at k
        odds = math.exp(((k - green) ** 2 - (k - red) ** 2) / (2 * sd * sd))
        return odds / (1 + odds)
    values = {span: [] for span in spans}
    for i in range(1, len(rows) - 1):
        before, r, after = rows[i - 1:i + 2]
        who = [(x["subject"], x["session"]) for x in (before, r, after)]
        if len(set(who[1:])) > 1 or who[0] != who[1]:
            continue
        since = 0
        while i - since > 0 and rows[i - since - 1]["p_category2"] == r["p_category2"] and (
                rows[i - since - 1]["subject"], rows[i - since - 1]["session"]) == who[1]:
            since += 1
        error = (r["category"] == "2") - implied(r)
        if abs(error) > 0.02 and not math.isnan(implied(after)):
            for span, (low, high) in spans.items():
                if low <= since <= high:
                    values[span].append((implied(after) - implied(r)) / error)
    for span, list_ in values.items():
        m = found[f"apparent_learning_rate,min_error=0.02,{span}"]
        assert m["of"] == len(list_) > 0
        assert m["median"]["value"] == pytest.approx(upper_median(list_), abs=1e-9), span
    off = statistics.fmean(abs(implied(r) - float(r["p_category2"])) for r in rows if r["criterion_deg"])
    assert found["report_error"]["value"] == pytest.approx(off, abs=1e-9)


def test_learning_rates_of_norton2019_criteria(tmp_path):
    check_criteria(data_file("norton2019_changeprob"), tmp_path)


def test_learning_rates_of_drawn_criteria(tmp_path):
    luck = random.Random(9)
    rows = []
    for s in "AB":
        for task in ("covert", "overt"):
            p = 0.5
            for t in range(80):
                if t % 20 == 19:
                    p = luck.choice([0.2, 0.35, 0.65, 0.8])
                rows.append(dict(subject=s, task=task, session=1, trial=t + 1, p_category2=p,
                                 category=2 if luck.random() < p else 1, stimulus_deg=0, green_mean_deg=-35,
                                 red_mean_deg=-19, stim_sd_deg=10, choice="",
                                 criterion_deg=round(luck.gauss(-27, 6), 2), correct=1))
    check_criteria(write(tmp_path / "drawn.csv", rows), tmp_path)
