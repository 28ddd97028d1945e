import type { Clock, Timer } from '#component';

/** The right to make one attempt. */
export interface Ticket {
  /** How often the gate had been closed when the ticket was given. */
  readonly closings: number;
}

/** Who asks to pass. */
interface Visitor {
  readonly sequence: number;
  /** Attempts in vain. */
  readonly failures: number;
}

interface Waiter extends Visitor {
  readonly resolve: (ticket: Ticket | undefined) => void;
}

/**
 * Stands between all requests of an exporter and its backend.
 *
 * While it is open everybody passes. A failure that concerns the backend as a whole closes it for a while; then one
 * request is let through as a probe, and only its success opens the gate for the others. So a backend that is down or
 * throttles sees one request now and then, not one from each consumer. Who has failed least probes first: requests that fail
 * each time, while the backend takes all others, keep nobody waiting for good.
 */
export class Gate {
  readonly #clock: Clock;
  readonly #waiters: Waiter[] = [];
  #state: 'open' | 'closed' | 'probing' | 'stopped' = 'open';
  #isDue = false;
  #timer: Timer | undefined;
  #closings = 0;
  #opensAt = 0;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Somebody waits to probe. */
  get hasWaiter(): boolean {
    return this.#waiters.length > 0;
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Closings in a row, without a success in between, if the attempt of this ticket fails too. */
  failuresWith(ticket: Ticket): number {
    return ticket.closings === this.#closings ? this.#failures + 1 : Math.max(1, this.#failures);
  }

  /** How long nobody passes. */
  get closedMs(): number {
    return this.#state === 'closed' ? Math.max(0, this.#opensAt - this.#clock.monotonic()) : 0;
  }

  /** Resolves when an attempt may be made, with nothing when there will be none any more. */
  enter({ sequence, failures }: Visitor): Promise<Ticket | undefined> {
    if (this.#state === 'stopped') return Promise.resolve(undefined);
    if (this.#state === 'open') return Promise.resolve({ closings: this.#closings });
    return new Promise((resolve) => {
      const isBehind = (other: Waiter): boolean => other.failures > failures || (other.failures === failures && other.sequence > sequence);
      const at = this.#waiters.findIndex(isBehind);
      this.#waiters.splice(at < 0 ? this.#waiters.length : at, 0, { sequence, failures, resolve });
      this.#probe();
    });
  }

  /** The backend answered. An answer to a request from before the closing says nothing about now. */
  succeeded(ticket: Ticket): void {
    if (this.#state === 'stopped' || ticket.closings !== this.#closings) return;
    this.#failures = 0;
    this.#state = 'open';
    for (const { resolve } of this.#waiters.splice(0)) resolve({ closings: this.#closings });
  }

  /** The attempt was not made after all: another may probe. */
  giveBack(ticket: Ticket): void {
    if (this.#state !== 'probing' || ticket.closings !== this.#closings) return;
    this.#state = 'closed';
    this.#probe();
  }

  /**
   * Nobody passes for `ms`. Requests that were on their way fail one after another; they only make the wait longer.
   * True when the gate was open before.
   */
  close(ticket: Ticket, ms: number): boolean {
    if (this.#state === 'stopped') return false;
    const now = this.#clock.monotonic();
    const wasOpen = this.#state === 'open';
    if (ticket.closings === this.#closings) {
      this.#failures++;
      this.#closings++;
    } else if (this.#state !== 'closed' || now + ms <= this.#opensAt) {
      return false;
    }
    this.#state = 'closed';
    this.#isDue = false;
    this.#opensAt = now + ms;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#due());
    return wasOpen;
  }

  /** The next probe may go at once. */
  hurry(): void {
    if (this.#state === 'closed') this.#due();
  }

  /** Everybody who waits, and everybody who comes, is turned away. */
  stop(): void {
    this.#state = 'stopped';
    this.#timer?.cancel();
    for (const { resolve } of this.#waiters.splice(0)) resolve(undefined);
  }

  #due(): void {
    this.#timer?.cancel();
    this.#isDue = true;
    this.#probe();
  }

  #probe(): void {
    if (this.#state !== 'closed' || !this.#isDue) return;
    const next = this.#waiters.shift();
    if (!next) return;
    this.#state = 'probing';
    next.resolve({ closings: this.#closings });
  }
}
