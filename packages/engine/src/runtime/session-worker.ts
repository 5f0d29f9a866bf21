import { workerOptions } from '@fsc-clip/core/worker';
import { openDevice } from './open-device.js';
import type { SessionDevice } from './protocol.js';
import { serve } from './serve.js';

// onnxruntime's `run` blocks the thread that calls it: sessions and arrays live here, one worker (thread or process) for each device.

const { device } = workerOptions<{ device: SessionDevice }>();
serve(await openDevice(device));
