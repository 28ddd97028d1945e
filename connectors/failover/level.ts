import { RefusedError, type Clock, type Outlet } from '#component';
import type { LogBatch } from '#model';

/** The pipelines of one priority, and what is known of how they are. */
export class Level {
  readonly #outlet: Outlet;
  readonly #retryMs: number;
  #triedAt = 0;
  #hasRefused = false;

  constructor(outlet: Outlet, retryMs: number) {
    this.#outlet = outlet;
    this.#retryMs = retryMs;
  }

  start(clock: Clock): void {
    this.#triedAt = clock.monotonic();
  }

  get name(): string {
    return this.#outlet.pipelines.join(', ');
  }

  get isUp(): boolean {
    return this.#outlet.isUp && !this.#outlet.isHolding && !this.#hasRefused;
  }

  /** At most one batch waits at a level that is down. */
  get hasRoom(): boolean {
    return !this.#outlet.isHolding;
  }

  /** True when it is up, or has been left alone for long. */
  isWorthTrying(nowMs: number): boolean {
    return this.isUp || (this.hasRoom && nowMs - this.#triedAt >= this.#retryMs);
  }

  /** The refusal, if it refuses. */
  async offer(batch: LogBatch, clock: Clock): Promise<RefusedError | undefined> {
    this.#triedAt = clock.monotonic();
    try {
      await this.#outlet.lend(batch);
      this.#hasRefused = false;
      return undefined;
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      this.#hasRefused = true;
      return problem;
    }
  }
}
