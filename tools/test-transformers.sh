#!/usr/bin/env bash
# Loads an exported folder in transformers.js, which it brings into .cache. Arguments go to vitest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
version=4.3.2
folder=.cache/transformers
if [ ! -f "$folder/node_modules/@huggingface/transformers/package.json" ]; then
  mkdir -p "$folder"
  echo '{ "private": true }' > "$folder/package.json"
  (cd "$folder" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "@huggingface/transformers@$version" >&2)
fi
TRANSFORMERS_FOLDER="$root/$folder" exec node tools/run-tests.mjs --config vitest.devices.config.ts transformers-js "$@"
