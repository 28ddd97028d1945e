// Buffers of equal sizes are found again; 64 KiB is little beside a body of 1 MiB.
const STEP_BYTES = 64 * 1024;
const WASTE_FACTOR_MAX = 4;

/**
 * Memory for bodies read back from disk, used again and again. Fresh memory would be filled with zeros by the kernel first,
 * and stay until the next garbage collection: 50 MiB and a third of the CPU time of reading.
 */
export class BufferPool {
  readonly #bytesMax: number;
  readonly #free: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A buffer of at least that size. */
  take(bytes: number): Buffer {
    const at = this.#free.findIndex(({ length }) => length >= bytes && length <= bytes * WASTE_FACTOR_MAX + STEP_BYTES);
    const [found] = at < 0 ? [] : this.#free.splice(at, 1);
    this.#bytes -= found?.length ?? 0;
    return found ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }

  /** Only for who is sure that nobody refers to it any more. */
  give(buffer: Buffer): void {
    if (this.#bytes + buffer.length > this.#bytesMax) return;
    this.#bytes += buffer.length;
    this.#free.push(buffer);
  }
}
