import type { Counter } from '#component';

/** Something in a body that could not be taken, while the rest was. */
export interface Complaint {
  /** Which line or element, from 1. */
  readonly record: number;
  /** Byte in the line or element, from 1. */
  readonly position: number;
  readonly message: string;
}

// Enough to see what is wrong; a body may have a million bad lines.
const KEPT_MAX = 20;

/** Counts the records of one request: those taken, and those that are no records. */
export class Complaints {
  accepted = 0;
  refused = 0;
  readonly first: Complaint[] = [];
  readonly #counter: Counter;

  readonly #keptMax: number;

  constructor(counter: Counter, keptMax: number = KEPT_MAX) {
    this.#counter = counter;
    this.#keptMax = keptMax;
  }

  add(record: number, position: number, message: string): void {
    this.refused++;
    this.#counter.add(1);
    if (this.first.length < this.#keptMax) this.first.push({ record, position, message });
  }
}
