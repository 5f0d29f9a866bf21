import type { LaneOp } from './expression.js';
import type { Kernel, Operand } from './kernel.js';

type Binaryen = typeof import('binaryen')['default'];
type Module = InstanceType<Binaryen['Module']>;
type Lanes = number; // a reference to a v128 expression

const ops: Record<LaneOp, (module: Module, a: Lanes, b: Lanes, c: Lanes) => Lanes> = {
  Add: ({ f32x4 }, a, b) => f32x4.add(a, b),
  Sub: ({ f32x4 }, a, b) => f32x4.sub(a, b),
  Mul: ({ f32x4 }, a, b) => f32x4.mul(a, b),
  Div: ({ f32x4 }, a, b) => f32x4.div(a, b),
  Neg: ({ f32x4 }, a) => f32x4.neg(a),
  Abs: ({ f32x4 }, a) => f32x4.abs(a),
  Sqrt: ({ f32x4 }, a) => f32x4.sqrt(a),
  Floor: ({ f32x4 }, a) => f32x4.floor(a),
  Ceil: ({ f32x4 }, a) => f32x4.ceil(a),
  Reciprocal: ({ f32x4, f32 }, a) => f32x4.div(f32x4.splat(f32.const(1)), a),
  Max: (module, a, b) => orNaN(module, a, module.f32x4.pmax(b, a)),
  Min: (module, a, b) => orNaN(module, a, module.f32x4.pmin(b, a)),
  Equal: ({ f32x4 }, a, b) => f32x4.eq(a, b),
  Greater: ({ f32x4 }, a, b) => f32x4.gt(a, b),
  GreaterOrEqual: ({ f32x4 }, a, b) => f32x4.ge(a, b),
  Less: ({ f32x4 }, a, b) => f32x4.lt(a, b),
  LessOrEqual: ({ f32x4 }, a, b) => f32x4.le(a, b),
  Not: ({ v128 }, a) => v128.not(a),
  And: ({ v128 }, a, b) => v128.and(a, b),
  Or: ({ v128 }, a, b) => v128.or(a, b),
  // to the bit as onnxruntime: what `condition` chooses first is added to 0 (no -0, no denormals), the other is copied
  Where: ({ f32x4, v128, f32 }, condition, a, b) => v128.bitselect(f32x4.add(a, f32x4.splat(f32.const(0))), b, condition),
};

/** `a` where it is NaN, else the extreme of a and b; of 0 and -0 that is b, as with onnxruntime. */
function orNaN(module: Module, a: Lanes, extreme: Lanes): Lanes {
  const copy = () => module.copyExpression(a);
  return module.v128.bitselect(copy(), extreme, module.f32x4.ne(copy(), copy()));
}

const bytesPerStep = 16; // four float32 lanes

/**
 * Compiles kernels to one WebAssembly module. It imports `state.memory` and exports `kernel0`, `kernel1`, … with the parameters
 * (base i32, stride i32, scalars f32 …): slot k is at base + k · stride, and all `stride` bytes of it (a multiple of 16) are computed.
 */
export async function compileKernels(kernels: readonly Kernel[]): Promise<Uint8Array> {
  const { default: binaryen } = await import('binaryen'); // 15 MB: only where it is needed
  const module = new binaryen.Module();
  try {
    module.setFeatures(binaryen.Features.SIMD128);
    module.setMemory(1, 65536);
    module.addMemoryImport('0', 'state', 'memory');
    kernels.forEach((kernel, i) => {
      addKernel(binaryen, module, `kernel${i}`, kernel);
    });
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function addKernel(binaryen: Binaryen, module: Module, name: string, { slots, scalars, steps, stores }: Kernel): void {
  const { i32, v128, f32, none, createType } = binaryen;
  const [base, stride, firstScalar] = [0, 1, 2];
  const offset = firstScalar + scalars;
  const firstPointer = offset + 1;
  const firstSplat = firstPointer + slots;
  const firstSlot = firstSplat + scalars;
  const firstResult = firstSlot + slots;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  const int = (local: number) => module.local.get(local, i32);
  const lanes = (local: number) => module.local.get(local, v128);
  const address = (slot: number) => module.i32.add(int(firstPointer + slot), int(offset));
  const operand = (at: Operand): Lanes => {
    if ('slot' in at) return lanes(firstSlot + at.slot);
    if ('scalar' in at) return lanes(firstSplat + at.scalar);
    if ('step' in at) return lanes(firstResult + at.step);
    return module.f32x4.splat(module.f32.const(at.number));
  };
  const set = (local: number, value: number) => module.local.set(local, value);
  const loop = module.block(null, [
    ...numbers(slots).map((slot) => set(firstSlot + slot, module.v128.load(0, bytesPerStep, address(slot)))),
    ...steps.map(({ op, operands }, i) => {
      const [a = 0, b = 0, c = 0] = operands.map(operand);
      return set(firstResult + i, ops[op](module, a, b, c));
    }),
    ...stores.map(({ slot, from }) => module.v128.store(0, bytesPerStep, address(slot), operand(from))),
    set(offset, module.i32.add(int(offset), module.i32.const(bytesPerStep))),
    module.br('lanes', module.i32.lt_u(int(offset), int(stride))),
  ]);
  const body = module.block(null, [
    ...numbers(slots).map((slot) =>
      set(firstPointer + slot, module.i32.add(int(base), module.i32.mul(module.i32.const(slot), int(stride)))),
    ),
    ...numbers(scalars).map((i) => set(firstSplat + i, module.f32x4.splat(module.local.get(firstScalar + i, f32)))),
    module.loop('lanes', loop),
  ]);
  const locals = [...Array<number>(1 + slots).fill(i32), ...Array<number>(scalars + slots + steps.length).fill(v128)];
  module.addFunction(name, createType([i32, i32, ...Array<number>(scalars).fill(f32)]), none, locals, body);
  module.addFunctionExport(name, name);
}
