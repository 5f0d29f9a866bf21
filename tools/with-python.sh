#!/usr/bin/env bash
# Runs a command where python3 has some packages, or says how to bring them: `tools/with-python.sh 'torch numpy' COMMAND …`.
set -euo pipefail
python=${PYTHON:-python3}
packages=$1
shift
if ! command -v "$python" >/dev/null; then
  echo "this needs Python 3 (PYTHON=… names another interpreter)" >&2
  exit 1
fi
if ! missing=$("$python" -c "import ${packages// /, }" 2>&1); then
  echo "this needs: $python -m pip install $packages (${missing##*$'\n'})" >&2
  exit 1
fi
PYTHON=$python exec "$@"
