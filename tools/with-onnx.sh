#!/usr/bin/env bash
# Runs a command where python3 has onnx, onnxruntime and numpy, or says how to bring them: `tools/with-onnx.sh COMMAND …`.
set -euo pipefail
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  echo "test:onnx needs Python 3 (PYTHON=… names another interpreter)" >&2
  exit 1
fi
if ! missing=$("$python" -c 'import onnx, onnxruntime, numpy' 2>&1); then
  echo "test:onnx needs: $python -m pip install onnx onnxruntime numpy (${missing##*$'\n'})" >&2
  exit 1
fi
PYTHON=$python exec "$@"
