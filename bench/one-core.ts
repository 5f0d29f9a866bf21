import { runFile, torchEnvironment } from './torch.js';

let pinning: Promise<readonly string[]> | undefined;

/** The words before a command that keep it on one core, its threads too; none where there is no taskset. */
function pinned(): Promise<readonly string[]> {
  pinning ??= runFile('taskset', ['-c', '0', 'true']).then(
    () => ['taskset', '-c', '0'],
    () => [],
  );
  return pinning;
}

/** Whether `runOnOneCore` can keep its word. */
export async function canPin(): Promise<boolean> {
  return (await pinned()).length > 0;
}

/** Runs a program on one core, with the allocator settings that help PyTorch, and reads the JSON of its last line. */
export async function runOnOneCore<Result>(command: string, args: readonly string[]): Promise<Result> {
  const [program, ...rest] = [...(await pinned()), command, ...args];
  const { stdout } = await runFile(program!, rest, { maxBuffer: 2 ** 24, env: { ...process.env, ...torchEnvironment } });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Result;
}

/** How to run a TypeScript file of this folder: the arguments of `node`. */
export function tsArguments(file: string): string[] {
  return ['--import', 'tsx', '--conditions=source', file];
}
