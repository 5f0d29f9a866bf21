// One command for every measurement: `npm run bench -- step --model ViT-B-32 --batch 8 --json`.

const benches: Record<string, () => Promise<{ run(args: string[]): Promise<void> }>> = {
  engine: () => import('./engine.js'),
  features: () => import('./features.js'),
  losses: () => import('./losses.js'),
  'losses-large': () => import('./losses-large.js'),
  memory: () => import('./memory.js'),
  step: () => import('./step.js'),
  update: () => import('./update.js'),
  weights: () => import('./weights.js'),
};

const [name, ...args] = process.argv.slice(2);
const bench = benches[name ?? ''];
if (!bench) {
  console.error(
    `usage: npm run bench -- NAME [options]\n\nNAME is one of: ${Object.keys(benches).join(', ')}. Each explains its options with --help.`,
  );
  process.exitCode = 2;
} else {
  await (await bench()).run(args);
}
