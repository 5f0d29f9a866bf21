import { describe, expect, it } from 'vitest';
import { hintFor } from '../runtime/failure-hint.js';
import { explainFailure } from './why-not.js';

// The texts are what onnxruntime 1.30.0 printed on machines without the thing in question (libcublasLt.so.13 and Vulkan; other names
// stand in the same sentence), shortened by folders and times. `CUDA failure` came with a stand-in for the driver.
const refused = 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library';
const notLoaded = (library: string, error: string) =>
  `provider_bridge_ort.cc:2146 Create] [ONNXRuntimeError] : 1 : FAIL : Failed to load library ${library} with error: ${error}: cannot open shared object file: No such file or directory\n\n${refused}`;
const provider = 'bin/libonnxruntime_providers_cuda.so';
const noGpu =
  'CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; hostname=vm ; file=cuda_execution_provider.cc ; line=352 ; expr=cudaSetDevice(info_.device_id);';
const noAdapter =
  'WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. Failed to get a WebGPU adapter: No supported adapters';
const noVulkan = `Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory\n    at operator() (BackendVk.cpp:368)\n\n${noAdapter}`;

describe('explainFailure', () => {
  it('names the provider that is not installed, and the command that brings it', () => {
    expect(explainFailure('cuda', 'linux/x64', notLoaded(provider, provider))).toEqual({
      reason: "onnxruntime's CUDA provider is not installed (no libonnxruntime_providers_cuda.so)",
      hint: expect.stringContaining('ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node'),
    });
    expect(explainFailure('cuda', 'linux/arm64', notLoaded(provider, provider)).reason).toContain('not for linux/arm64');
  });

  it.each([
    ['libcublasLt.so.13', "'nvidia-cublas==13.*'"],
    ['libcublasLt.so.12', 'nvidia-cublas-cu12'],
    ['libcufft.so.11', 'nvidia-cufft-cu12'],
  ])('names the CUDA library that is missing, %s, and the wheels of that CUDA', (library, wheel) => {
    const { reason, hint } = explainFailure('cuda', 'linux/x64', notLoaded(provider, library));
    expect(reason).toBe(`a CUDA library is missing: ${library}`);
    expect(hint).toContain(wheel);
  });

  it('tells a missing driver from a missing library', () => {
    expect(explainFailure('cuda', 'linux/x64', notLoaded(provider, 'libcuda.so.1')).reason).toContain('NVIDIA driver');
    expect(explainFailure('cuda', 'linux/x64', noGpu).reason).toBe(
      'CUDA finds no GPU that it can use (CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version)',
    );
  });

  it('tells a missing Vulkan from a missing adapter', () => {
    expect(explainFailure('webgpu', 'linux/x64', noVulkan).reason).toBe('the Vulkan loader is missing (no libvulkan.so.1)');
    expect(explainFailure('webgpu', 'linux/x64', noAdapter).hint).toContain('libvulkan1');
    expect(explainFailure('webgpu', 'win32/x64', noAdapter)).toEqual({ reason: 'there is no graphics adapter that WebGPU can use' });
  });

  it('says the last line of what it does not know', () => {
    expect(explainFailure('cpu', 'linux/x64', 'noise\nthe process was ended by SIGSEGV')).toEqual({
      reason: 'the process was ended by SIGSEGV',
    });
  });
});

it('a call on a device that is not there points to `devices`', () => {
  expect(hintFor(refused)).toContain('devices()');
  expect(hintFor(notLoaded(provider, 'libcuda.so.1').replace(refused, ''))).toContain('devices()'); // the C API says it so
  expect(hintFor(noGpu)).toContain('devices()');
  expect(hintFor(noAdapter)).toContain('devices()');
  expect(hintFor('Failed to allocate memory for requested buffer of size 16')).toContain('smaller batch');
  expect(hintFor('Gather: indices element out of data bounds')).toBeUndefined();
});
