import type { Timer } from '#component';
import type { Context } from './context.ts';
import type { Tail } from './tail.ts';

const GONE_MAX = 4096;
const GONE_MS = 7 * 24 * 3600 * 1000;
const SWEEP_MS = 60_000;

/**
 * Forgets files that have been gone for long. They are remembered for a while because a rotated file comes back
 * compressed, perhaps days later, and must not be read again then.
 */
export class Remembered {
  readonly #context: Context;
  #timer: Timer | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  start(): void {
    this.#timer = this.#context.clock.after(SWEEP_MS, () => {
      this.sweep();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  sweep(): void {
    const { tails, positions, clock } = this.#context;
    const gone: Tail[] = [];
    for (const tail of tails) if (tail.state === 'gone' && tail.ranges.length === 0) gone.push(tail);
    const oldest = clock.now() - GONE_MS;
    gone.sort((a, b) => b.seenAt - a.seenAt);
    for (const [index, tail] of gone.entries()) {
      if (index < GONE_MAX && tail.seenAt >= oldest) continue;
      tails.delete(tail);
      positions.forget(tail);
    }
  }
}
