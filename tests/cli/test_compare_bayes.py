"""`labile compare --method bayes`: by decision, by subject, whose learner is which; recomputed here from what each subject got."""
import csv
import json
import math
import random

import pytest

from labile_cli import good, labile, says, stopped

BAYES = ["--method", "bayes", "--seed", 3]
QUICK = [*BAYES, "--warmup", 150, "--draws", 250]
SHORT = [*BAYES, "--warmup", 60, "--draws", 60]


def two_kinds(path, trials=150, seed=4, people=15):
    """People who repeat their last choice whatever it paid, and from the eleventh on some who follow a delta rule."""
    rng = random.Random(seed)
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subject", "trial", "choice", "outcome"])
        for s in range(people):
            v, last = [0.0, 0.0], None
            for t in range(trials):
                u = 4 * (v[1] - v[0])
                if s < 10:
                    u += 0 if last is None else (2.5 if last else -2.5)
                c = int(rng.random() < 1 / (1 + math.exp(-u)))
                r = int(rng.random() < (0.65, 0.35)[c ^ int(t // 40 % 2)])
                v[c] += 0.4 * (r - v[c])
                last = c
                out.writerow([f"s{s}", t, c, r])
    return path


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    data = two_kinds(folder / "d.csv")
    say = ["compare", data, "--models", "rescorla_wagner,rescorla_wagner+stickiness,dual_learning_rate"]
    return data, json.loads(good(*say, *QUICK, "--json", "--out", folder / "s.csv")), folder / "s.csv"


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """For what does not depend on what is found."""
    return two_kinds(tmp_path_factory.mktemp("few") / "d.csv", trials=40, people=4)


def test_what_repeats_itself_is_found(compared):
    _, c, _ = compared
    assert c["method"] == "bayes" and c["subjects"] == 15 and c["observations"] == 2250 and c["of"] == "choices"
    first = c["models"][0]
    assert first["model"] == "rescorla_wagner+stickiness"
    assert first["by_decision"]["behind"] == {"value": 0, "se": 0}
    best = max(c["models"], key=lambda m: m["by_subject"]["elpd"]["estimate"])
    assert best is first and best["random_effects"]["frequency"] > 0.5
    for m in c["models"][1:]:
        assert m["by_decision"]["behind"]["value"] < -5 * m["by_decision"]["behind"]["se"] < 0


def test_differences_are_paired_and_weights_are_weights(compared):
    _, c, _ = compared
    by = {m["model"]: m for m in c["models"]}
    top = max(by.values(), key=lambda m: m["by_subject"]["elpd"]["estimate"])
    for m in by.values():
        d = [m["subjects"][s]["elpd_subject"] - top["subjects"][s]["elpd_subject"] for s in m["subjects"]]
        n, mean = len(d), sum(d) / len(d)
        assert m["by_subject"]["behind"]["value"] == pytest.approx(sum(d), abs=1e-9)
        se = math.sqrt(n * sum((x - mean) ** 2 for x in d) / (n - 1))
        assert m["by_subject"]["behind"]["se"] == pytest.approx(se, abs=1e-9)
        assert m["by_subject"]["elpd"]["estimate"] == pytest.approx(sum(s["elpd_subject"] for s in m["subjects"].values()), abs=1e-8)
        assert m["by_decision"]["elpd"]["estimate"] == pytest.approx(sum(s["elpd_decisions"] for s in m["subjects"].values()), abs=1e-8)
        assert m["by_decision"]["elpd"]["estimate"] > m["by_subject"]["elpd"]["estimate"]  # who is known is predicted better
        assert all(s["integration_mcse"] < 0.05 for s in m["subjects"].values())
    for part in ("by_decision", "by_subject"):
        for weight in ("stacking", "pseudo_bma_plus"):
            assert sum(m[part][weight] for m in by.values()) == pytest.approx(1, abs=1e-9)
    assert sum(m["by_subject"]["best_for"] for m in by.values()) == 15


def dirichlet(evidence, steps=2000):
    """Stephan et al. (2009), by plain iteration."""
    from scipy.special import digamma

    k = len(evidence[0])
    alpha = [1 + len(evidence) / k] * k
    for _ in range(steps):
        psi = [digamma(a) for a in alpha]
        g = []
        for row in evidence:
            u = [x + p for x, p in zip(row, psi)]
            top = max(u)
            e = [math.exp(x - top) for x in u]
            g.append([x / sum(e) for x in e])
        alpha = [1 + sum(row[m] for row in g) for m in range(k)]
    return [a / sum(alpha) for a in alpha], g


def test_random_effects_are_those_of_the_elpds_of_subjects(compared):
    _, c, _ = compared
    names = list(c["models"][0]["subjects"])
    evidence = [[m["subjects"][s]["elpd_subject"] for m in c["models"]] for s in names]
    frequency, g = dirichlet(evidence)
    for i, m in enumerate(c["models"]):
        assert m["random_effects"]["frequency"] == pytest.approx(frequency[i], abs=1e-8)
        for j, s in enumerate(names):
            assert m["subjects"][s]["probability"] == pytest.approx(g[j][i], abs=1e-7)
    assert sum(m["random_effects"]["exceedance"] for m in c["models"]) == pytest.approx(1, abs=1e-6)
    assert 0 <= c["bor"] <= 1


def test_table_and_words(compared, few):
    _, c, path = compared
    rows = list(csv.DictReader(open(path)))
    assert [r["subject"] for r in rows] == [f"s{i}" for i in range(15)]
    for m in c["models"]:
        for r in rows:
            assert float(r[m["model"] + "_elpd_subject"]) == pytest.approx(m["subjects"][r["subject"]]["elpd_subject"], rel=1e-8)
    said = good("compare", few, "--models", "rescorla_wagner,rescorla_wagner+stickiness", *SHORT)
    for words in ("By decision", "By subject", "stacking", "Whose learner is which", "BOR", "2 hierarchical fits to 4 subjects, 160 choices"):
        assert words in said, words


def test_seeds_and_threads(few):
    say = ["compare", few, "--models", "rescorla_wagner,dual_learning_rate", *SHORT, "--json"]
    one, two = (json.loads(good(*say, "--jobs", n)) for n in (1, 2))
    for c in (one, two):
        for m in c["models"]:
            m.pop("wall_s")
    assert one == two


def test_groups_are_for_learners_that_have_the_parameter(few):
    say = ["compare", few, "--models", "rescorla_wagner,dual_learning_rate", *SHORT, "--json"]
    good(*say, "--group", "alpha = phi 0 1 mu 0 0.5")
    says(labile(*say, "--group", "alfa = phi 0 1"), "--group", "'alfa'", "did you mean 'alpha'")


def test_what_cannot_be_ranked_together_is_refused(tmp_path):
    rng = random.Random(2)
    lines = ["subject,choice,outcome,rt"] + [f"{s},{rng.randint(0, 1)},{rng.randint(0, 1)},{0.4 + rng.random():.3f}" for s in "ab" for _ in range(30)]
    (tmp_path / "d.csv").write_text("\n".join(lines) + "\n")
    says(labile("compare", tmp_path / "d.csv", "--models", "rescorla_wagner,rl_ddm", *SHORT), "rescorla_wagner", "cannot be ranked together")
    says(labile("compare", tmp_path / "d.csv", "--models", "rescorla_wagner", *SHORT), "one learner is not enough")


def test_subjects_without_choices_are_left_out(tmp_path):
    path = two_kinds(tmp_path / "d.csv", trials=40)
    with open(path, "a") as f:
        f.write("none,0,NA,NA\nnone,1,NA,NA\n")
    say = ["compare", path, "--models", "rescorla_wagner,rescorla_wagner+stickiness", *SHORT, "--json", "--out", tmp_path / "s.csv"]
    c = json.loads(good(*say))
    assert c["subjects"] == 15 and "none" not in c["models"][0]["subjects"]
    row = list(csv.DictReader(open(tmp_path / "s.csv")))[-1]
    assert row["subject"] == "none" and row["rescorla_wagner_elpd_subject"] == ""


def test_ctrl_c_compares_the_learners_that_have_been_fitted(compared):
    say = ("compare", compared[0], "--models", "rescorla_wagner,dual_learning_rate,kalman", *BAYES, "--draws", 1000)
    third = lambda shown: "sampling" in shown.partition("dual_learning_rate, subject by subject")[2].rpartition("subject by subject")[2]
    code, out, _ = stopped(*say, when=third)
    assert code == 130 and "2 of 3 learners were fitted, and only they are compared" in out, out
    assert "dual_learning_rate" in out and "kalman" not in out
    code, out, shown = stopped(*say, when=lambda s: "sampling" in s)
    assert code == 130 and out == "" and "interrupted" in shown
