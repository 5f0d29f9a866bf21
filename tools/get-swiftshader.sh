#!/usr/bin/env bash
# A software Vulkan device for onnxruntime-node's webgpu and npm `webgpu`, without installing a browser.
#
#   eval "$(get-swiftshader.sh TARGET)"
#
# Takes three files (5.9 MB: SwiftShader, its ICD manifest, a Vulkan loader) out of Debian's chromium-common package
# (31.6 MB download, no dependency installed, no root), or, where apt has no such package, out of npm's
# @sparticuz/chromium (about 70 MB). Prints the exports to set before node starts. Idempotent. Linux x86_64.
# LD_LIBRARY_PATH is only for libvulkan.so.1: leave it out where the system has a Vulkan loader (libvulkan1).
set -euo pipefail
target=${1:?usage: get-swiftshader.sh TARGET}
mkdir -p "$target"
target=$(cd "$target" && pwd)

if [ ! -f "$target/libvk_swiftshader.so" ] || [ ! -f "$target/libvulkan.so.1" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if (cd "$work" && apt-get download chromium-common) >&2 2>/dev/null; then
    dpkg --fsys-tarfile "$work"/chromium-common_*.deb | tar -x -C "$target" --strip-components=4 --wildcards \
      './usr/lib/chromium/libvk_swiftshader.so' './usr/lib/chromium/libvulkan.so.1' './usr/lib/chromium/vk_swiftshader_icd.json'
  else
    (cd "$work" && echo '{"private":true}' > package.json && npm install --no-save --ignore-scripts --no-audit --no-fund @sparticuz/chromium >&2
      node -e '
        const fs = require("fs"), zlib = require("zlib");
        process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync("node_modules/@sparticuz/chromium/bin/swiftshader.tar.br")));' |
      tar -x -C "$target" libvk_swiftshader.so libvulkan.so.1 vk_swiftshader_icd.json)
  fi
fi
echo "export VK_DRIVER_FILES='$target/vk_swiftshader_icd.json' VK_ICD_FILENAMES='$target/vk_swiftshader_icd.json'"
echo "export LD_LIBRARY_PATH='$target'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
