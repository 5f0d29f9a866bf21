/**
 * Shared shapes of data. Letters everywhere: B images in the batch, K negatives per caption, N = B·(1+K) texts, P image patches,
 * T text positions, D embedding width, S image side. `A` is what holds the numbers: a tfjs `Tensor` inside a loss or a model,
 * a `HostArray` as it comes from a data loader.
 */

/** Numbers in this thread's memory, row-major. */
export interface HostArray<Data extends Float32Array | Int32Array | Uint8Array = Float32Array | Int32Array | Uint8Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

/**
 * One training batch. Texts: B positives first, then negatives type-major (slot 0 of every image, slot 1 of every image, …).
 * Shapes are static: an empty slot is a row of zeros with mask 0, never dropped.
 */
export interface Batch<A> {
  /** f32 [B, 3, S, S], normalised. */
  readonly images: A;
  /** i32 [N, T], padded with zeros. */
  readonly texts: A;
  /** f32 [K, B]; 1 where the slot holds a negative caption, 0 where it is empty. */
  readonly negativeMask: A;
  /** One name per image, for messages. */
  readonly keys: readonly string[];
}

/**
 * Texts without their padding, end to end in R rows of L positions; what texts of a row begin with alike is there once. Made by `packTexts`
 * (`@fsc-clip/models`), taken by a model in the place of `texts`. A place is counted through all rows: row · L + position in the row.
 */
export interface PackedTexts<A> {
  /** i32 [R, L]: token ids; 0 where there is no text. */
  readonly ids: A;
  /** i32 [R, L]: each token's position in its text. */
  readonly positions: A;
  /** i32 [R, L]: a token at p is seen by the positions p … reach[p] − 1 of its row, which are itself and all that continues it. */
  readonly reach: A;
  /** i32 [N, T]: the place of each text's tokens; 0 for padding. */
  readonly gather: A;
  /** i32 [N]: the place of each text's end-of-text; 0 for an empty slot. */
  readonly endIndex: A;
  /** f32 [N, T]: `textMask` of the same texts, padded. */
  readonly mask: A;
}

/** What a CLIP model returns with `denseTokens: true`. Features are L2-normalised, tokens are not. */
export interface ClipOutput<A> {
  /** [B, D], unit length. */
  readonly imageFeatures: A;
  /** [B, P, D]: patch positions after ln_post, times visual.proj. */
  readonly imageTokens: A;
  /** [N, D], unit length. Rows of empty slots hold arbitrary numbers. */
  readonly textFeatures: A;
  /** [N, T, D]: all positions after ln_final, times text_projection. */
  readonly textTokens: A;
  /** f32 [N, T]: 1 for words and end-of-text, 0 for start-of-text and padding. */
  readonly textMask: A;
  /** Scalar, already exponentiated. */
  readonly logitScale: A;
}

/** Weights: a flat record whose keys are open_clip's state_dict names. Made with a null prototype, since names come from files. */
export type Params<A> = Record<string, A>;
