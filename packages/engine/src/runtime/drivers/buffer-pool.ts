/**
 * Memory that runs write their results to, used again and again. A donated array gives its buffer back after the run, so that the
 * next results of the same size land there: two sets of state buffers, swapped, and no garbage.
 */
export class BufferPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;
  #capacityBytes = 0;

  /** Lets the pool keep as much as one run of another program may want. */
  grow(bytes: number): void {
    this.#capacityBytes += bytes;
  }

  shrink(bytes: number): void {
    this.#capacityBytes -= bytes;
    for (const [size, buffers] of this.#free) {
      while (buffers.length > 0 && this.#freeBytes > this.#capacityBytes) {
        buffers.pop();
        this.#freeBytes -= size;
      }
    }
  }

  take(bytes: number): ArrayBuffer {
    const buffer = this.#free.get(bytes)?.pop();
    if (!buffer) return new ArrayBuffer(bytes);
    this.#freeBytes -= bytes;
    return buffer;
  }

  give(buffer: ArrayBuffer): void {
    if (this.#freeBytes + buffer.byteLength > this.#capacityBytes) return;
    const buffers = this.#free.get(buffer.byteLength);
    if (buffers) buffers.push(buffer);
    else this.#free.set(buffer.byteLength, [buffer]);
    this.#freeBytes += buffer.byteLength;
  }
}
