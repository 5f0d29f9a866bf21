import { runFile } from './torch.js';

/** Runs a program and reads the JSON of its last line. */
export async function runJson<T>(command: string, args: readonly string[], env: object = {}): Promise<T> {
  const { stdout } = await runFile(command, [...args], { env: { ...process.env, ...env }, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

/** The middle one, or of two in the middle the larger. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
