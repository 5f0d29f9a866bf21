import type { Value } from '../graph/graph.js';
import type { Traced } from '../trace/trace.js';
import { type Lowering, lowerProducts } from './lower-products.js';

/** A traced function whose products compute in half precision, if there is a lowering; its results and probes are float32 as before. */
export function inPrecision(traced: Traced, lowering: Lowering | undefined): Traced {
  if (!lowering) return traced;
  const { inputs, outputs } = traced.graph;
  const lowered = lowerProducts({ inputs, outputs: [...outputs, ...Object.values(traced.probes)] }, lowering);
  const probes: Record<string, Value> = Object.create(null);
  Object.keys(traced.probes).forEach((name, i) => {
    probes[name] = lowered.outputs[outputs.length + i]!;
  });
  return { ...traced, graph: { inputs: lowered.inputs, outputs: lowered.outputs.slice(0, outputs.length) }, probes };
}
