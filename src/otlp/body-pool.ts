import { Buffer } from 'node:buffer';

// Bodies of one exporter are alike in size; rounding up lets one buffer serve many of them.
const STEP_BYTES = 64 * 1024;

/** Where the writers take the buffer of a body from. */
export interface BodyBuffers {
  /** At least `bytes` long. */
  take(bytes: number): Buffer;
}

/** A new buffer each time. */
export const freshBuffers: BodyBuffers = { take: (bytes) => Buffer.allocUnsafeSlow(bytes) };

/**
 * Keeps the buffers of bodies that were sent, or read back from disk, for bodies to come. A new one of a megabyte costs some hundred page faults
 * and brings the next full garbage collection nearer; that was a fifth of the agent's CPU time.
 */
export class BodyPool implements BodyBuffers {
  readonly #bytesMax: number;
  readonly #spare: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(bytes: number): Buffer {
    const found = this.#spare.findIndex(({ length }) => length >= bytes && length <= 2 * bytes + STEP_BYTES);
    const [spare] = found < 0 ? [] : this.#spare.splice(found, 1);
    if (!spare) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#bytes -= spare.length;
    return spare;
  }

  /** The body is not referred to any more; it is a part of the buffer that `take` gave. Others are left alone. */
  give(body: Buffer): void {
    const whole = Buffer.from(body.buffer);
    if (whole.length % STEP_BYTES !== 0 || whole.length > this.#bytesMax) return;
    this.#spare.push(whole);
    this.#bytes += whole.length;
    // The sizes that are asked for may have changed: those that nobody took for longest go first.
    while (this.#bytes > this.#bytesMax) this.#bytes -= this.#spare.shift()?.length ?? 0;
  }
}
