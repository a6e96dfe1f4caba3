#!/usr/bin/env bash
# Makes the README's figure: the top of the report of the default experiment.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
build/release/labile run experiments/reversal_lesions.toml --out "$out" >/dev/null
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --user-data-dir="$out/profile" --window-size=1100,1080 \
  --virtual-time-budget=5000 --screenshot="$PWD/docs/img/reversal.png" "file://$out/report.html" 2>/dev/null
rm -rf "$out"
