import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const help = `The engine itself, on cpu; each part in a process of its own, one after the other.

  start    ViT-B/32, batch 8, full fine-tuning and LoRA: trace, encoding and session of the first call; the same from the cache;
           bytes that cross between the user's thread and the engine's worker in a step
  update   AdamW over 151 million parameters: npm run bench -- update
  memory   a tiny CLIP trained for 5,000 steps: growth per step

npm run bench -- engine [options]
  --parts NAMES     full,lora,update,memory (all); full and lora take up to 10 GB of memory
  --model NAME      an open_clip name (ViT-B-32)
  --steps N         of the part memory (5000)
  --json            print one line of JSON only`;

const runFile = promisify(execFile);

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: 'full,lora,update,memory' },
      model: { type: 'string', default: 'ViT-B-32' },
      steps: { type: 'string', default: '5000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'fsc-clip-bench-'));
  const parts: Record<string, readonly [file: string, ...args: string[]]> = {
    full: ['./engine-start.ts', values.model, '0', folder],
    lora: ['./engine-start.ts', values.model, '4', folder],
    update: ['./main.ts', 'update', '--json'],
    memory: ['./engine-memory.ts', values.steps],
  };
  const results: Record<string, unknown> = {};
  try {
    for (const name of values.parts.split(',')) {
      if (!parts[name]) throw new Error(`--parts must be among ${Object.keys(parts).join(', ')}, got ${name}`);
      const [file, ...rest] = parts[name];
      if (!values.json) console.error(`${name} …`);
      const { stdout } = await runFile(process.execPath, [...process.execArgv, fileURLToPath(new URL(file, import.meta.url)), ...rest]);
      results[name] = JSON.parse(stdout.trim().split('\n').at(-1)!);
      if (!values.json) console.error(JSON.stringify(results[name], null, 2));
    }
  } finally {
    await rm(folder, { recursive: true });
    if (values.json) console.log(JSON.stringify(results)); // also when a later part failed: minutes of measuring
  }
}
