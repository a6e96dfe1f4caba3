"""Tasks of rules, contexts and outcomes from the command line: the cards of their pages, and bad ones."""
import csv
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
    rows = [r for r in csv.DictReader(open(next((tmp_path / "out").glob("trials*.csv"))))]
    assert {(r["block"], r["outcome_value"]) for r in rows if r.get("variant", "devalued") == "devalued"} == {
        ("0", "1"), ("1", "0")}


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
    refused("structure_transfer", "[[agent]]", "rules = 5\n\n[[agent]]", "5 rules need as many actions")
    refused("structure_transfer", "blocks = 8", 'params = { column = "sett" }', "no parameter", "column")
    refused("structure_transfer", 'name = "first_trial_accuracy"\n', 'name = "accuracy_at"\nparams = { column = "sett" }\n',
            "needs the signal 'sett'", "did you mean 'set'?")
