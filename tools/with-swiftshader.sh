#!/usr/bin/env bash
# Runs a command with a software Vulkan device (SwiftShader), brought into .cache on first use: `tools/with-swiftshader.sh COMMAND …`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
eval "$(bash "$root/tools/get-swiftshader.sh" "$root/.cache/swiftshader")"
exec "$@"
