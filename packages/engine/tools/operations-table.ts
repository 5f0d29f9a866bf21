import '@tensorflow/tfjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { registerGradients } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type Case, isDifferentiable } from '../src/rules/case.fixture.js';
import { caseFamilies } from '../src/rules/cases/index.fixture.js';
import { rules } from '../src/rules/index.js';
import { refusals } from '../src/rules/refusals.js';

// Writes docs/operations.md: what compiles, from the rules, the cases that test them, and tfjs's registry of gradients.
//   npx tsx --conditions=source packages/engine/tools/operations-table.ts

export const tableFile = new URL('../../../docs/operations.md', import.meta.url);
/** Kernels of which `npm run test:webgpu` saw a case fail on a software device. */
const onWebgpu: Readonly<Record<string, string>> = JSON.parse(readFileSync(new URL('webgpu-exceptions.json', import.meta.url), 'utf8'));

const kernelNames = Object.values<unknown>(tf).flatMap((value) => (typeof value === 'string' && /^(_F|[A-Z])/.test(value) ? [value] : []));
const ofTfjs = new Map(kernelNames.map((kernel) => [kernel, tf.getGradient(kernel)])); // before core adds its own
registerGradients();

const fused = 'tfjs, of its parts: linear, relu, relu6 (none of the other activations)';
const ofGradients = 'none: no second derivative';
/** Kernels without a gradient in the registry: why, or where it comes from. */
const withoutGradient: Readonly<Record<string, string>> = {
  _FusedMatMul: fused,
  FusedConv2D: fused,
  FusedDepthwiseConv2D: fused,
  EluGrad: ofGradients,
  LRNGrad: ofGradients,
  Conv2DBackpropFilter: ofGradients,
  Conv3DBackpropFilterV2: ofGradients,
  Conv3DBackpropInputV2: ofGradients,
  DepthwiseConv2dNativeBackpropFilter: ofGradients,
  DepthwiseConv2dNativeBackpropInput: ofGradients,
  MaxPoolGrad: ofGradients,
  MaxPool3DGrad: ofGradients,
  AvgPoolGrad: ofGradients,
  AvgPool3DGrad: ofGradients,
  LogicalXor: 'none: logic',
  BitwiseAnd: 'none: integers',
  Bincount: 'none: counts; in the weights use unsortedSegmentSum',
  DenseBincount: 'none: counts; in the weights use unsortedSegmentSum',
  SparseToDense: 'none: use scatterND',
  Fill: 'none: no tensor goes in',
  Range: 'none: no tensor goes in',
  LinSpace: 'none: no tensor goes in',
  ThreefryFoldIn: 'none: integers',
  ThreefryUniform: 'none: random numbers',
};

function gradientCell(kernel: string, cases: readonly Case[]): string {
  const now = tf.getGradient(kernel);
  if (now === undefined) {
    const why = withoutGradient[kernel];
    if (why === undefined) throw new Error(`operations-table: say in withoutGradient why ${kernel} has no gradient`);
    return why;
  }
  const before = ofTfjs.get(kernel);
  const whose = before === undefined ? 'core' : before === now ? 'tfjs' : 'tfjs, repaired';
  return `${whose}${cases.some(isDifferentiable) ? ', compared' : ', not compared: a step, or integers'}`;
}

function row(kernel: string): string {
  const cases = Object.values(caseFamilies)
    .flat()
    .filter((one) => one.kernel === kernel);
  const dtypes = [...new Set(cases.flatMap(({ inputs }) => inputs.map(({ dtype }) => dtype)))].sort();
  const value = `${dtypes.join(', ')} · ${cases.length} case${cases.length === 1 ? '' : 's'}`;
  return `| ${kernel} | ${value} | ${gradientCell(kernel, cases)} | tested | ${onWebgpu[kernel] ?? 'software device'} | not tested |`;
}

/** The text of docs/operations.md. */
export function operationsTable(): string {
  const byName = ([a]: [string, unknown], [b]: [string, unknown]) => a.localeCompare(b, 'en');
  const compiled = Object.entries(rules).sort(byName);
  const refused = Object.entries(refusals).sort(byName);
  const forgotten = kernelNames.filter((kernel) => !(kernel in rules) && !(kernel in refusals));
  if (forgotten.length > 0) throw new Error(`operations-table: neither a rule nor a reason for ${forgotten.join(', ')}`);
  return `# Operations

What \`jit\` compiles, by tfjs kernel (an operation like \`tf.norm\` or \`tf.moments\` is made of several). Written by
\`packages/engine/tools/operations-table.ts\` from the rules, the cases that test them, and tfjs's registry of gradients; a test keeps it so.

- **value**: element types and number of cases. Each is compared with tfjs's cpu backend, to 2e-6 of the largest number (webgpu: 1e-4).
- **gradient**: whose it is. "core": supplied by \`registerGradients\` of \`@fsc-clip/core/tensor\`, checked against finite differences.
  "repaired": tfjs's own was wrong or threw; the docs of \`registerGradients\` say how. "compared": eager and compiled are compared in it too.
- **cpu**: onnxruntime's CPU provider, in every run of the tests.
- **webgpu**: "software device": all cases pass on SwiftShader (\`npm run test:webgpu\`), where onnxruntime carries out on the cpu what it has
  no WebGPU kernel for; not run on a GPU. Otherwise a case fails there, and why.
- **cuda**: not tested by us on a GPU.

Not repaired: \`norm\` (like any \`sqrt\`) has no finite gradient at 0: add a small number inside the root. Convolutions with dilation have a
value and no gradient in tfjs, \`batchNorm\` has a gradient only with a scale: both throw, eager and compiled. \`atan2(-0, x)\` with a negative x
is π compiled, -π in tfjs.

| kernel | value | gradient | cpu | webgpu | cuda |
| --- | --- | --- | --- | --- | --- |
${compiled.map(([kernel]) => row(kernel)).join('\n')}

## Refused

A trace that meets one of these throws, with the hint below.

| kernel | instead |
| --- | --- |
${refused.map(([kernel, hint]) => `| ${kernel} | ${hint} |`).join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(tableFile, operationsTable());
