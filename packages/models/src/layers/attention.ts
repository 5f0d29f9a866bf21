import {
  add,
  concat,
  customGrad,
  matMul,
  mul,
  reshape,
  softmax,
  split,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  transpose,
} from '@tensorflow/tfjs-core';

/** How rows of projected positions are read as sequences. */
export interface AttentionLayout {
  /** Sequences, all of the same length: row `b · length + t` is position t of sequence b. */
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  /** Added to the scores before the softmax, broadcast to [batch, heads, length, length]: large and negative where a position must not look. */
  readonly bias?: Tensor;
}

/**
 * Multi-head scaled dot-product attention on fused projections: `softmax(q kᵀ / √d + bias) v`.
 *
 * The gradient is written out. With `o` the result and `p` the probabilities, `dscores = p · (do vᵀ − Σ do · o)`: the row sums are
 * taken over the head width, so that only two elementwise operations touch [length, length] arrays.
 *
 * @param qkv - [batch · length, 3w]; columns are q, k, v, each of them head after head
 * @returns [batch · length, w], heads side by side
 */
export function attention(qkv: Tensor2D, { batch, length, heads, bias }: AttentionLayout): Tensor2D {
  const rows = batch * length;
  const width = qkv.shape[1] / 3;
  const headWidth = width / heads;
  const scale = 1 / Math.sqrt(headWidth);

  const toHeads = (x: Tensor) => transpose(reshape(x, [batch, length, heads, headWidth]), [0, 2, 1, 3]); // [rows, w] to [B, H, T, d]
  const toRows = (x: Tensor) => reshape(transpose(x, [0, 2, 1, 3]), [rows, width]);

  const op = customGrad((...args) => {
    const [qkv, save] = args as unknown as [Tensor2D, (tensors: Tensor[]) => void];
    const [unscaled, k, v] = split(qkv, 3, 1).map(toHeads) as [Tensor, Tensor, Tensor]; // [B, H, T, d]
    const q = mul(unscaled, scale);
    const scores = matMul(q, k, false, true); // [B, H, T, T]
    const p = softmax(bias ? add(scores, bias) : scores);
    const o = matMul(p, v); // [B, H, T, d]
    save([q, k, v, p, o]);

    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [q, k, v, p, o] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const dO = toHeads(dy); // [B, H, T, d]
      const dScores = mul(p, sub(matMul(dO, v, false, true), sum(mul(dO, o), 3, true))); // [B, H, T, T]
      const dQ = mul(matMul(dScores, k), scale);
      const dK = matMul(dScores, q, true);
      const dV = matMul(p, dO, true);
      return concat([dQ, dK, dV].map(toRows), 1); // [rows, 3w]
    };
    return { value: toRows(o), gradFunc };
  });
  return op(qkv) as Tensor2D;
}
