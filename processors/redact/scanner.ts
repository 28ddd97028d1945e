import { CloserLook } from './closer-look.ts';
import type { Findings } from './findings.ts';
import type { RuleName } from './rules.ts';
import type { SecretNames } from './secret-names.ts';
import { hashOf, Reason, STRIDE } from './triggers.ts';
import { createTriggers } from './what-triggers.ts';

const THREE_BYTES = 0xffffff;
const ALL_REASONS = 0xff;

export interface ScannerOptions {
  /** Looks closer at every byte. Finds the same and takes longer; for tests. */
  readonly isThorough?: boolean;
}

/**
 * Finds secrets and personal data in text. The quick look passes over what cannot belong to anything, see `Triggers`;
 * the closer look is bounded, or ends in a finding that is not looked at again. So the time grows with the length and no
 * faster.
 */
export class Scanner {
  readonly found: Findings;
  readonly #look: CloserLook;
  readonly #table: Uint8Array;
  readonly #stride: number;
  #bytes: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(isOn: (rule: RuleName) => boolean, names: SecretNames, { isThorough = false }: ScannerOptions = {}) {
    this.#look = new CloserLook(isOn, names);
    this.found = this.#look.found;
    const { table } = createTriggers(isOn, names);
    this.#table = isThorough ? new Uint8Array(table.length).fill(ALL_REASONS) : table;
    this.#stride = isThorough ? 1 : STRIDE;
  }

  /** Fills `found` with what is in `bytes[from, to)`; returns how much. */
  scan(bytes: Buffer, from: number, to: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const view = this.#view;
    const table = this.#table;
    const stride = this.#stride;
    const look = this.#look;
    look.begin(bytes, from, to);
    // Two places at a time: in most texts neither has anything, and one question is enough. Numbers are frequent, and a
    // card without gaps has digits at both.
    const last = to - stride - 4;
    let at = from;
    while (at <= last) {
      const first = table[hashOf(view.getInt32(at, true) & THREE_BYTES)] as number;
      const second = table[hashOf(view.getInt32(at + stride, true) & THREE_BYTES)] as number;
      if ((((first | second) & ~Reason.digits) | (first & second)) === 0) {
        at += 2 * stride;
        continue;
      }
      const next = this.#lookAt(at, (first & ~Reason.digits) | (first & second & Reason.digits), to);
      if (next > at) at = next;
      else at = Math.max(at + 2 * stride, this.#lookAt(at + stride, second & ~Reason.digits, to));
    }
    for (; at <= to - 4; at += stride) {
      const reasons = (table[hashOf(view.getInt32(at, true) & THREE_BYTES)] as number) & ~Reason.digits;
      if (reasons !== 0) at = Math.max(at, this.#lookAt(at, reasons, to) - stride);
    }
    return this.found.count;
  }

  /** Asks about the neighbours first: a false alarm seldom has them too. Returns where the scan goes on, or 0. */
  #lookAt(at: number, seen: number, to: number): number {
    let reasons = seen & Reason.digits;
    if (seen !== reasons) reasons |= seen & this.#around(at, to);
    return reasons === 0 ? 0 : this.#look.at(at, reasons);
  }

  /**
   * What was entered came as three triples side by side, and the one at `at` is the first, the second or the third of
   * them. Where a neighbour would lie outside of the text, it may be anything.
   */
  #around(at: number, to: number): number {
    const view = this.#view;
    const table = this.#table;
    const { floor } = this.found;
    const next = table[hashOf(view.getInt32(at, true) >>> 8)] as number;
    const afterNext = at + 5 > to ? ALL_REASONS : (table[hashOf(view.getInt32(at + 1, true) >>> 8)] as number);
    if (at - 2 < floor) {
      const before = at === floor ? ALL_REASONS : (table[hashOf(view.getInt32(at - 1, true) & THREE_BYTES)] as number);
      return before | (next & afterNext);
    }
    const word = view.getInt32(at - 2, true);
    const twoBefore = table[hashOf(word & THREE_BYTES)] as number;
    const before = table[hashOf(word >>> 8)] as number;
    return (twoBefore & before) | (before & next) | (next & afterNext);
  }
}
