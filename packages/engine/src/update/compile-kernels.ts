import type { LaneOp } from './expression.js';
import type { Kernel, Operand } from './kernel.js';

type Text = string;

/** Four float32 lanes at a time, in WebAssembly's text format. */
const ops: Record<LaneOp, (a: Text, b: Text, c: Text) => Text> = {
  Add: (a, b) => `(f32x4.add ${a} ${b})`,
  Sub: (a, b) => `(f32x4.sub ${a} ${b})`,
  Mul: (a, b) => `(f32x4.mul ${a} ${b})`,
  Div: (a, b) => `(f32x4.div ${a} ${b})`,
  Neg: (a) => `(f32x4.neg ${a})`,
  Abs: (a) => `(f32x4.abs ${a})`,
  Sqrt: (a) => `(f32x4.sqrt ${a})`,
  Floor: (a) => `(f32x4.floor ${a})`,
  Ceil: (a) => `(f32x4.ceil ${a})`,
  Reciprocal: (a) => `(f32x4.div ${splat(1)} ${a})`,
  Max: (a, b) => orNaN(a, `(f32x4.pmax ${b} ${a})`),
  Min: (a, b) => orNaN(a, `(f32x4.pmin ${b} ${a})`),
  Equal: (a, b) => `(f32x4.eq ${a} ${b})`,
  Greater: (a, b) => `(f32x4.gt ${a} ${b})`,
  GreaterOrEqual: (a, b) => `(f32x4.ge ${a} ${b})`,
  Less: (a, b) => `(f32x4.lt ${a} ${b})`,
  LessOrEqual: (a, b) => `(f32x4.le ${a} ${b})`,
  Not: (a) => `(v128.not ${a})`,
  And: (a, b) => `(v128.and ${a} ${b})`,
  Or: (a, b) => `(v128.or ${a} ${b})`,
  // to the bit as onnxruntime: what `condition` chooses first is added to 0 (no -0, no denormals), the other is copied
  Where: (condition, a, b) => `(v128.bitselect (f32x4.add ${a} ${splat(0)}) ${b} ${condition})`,
};

/** `a` where it is NaN, else the extreme of a and b; of 0 and -0 that is b, as with onnxruntime. */
function orNaN(a: Text, extreme: Text): Text {
  return `(v128.bitselect ${a} ${extreme} (f32x4.ne ${a} ${a}))`;
}

/** One number in every lane, rounded to float32 here so that its decimals mean that number exactly. */
function splat(number: number): Text {
  const rounded = Math.fround(number);
  const digits = Object.is(rounded, -0) ? '-0' : String(rounded).replace('Infinity', 'inf').replace('NaN', 'nan');
  return `(f32x4.splat (f32.const ${digits}))`;
}

/**
 * Compiles kernels to one WebAssembly module. It imports `state.memory` and exports `kernel0`, `kernel1`, … with the parameters
 * (base i32, stride i32, scalars f32 …): slot k is at base + k · stride, and all `stride` bytes of it (a multiple of 16) are computed.
 */
export async function compileKernels(kernels: readonly Kernel[]): Promise<Uint8Array> {
  const { default: wabt } = await import('wabt'); // a tenth of a second: only where it is needed
  const text = `(module (import "state" "memory" (memory 1 65536)) ${kernels.map(kernelText).join('\n')})`;
  const module = (await wabt()).parseWat('kernels', text, { simd: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

function kernelText({ slots, scalars, steps, stores }: Kernel, index: number): Text {
  const each = (count: number, line: (i: number) => Text) => Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const address = (slot: number) => `(i32.add (local.get $pointer${slot}) (local.get $offset))`;
  return `
    (func (export "kernel${index}") (param $base i32) (param $stride i32) ${each(scalars, (i) => `(param $scalar${i} f32)`)}
      (local $offset i32)
      ${each(slots, (i) => `(local $pointer${i} i32) (local $slot${i} v128)`)}
      ${each(scalars, (i) => `(local $splat${i} v128)`)}
      ${each(steps.length, (i) => `(local $step${i} v128)`)}
      ${each(slots, (i) => `(local.set $pointer${i} (i32.add (local.get $base) (i32.mul (i32.const ${i}) (local.get $stride))))`)}
      ${each(scalars, (i) => `(local.set $splat${i} (f32x4.splat (local.get $scalar${i})))`)}
      (loop $lanes
        ${each(slots, (i) => `(local.set $slot${i} (v128.load ${address(i)}))`)}
        ${steps.map((step, i) => `(local.set $step${i} ${stepText(step)})`).join('\n')}
        ${stores.map(({ slot, from }) => `(v128.store ${address(slot)} ${operandText(from)})`).join('\n')}
        (local.set $offset (i32.add (local.get $offset) (i32.const 16)))
        (br_if $lanes (i32.lt_u (local.get $offset) (local.get $stride)))))`;
}

function stepText({ op, operands }: Kernel['steps'][number]): Text {
  const [a = '', b = '', c = ''] = operands.map(operandText);
  return ops[op](a, b, c);
}

function operandText(at: Operand): Text {
  if ('slot' in at) return `(local.get $slot${at.slot})`;
  if ('scalar' in at) return `(local.get $splat${at.scalar})`;
  if ('step' in at) return `(local.get $step${at.step})`;
  return splat(at.number);
}
