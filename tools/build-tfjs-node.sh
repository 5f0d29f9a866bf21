#!/usr/bin/env bash
# Builds @tensorflow/tfjs-node, tfjs over TensorFlow's C library, where its own install script cannot download that library.
#
#   tools/build-tfjs-node.sh        # into .cache/tfjs-node: the project's node_modules and package.json stay as they are
#
# The package comes from npm, the library from the `tensorflow-cpu` wheel on PyPI, whose libtensorflow_cc.so.2 exports every
# function of the C API that the addon calls; the addon's two source files are compiled with g++ (no node-gyp: node_api.h is
# enough). Idempotent: a second call only checks that the addon loads. Prints nothing but that check.
# Needs: Linux x86_64 with glibc, node 20 or 22, npm, g++ with C++17, python3 with pip, node_api.h (from node's own prefix or
# /usr/include/node). About 0.6 GB.
set -euo pipefail
tfjs_version=4.22.0
tensorflow_version=2.13.1
napi=8
root=$(cd "$(dirname "$0")/.." && pwd)
target=$root/.cache/tfjs-node
tensorflow=$target/tensorflow-$tensorflow_version
package=$target/node_modules/@tensorflow/tfjs-node
addon=$package/lib/napi-v$napi/tfjs_binding.node

need() { command -v "$1" > /dev/null || { echo "build-tfjs-node: $1 is needed to build tfjs-node: $2" >&2; exit 1; }; }

check() {
  (cd "$package" && TF_CPP_MIN_LOG_LEVEL=2 node -e '
    const tf = require(".");
    const [sum] = tf.sum(tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]))).dataSync();
    if (tf.getBackend() !== "tensorflow" || sum !== 12) throw new Error(`${tf.getBackend()}: ${sum} for 12`);
    console.log("tfjs-node", tf.version["tfjs-node"], "on TensorFlow", tf.backend().binding.TF_Version);' 2> "$target/check.log")
}

if [ -f "$addon" ] && check; then exit 0; fi

need g++ 'a C++17 compiler (Debian: g++)'
need python3 'its pip brings the library (Debian: python3-pip)'
include=
for folder in "$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node" /usr/include/node; do
  if [ -z "$include" ] && [ -f "$folder/node_api.h" ]; then include=$folder; fi
done
[ -n "$include" ] || { echo 'build-tfjs-node: node_api.h not found: install node with its headers (Debian: libnode-dev)' >&2; exit 1; }

mkdir -p "$target"
if [ ! -f "$package/package.json" ]; then
  echo '{ "private": true }' > "$target/package.json"
  (cd "$target" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "@tensorflow/tfjs-node@$tfjs_version" >&2)
fi
# tfjs-node must find the project's own tfjs, above this folder: two copies do not know each other's tensors.
find "$target/node_modules/@tensorflow" -mindepth 1 -maxdepth 1 ! -name tfjs-node -exec rm -r {} +

if [ ! -d "$tensorflow" ]; then
  work=$(mktemp -d "$target/wheel.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # only unpacked, never imported: any Python's wheel will do
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --dest "$work" "tensorflow-cpu==$tensorflow_version" >&2
  python3 - "$work" <<'PY'
import glob, sys, zipfile
folder = sys.argv[1]
headers = tuple('tensorflow/include/' + path for path in ('tensorflow/c/', 'tensorflow/tsl/', 'tsl/', 'xla/tsl/c/', 'tensorflow/core/platform/'))
libraries = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
with zipfile.ZipFile(glob.glob(folder + '/*.whl')[0]) as wheel:
    wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(headers) or name in libraries])
PY
  mv "$work/tensorflow" "$tensorflow"
fi

mkdir -p "$(dirname "$addon")"
(cd "$package" && g++ -std=c++17 -O2 -fPIC -shared -w -o "$addon" binding/tfjs_backend.cc binding/tfjs_binding.cc \
  "-DNAPI_VERSION=$napi" -DNODE_GYP_MODULE_NAME=tfjs_binding -DBUILDING_NODE_EXTENSION \
  "-I$include" -I. "-I$tensorflow/include" \
  "-L$tensorflow" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 "-Wl,-rpath,$tensorflow")
check || { cat "$target/check.log" >&2; exit 1; }
