#!/usr/bin/env bash
# Compares everything that trains on every backend there is. Brings, into .cache, what npm ci does not: tfjs-node built from source,
# Dawn (npm `webgpu`, 132 MB), a software Vulkan device. Arguments go to vitest: `npm run test:backends -- -t 'eager webgpu'`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
tools/build-tfjs-node.sh
webgpu=0.6.2
if [ ! -f .cache/webgpu/node_modules/webgpu/index.js ]; then
  mkdir -p .cache/webgpu
  echo '{ "private": true }' > .cache/webgpu/package.json
  (cd .cache/webgpu && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "webgpu@$webgpu" >&2)
fi
exec tools/with-swiftshader.sh node tools/run-tests.mjs --config vitest.devices.config.ts tools/backends examples/eager-loop tools/cuda-provider "$@"
