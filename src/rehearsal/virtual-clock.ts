import type { Clock, Timer } from '#component';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Time that is moved by hand. Timers run in order of their moment while `advance` passes them. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(now: number = Date.UTC(2026, 0, 30, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  after(ms: number, action: () => void): Timer {
    const pending = { at: this.#now + ms, order: this.#order++, action };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.after(ms, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }

  /** Moves time on, running what is due; promises get to run between two timers. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settleMicrotasks();
      const due = [...this.#pending].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.#pending.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.action();
    }
    this.#now = until;
    await settleMicrotasks();
  }
}

/** Lets promises and immediates that are ready run. */
export async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
