import type { Window } from './window.ts';

const COMPACT_MIN = 1024;

/** Open windows in the order in which they began to hold something. Those closed in between are passed over. */
export class HoldingQueue {
  #windows: Window[] = [];
  #first = 0;
  #open = 0;

  add(window: Window): void {
    this.#windows.push(window);
    this.#open++;
  }

  oldest(): Window | undefined {
    this.#passOver();
    return this.#windows[this.#first];
  }

  /** One window has been closed. What it holds is let go of soon: never more closed ones are kept than open ones, and a few. */
  closed(): void {
    this.#open--;
    this.#passOver();
    if (this.#windows.length <= 2 * this.#open + COMPACT_MIN) return;
    this.#windows = this.#windows.slice(this.#first).filter(({ row }) => row >= 0);
    this.#first = 0;
  }

  #passOver(): void {
    const windows = this.#windows;
    while (this.#first < windows.length && (windows[this.#first] as Window).row < 0) this.#first++;
  }
}
