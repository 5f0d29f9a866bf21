import type { Tensor } from 'onnxruntime-node';
import { allocateBlocks, type Block, placeOf, slotTensor } from './state-memory.js';
import { type Memory, webAssembly } from './webassembly.js';

/** Where a tensor of a run is found: among its inputs, by name, or among the program's outputs. */
export type TensorSource = { readonly input: string } | { readonly output: number };

/** One call of a kernel after each run. */
export interface UpdateSpec {
  /** Name that the module exports the kernel by. */
  readonly kernel: string;
  /** Elements of each array. */
  readonly size: number;
  readonly slots: readonly (TensorSource & {
    readonly shape: readonly number[];
    /** Whether the slot's argument is overwritten. */
    readonly state: boolean;
  })[];
  readonly scalars: readonly TensorSource[];
}

/** The updates of one run, made ready before it. */
export interface PreparedUpdates {
  /** Memory for outputs that only kernels read, by index of the output. */
  readonly outputs: ReadonlyMap<number, Tensor>;
  /** Overwrites the state. Nothing was changed before this call. */
  apply(written: readonly Tensor[]): void;
}

/**
 * Prepares the updates of a run: state that is not where its kernel reaches it is moved there, in `inputs`. State that is not among them
 * is zero, and added.
 */
export type Updater = (inputs: Map<string, Tensor>) => PreparedUpdates;

/** The outputs of a program, by index, that kernels alone read: they are written where the kernels reach them. */
export function scratchOutputs(updates: readonly UpdateSpec[], keptOutputs: number): Set<number> {
  return new Set(
    updates.flatMap(({ slots }) => slots.flatMap((slot) => ('output' in slot && slot.output >= keptOutputs ? slot.output : []))),
  );
}

/**
 * @param module - kernels, by `compileKernels`
 * @param keptOutputs - how many of the program's outputs, the first ones, are results: kernels read a copy of them
 */
export async function createUpdater(module: Uint8Array, updates: readonly UpdateSpec[], keptOutputs: number): Promise<Updater> {
  const compiled = await webAssembly.compile(module);
  const scratch = scratchOutputs(updates, keptOutputs);
  const instances = new WeakMap<Memory, Readonly<Record<string, unknown>>>();
  const kernelIn = (memory: Memory, name: string) => {
    let kernels = instances.get(memory);
    if (!kernels) instances.set(memory, (kernels = new webAssembly.Instance(compiled, { state: { memory } }).exports));
    return kernels[name] as (base: number, stride: number, ...scalars: number[]) => void;
  };

  return (inputs) => {
    const blocks = blocksFor(updates, inputs);
    const outputs = new Map<number, Tensor>();
    const copies: { from: TensorSource; to: Tensor }[] = [];
    updates.forEach(({ slots }, i) => {
      slots.forEach((slot, k) => {
        if (slot.state) return;
        const to = slotTensor(blocks[i]!, k, slot.shape);
        if ('output' in slot && scratch.has(slot.output) && !outputs.has(slot.output)) outputs.set(slot.output, to);
        else copies.push({ from: slot, to });
      });
    });
    const apply = (written: readonly Tensor[]) => {
      const numbersOf = (source: TensorSource) =>
        ('input' in source ? inputs.get(source.input)! : written[source.output]!).data as Float32Array;
      for (const { from, to } of copies) (to.data as Float32Array).set(numbersOf(from));
      updates.forEach(({ kernel, scalars }, i) => {
        const { memory, base, stride } = blocks[i]!;
        kernelIn(memory, kernel)(base, stride, ...scalars.map((scalar) => numbersOf(scalar)[0]!));
      });
    };
    return { outputs, apply };
  };
}

/** The block of each update: the one that its state is in, else a new one, which is zero, with the state copied in. */
function blocksFor(updates: readonly UpdateSpec[], inputs: Map<string, Tensor>): Block[] {
  const used = new Set<Block>();
  const held = updates.map((update) => {
    const block = blockOf(update, inputs);
    if (!block || used.has(block)) return undefined; // an array that is passed twice is updated apart
    used.add(block);
    return block;
  });
  const missing = updates.filter((_, i) => !held[i]);
  const added = allocateBlocks(missing.map((update) => ({ slots: update.slots.length, size: update.size, layout: layoutOf(update) })));
  missing.forEach(({ slots }, i) => {
    slots.forEach((slot, k) => {
      if (!slot.state || !('input' in slot)) return;
      const moved = slotTensor(added[i]!, k, slot.shape);
      const given = inputs.get(slot.input);
      if (given) (moved.data as Float32Array).set(given.data as Float32Array);
      inputs.set(slot.input, moved);
    });
  });
  let next = 0;
  return held.map((block) => block ?? added[next++]!);
}

function blockOf(update: UpdateSpec, inputs: ReadonlyMap<string, Tensor>): Block | undefined {
  const layout = layoutOf(update);
  let found: Block | undefined;
  for (const [k, slot] of update.slots.entries()) {
    if (!slot.state || !('input' in slot)) continue;
    const given = inputs.get(slot.input);
    const place = given && placeOf(given);
    if (place?.slot !== k || place.block.layout !== layout || (found && place.block !== found)) return undefined;
    found = place.block;
  }
  return found;
}

/** Blocks of one layout hold the same slots: what is scratch for one kernel is scratch for the other. */
function layoutOf({ size, slots }: UpdateSpec): string {
  return `${size}:${slots.map(({ state }) => (state ? 's' : '-')).join('')}`;
}
