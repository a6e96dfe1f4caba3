#!/usr/bin/env bash
# Makes the pictures of reports: the README's, the top of the default experiment's; and what the page shows of drugs (docs/pharmacology.md).
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
# shot CARD SIZE PICTURE [STYLE]: the report of a card, with a style of its own
shot() {
  build/release/labile run "experiments/$1.toml" --out "$out/$1" >/dev/null
  sed -i "s#</head>#<style>${4:-}</style></head>#" "$out/$1/report.html"
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$out/profile" --window-size="$2" \
    --virtual-time-budget=5000 --screenshot="$PWD/docs/img/$3" "file://$out/$1/report.html" 2>/dev/null
}
shot reversal_lesions 1100,1080 reversal.png
shot drugs_selection 1100,1480 drugs.png 'header, section:not(\#drugs) { display: none } section { margin-top: 0 }'
rm -rf "$out"
