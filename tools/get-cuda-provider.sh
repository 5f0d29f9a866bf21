#!/usr/bin/env bash
# Gives onnxruntime-node its CUDA provider where its install script could not download it (or was told not to).
#
#   tools/get-cuda-provider.sh [FOLDER_OF_ONNXRUNTIME_NODE]     # default: node_modules/onnxruntime-node
#
# The two libraries of the provider come out of the Python wheel `onnxruntime-gpu` of the same version, which is unpacked and not
# installed, and are put beside libonnxruntime.so.1, where onnxruntime looks for them. Then says which CUDA libraries this machine
# lacks, and the command that brings them. Idempotent. Linux x86_64; needs python3 with pip.
# Tested as far as a machine without a GPU goes: onnxruntime takes the provider up and asks for CUDA. Never run on a GPU.
set -euo pipefail
package=$(cd "${1:-node_modules/onnxruntime-node}" 2> /dev/null && pwd) ||
  { echo "get-cuda-provider: ${1:-node_modules/onnxruntime-node} is no folder: install onnxruntime-node, or name its folder" >&2; exit 1; }
version=$(node -p 'require(process.argv[1]).version' "$package/package.json")
runtime=$(find "$package/bin" -path '*linux/x64/libonnxruntime.so.1' -print -quit)
[ -n "$runtime" ] || { echo "get-cuda-provider: no libonnxruntime.so.1 for Linux x64 in $package" >&2; exit 1; }
beside=$(dirname "$runtime")
provider=$beside/libonnxruntime_providers_cuda.so
shared=$beside/libonnxruntime_providers_shared.so
stamp=$beside/providers-$version

if [ ! -f "$stamp" ] || [ ! -f "$provider" ] || [ ! -f "$shared" ]; then
  command -v python3 > /dev/null || { echo 'get-cuda-provider: python3 with pip is needed to download the wheel' >&2; exit 1; }
  work=$(mktemp -d "$beside/wheel.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  # only unpacked, never imported: any Python's wheel will do
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
    --platform manylinux_2_27_x86_64 --platform manylinux_2_28_x86_64 --dest "$work" "onnxruntime-gpu==$version" >&2
  python3 - "$work" <<'PY'
import glob, os, shutil, sys, zipfile
folder = sys.argv[1]
with zipfile.ZipFile(glob.glob(folder + '/*.whl')[0]) as wheel:
    for kind in ('cuda', 'shared'):
        name = f'libonnxruntime_providers_{kind}.so'
        with wheel.open(f'onnxruntime/capi/{name}') as source, open(os.path.join(folder, name), 'wb') as target:
            shutil.copyfileobj(source, target)
PY
  mv "$work/$(basename "$shared")" "$shared"
  mv "$work/$(basename "$provider")" "$provider"
  touch "$stamp"
fi
echo "The CUDA provider of onnxruntime $version is in $beside"

missing=$(ldd "$provider" | awk '/not found/ { print $1 }')
if [ -z "$missing" ]; then
  echo 'Every library that it needs was found.'
else
  echo "It needs these libraries, which were not found: $(echo $missing)"
  cat <<'TEXT'
libcuda.so.1 comes with the NVIDIA driver (one for CUDA 13), the others as Python wheels, 0.7 GB:
  python3 -m pip install --target cuda --no-deps 'nvidia-cublas==13.*' nvidia-curand
  export LD_LIBRARY_PATH="$PWD/cuda/nvidia/cu13/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
Convolutions open cuDNN on top of these: nvidia-cudnn-cu13 (in cuda/nvidia/cudnn/lib) and 'nvidia-cuda-nvrtc==13.*'.
TEXT
fi
