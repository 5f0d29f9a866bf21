import { broadcastShapes, type GraphBuilder, sameShape, splatNumber } from '../graph/builder.js';
import type { Attributes, ElementType, Value } from '../graph/graph.js';
import type { Rule } from './rule.js';

/** `op(x)`, element by element. */
export function unary(g: GraphBuilder, op: string, x: Value, attributes?: Attributes, dtype: ElementType = x.dtype): Value {
  return g.node(op, [x], x.shape, dtype, attributes);
}

/** `op(a, b)` with numpy's broadcasting. Comparisons give bool. */
export function binary(g: GraphBuilder, op: string, a: Value, b: Value, dtype: ElementType = a.dtype): Value {
  const shape = broadcastShapes(a.shape, b.shape);
  return g.node(op, [slim(g, a, b, shape), slim(g, b, a, shape)], shape, dtype);
}

/** A splat needs its full shape only where nothing else gives it: beside a full operand it may stand as a scalar. */
function slim(g: GraphBuilder, value: Value, other: Value, shape: readonly number[]): Value {
  const number = splatNumber(value);
  return number !== undefined && sameShape(other.shape, shape) && splatNumber(other) === undefined
    ? g.splat(number, [], value.dtype)
    : value;
}

/** A float32 or int32 number for use beside `like`. */
export function numberLike(g: GraphBuilder, number: number, like: Value): Value {
  return g.splat(number, [], like.dtype);
}

const folds: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/**
 * Add, Sub, Mul and Div leave out what changes nothing (`x + 0`, `x · 1`): gradients are full of it. Folding float32 constants
 * rounds once, as computing them would.
 */
export function arithmetic(g: GraphBuilder, op: 'Add' | 'Sub' | 'Mul' | 'Div', a: Value, b: Value): Value {
  const shape = broadcastShapes(a.shape, b.shape);
  const left = splatNumber(a);
  const right = splatNumber(b);
  if (left !== undefined && right !== undefined && a.dtype === 'float32') return g.splat(folds[op]!(left, right), shape, 'float32');
  const neutral = op === 'Add' || op === 'Sub' ? 0 : 1;
  if (right === neutral) return broadcastTo(g, a, shape);
  if (left === neutral && (op === 'Add' || op === 'Mul')) return broadcastTo(g, b, shape);
  return (op === 'Add' && (biased(g, a, b) ?? biased(g, b, a))) || binary(g, op, a, b);
}

/** A two-dimensional matrix product plus a row of biases is one operator: `Gemm` takes the row as its third input. */
function biased(g: GraphBuilder, product: Value, bias: Value): Value | undefined {
  if (product.source.kind !== 'node' || bias.shape.length !== 1 || bias.shape[0] !== product.shape[1]) return undefined;
  const { op, inputs, attributes } = product.source.node;
  if (op !== 'MatMul' || product.shape.length !== 2 || inputs.length !== 2) return undefined;
  return g.node('MatMul', [...inputs, bias], product.shape, product.dtype, attributes);
}

/** `x` with a larger shape. */
export function broadcastTo(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x;
  const number = splatNumber(x);
  if (number !== undefined) return g.splat(number, shape, x.dtype);
  return g.node('Expand', [x, g.int64s(shape)], shape, x.dtype);
}

/** `x` as another element type; to int32 it truncates, to bool it asks for "not zero". */
export function cast(g: GraphBuilder, x: Value, dtype: ElementType): Value {
  if (x.dtype === dtype) return x;
  const number = splatNumber(x);
  if (number !== undefined && x.dtype !== 'int64') return g.splat(number, x.shape, dtype);
  const onnxType = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 }[dtype];
  return unary(g, 'Cast', x, { to: { int: onnxType } }, dtype);
}

/** `condition ? a : b`, all broadcast. */
export function select(g: GraphBuilder, condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
  // onnxruntime's Where knows no bool.
  if (a.dtype === 'bool') return cast(g, select(g, condition, cast(g, a, 'int32'), cast(g, b, 'int32')), 'bool');
  return g.node('Where', [condition, a, b], shape, a.dtype);
}

const simpleUnary: Record<string, string> = {
  Abs: 'Abs',
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  Log: 'Log',
  LogicalNot: 'Not',
  Neg: 'Neg',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Round: 'Round',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Sinh: 'Sinh',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
  Elu: 'Elu',
};

const simpleBinary: Record<string, string> = {
  BitwiseAnd: 'BitwiseAnd',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  LogicalXor: 'Xor',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
};

/** The angle of (b, a), from the quotient's where it is in the right half. */
function atan2(g: GraphBuilder, a: Value, b: Value): Value {
  const zero = numberLike(g, 0, a);
  const angle = unary(g, 'Atan', binary(g, 'Div', a, b));
  const pi = (x: number) => numberLike(g, x * Math.PI, a);
  const up = binary(g, 'GreaterOrEqual', a, zero, 'bool');
  const left = binary(g, 'Add', angle, select(g, up, pi(1), pi(-1)));
  const onAxis = binary(g, 'Mul', unary(g, 'Sign', a), pi(0.5));
  const half = select(g, binary(g, 'Less', b, zero, 'bool'), left, angle);
  return select(g, binary(g, 'Equal', b, zero, 'bool'), onAxis, half);
}

const comparisons: Record<string, string> = {
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
};

const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;

/** Element by element: arithmetic, comparisons, activations. */
export const elementwiseRules: Record<string, Rule> = {
  ...Object.fromEntries(Object.entries(simpleUnary).map(([kernel, op]): [string, Rule] => [kernel, (g, { x }) => unary(g, op, x!)])),
  ...Object.fromEntries(
    Object.entries(simpleBinary).map(([kernel, op]): [string, Rule] => [kernel, (g, { a, b }) => binary(g, op, a!, b!)]),
  ),
  ...Object.fromEntries(
    Object.entries(comparisons).map(([kernel, op]): [string, Rule] => [kernel, (g, { a, b }) => binary(g, op, a!, b!, 'bool')]),
  ),

  Add: (g, { a, b }) => arithmetic(g, 'Add', a!, b!),
  Sub: (g, { a, b }) => arithmetic(g, 'Sub', a!, b!),
  Multiply: (g, { a, b }) => arithmetic(g, 'Mul', a!, b!),
  RealDiv: (g, { a, b }) => arithmetic(g, 'Div', a!, b!),
  Atan2: (g, { a, b }) => atan2(g, a!, b!),
  AddN: (g, inputs) => Object.values(inputs).reduce((sum, term) => arithmetic(g, 'Add', sum, term)),
  NotEqual: (g, { a, b }) => unary(g, 'Not', binary(g, 'Equal', a!, b!, 'bool')),
  SquaredDifference: (g, { a, b }) => {
    const difference = arithmetic(g, 'Sub', a!, b!);
    return binary(g, 'Mul', difference, difference);
  },
  Square: (g, { x }) => binary(g, 'Mul', x!, x!),
  Rsqrt: (g, { x }) => unary(g, 'Reciprocal', unary(g, 'Sqrt', x!)),
  // tfjs gives int32 here, also for floats.
  FloorDiv: (g, { a, b }) =>
    a!.dtype === 'float32' ? cast(g, unary(g, 'Floor', binary(g, 'Div', a!, b!)), 'int32') : floorDivide(g, a!, b!),
  Mod: (g, { a, b }) =>
    a!.dtype === 'float32'
      ? binary(g, 'Sub', a!, binary(g, 'Mul', unary(g, 'Floor', binary(g, 'Div', a!, b!)), b!))
      : g.node('Mod', [a!, b!], broadcastShapes(a!.shape, b!.shape), a!.dtype),

  ClipByValue: (g, { x }, { clipValueMin, clipValueMax }: { clipValueMin: number; clipValueMax: number }) =>
    g.node('Clip', [x!, numberLike(g, clipValueMin, x!), numberLike(g, clipValueMax, x!)], x!.shape, x!.dtype),
  Relu6: (g, { x }) => g.node('Clip', [x!, numberLike(g, 0, x!), numberLike(g, 6, x!)], x!.shape, x!.dtype),
  LeakyRelu: (g, { x }, { alpha }: { alpha: number }) => unary(g, 'LeakyRelu', x!, { alpha: { float: alpha } }),
  Prelu: (g, { x, alpha }) => prelu(g, x!, alpha!),
  Selu: (g, { x }) => unary(g, 'Selu', x!, { alpha: { float: seluAlpha }, gamma: { float: seluScale } }),
  EluGrad: (g, { dy, y }) => select(g, atLeastZero(g, y!), dy!, binary(g, 'Mul', dy!, binary(g, 'Add', y!, numberLike(g, 1, y!)))),
  Step: (g, { x }, { alpha }: { alpha: number }) => {
    const stepped = select(g, positive(g, x!), numberLike(g, 1, x!), numberLike(g, alpha, x!));
    return select(g, unary(g, 'IsNaN', x!, undefined, 'bool'), x!, stepped);
  },

  IsNan: (g, { x }) => unary(g, 'IsNaN', x!, undefined, 'bool'),
  IsInf: (g, { x }) => unary(g, 'IsInf', x!, undefined, 'bool'),
  IsFinite: (g, { x }) =>
    unary(g, 'Not', binary(g, 'Or', unary(g, 'IsInf', x!, undefined, 'bool'), unary(g, 'IsNaN', x!, undefined, 'bool'))),

  // exp(x) − 1 loses all digits near 0; 2t / (1 − t) with t = tanh(x / 2) is the same number and does not.
  Expm1: (g, { x }) => {
    const t = unary(g, 'Tanh', binary(g, 'Mul', x!, numberLike(g, 0.5, x!)));
    const near = binary(g, 'Div', binary(g, 'Mul', t, numberLike(g, 2, t)), binary(g, 'Sub', numberLike(g, 1, t), t));
    const far = binary(g, 'Sub', unary(g, 'Exp', x!), numberLike(g, 1, x!));
    return select(g, binary(g, 'Less', unary(g, 'Abs', x!), numberLike(g, 0.5, x!), 'bool'), near, far);
  },
  // max(x, 0) + log1p(e), e = exp(−|x|): onnxruntime's Softplus goes element by element through libm, these are vectorised. log1p as below.
  Softplus: (g, { x }) => {
    const one = numberLike(g, 1, x!);
    const e = unary(g, 'Exp', unary(g, 'Neg', unary(g, 'Abs', x!)));
    const u = binary(g, 'Add', e, one);
    const corrected = binary(g, 'Div', binary(g, 'Mul', unary(g, 'Log', u), e), binary(g, 'Sub', u, one));
    const small = select(g, binary(g, 'Equal', u, one, 'bool'), e, corrected);
    return binary(g, 'Add', unary(g, 'Relu', x!), small);
  },
  // Kahan: log(u) · x / (u − 1) with u = 1 + x corrects the rounding of u.
  Log1p: (g, { x }) => {
    const one = numberLike(g, 1, x!);
    const u = binary(g, 'Add', x!, one);
    const corrected = binary(g, 'Div', binary(g, 'Mul', unary(g, 'Log', u), x!), binary(g, 'Sub', u, one));
    const small = select(g, binary(g, 'Equal', u, one, 'bool'), x!, corrected);
    return select(g, unary(g, 'IsInf', u, undefined, 'bool'), u, small);
  },

  Cast: (g, { x }, { dtype }: { dtype: ElementType }) => cast(g, x!, dtype),
  Select: (g, { condition, t, e }) => select(g, condition!, t!, e!),
  Identity: (_, { x }) => x!,
};

function positive(g: GraphBuilder, x: Value): Value {
  return binary(g, 'Greater', x, numberLike(g, 0, x), 'bool');
}

/** `max(x, 0) + alpha · min(x, 0)`. */
export function prelu(g: GraphBuilder, x: Value, alpha: Value): Value {
  return select(g, positive(g, x), x, binary(g, 'Mul', x, alpha));
}

function atLeastZero(g: GraphBuilder, x: Value): Value {
  return binary(g, 'GreaterOrEqual', x, numberLike(g, 0, x), 'bool');
}

/** ONNX divides integers towards zero, tfjs towards minus infinity. */
function floorDivide(g: GraphBuilder, a: Value, b: Value): Value {
  const zero = numberLike(g, 0, a);
  const quotient = binary(g, 'Div', a, b);
  const remainder = binary(g, 'Sub', a, binary(g, 'Mul', quotient, b));
  const inexact = unary(g, 'Not', binary(g, 'Equal', remainder, zero, 'bool'));
  const opposite = binary(g, 'Xor', binary(g, 'Less', remainder, zero, 'bool'), binary(g, 'Less', b, zero, 'bool'));
  return binary(g, 'Sub', quotient, cast(g, binary(g, 'And', inexact, opposite), 'int32'));
}
