#!/usr/bin/env bash
# Packs every package as npm would publish it, checks the tarballs, and installs them into an empty project that uses them.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
npm run --silent build

for package in packages/*/; do
  (cd "$package" && npm pack --silent --pack-destination "$work" > /dev/null)
done
for tarball in "$work"/*.tgz; do
  npx publint run "$tarball" --strict
  npx attw "$tarball" --profile esm-only --quiet
done

mkdir "$work/project"
cp tools/consumer.mjs "$work/project/"
cd "$work/project"
echo '{ "private": true, "type": "module" }' > package.json
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund "$work"/*.tgz @tensorflow/tfjs@^4.22.0
node consumer.mjs
