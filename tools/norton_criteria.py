#!/usr/bin/env python3
"""Criteria of norton2019_changeprob's overt task as reports of a probability, for `labile metrics` and `labile fit`.

Usage: tools/norton_criteria.py norton2019_changeprob.csv OUT.csv

In the overt task people placed a criterion before each stimulus; category 2 was what lay on one side of it. With
categories N(green, sd) and N(red, sd) a criterion k is best for the prior p of category 2 with
  ln(p / (1 - p)) = (red - green) (k - (red + green) / 2) / sd^2
(Norton et al. 2019, doi:10.1371/journal.pcbi.1006681), so every criterion says what prior it would be best for. That
prior is the report, the category that then came (1 for category 2) the outcome, the true prior `hidden`; a block is a
stretch of one true prior. Noise of perception is left out: it would only move all reports towards 0.5.
"""
import csv
import math
import sys

rows = list(csv.DictReader(open(sys.argv[1], newline="")))
with open(sys.argv[2], "w", newline="") as f:
    out = csv.writer(f)
    out.writerow(["subject", "session", "block", "trial", "report", "outcome", "hidden"])
    last, block = None, 0
    for r in rows:
        if r["task"] != "overt":
            continue
        green, red, sd = (float(r[k]) for k in ("green_mean_deg", "red_mean_deg", "stim_sd_deg"))
        report = ""
        if r["criterion_deg"]:
            logit = (red - green) * (float(r["criterion_deg"]) - (red + green) / 2) / sd**2
            report = 1 / (1 + math.exp(-logit))
        subject = (r["subject"], r["session"])
        if last is None or last[0] != subject:
            block = 0
        elif last[1] != r["p_category2"]:
            block += 1
        last = (subject, r["p_category2"])
        out.writerow([*subject, block, r["trial"], report, int(r["category"] == "2"), r["p_category2"]])
