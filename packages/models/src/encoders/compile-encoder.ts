import type { HostArray, PackedTexts } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { type Tensor, type Tensor2D, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Encoded } from './features.js';

/** What goes into a tower: images f32 [B, 3, S, S], or packed texts. */
export type TowerInput<A> = A | PackedTexts<A>;

/** A tower that was compiled. */
export interface CompiledTower {
  (input: TowerInput<HostArray>): Promise<Encoded>;
  dispose(): Promise<void>;
}

/** Compiles a tower: `jit` of `@fsc-clip/engine`, or a function that calls it with options. */
export type CompileTower = (tower: (input: TowerInput<Tensor>) => Tensor2D) => CompiledTower;

/** Runs a tower as it is, on the current tfjs backend. */
export const runPlain: CompileTower = (tower) =>
  Object.assign(async (input: TowerInput<HostArray>) => tidy(() => tower(tensorsOf(input))), { dispose: async () => {} });

function tensorsOf(input: TowerInput<HostArray>): TowerInput<Tensor> {
  if (!('ids' in input)) return toTensor(input);
  return mapParams<HostArray, Tensor>({ ...input }, toTensor) as Record<keyof PackedTexts<Tensor>, Tensor>;
}

function toTensor({ data, shape }: HostArray): Tensor {
  return tensor(data, [...shape], data instanceof Float32Array ? 'float32' : 'int32');
}
