import { type Batch, type ClipOutput, OptionError, type PackedTexts, type Params, ShapeError } from '@fsc-clip/core';
import { type LossTerms, mapParams, mergeParams, type Optimizer, valueAndGrads } from '@fsc-clip/core/tensor';
import { clipByValue, mul, type Scalar, type Tensor, tidy, where } from '@tensorflow/tfjs-core';
import { clipGradients } from './clip-gradients.js';
import { selectTree } from './internal/select-tree.js';
import { allFinite, createLossScaler, type LossScale, type LossScaleState, unscaled } from './loss-scale.js';

/** All that changes from step to step: a tree of tensors that `jit` keeps on the device. */
export interface TrainState<OptimizerState> {
  /** The trained weights. */
  readonly params: Params<Tensor>;
  readonly optimizer: OptimizerState;
  /** With a dynamic loss scale. */
  readonly lossScale?: LossScaleState;
}

/** A batch inside a step: tensors only. The `keys` of a loader's batch stay outside the program. */
export interface TrainBatch extends Omit<Batch<Tensor>, 'keys'> {
  /** The same texts by `packTexts`, for a model that takes them: equal numbers, less to compute. */
  readonly packed?: PackedTexts<Tensor>;
}

/** What a step asks of a model; `createModel` gives one, and any object with this `apply` is one. */
export interface TrainModel {
  apply(params: Params<Tensor>, batch: TrainBatch, options: { readonly denseTokens: true }): ClipOutput<Tensor>;
}

/** Options of `createTrainStep`. */
export interface TrainStepOptions<OptimizerState> {
  readonly model: TrainModel;
  /** A scalar, or `{ total, terms }` whose terms are reported as metrics; `fscClipLoss(…)` gives one. */
  readonly loss: (output: ClipOutput<Tensor>, batch: TrainBatch) => Scalar | LossTerms;
  readonly optimizer: Optimizer<OptimizerState>;
  /**
   * Weights that the model needs and nobody trains, e.g. all but the adapters with LoRA. Captured: constants of the compiled program.
   * @defaultValue none
   */
  readonly frozen?: Params<Tensor>;
  /**
   * Range of `logit_scale` (a logarithm) after each update; `false` leaves it free. A frozen `logit_scale` is never touched.
   * @defaultValue [0, ln 100], the reference's
   */
  readonly clampLogitScale?: readonly [number, number] | false;
  /**
   * Highest global norm of the gradients; also adds the metric `gradNorm`, the norm before clipping. `Infinity` measures only.
   * @defaultValue no clipping, as in the paper
   */
  readonly clipGradNorm?: number;
  /**
   * Multiplies the loss before its gradients are computed and divides them after, so that small ones survive in half precision
   * (`precision: 'fp16'` of `jit`). A step whose gradients are not finite then changes neither weights nor optimizer. `'dynamic'`, or an
   * object with its options, adapts the scale as `torch.amp.GradScaler` does and keeps it in the state (give it to `initTrainState` too);
   * a number stays. Adds the metrics `lossScale` and `skipped` (1 where the step changed nothing, else 0).
   * @defaultValue none
   */
  readonly lossScale?: LossScale;
}

/** One step: new state and metrics out of state, batch and learning rate. Pure: hand it to `jit`, or call it on tensors. */
export type TrainStep<OptimizerState> = (
  state: TrainState<OptimizerState>,
  batch: TrainBatch,
  learningRate: number | Scalar,
) => {
  state: TrainState<OptimizerState>;
  /**
   * Scalars of the forward pass, before the update: `loss`, each term of the loss, `logitScale` (the multiplier), `gradNorm`,
   * `lossScale` and `skipped` if asked. The `gradNorm` of a step that was skipped is 0.
   */
  metrics: Record<string, Scalar>;
};

/**
 * The state before the first step. `params` are taken as they are, not copied.
 *
 * @param options - `lossScale`: the step's
 */
export function initTrainState<OptimizerState>(
  params: Params<Tensor>,
  optimizer: Optimizer<OptimizerState>,
  { lossScale }: Pick<TrainStepOptions<OptimizerState>, 'lossScale'> = {},
): TrainState<OptimizerState> {
  const scale = lossScale === undefined ? undefined : createLossScaler('initTrainState', lossScale).init();
  return { params, optimizer: optimizer.init(params), ...(scale && { lossScale: scale }) };
}

/**
 * Assembles one training step: forward, loss, backward, optional clipping, optimizer, clamped logit scale. The loss stands in a scope
 * named `float32`: its products stay float32 whatever the `precision` of `jit`.
 *
 * @returns a pure function of (state, batch, learning rate); `batch` holds `images` f32 [B, 3, S, S], `texts` i32 [N, T] and
 * `negativeMask` f32 [K, B], tensors of the program
 * @throws OptionError for an option out of its range or a loss term that takes the name of a metric
 * @throws ShapeError (from the step) when the loss is no scalar
 * @example
 * const optimizer = adamW();
 * const step = createTrainStep({ model, loss: fscClipLoss(), optimizer });
 * let state = initTrainState(params, optimizer);
 * const result = step(state, batch, 1e-5); // or `await jit(step, { donate: [0] })(state, batch, 1e-5)`
 */
export function createTrainStep<OptimizerState>({
  model,
  loss,
  optimizer,
  frozen = {},
  clampLogitScale = [0, Math.log(100)],
  clipGradNorm,
  lossScale,
}: TrainStepOptions<OptimizerState>): TrainStep<OptimizerState> {
  checkOptions(clampLogitScale, clipGradNorm);
  const scaler = lossScale === undefined ? undefined : createLossScaler('createTrainStep', lossScale);
  const lossAndGrads = valueAndGrads((params, batch: TrainBatch, scale: Scalar | undefined) => {
    const output = model.apply(mergeParams(params, frozen), batch, { denseTokens: true });
    const result = tidyTree('float32', () => loss(output, batch));
    const { total, terms } = 'terms' in result ? result : { total: result, terms: {} };
    checkLoss(total, terms);
    const reported = { loss: total, ...terms, logitScale: output.logitScale as Scalar };
    return { total: scale ? (mul(total, scale) as Scalar) : total, terms: reported };
  });
  const step: TrainStep<OptimizerState> = (state, batch, learningRate) => {
    const scale = scaler?.scaleOf(state.lossScale);
    const { terms, grads: given } = lossAndGrads(state.params, batch, scale);
    const grads = scale ? unscaled(given, scale) : given;
    const clipped = clipGradNorm === undefined ? { grads } : clipGradients(grads, clipGradNorm);
    const updated = optimizer.update(clipped.grads, state.optimizer, state.params, { learningRate });
    const params = clampLogitScale === false ? updated.params : clamped(updated.params, clampLogitScale);
    const next = { params, optimizer: updated.state };
    const metrics = { ...terms, ...('norm' in clipped && { gradNorm: clipped.norm }) };
    if (!scaler || !scale) return { state: next, metrics };
    const finite = allFinite(given);
    const adapted = scaler.update(state.lossScale, finite);
    return {
      state: {
        ...selectTree(finite, next, { params: state.params, optimizer: state.optimizer }),
        ...(adapted && { lossScale: adapted }),
      },
      metrics: {
        ...metrics,
        ...('norm' in clipped && { gradNorm: where(finite, clipped.norm, 0) as Scalar }),
        lossScale: scale.clone(),
        skipped: where(finite, 0, 1) as Scalar,
      },
    };
  };
  return (...inputs) => tidyTree(() => step(...inputs));
}

/** `tidy` for any tree: an interface such as AdamWState is one, but lacks the index signature that tfjs's type asks for. */
const tidyTree = tidy as <T>(...f: [() => T] | [name: string, () => T]) => T;

function clamped(params: Params<Tensor>, [low, high]: readonly [number, number]): Params<Tensor> {
  return mapParams(params, (value, name) => (name === 'logit_scale' ? clipByValue(value, low, high) : value));
}

function checkOptions(clampLogitScale: readonly [number, number] | false, clipGradNorm: number | undefined): void {
  if (clampLogitScale !== false && !(clampLogitScale[0] <= clampLogitScale[1])) {
    throw new OptionError({
      function: 'createTrainStep',
      argument: 'clampLogitScale',
      rule: 'must be false or [low, high] with low at most high',
      got: `[${clampLogitScale.join(', ')}]`,
    });
  }
  if (clipGradNorm !== undefined && !(clipGradNorm > 0)) {
    throw new OptionError({
      function: 'createTrainStep',
      argument: 'clipGradNorm',
      rule: 'must be above 0',
      got: String(clipGradNorm),
      hint: 'Leave it out to train without clipping',
    });
  }
}

function checkLoss(total: Tensor, terms: Readonly<Record<string, Tensor>>): void {
  for (const [name, value] of Object.entries({ total, ...terms })) {
    if (value.rank !== 0) {
      throw new ShapeError({
        function: 'createTrainStep',
        argument: `loss: ${name}`,
        rule: 'must be a scalar',
        got: `[${value.shape.join(', ')}]`,
        hint: 'Reduce it with mean or sum',
      });
    }
  }
  const taken = ['loss', 'logitScale', 'gradNorm', 'lossScale', 'skipped'].find((name) => name in terms);
  if (taken !== undefined) {
    throw new OptionError({
      function: 'createTrainStep',
      argument: 'loss',
      rule: 'must not call a term `loss`, `logitScale`, `gradNorm`, `lossScale` or `skipped`',
      got: `\`${taken}\``,
    });
  }
}
