"""Tasks of rules, contexts and outcomes from the command line: the cards of their pages, and bad ones."""
import csv
import json
import os
import re

import pytest
from labile_cli import ROOT, good, labile, results, says

PAGES = ["set_shifting", "card_sorting", "context_switch", "structure_transfer", "devaluation", "probabilistic_selection"]


def card_of(page):
    return re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "tasks" / f"{page}.md").read_text("utf-8"), re.S)[1]


def run(tmp_path, text, *args):
    (tmp_path / "card.toml").write_text(text, "utf-8")
    good("run", tmp_path / "card.toml", "--out", tmp_path / "out", *args)
    return results(tmp_path / "out")


def values(result):
    return {(c["agent"], c["condition"]): {k: v["value"] for k, v in c["metrics"].items()} for c in result["cells"]}


@pytest.mark.parametrize("page", PAGES)
def test_the_card_of_the_page_runs_and_every_metric_has_a_value(tmp_path, page):
    r = run(tmp_path, card_of(page), "--set", "subjects=32")
    assert f'name = "{page}"' in card_of(page)
    for cell in r["cells"]:
        for name, metric in cell["metrics"].items():
            # An agent without contexts has no leading context.
            if name != "belief_latency" or cell["agent"] == "Flex":
                assert metric["value"] is not None, (cell["agent"], name)


def test_attention_costs_flex_a_shift_and_rescorla_wagner_nothing(tmp_path):
    v = values(run(tmp_path, card_of("set_shifting")))
    assert v["Flex", "intact"]["shift_cost"] > 15
    assert abs(v["no attention", "intact"]["shift_cost"]) < 2


def test_a_manipulation_begins_with_the_stage_it_names(tmp_path):
    card = card_of("set_shifting") + """
[[metric]]
name = "trials_in_block"
id = "ID trials"
blocks = 3

[[manipulation]]
condition = "no learning from ED on"
op = "set"
target = "alpha"
amount = 0
at = "ED"
"""
    v = values(run(tmp_path, card, "--set", "subjects=64"))
    intact, lesion = v["no attention", "intact"], v["no attention", "no learning from ED on"]
    assert lesion["ID trials"] == intact["ID trials"]
    assert lesion["ED trials"] > 3 * intact["ED trials"]


def test_the_record_shows_what_the_outcome_is_worth(tmp_path):
    run(tmp_path, card_of("devaluation"), "--set", "subjects=2", "--set", "record=all")
    with open(tmp_path / "out" / "trials.csv", newline="") as f:
        seen = {(r["condition"].split(",")[0], r["block"], r["outcome_value"]) for r in csv.DictReader(f)}
    assert seen == {("devalued", "0", "1"), ("devalued", "1", "0"), ("valued", "0", "1"), ("valued", "1", "1")}


def test_only_who_knows_what_the_outcome_is_worth_is_sensitive_to_it(tmp_path):
    cells = {(c["variant"], c["agent"]): c["metrics"]["devaluation_sensitivity"] for c in
             run(tmp_path, card_of("devaluation"))["cells"]}
    assert cells["devalued", "habit and goal"]["low"] > cells["valued", "habit and goal"]["high"]
    assert cells["devalued", "RW"]["value"] == cells["valued", "RW"]["value"]


def test_old_rules_are_recognized_by_who_keeps_them(tmp_path):
    first = {c["agent"]: c["metrics"]["first sight, last set"] for c in run(tmp_path, card_of("structure_transfer"))["cells"]}
    assert first["task sets"]["low"] > .6
    assert first["every set new"]["low"] < .25 < first["every set new"]["high"]


def test_a_record_of_agents_with_different_signals_reads_back_with_the_same_metrics(tmp_path):
    for page in ("set_shifting", "card_sorting"):
        r = run(tmp_path, card_of(page), "--set", "subjects=8", "--set", "record=all")
        again = json.loads(good("metrics", tmp_path / "out" / "trials.csv", "--json"))
        assert len(r["cells"]) == 2
        compared = 0
        for cell in r["cells"]:
            for name, metric in cell["metrics"].items():
                if name not in again[f"{cell['agent']}, intact"]:
                    continue
                assert again[f"{cell['agent']}, intact"][name]["value"] == pytest.approx(metric["value"], rel=1e-12)
                compared += 1
        assert compared >= 2


def test_choose_a_and_avoid_b_of_people(tmp_path):
    """Letters of a data set written as features give the shares that counting letters gives."""
    path = os.path.join(os.environ.get("LABILE_DATA", str(ROOT.parent / "shared" / "data")),
                        "cavanagh_pst_depression", "cavanagh_pst_depression.csv")
    if not os.path.exists(path):
        pytest.skip("data set cavanagh_pst_depression is not there")
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    shares = {"choose_a": [0, 0], "avoid_b": [0, 0]}
    with open(tmp_path / "people.csv", "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["subject", "block", "trial", "stimulus", "choice", "outcome"])
        for r in rows:
            shown = [r["stim_left"], r["stim_right"]]
            chosen = shown.index(r["choice"]) if r["choice"] in shown else ""
            out.writerow([r["subject"], int(r["phase"] == "test"), r["trial"],
                          "/".join(str("ABCDEF".index(x)) for x in shown), chosen, r["outcome"]])
            if r["phase"] != "test" or chosen == "" or {"A", "B"} <= set(shown):
                continue
            for name, letter in (("choose_a", "A"), ("avoid_b", "B")):
                if letter in shown:
                    shares[name][0] += (r["choice"] == letter) == (name == "choose_a")
                    shares[name][1] += 1
    measured = json.loads(good("metrics", tmp_path / "people.csv", "--json"))["all"]
    for name, (hits, n) in shares.items():
        assert n > 2000
        assert measured[name]["value"] == pytest.approx(hits / n, rel=1e-12)


def test_bad_tasks_and_metrics_are_refused_in_words(tmp_path):
    card = tmp_path / "card.toml"

    def refused(page, old, new, *parts):
        text = card_of(page)
        assert old in text
        card.write_text(text.replace(old, new), "utf-8")
        says(labile("run", card, "--dry"), *parts)

    refused("card_sorting", "categories = 0", "order = [0, 3]", "order names dimension 3; there are 3 (0 to 2)")
    refused("context_switch", "hazard = 0.02", "hazard = 1.5", "hazard", "1.5")
    refused("context_switch", "hazard = 0.02", 'rules_by = "dimensions"', "did you mean 'dimension'")
    refused("set_shifting", 'on_failure = "go on"', "first = 2", "first = 2 is no dimension; there are 2")
    refused("structure_transfer", 'name = "structure_transfer"', 'name = "structure_transfer"\nrules = 5', "5 rules need as many actions")
    refused("structure_transfer", "blocks = 8", 'params = { column = "sett" }', "no parameter", "column")
    refused("structure_transfer", 'name = "first_trial_accuracy"\n', 'name = "accuracy_at"\nparams = { column = "sett" }\n',
            "needs the signal 'sett'", "did you mean 'set'?")
