import type { Clock } from '#component';
import type { Limits } from './config.ts';

/** Wakes one waiter early. */
export class Bell {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;
  #hasRung = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ring(): void {
    this.#hasRung = true;
    this.#wake?.();
  }

  /** Resolves after `ms`, or when the bell rings or has rung since the last wait. */
  async wait(ms: number): Promise<void> {
    if (!this.#hasRung) {
      await new Promise<void>((resolve) => {
        const timer = Number.isFinite(ms) ? this.#clock.after(ms, resolve) : undefined;
        this.#wake = () => {
          timer?.cancel();
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#hasRung = false;
  }
}

/**
 * What is under way between the files and those who make records safe. Reading pauses while too much is; what was
 * abandoned is read again after a pause that grows.
 */
export class Flow {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #bells = new Set<Bell>();
  deliveries = 0;
  bytes = 0;
  #againMs = 0;
  #againAt = 0;

  constructor(limits: Limits, clock: Clock, random: () => number) {
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
  }

  attach(bell: Bell): void {
    this.#bells.add(bell);
  }

  get isFull(): boolean {
    return this.bytes >= this.#limits.unsettledBytesMax || this.deliveries >= this.#limits.unsettledDeliveriesMax;
  }

  /** True when ranges that were abandoned may be read again. */
  get mayReadAgain(): boolean {
    return this.#clock.monotonic() >= this.#againAt;
  }

  began(bytes: number): void {
    this.deliveries++;
    this.bytes += bytes;
  }

  /** What began will not be heard of again; it begins anew. */
  withdrew(bytes: number): void {
    this.deliveries--;
    this.bytes -= bytes;
  }

  ended(bytes: number, wasAbandoned: boolean): void {
    const wasFull = this.isFull;
    this.deliveries--;
    this.bytes -= bytes;
    if (!wasAbandoned) this.#againMs = 0;
    else if (this.mayReadAgain) {
      this.#againMs = this.backoff(this.#againMs);
      this.#againAt = this.#clock.monotonic() + this.#againMs * (0.5 + this.#random() / 2);
    }
    if (wasFull && !this.isFull) for (const bell of this.#bells) bell.ring();
  }

  /** The pause after one of `ms`. */
  backoff(ms: number): number {
    return Math.min(this.#limits.retryMaxMs, ms === 0 ? this.#limits.retryFirstMs : ms * 2);
  }
}
