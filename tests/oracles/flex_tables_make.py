#!/usr/bin/python3
"""Tables A to G of the reference circuit as JSON.

python3 flex_tables_make.py FLEX_TARGETS writes flex_tables.json beside this file. FLEX_TARGETS is the text that
`flex_circuit.py targets` prints. Numbers are stored as printed, as text, because tests allow half a unit of the
last digit; `n` is the number of agents behind them. The shares of the robustness table are those that the
science notes (D3, "Robustness") give for `flex_robustness.py` with 40 draws; they stand at the end of this script.
"""
import json, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
NUMBER = r"-?\d+\.?\d*"
SHARES = {"draws": 40, "n": 100, "sd": ["0.10", "0.25"],
          "shares": {"DA lag p=1": ["0.60", "0.52"], "DA lag p=.8": ["0.90", "0.62"], "ACh prec": ["1.00", "0.95"],
                     "ACh reg": ["1.00", "1.00"], "NE lag p=1": ["0.72", "0.35"], "NE lag p=.8": ["0.00", "0.00"],
                     "5HT fsw": ["0.92", "0.80"], "5HT LS": ["1.00", "0.85"]}}


def numbers(text):
    return re.findall(NUMBER, text)


def parse(lines):
    out = {"A": {"n": 2000, "p": {}},
           "B": {"n": 2000, "columns": ["ttc p=.8", "late p=.8", "ttc p=1", "late p=1"], "rows": {}},
           "C": {"n": 2000, "columns": ["ttc", "late"], "rows": {}},
           "D": {"n": 2000, "columns": ["lag %d" % b for b in range(1, 9)] + ["accuracy"], "rows": {}},
           "E": {"n": 600, "columns": ["alpha stable", "beta stable", "alpha volatile", "beta volatile", "ratio"],
                 "rows": {}},
           "F": {"n": 2000, "columns": ["ttc p=1", "late p=1", "ttc p=.8", "late p=.8"], "rows": {}},
           "G": {}, "robustness": SHARES}
    table = p = None
    for line in lines:
        if re.match(r"[A-G]\. ", line):
            table = line[0]
            if table == "A":
                p = re.search(r"pR=(%s)" % NUMBER, line).group(1)
                out["A"]["p"][p] = {}
        elif table == "A" and line.startswith("      "):
            out["A"]["columns"] = line.split()
        elif table == "G" and line.startswith("correct"):
            out["G"] = dict(zip(("correct", "of"), map(int, re.findall(r"\d+", line))))
        elif table and line.strip():
            name, rest = line.split(None, 1)
            if table == "A":
                out["A"]["p"][p][name] = numbers(rest)
            else:
                found = numbers(rest.split("|")[0])
                assert len(found) >= len(out[table]["columns"]), line
                out[table]["rows"][name] = found[:len(out[table]["columns"])]
    return out


def main():
    with open(sys.argv[1]) as f:
        tables = parse(f.read().splitlines())
    with open(os.path.join(HERE, "flex_tables.json"), "w") as f:
        f.write(re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m.group(1)) + "]",
                       json.dumps(tables, indent=1)) + "\n")


if __name__ == "__main__":
    main()
