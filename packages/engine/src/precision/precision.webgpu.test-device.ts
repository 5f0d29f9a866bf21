import '@tensorflow/tfjs';
import { matMul, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { jit } from '../index.js';

// The software device has no float16: what is tested is that the refusal says so. On a GPU that has it, the product must be right.
it("'fp16' on webgpu gives the product, or says that the device has no float16", async () => {
  const product = jit((x: Tensor, w: Tensor) => matMul(x, w), { device: 'webgpu', precision: 'fp16' });
  const [x, w] = [
    { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    { data: Float32Array.of(5, 6, 7, 8), shape: [2, 2] },
  ];
  const numbers = await product(x, w).then(
    async (result) => String(await result.read()),
    (error: Error) => error.message,
  );
  if (numbers !== '19,22,43,50') expect(numbers).toContain("(WebGPU's shader-f16): take precision 'fp32'");
  await product.dispose();
});
