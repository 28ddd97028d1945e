import { Buffer } from 'node:buffer';

// Bodies of one exporter are alike in size; rounding up lets one buffer serve many of them.
const STEP_BYTES = 64 * 1024;
// A buffer that so many others were given after was of a size that is seldom asked for. Kept, such sizes would add up to
// the bound of the pool within hours.
const GIVEN_AFTER_MAX = 8;

interface Spare {
  readonly buffer: Buffer;
  /** How many had been given before. */
  readonly order: number;
}

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
  /** Those given first come first. */
  readonly #spare: Spare[] = [];
  #bytes = 0;
  #given = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(bytes: number): Buffer {
    const found = this.#spare.findIndex(({ buffer: { length } }) => length >= bytes && length <= 2 * bytes + STEP_BYTES);
    const [spare] = found < 0 ? [] : this.#spare.splice(found, 1);
    if (!spare) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#bytes -= spare.buffer.length;
    return spare.buffer;
  }

  /** The body is not referred to any more; it is a part of the buffer that `take` gave. Others are left alone. */
  give(body: Buffer): void {
    const buffer = Buffer.from(body.buffer);
    if (buffer.length % STEP_BYTES !== 0 || buffer.length > this.#bytesMax) return;
    this.#spare.push({ buffer, order: this.#given++ });
    this.#bytes += buffer.length;
    for (let first = this.#spare[0]; first && this.#isTooMuch(first); first = this.#spare[0]) {
      this.#bytes -= first.buffer.length;
      this.#spare.shift();
    }
  }

  #isTooMuch(first: Spare): boolean {
    return this.#bytes > this.#bytesMax || this.#given - first.order > GIVEN_AFTER_MAX;
  }
}
