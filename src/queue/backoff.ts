import { parseDuration } from '#component';
import type { RetryConfig } from './config.ts';

/** How long to wait after which failure: exponential, bounded, jittered. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #multiplier: number;
  readonly #jitter: number;
  readonly #random: () => number;

  constructor(config: RetryConfig, random: () => number) {
    this.#initialMs = parseDuration(config.initial_interval);
    this.#maxMs = parseDuration(config.max_interval);
    this.#multiplier = config.multiplier;
    this.#jitter = config.randomization_factor;
    this.#random = random;
  }

  /** `failures` counts from 1. The backend's own wish is honoured when it is longer. */
  delayMs(failures: number, retryAfterMs: number = 0): number {
    const plain = Math.min(this.#initialMs * this.#multiplier ** (failures - 1), this.#maxMs);
    const jittered = plain * (1 + this.#jitter * (2 * this.#random() - 1));
    return Math.max(jittered, retryAfterMs);
  }
}
