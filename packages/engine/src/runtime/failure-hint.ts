/** What to do about a failure inside onnxruntime, by its message. */
export function hintFor(message: string): string | undefined {
  if (/AppendExecutionProvider|Failed to load library|cudaSetDevice|WebGPU adapter/.test(message))
    return 'formatDevices(await devices()) says what this machine lacks';
  if (/alloc|out of memory/i.test(message)) return 'The device has not that much memory: take a smaller batch or fewer texts at once';
  if (/requires f16/.test(message)) return "This GPU, or its driver, has no float16 (WebGPU's shader-f16): take precision 'fp32'";
  return undefined;
}
