import { engine, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Runs a function on a tape of its own, where tfjs writes down the operations whose gradients it may take, and reads from it which
 * tensors the function captures. What the tape kept for a backward pass is freed.
 *
 * @param given - tensors that are its arguments, so not captured
 */
export function recordCaptured<Result>(
  run: () => Result,
  given: readonly Tensor[],
): { readonly result: Result; readonly captured: Tensor[] } {
  const { state } = engine();
  const { activeTape: outer } = state;
  const firstId = (engine() as unknown as { nextTensorId(): number }).nextTensorId();
  state.activeTape = [];
  try {
    const result = run();
    const read = state.activeTape.flatMap(({ inputs }) => Object.values(inputs));
    // Constants that the function makes on its way were not there before it.
    return { result, captured: [...new Set(read)].filter((tensor) => tensor.id < firstId && !given.includes(tensor)) };
  } finally {
    for (const { saved = [] } of state.activeTape) for (const tensor of saved) tensor.dispose();
    state.activeTape = outer;
  }
}
