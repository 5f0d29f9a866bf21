import { registerGradients } from '@fsc-clip/core/tensor';
import { type KernelFunc, registerKernel } from '@tensorflow/tfjs-core';
import type { Value } from '../graph/graph.js';
import { rules } from '../rules/index.js';
import { backendName, type TraceBackend, type TracedInfo, traceBackend } from './backend.js';
import { currentScope } from './scope.js';
import { userLine } from './user-line.js';

let registered = false;

/** Registers every rule as a tfjs kernel of the tracing backend, once. */
export function registerRules(): TraceBackend {
  registerGradients();
  const backend = traceBackend();
  if (registered) return backend;
  registered = true;
  for (const [kernelName, rule] of Object.entries(rules)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs }) => {
      backend.graph.enter({ kernel: kernelName, scope: currentScope(), line: backend.keepsLines ? userLine() : '' });
      const values: Record<string, Value> = {};
      for (const [name, info] of Object.entries(inputs)) if (info) values[name] = backend.resolve(info as TracedInfo);
      const result = rule(backend.graph, values, (attrs ?? {}) as never);
      return 'shape' in result ? backend.track(result) : result.map((value) => backend.track(value));
    };
    registerKernel({ kernelName, backendName, kernelFunc });
  }
  return backend;
}
