/** Element types inside a graph: tfjs's three, and int64 for ONNX's own index inputs. */
export type ElementType = 'float32' | 'int32' | 'bool' | 'int64';

/** Numbers of a constant. */
export type ConstantData = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** An ONNX attribute, with its kind. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] };

export type Attributes = Readonly<Record<string, Attribute>>;

/** Where a value comes from. A splat is a constant of one number, whatever its shape: it costs no memory. */
export type Source =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'constant'; readonly data: ConstantData }
  | { readonly kind: 'splat'; readonly number: number }
  | { readonly kind: 'node'; readonly node: Node };

/** An array in the program: static shape, one source. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  readonly source: Source;
}

/**
 * One ONNX operator. The only one that is not quite ONNX's is `MatMul`, which may carry `transA` and `transB`: which operator
 * does that best depends on the device and is chosen when the program is encoded. In two dimensions a third input is added to every row.
 * `alpha` multiplies the product, `beta` the third input.
 */
export interface Node {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** The tfjs kernel and the count of it, for messages and profiles. */
  readonly name: string;
  /** Where in the traced function it comes from. */
  readonly origin: Origin;
}

/** Where a node comes from: a tfjs kernel, the named scopes around it (`forward/encoder`), and the user's line where it was asked for. */
export interface Origin {
  readonly kernel: string;
  readonly scope: string;
  readonly line: string;
}

/** A traced function: which arguments it takes, which values it gives. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export interface OutputSpec {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
