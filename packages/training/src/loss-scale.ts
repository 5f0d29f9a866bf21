import { OptionError, type Params } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { abs, add, addN, equal, lessEqual, mul, reciprocal, type Scalar, scalar, sum, type Tensor, where } from '@tensorflow/tfjs-core';

/** How a loss scale changes. Names and defaults are those of `torch.amp.GradScaler`, in camelCase. */
export interface DynamicLossScale {
  /** The scale of the first step. @defaultValue 65536 */
  readonly initScale?: number;
  /** What it is multiplied by after `growthInterval` good steps. @defaultValue 2 */
  readonly growthFactor?: number;
  /** What it is multiplied by after a step whose gradients are not finite. @defaultValue 0.5 */
  readonly backoffFactor?: number;
  /** Good steps, one after the other, before the scale grows. @defaultValue 2000 */
  readonly growthInterval?: number;
}

/** A loss scale: one that adapts, with its defaults or with options, or a constant. */
export type LossScale = 'dynamic' | DynamicLossScale | number;

/** What a dynamic loss scale remembers between steps; part of the state. */
export interface LossScaleState {
  /** f32 scalar: what the next loss is multiplied by. */
  readonly scale: Scalar;
  /** f32 scalar: good steps since the scale changed. */
  readonly goodSteps: Scalar;
}

/** The loss scale of one kind of step, as functions of its state. */
export interface LossScaler {
  /** The state before the first step; none with a constant. */
  init(): LossScaleState | undefined;
  /** The scale of this step. */
  scaleOf(state: LossScaleState | undefined): Scalar;
  /** The state after a step whose gradients were finite, or were not. */
  update(state: LossScaleState | undefined, finite: Tensor): LossScaleState | undefined;
}

const largest = 3.4028234663852886e38;

/** @throws OptionError for an option out of its range */
export function createLossScaler(caller: string, lossScale: LossScale): LossScaler {
  if (typeof lossScale === 'number') {
    check(caller, 'lossScale', lossScale, (value) => value > 0, 'must be a finite number above 0');
    return { init: () => undefined, scaleOf: () => scalar(lossScale), update: () => undefined };
  }
  const options = lossScale === 'dynamic' ? {} : lossScale;
  if (typeof options !== 'object' || options === null) {
    const rule = "must be 'dynamic', a number or { initScale, growthFactor, backoffFactor, growthInterval }";
    throw new OptionError({ function: caller, argument: 'lossScale', rule, got: String(lossScale) });
  }
  const { initScale = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
  check(caller, 'lossScale.initScale', initScale, (value) => value > 0, 'must be a finite number above 0');
  check(caller, 'lossScale.growthFactor', growthFactor, (value) => value > 1, 'must be a finite number above 1');
  check(caller, 'lossScale.backoffFactor', backoffFactor, (value) => value > 0 && value < 1, 'must be between 0 and 1');
  const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value <= 2 ** 24;
  check(caller, 'lossScale.growthInterval', growthInterval, isCount, 'must be an integer from 1 to 2^24');
  const held = (state: LossScaleState | undefined): LossScaleState => {
    if (state) return state;
    throw new OptionError({
      function: caller,
      argument: 'state.lossScale',
      rule: 'must be there with a dynamic loss scale',
      got: 'none',
      hint: 'Give initTrainState the same lossScale',
    });
  };
  return {
    init: () => ({ scale: scalar(initScale), goodSteps: scalar(0) }),
    scaleOf: (state) => held(state).scale,
    update: (state, finite) => {
      const { scale, goodSteps } = held(state);
      const counted = add(goodSteps, 1);
      const full = equal(counted, growthInterval);
      const larger = mul(scale, growthFactor);
      const grown = where(full, where(lessEqual(larger, largest), larger, scale), scale);
      return {
        scale: where(finite, grown, mul(scale, backoffFactor)) as Scalar,
        goodSteps: where(finite, where(full, 0, counted), 0) as Scalar,
      };
    },
  };
}

/** Whether all gradients are finite: a bool scalar. Gradients whose absolute values sum to more than a float32 holds are not. */
export function allFinite(grads: Params<Tensor>): Tensor {
  return lessEqual(addN(Object.values(grads).map((grad) => sum(abs(grad)))), largest);
}

/** Gradients of the loss out of those of `scale` times the loss, in float32. */
export function unscaled(grads: Params<Tensor>, scale: Scalar): Params<Tensor> {
  const factor = reciprocal(scale);
  return mapParams(grads, (grad) => mul(grad, factor));
}

function check(caller: string, argument: string, value: number, holds: (value: number) => boolean, rule: string): void {
  if (Number.isFinite(value) && holds(value)) return;
  throw new OptionError({ function: caller, argument, rule, got: String(value) });
}
