import { engine } from '@tensorflow/tfjs-core';

/** Names that tfjs and the trace give to scopes of their own. */
const unnamed = new Set(['unnamed scope', 'jit']);

/**
 * The named scopes that are open now, outermost first, e.g. `forward/encoder`: the user's `tidy('encoder', …)`, and tfjs's own `forward`
 * and `backward` around a function and its gradient. The scopes that tfjs opens for every operation are left out.
 */
export function currentScope(): string {
  return engine()
    .state.scopeStack.map(({ name }) => name)
    .filter((name) => !unnamed.has(name) && !name.endsWith('__op'))
    .join('/');
}
