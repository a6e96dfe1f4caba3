#!/usr/bin/env python3
"""Keeps the numbers of people out of a run's results.json, so that reports show them without the data set.

Usage: tools/store_people.py RESULTS.json [RESULTS.json ...]; writes experiments/people/<data set>.json with what
is computed from the data (metrics and curves), no row of the data itself. Results later in the list add metrics.
"""
import json
import pathlib
import sys
import tomllib

folder = pathlib.Path(__file__).resolve().parent.parent / "experiments" / "people"
stored = {}
for name in sys.argv[1:]:
    results = json.load(open(name))
    keys = {m["id"]: m["key"] for m in results["metrics"]}
    with open(pathlib.Path(name).parent / "card.toml", "rb") as f:
        citation = tomllib.load(f)["data"]["citation"]
    for cell in results["cells"]:
        if cell["source"] != "people" or cell["condition"] != "people":
            continue  # people of several conditions are not kept
        to = stored.setdefault(cell["data"], {"data": cell["data"], "citation": citation,
                                              "subjects": cell["subjects"], "metrics": {}, "curves": []})
        for key, value in cell["metrics"].items():
            if value["value"] is not None:
                to["metrics"].setdefault(keys[key], value)
        known = {c["signal"] for c in to["curves"]}
        to["curves"] += [c for c in cell["curves"] if c["signal"] not in known]
for name, value in stored.items():
    (folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")
    print(folder / f"{name}.json")
