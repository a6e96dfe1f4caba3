#!/usr/bin/env python3
"""Checks that includes point down only: a folder may include from itself and the folders named here."""
import pathlib
import re
import sys

ALLOWED = {
    "core": set(),
    "store": {"core"},
    "contract": {"core"},
    "tasks": {"core", "contract"},
    "learners": {"core", "contract"},
    "toml": {"core", "contract"},
    "modulators": {"core", "contract"},
    "pharmacology": {"core", "contract", "toml", "modulators", "embedded"},
    "neurons": {"core", "contract"},
    "plasticity": {"core", "contract", "modulators"},
    "network": {"core", "store", "contract", "toml", "modulators", "pharmacology", "neurons", "plasticity"},
    "circuits": {"core", "contract", "toml", "modulators", "pharmacology", "neurons", "plasticity", "network"},
    "record": {"core", "store", "contract"},
    "metrics": {"core", "contract", "record"},
    "card": {"core", "contract", "toml", "modulators", "pharmacology", "tasks", "learners", "circuits", "metrics", "bayes", "fit"},
    "fit": {"core", "contract", "record", "learners"},
    "bayes": {"core", "contract", "record", "learners", "fit"},
    "report": {"core", "embedded"},
    "run": {"core", "store", "contract", "toml", "modulators", "pharmacology", "neurons", "plasticity", "network", "circuits", "tasks", "learners", "record", "metrics", "card", "fit", "bayes", "embedded"},
    "cli": {"core", "contract", "toml", "modulators", "pharmacology", "neurons", "plasticity", "network", "circuits", "tasks", "learners", "record", "metrics", "card", "fit", "bayes", "run", "report", "embedded"},
}
root = pathlib.Path(__file__).resolve().parent.parent / "src"
bad = []
for path in sorted(root.rglob("*.[ch]pp")):
    folder = path.relative_to(root).parts[0]
    if folder not in ALLOWED:
        bad.append(f"{path}: folder '{folder}' has no line in {__file__}")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#include "([a-z_]+)/', line)
        if match and match[1] != folder and match[1] not in ALLOWED[folder]:
            bad.append(f"{path}:{number}: {folder} may not include {match[1]}")
print("\n".join(bad) if bad else f"layers: {len(list(root.rglob('*.[ch]pp')))} files point down")
sys.exit(bool(bad))
