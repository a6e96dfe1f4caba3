#!/usr/bin/env python3
"""Keeps the numbers of people out of a run's results.json, so that reports show them without the data set.

Usage: tools/store_people.py RESULTS.json [RESULTS.json ...]; writes experiments/people/<data set>.json with what
is computed from the data (metrics and curves), no row of the data itself. Results later in the list add metrics.
"""
import json
import pathlib
import sys

CITATIONS = {
    "zorowitz2023_prl3": "Zorowitz, Solis, Niv & Bennett (2023) Nat Hum Behav 7:1667, "
                         "doi:10.1038/s41562-023-01640-7",
}
folder = pathlib.Path(__file__).resolve().parent.parent / "experiments" / "people"
stored = {}
for name in sys.argv[1:]:
    results = json.load(open(name))
    keys = {m["id"]: m["key"] for m in results["metrics"]}
    for cell in results["cells"]:
        if cell["source"] != "people":
            continue
        to = stored.setdefault(cell["data"], {"data": cell["data"], "citation": CITATIONS[cell["data"]],
                                              "subjects": cell["subjects"], "metrics": {}, "curves": []})
        for key, value in cell["metrics"].items():
            if value["value"] is not None:
                to["metrics"].setdefault(keys[key], value)
        known = {c["signal"] for c in to["curves"]}
        to["curves"] += [c for c in cell["curves"] if c["signal"] not in known]
for name, value in stored.items():
    (folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")
    print(folder / f"{name}.json")
