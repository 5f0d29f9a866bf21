import type { SessionDevice } from '../runtime/protocol.js';

/** Why a device is not available, and what to do about it. */
export interface Failure {
  readonly reason: string;
  readonly hint?: string;
}

interface Explanation {
  readonly device: SessionDevice;
  readonly pattern: RegExp;
  explain(match: RegExpMatchArray, platform: string): Failure;
}

// What onnxruntime 1.30 and the loaders below it print; the first that fits is the cause, later ones are consequences.
const explanations: readonly Explanation[] = [
  {
    device: 'cuda',
    pattern: /(libonnxruntime_providers_\w+\.so): cannot open shared object file/,
    explain: ([, library], platform) =>
      platform === 'linux/x64'
        ? {
            reason: `onnxruntime's CUDA provider is not installed (no ${library})`,
            hint:
              'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node' +
              ' (where that download is blocked: tools/get-cuda-provider.sh of the fsc-clip repository)',
          }
        : noCudaHere(platform),
  },
  {
    device: 'cuda',
    pattern: /libcuda\.so[.\d]*: cannot open shared object file/,
    explain: () => ({
      reason: 'the NVIDIA driver is missing (no libcuda.so.1)',
      hint: 'Install the NVIDIA driver; nvidia-smi must list the GPU',
    }),
  },
  {
    device: 'cuda',
    pattern: /(lib[\w-]+\.so[.\d]*): cannot open shared object file/,
    explain: ([, library]) => ({ reason: `a CUDA library is missing: ${library}`, hint: cudaLibraries(library!) }),
  },
  {
    device: 'cuda',
    pattern: /driver version is insufficient|no CUDA-capable device|CUDA_ERROR_NO_DEVICE|CUDA failure \d+[^;\n]*/,
    explain: ([said]) => ({
      reason: `CUDA finds no GPU that it can use (${said!.trim()})`,
      hint: 'nvidia-smi must list the GPU, and a driver for this CUDA',
    }),
  },
  {
    device: 'cuda',
    pattern: /backend not found|not supported on this platform/i,
    explain: (_, platform) => noCudaHere(platform),
  },
  {
    device: 'webgpu',
    pattern: /Couldn't load Vulkan: (lib[\w.]+)/,
    explain: ([, library]) => ({ reason: `the Vulkan loader is missing (no ${library})`, hint: vulkanDriver }),
  },
  {
    device: 'webgpu',
    pattern: /No supported adapters|Failed to get a WebGPU adapter/,
    explain: (_, platform) => ({
      reason: 'there is no graphics adapter that WebGPU can use',
      ...(platform.startsWith('linux') && { hint: vulkanDriver }),
    }),
  },
];

const vulkanDriver =
  "Install Vulkan and the GPU's driver: apt-get install libvulkan1 and mesa-vulkan-drivers (AMD, Intel) or NVIDIA's driver" +
  ' (without a GPU: tools/with-swiftshader.sh COMMAND of the fsc-clip repository)';

function noCudaHere(platform: string): Failure {
  return { reason: `onnxruntime-node has a CUDA provider for linux/x64, not for ${platform}`, hint: "Use device: 'webgpu'" };
}

/** The Python wheels hold the libraries alone, without a toolkit; their names carry the version up to CUDA 12. */
function cudaLibraries(missing: string): string {
  const is12 = /lib(cublas|cublasLt|cudart|nvrtc)\.so\.12|libcufft\.so\.11/.test(missing);
  const wheels = is12
    ? 'nvidia-cublas-cu12 nvidia-cuda-runtime-cu12 nvidia-cudnn-cu12 nvidia-cufft-cu12 nvidia-curand-cu12'
    : "'nvidia-cublas==13.*' nvidia-curand nvidia-cudnn-cu13";
  return `python3 -m pip install --target cuda --no-deps ${wheels} && export LD_LIBRARY_PATH=$(find "$PWD/cuda" -type d -name lib | paste -sd:)`;
}

/** Reads the cause out of what was said when a device failed. */
export function explainFailure(device: SessionDevice, platform: string, said: string): Failure {
  for (const { device: of, pattern, explain } of explanations) {
    const match = of === device ? said.match(pattern) : null;
    if (match) return explain(match, platform);
  }
  return { reason: said.split('\n').at(-1)! };
}
