// A user's program over the installed package, the same in Node and in a page: value and gradients of every kind of loss.
import '@tensorflow/tfjs';
import { clipLoss, combineLosses, fscClipLoss, globalNegativeLoss, sigmoidLoss } from '@fsc-clip/losses';
import { checkGradients, sampleOutput } from '@fsc-clip/losses/testing';
import { getBackend, grads, norm, ready, scalar } from '@tensorflow/tfjs-core';

/** Numbers by name; they must be the same everywhere. */
export async function compute() {
  await ready();
  const { output, batch } = sampleOutput({ B: 4, K: 2 }, 3);
  const { total, terms } = fscClipLoss()(output, batch);
  const names = ['imageFeatures', 'textFeatures', 'imageTokens', 'textTokens'];
  const gradients = grads(
    (...arrays) => fscClipLoss()({ ...output, ...Object.fromEntries(names.map((name, i) => [name, arrays[i]])) }, batch).total,
  )(names.map((name) => output[name]));
  const combined = combineLosses({ clip: clipLoss, globalNegative: globalNegativeLoss }, { globalNegative: 0.5 })(output, batch);
  const sigmoid = sigmoidLoss({ ...output, logitBias: scalar(-10) });
  const { imageFeatures, textFeatures, logitScale } = output;
  const check = checkGradients(clipLoss, { imageFeatures, textFeatures, logitScale });
  const numbers = { total, ...terms, combined: combined.total, sigmoid };
  names.forEach((name, i) => {
    numbers[`gradient of ${name}`] = norm(gradients[i]);
  });
  const read = await Promise.all(Object.entries(numbers).map(async ([name, tensor]) => [name, (await tensor.data())[0]]));
  return { backend: getBackend(), gradientCheck: check.pass, numbers: Object.fromEntries(read) };
}
