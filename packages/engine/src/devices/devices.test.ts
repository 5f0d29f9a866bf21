import '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { devices } from './devices.js';
import { formatDevices } from './format-devices.js';

it('says what this machine has, and why not the rest', async () => {
  const report = await devices();
  expect(report.versions.onnxruntime).toMatch(/^\d+\.\d+\.\d+$/);
  expect(report.devices.map(({ device }) => device)).toEqual(['cpu', 'webgpu', 'cuda', 'eager']);
  for (const { available, reason } of report.devices) expect(available).toBe(reason === undefined);
  expect(report.devices[0]).toMatchObject({ available: true, state: "stays in the engine's worker" });
  expect(report.devices[2]).toMatchObject({ state: 'stays on the GPU' }); // koffi is among the development dependencies
  expect(report.devices[3]).toMatchObject({ available: true, runsOn: "the tfjs backend 'cpu'" });
});

it('does not wait for a device that hangs', async () => {
  const { devices: tried } = await devices({ timeoutMs: 1 });
  expect(tried.slice(0, 3).map(({ available, reason }) => ({ available, reason }))).toEqual(
    Array.from({ length: 3 }, () => ({ available: false, reason: 'no answer in 0.001 s' })),
  );
});

it('prints a table, reasons and commands', () => {
  const text = formatDevices({
    platform: 'linux/x64',
    versions: { node: '20.20.2', onnxruntime: '1.30.0', tfjs: '4.22.0' },
    providerFiles: ['libonnxruntime_providers_cuda.so'],
    devices: [
      { device: 'cpu', available: true, runsOn: 'a processor', state: 'stays' },
      { device: 'cuda', available: false, runsOn: 'a GPU', state: 'is copied', reason: 'no GPU', hint: 'buy one' },
    ],
  });
  expect(text).toBe(`linux/x64, node 20.20.2, tfjs 4.22.0, onnxruntime 1.30.0 with libonnxruntime_providers_cuda.so

device  here  runs on      state
cpu     yes   a processor  stays
cuda    no    a GPU        is copied

cuda: no GPU
  buy one`);
});
