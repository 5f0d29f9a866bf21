/** What to do about a failure inside onnxruntime, by its message. */
export function hintFor(message: string): string | undefined {
  if (/AppendExecutionProvider|Failed to load library|cudaSetDevice|WebGPU adapter/.test(message))
    return 'formatDevices(await devices()) says what this machine lacks';
  if (/alloc|out of memory/i.test(message)) return 'The device has not that much memory: take a smaller batch or fewer texts at once';
  return undefined;
}
