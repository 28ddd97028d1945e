import type { Clock } from '#component';

// A bound for the case that messages are not constant after all.
const WINDOWS_MAX = 1_000;

/** What was said of one message since its window opened. */
interface Window {
  /** The facts of the lines that were written. */
  readonly shown: Set<string>;
  withheld: number;
  close(): void;
}

export interface RepeatsSettings {
  readonly windowMs: number;
  /** Lines of one message in a window, if their facts differ. */
  readonly shownMax: number;
}

export type WriteSum = (repeated: number, seconds: number) => void;

/**
 * Sums up what the agent says again and again. Within a window the first lines of a message pass as far as they differ
 * in their facts; the rest is counted and said in one line when the window ends.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #shownMax: number;
  readonly #windows = new Map<string, Window>();

  /** With a window of 0 everything passes. */
  constructor(clock: Clock, { windowMs, shownMax }: RepeatsSettings) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#shownMax = shownMax;
  }

  /** True when the line may be written now; else it is counted. */
  admits(message: string, facts: string, writeSum: WriteSum): boolean {
    const window = this.#windows.get(message);
    if (!window) {
      if (this.#windowMs > 0 && this.#windows.size < WINDOWS_MAX) this.#open(message, facts, writeSum);
      return true;
    }
    if (window.shown.size < this.#shownMax && !window.shown.has(facts)) {
      window.shown.add(facts);
      return true;
    }
    window.withheld++;
    return false;
  }

  /** Writes the sums of all windows that are open. */
  flush(): void {
    for (const window of this.#windows.values()) window.close();
  }

  #open(message: string, facts: string, writeSum: WriteSum): void {
    const clock = this.#clock;
    const began = clock.monotonic();
    const timer = clock.after(this.#windowMs, () => window.close());
    const window: Window = {
      shown: new Set([facts]),
      withheld: 0,
      close: () => {
        timer.cancel();
        this.#windows.delete(message);
        if (window.withheld > 0) writeSum(window.withheld, Math.max(1, Math.round((clock.monotonic() - began) / 1000)));
      },
    };
    this.#windows.set(message, window);
  }
}
