"""Hierarchical fits in cards: the numbers of `labile fit`, predictions of effects, fits of agents, what the report holds, refusals."""
import json
import math

import pytest
from labile_cli import good, labile, results, says


def holds(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in: {text}"


PEOPLE = """\
title = "Fits of a group"
seed = 3

[data]
name = "{data}"

[[metric]]
name = "accuracy"

[[metric]]
name = "win_stay"

[[fit]]
id = "effects"
model = "rescorla_wagner"
method = "bayes"
formulas = ["alpha ~ drug"]
reference = {{ drug = "placebo" }}
draws = 250

[[fit]]
model = "rescorla_wagner"
method = "bayes"
draws = 250
groups = ["beta = exp mu 1 1"]
check = ["win_stay"]

[[prediction]]
claim = "the drug lowers alpha"
fit = "effects"
effect = "alpha: drug: pill - placebo"
relation = "difference < 0"

[[prediction]]
claim = "beta is above 1"
fit = "rescorla_wagner"
effect = "beta"
relation = "value > 1"

[[prediction]]
claim = "an effect that the fit has not"
fit = "effects"
effect = "alpha: drug: pill - water"
relation = "difference < 0"
"""

AGENTS = """\
title = "Agents fitted as if they were people"
seed = 4
subjects = 24

[task]
name = "bandit_reversal"
blocks = [20, 20]
p_better = 0.8

[[agent]]
name = "RW"
model = "rescorla_wagner"
params = { alpha = 0.6, beta = 4 }

[[manipulation]]
condition = "low alpha"
op = "scale"
target = "alpha"
amount = 0.25

[[metric]]
name = "accuracy"

[[fit]]
id = "again"
model = "rescorla_wagner"
method = "bayes"
of = "agents"
draws = 250

[[prediction]]
claim = "what was lowered is found lower"
fit = "again"
effect = "alpha"
contrast = ["low alpha", "intact"]
relation = "ratio < 0.6"

[[prediction]]
claim = "and as a difference"
fit = "again"
effect = "alpha"
contrast = ["low alpha", "intact"]
relation = "difference < 0"
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """12 + 12 people of differing learning rates on a bandit with payoffs, drawn here."""
    import random
    rng = random.Random(7)
    path = tmp_path_factory.mktemp("people") / "pills.csv"
    with open(path, "w") as f:
        f.write("subject,drug,trial,choice,outcome,best,payoff_0,payoff_1\n")
        for s in range(24):
            drug, alpha = ("pill", 0.15) if s % 2 else ("placebo", 0.65)
            q = [0.5, 0.5]
            for t in range(60):
                best = int(t >= 30)
                pay = [int(rng.random() < (0.85 if o == best else 0.15)) for o in (0, 1)]
                p1 = 1 / (1 + 2.718281828 ** (-5 * (q[1] - q[0])))
                c = int(rng.random() < p1)
                q[c] += alpha * (pay[c] - q[c])
                f.write(f"{s:02d},{drug},{t},{c},{pay[c]},{best},{pay[0]},{pay[1]}\n")
    return path


@pytest.fixture(scope="module")
def people(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("people_card")
    (folder / "card.toml").write_text(PEOPLE.format(data=drawn))
    said = good("run", folder / "card.toml", "--out", folder / "out")
    return folder / "out", said


def test_numbers_are_those_of_labile_fit(drawn, people):
    out, _ = people
    fits = {f["id"]: f for f in results(out)["group_fits"]}
    alone = json.loads(good("fit", drawn, "--model", "rescorla_wagner", "--formula", "alpha ~ drug", "--reference",
                            "drug=placebo", "--draws", 250, "--seed", 3, "--json"))
    assert fits["effects"]["group"] == alone["group"]
    assert fits["effects"]["effects"] == alone["effects"]
    assert fits["effects"]["loo"] == alone["loo"]
    other = json.loads(good("fit", drawn, "--model", "rescorla_wagner", "--group", "beta = exp mu 1 1", "--draws", 250, "--seed", 3,
                            "--check", "win_stay", "--json"))
    assert fits["rescorla_wagner"]["group"] == other["group"]
    check = fits["rescorla_wagner"]["check"]["metrics"]["win_stay"]
    assert check == {k: v for k, v in other["check"]["metrics"]["win_stay"].items() if k != "subjects"}


def test_predictions_have_the_effects_interval(people):
    out, said = people
    r = results(out)
    fits = {f["id"]: f for f in r["group_fits"]}
    drug, beta, absent = r["predictions"]
    found = next(d for d in fits["effects"]["effects"]["alpha"]["differences"] if d["name"] == "drug: pill - placebo")
    assert [drug["value"], drug["low"], drug["high"]] == pytest.approx([found["mean"], found["q2.5"], found["q97.5"]], rel=1e-9)
    assert drug["verdict"] == "supported" and found["q97.5"] < 0
    group = fits["rescorla_wagner"]["group"]["beta"]
    assert [beta["value"], beta["low"], beta["high"]] == pytest.approx([group["mean"], group["q2.5"], group["q97.5"]], rel=1e-9)
    assert absent["verdict"] == "not run"
    holds(absent["reason"], "no effect 'alpha: drug: pill - water'", '"alpha: drug: pill - placebo"')
    holds(said, "supported: alpha: drug: pill - placebo, effects difference")


def test_report_holds_what_it_draws(people):
    out, _ = people
    r = results(out)
    fit = r["group_fits"][0]
    for p in fit["parameters"]:
        assert sum(p["histogram"]["counts"]) == 1000
        assert 0 < sum(p["histogram"]["prior"]) <= 1
        assert [sum(chain) for chain in p["ranks"]] == [250] * 4
        assert sum(map(sum, p["ranks"])) == 1000
        assert len(p["subjects"]) == 24
    holds(fit["methods"], "hierarchical Bayesian", "Effects on alpha before T: drug[pill]")
    (comparison,) = r["fit_comparisons"]
    assert {m["id"] for m in comparison["models"]} == {"effects", "rescorla_wagner"}
    assert comparison["models"][0]["behind"] == 0
    elpd = {f["id"]: f["loo"]["elpd"]["estimate"] for f in r["group_fits"]}
    best, second = comparison["models"]
    assert second["behind"] == pytest.approx(elpd[best["id"]] - elpd[second["id"]], abs=1e-6)
    assert best["stacking"] + second["stacking"] == pytest.approx(1)
    header, *rows = (out / "fit_effects.csv").read_text().splitlines()
    assert header.startswith("subject,alpha,alpha_sd") and len(rows) == 24


def test_histograms_and_ranks_are_of_the_draws(drawn, people, tmp_path):
    """Counted again from the draws that `labile fit` writes, and the prior from the normal distribution's own function."""
    out, _ = people
    good("fit", drawn, "--model", "rescorla_wagner", "--group", "beta = exp mu 1 1", "--draws", 250, "--seed", 3, "--draws-out", tmp_path)
    draws = []
    for chain in range(4):
        lines = [line for line in (tmp_path / f"rescorla_wagner-{chain + 1}.csv").read_text().splitlines() if not line.startswith("#")]
        column = lines[0].split(",").index("group_beta")
        draws.append([float(line.split(",")[column]) for line in lines[1:]])
    fit = next(f for f in results(out)["group_fits"] if f["id"] == "rescorla_wagner")
    beta = next(p for p in fit["parameters"] if p["name"] == "beta")
    edges, counts, prior = (beta["histogram"][k] for k in ("edges", "counts", "prior"))
    # The outermost draws count in the outermost bins; written draws are rounded, so one may change its bin.
    inner = [sum(low <= x < high for chain in draws for x in chain) for low, high in zip(edges[1:-2], edges[2:-1])]
    assert sum(abs(a - b) for a, b in zip(inner, counts[1:-1])) <= 2
    ranked = sorted((x, chain) for chain in range(4) for x in draws[chain])
    ranks = [[sum(c == chain for _, c in ranked[k * 50:(k + 1) * 50]) for k in range(20)] for chain in range(4)]
    assert sum(abs(a - b) for mine, theirs in zip(ranks, beta["ranks"]) for a, b in zip(mine, theirs)) <= 4
    below = [0.5 * (1 + math.erf((math.log(x) - 1) / math.sqrt(2))) for x in edges]  # beta = exp(mu), mu ~ N(1, 1)
    assert prior == pytest.approx([b - a for a, b in zip(below, below[1:])], abs=1e-9)


def test_card_can_be_run_again_from_its_own_text(people, tmp_path):
    out, _ = people
    again = good("run", out / "card.toml", "--dry")
    holds(again, results(out)["card"]["hash"])


def test_agents_are_fitted_cell_by_cell(tmp_path):
    (tmp_path / "card.toml").write_text(AGENTS)
    good("run", tmp_path / "card.toml", "--out", tmp_path / "two", "--jobs", 2)
    good("run", tmp_path / "card.toml", "--out", tmp_path / "one", "--jobs", 1)
    r = results(tmp_path / "two")
    one = results(tmp_path / "one")
    fits = {f["condition"]: f for f in r["group_fits"]}
    assert set(fits) == {"intact", "low alpha"}
    # The learner is fitted to itself: its own parameters are where the group is, within four standard deviations of the posterior.
    for condition, alpha in (("intact", 0.6), ("low alpha", 0.15)):
        found = fits[condition]["group"]["alpha"]
        assert abs(found["mean"] - alpha) < 4 * found["sd"] < 0.3, condition
    ratio, difference = r["predictions"]
    assert ratio["contrast"] == ["low alpha", "intact"] and ratio["low"] < ratio["value"] < ratio["high"]
    means = [fits[c]["group"]["alpha"]["mean"] for c in ("low alpha", "intact")]
    assert difference["value"] == pytest.approx(means[0] - means[1], abs=1e-12)
    assert difference["verdict"] == "supported"
    assert [f["group"] for f in r["group_fits"]] == [f["group"] for f in one["group_fits"]]
    assert (tmp_path / "two" / "fit_again_RW__low_alpha.csv").exists()


@pytest.mark.parametrize("change, words", [
    (('method = "bayes"\nformulas', 'method = "map"\nformulas'), ["card.toml:17", "formulas", 'belongs to method "bayes"']),
    (('"alpha ~ drug"', '"alhpa ~ drug"'), ["'alhpa' is no parameter that is estimated", "did you mean 'alpha'"]),
    (('"alpha ~ drug"', '"alpha ~ (drug"'), ["card.toml", "formula"]),
    (('drug = "placebo" }', 'dose = "placebo" }'), ["no formula names column 'dose'"]),
    (('effect = "beta"', 'effect = "betta"'), ["estimates no parameter 'betta'", "did you mean 'beta'"]),
    (('fit = "rescorla_wagner"', 'fit = "rescorla"'), ["no fit 'rescorla'", "effects, rescorla_wagner"]),
    (('effect = "beta"\n', ''), ["effect", "write a parameter"]),
    (('check = ["win_stay"]', 'check = ["stay"]'), ["no metric 'stay'"]),
    (('"beta = exp mu 1 1"', '"betta = exp mu 1 1"'), ["betta"]),
    (('relation = "value > 1"', 'relation = "ratio > 1"'), ["is about one parameter"]),
    (('fit = "effects"\neffect = "alpha: drug: pill - placebo"', 'metric = "accuracy"\neffect = "alpha"\ncontrast = ["people"]'),
     ["belongs to a fit"]),
    (('id = "effects"', 'id = "rescorla_wagner"'), ["a second fit is called 'rescorla_wagner'"]),
    (('id = "effects"', 'id = "rescorla wagner"'), ["would be one file, fit_rescorla_wagner.csv"]),
    (('groups = ["beta = exp mu 1 1"]', "drop_missing = true"), ["belongs to formulas"]),
    (('effect = "beta"', 'effect = "beta"\ncondition = "intact"'), ["belongs to fits of agents"]),
    (('relation = "value > 1"', 'relation = "difference > 1"'), ["is about one parameter"]),
    (('method = "bayes"\ndraws = 250\ngroups = ["beta = exp mu 1 1"]\ncheck = ["win_stay"]', 'method = "map"\nwhere = { drug = "pill" }'),
     ["where", 'belongs to method "bayes"']),
])
def test_refusals_name_the_line(drawn, tmp_path, change, words):
    text = PEOPLE.format(data=drawn)
    assert change[0] in text
    (tmp_path / "card.toml").write_text(text.replace(*change, 1))
    done = labile("run", tmp_path / "card.toml", "--dry")
    says(done, "card.toml:", *words)


def test_conditions_within_people_want_a_formula(drawn, tmp_path):
    lines = drawn.read_text().splitlines()
    rows = [f"{line},{'condition' if i == 0 else ('on' if (i - 1) % 60 < 30 else 'off')}" for i, line in enumerate(lines)]
    (tmp_path / "within.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "card.toml").write_text(PEOPLE.format(data=tmp_path / "within.csv"))
    done = labile("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    says(done, "card.toml:", "several conditions (on, off)", "PARAMETER ~ condition")


def test_what_is_held_stays_held_in_recovery(drawn, tmp_path):
    card = PEOPLE.format(data=drawn).replace('check = ["win_stay"]', "recover = true\nhold = { alpha = 0.4 }")
    (tmp_path / "card.toml").write_text(card.replace('groups = ["beta = exp mu 1 1"]', ""))
    good("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    fit = next(f for f in results(tmp_path / "out")["group_fits"] if f["id"] == "rescorla_wagner")
    (beta,) = fit["recovery"]["parameters"]
    truth, found = zip(*beta["points"])
    n = len(truth)
    mt, mf = sum(truth) / n, sum(found) / n
    r = sum((a - mt) * (b - mf) for a, b in beta["points"]) / (
        sum((a - mt) ** 2 for a in truth) * sum((b - mf) ** 2 for b in found)) ** 0.5
    assert beta["r"] == pytest.approx(r, abs=1e-9)
    assert beta["bias"] == pytest.approx(mf - mt, abs=1e-9)


SESSIONS = """\
title = "Two sessions"
seed = 3

[data]
name = "{data}"
reset_on = ["block"]
{fits}
"""
FIT = """
[[fit]]
id = "{id}"
model = "rescorla_wagner"
method = "bayes"
draws = 250
{more}
"""


@pytest.fixture(scope="module")
def alternating(tmp_path_factory):
    """12 people, blocks of 20 trials under cue a, b, a, b."""
    import random
    rng = random.Random(11)
    path = tmp_path_factory.mktemp("cues") / "cues.csv"
    with open(path, "w") as f:
        f.write("subject,block,trial,cue,choice,outcome\n")
        for s in range(12):
            for block in range(4):
                q = [0.5, 0.5]
                for t in range(20):
                    c = int(rng.random() < 1 / (1 + 2.718281828 ** (-4 * (q[1] - q[0]))))
                    reward = int(rng.random() < (0.8 if c == block // 2 else 0.2))
                    q[c] += (0.2 if block % 2 else 0.6) * (reward - q[c])
                    f.write(f"{s:02d},{block},{t},{'ab'[block % 2]},{c},{reward}\n")
    return path


def test_only_fits_of_the_same_decisions_are_compared(alternating, tmp_path):
    fits = "".join(FIT.format(id=i, more=m) for i, m in (
        ("first", 'where = { block = ["0", "1"] }'), ("second", 'where = { block = ["2", "3"] }'),
        ("plain", ""), ("by cue", 'formulas = ["alpha ~ cue"]')))
    (tmp_path / "card.toml").write_text(SESSIONS.format(data=alternating, fits=fits))
    good("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    (comparison,) = results(tmp_path / "out")["fit_comparisons"]
    assert {m["id"] for m in comparison["models"]} == {"plain", "by cue"}
    assert comparison["observations"] == 12 * 80
    # Decisions are paired one by one, whatever order units have: differences of like decisions are small.
    behind = comparison["models"][1]
    assert behind["behind_se"] < 8, "unpaired decisions differ by some 20 nats"
    methods = {f["id"]: f["methods"] for f in results(tmp_path / "out")["group_fits"]}
    holds(methods["first"], "only rows with block=0, block=1")


def test_agents_have_the_parameters_of_their_person(drawn, tmp_path):
    """Who is left out of the fit plays with the defaults; nobody takes another's."""
    lines = drawn.read_text().splitlines()
    rows = [line + (",iq" if i == 0 else "," if line.startswith("03,") else f",{90 + int(line[:2])}") for i, line in enumerate(lines)]
    (tmp_path / "iq.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "card.toml").write_text(f"""\
title = "Their own"
seed = 1
record = "all"
[task]
name = "restless_bandit"
schedule = "data"
[data]
name = "{tmp_path / 'iq.csv'}"
[[fit]]
model = "rescorla_wagner"
method = "bayes"
draws = 250
formulas = ["alpha ~ iq"]
drop_missing = true
[[agent]]
name = "RW"
model = "rescorla_wagner"
params = "fitted"
""")
    said = good("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    holds(said, "RW: 1 subject(s) are not in fit 'rescorla_wagner'; they play with its defaults.")
    import csv
    with open(tmp_path / "out" / "fit_rescorla_wagner.csv") as f:
        fitted = {r["subject"]: float(r["alpha"]) for r in csv.DictReader(f)}
    assert "03" not in fitted and len(fitted) == 23
    with open(tmp_path / "out" / "trials.csv") as f:
        trials = list(csv.DictReader(f))
    for s in range(24):
        mine = [r for r in trials if int(r["subject"]) == s and r["delta"]]
        alpha = fitted.get(f"{s:02d}", 0.3)
        seen = {}
        for r in mine:
            v = seen.get(r["choice"], 0.0)
            assert float(r["outcome"]) - v == pytest.approx(float(r["delta"]), abs=1e-4), s
            seen[r["choice"]] = v + alpha * (float(r["outcome"]) - v)


def correlation(pairs):
    n = len(pairs)
    mx, my = (sum(p[i] for p in pairs) / n for i in (0, 1))
    return sum((x - mx) * (y - my) for x, y in pairs) / math.sqrt(sum((x - mx) ** 2 for x, _ in pairs) * sum((y - my) ** 2 for _, y in pairs))


def test_recovery_is_of_people_and_not_of_groups(drawn, tmp_path):
    """With a formula, r is that of what is left within its cells."""
    card = PEOPLE.format(data=drawn).replace('reference = { drug = "placebo" }', 'reference = { drug = "placebo" }\nrecover = true')
    (tmp_path / "card.toml").write_text(card)
    good("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    fit = next(f for f in results(tmp_path / "out")["group_fits"] if f["id"] == "effects")
    found = {p["name"]: p for p in fit["recovery"]["parameters"]}
    points = found["alpha"]["points"]  # placebo and pill in turn
    within = []
    for group in (points[0::2], points[1::2]):
        mx, my = (sum(p[i] for p in group) / len(group) for i in (0, 1))
        within += [(x - mx, y - my) for x, y in group]
    assert found["alpha"]["r"] == pytest.approx(correlation(within), abs=1e-9)
    assert correlation(points) > found["alpha"]["r"] + 0.01  # groups differ widely here
    assert found["beta"]["r"] == pytest.approx(correlation(found["beta"]["points"]), abs=1e-9)  # no formula


def test_recovery_scores_what_people_chose(drawn, tmp_path):
    """Who made no choice tells nothing in recovery either: all of them come out as the group."""
    lines = drawn.read_text().splitlines()
    rows = [lines[0]]
    for line in lines[1:]:
        part = line.split(",")
        rows.append(line if int(part[0]) < 12 else ",".join(part[:3] + ["", ""] + part[5:]))
    (tmp_path / "half.csv").write_text("\n".join(rows) + "\n")
    card = PEOPLE.format(data=tmp_path / "half.csv").replace('check = ["win_stay"]', "recover = true")
    (tmp_path / "card.toml").write_text(card)
    good("run", tmp_path / "card.toml", "--out", tmp_path / "out")
    fit = next(f for f in results(tmp_path / "out")["group_fits"] if f["id"] == "rescorla_wagner")
    alpha = next(p for p in fit["recovery"]["parameters"] if p["name"] == "alpha")

    def sd(x):
        m = sum(x) / len(x)
        return math.sqrt(sum((v - m) ** 2 for v in x) / len(x))
    fitted = [f for _, f in alpha["points"]]
    assert sd(fitted[12:]) < 0.2 * sd(fitted[:12])


def test_learners_that_ignore_what_is_shown_say_so(tmp_path):
    """A cue in the file: a delta rule of options does not read it, go/no-go learners do."""
    import random
    rng = random.Random(5)
    (tmp_path / "cues.csv").write_text("subject,trial,state,choice,outcome\n" + "".join(
        f"{s},{t},{t % 4},{rng.randrange(2)},{rng.choice([-1, 0, 1])}\n" for s in range(3) for t in range(40)))
    words = "does not read what was shown (state): its 4 states count as one"
    holds(good("fit", tmp_path / "cues.csv", "--model", "rescorla_wagner", "--method", "map"), f"'rescorla_wagner' {words}")
    assert words not in good("fit", tmp_path / "cues.csv", "--model", "pavlovian_bias", "--method", "map")
