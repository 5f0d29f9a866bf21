import type { Attributes, ConstantData, ElementType, Node, Origin, OutputSpec, Source, Value } from './graph.js';

/**
 * Builds a graph, node by node. A node that was built before (same operator, inputs and attributes) is given again instead of
 * being built twice: common sub-expressions never exist.
 */
export class GraphBuilder {
  readonly inputs: Value[] = [];
  #nextId = 0;
  readonly #nodes = new Map<string, Node>();
  readonly #constants = new Map<string, Value>();
  readonly #kernelCounts = new Map<string, number>();
  #origin: Origin = { kernel: 'node', scope: '', line: '' };

  /** Says where nodes built from here on come from; they are named after the kernel. */
  enter(origin: Origin): void {
    this.#origin = origin;
  }

  input(shape: readonly number[], dtype: ElementType): Value {
    const value = this.#value(shape, dtype, { kind: 'input', index: this.inputs.length });
    this.inputs.push(value);
    return value;
  }

  /** A constant. `data` belongs to the graph from here on. */
  constant(data: ConstantData, shape: readonly number[], dtype: ElementType): Value {
    const uniform = uniformValue(data);
    if (uniform !== undefined) return this.splat(uniform, shape, dtype);
    if (data.length > 64) return this.#value(shape, dtype, { kind: 'constant', data });
    return this.#memo(`${dtype}[${shape}]${data}`, () => this.#value(shape, dtype, { kind: 'constant', data }));
  }

  /** A constant that holds one number everywhere. */
  splat(number: number, shape: readonly number[], dtype: ElementType): Value {
    const exact = dtype === 'float32' ? Math.fround(number) : dtype === 'bool' ? Number(number !== 0) : Math.trunc(number);
    const text = Object.is(exact, -0) ? '-0' : String(exact);
    return this.#memo(`${dtype}[${shape}]=${text}`, () => this.#value(shape, dtype, { kind: 'splat', number: exact }));
  }

  /** A constant of another graph. Its numbers are shared. */
  restate({ shape, dtype, source }: Value): Value {
    if (source.kind === 'splat') return this.splat(source.number, shape, dtype);
    if (source.kind !== 'constant') throw new Error(`only constants can be restated, not an ${source.kind}`);
    return source.data.length > 64 ? this.#value(shape, dtype, source) : this.constant(source.data, shape, dtype);
  }

  /** An int64 vector, as ONNX wants axes, shapes and pads. */
  int64s(numbers: readonly number[]): Value {
    return this.constant(BigInt64Array.from(numbers, BigInt), [numbers.length], 'int64');
  }

  /** One operator with several outputs. */
  nodes(op: string, inputs: readonly Value[], outputs: readonly OutputSpec[], attributes: Attributes = {}): readonly Value[] {
    const key = `${op}(${inputs.map(({ id }) => id)})${JSON.stringify(attributes)}>${outputs.map(({ dtype, shape }) => `${dtype}[${shape}]`)}`;
    const found = this.#nodes.get(key);
    if (found) return found.outputs;
    const origin = this.#origin;
    const count = this.#kernelCounts.get(origin.kernel) ?? 0;
    this.#kernelCounts.set(origin.kernel, count + 1);
    const node: Node = { op, inputs, attributes, outputs: [], name: `${origin.kernel}_${count}`, origin };
    (node.outputs as Value[]).push(...outputs.map(({ shape, dtype }) => this.#value(shape, dtype, { kind: 'node', node })));
    this.#nodes.set(key, node);
    return node.outputs;
  }

  /** One operator with one output. Without elements it is nothing to compute, and no device is asked to. */
  node(op: string, inputs: readonly Value[], shape: readonly number[], dtype: ElementType, attributes?: Attributes): Value {
    if (shape.includes(0)) return this.splat(0, shape, dtype);
    return this.nodes(op, inputs, [{ shape, dtype }], attributes)[0]!;
  }

  #value(shape: readonly number[], dtype: ElementType, source: Source): Value {
    return { id: this.#nextId++, shape: [...shape], dtype, source };
  }

  #memo(key: string, make: () => Value): Value {
    let value = this.#constants.get(key);
    if (!value) this.#constants.set(key, (value = make()));
    return value;
  }
}

function uniformValue(data: ConstantData): number | undefined {
  if (data.length === 0 || data instanceof BigInt64Array) return undefined;
  const first = data[0]!;
  for (let i = 1; i < data.length; i++) if (!Object.is(data[i], first)) return undefined;
  return first;
}

/** The number of a splat, or undefined. */
export function splatNumber(value: Value): number | undefined {
  return value.source.kind === 'splat' ? value.source.number : undefined;
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The shape that numpy's rules broadcast two shapes to. tfjs has checked already that they agree. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[a.length - rank + axis] ?? 1;
    const right = b[b.length - rank + axis] ?? 1;
    return left === 1 ? right : left;
  });
}
