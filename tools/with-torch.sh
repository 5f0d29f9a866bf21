#!/usr/bin/env bash
# Runs a command where python3 has torch, or says how to bring it: `tools/with-torch.sh COMMAND …`.
set -euo pipefail
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  echo "test:torch needs Python 3 (PYTHON=… names another interpreter)" >&2
  exit 1
fi
if ! missing=$("$python" -c 'import torch, numpy' 2>&1); then
  echo "test:torch needs: $python -m pip install torch numpy (${missing##*$'\n'})" >&2
  exit 1
fi
PYTHON=$python exec "$@"
