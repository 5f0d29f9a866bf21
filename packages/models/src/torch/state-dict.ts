import { isObject, isTensor, type TorchDict, type TorchTensor, type TorchValue } from './torch-value.js';

/**
 * The weights in what a PyTorch file holds, by name: below `state_dict` where there is one, as training programs save; the dictionary
 * itself; or the attributes of TorchScript's modules, joined by dots.
 *
 * @returns undefined where there are none
 */
export function findStateDict(value: TorchValue): ReadonlyMap<string, TorchTensor> | undefined {
  const root = value instanceof Map && value.has('state_dict') ? value.get('state_dict')! : value;
  const found = new Map<string, TorchTensor>();
  if (root instanceof Map) {
    for (const [name, entry] of root) if (typeof name === 'string' && isTensor(entry)) found.set(name, entry);
  } else if (isObject(root)) {
    collect(root.state, '', found, new Set());
  }
  return found.size > 0 ? found : undefined;
}

/**
 * Tensors below a module. Each module is entered once on a way down and once at all: a file that holds itself, or names one module from
 * many places, ends all the same.
 */
function collect(attributes: TorchValue, prefix: string, found: Map<string, TorchTensor>, seen: Set<TorchDict>): void {
  if (!(attributes instanceof Map) || seen.has(attributes) || seen.size > mostModules) return;
  seen.add(attributes);
  for (const [name, value] of attributes) {
    if (typeof name !== 'string') continue;
    if (isTensor(value)) found.set(prefix + name, value);
    else if (isObject(value) && prefix.length < longestName) collect(value.state, `${prefix}${name}.`, found, seen);
  }
}

/** Far above any CLIP (bigG-14 has about 1,500 modules), and a bound on the recursion. */
const mostModules = 20_000;
const longestName = 1_000;
