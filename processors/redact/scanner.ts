import { CloserLook } from './closer-look.ts';
import type { Findings } from './findings.ts';
import type { RuleName } from './rules.ts';
import type { SecretNames } from './secret-names.ts';
import { hashOf, Reason, STRIDE } from './triggers.ts';
import { createTriggers } from './what-triggers.ts';

const FOLD = 0x20202020;
const THREE_BYTES = 0xffffff;
const ALL_REASONS = 0xff;
const LOWER_CASE = 0x60;

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
  readonly #hasCards: boolean;
  readonly #stride: number;
  #bytes: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(isOn: (rule: RuleName) => boolean, names: SecretNames, { isThorough = false }: ScannerOptions = {}) {
    this.#look = new CloserLook(isOn, names);
    this.found = this.#look.found;
    const { table } = createTriggers(isOn, names);
    this.#table = isThorough ? new Uint8Array(table.length).fill(ALL_REASONS) : table;
    this.#stride = isThorough ? 1 : STRIDE;
    this.#hasCards = isOn('card');
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
    const hasCards = this.#hasCards;
    look.begin(bytes, from, to);
    const last = to - 4;
    let at = from;
    while (at <= last) {
      const word = view.getInt32(at, true) | FOLD;
      // Digits have a 3 in their upper half, and so do six signs; adding 6 to the lower half tells them apart.
      if (hasCards && ((word & 0xf0f0f0f0) | 0) === 0x30303030 && (((word + 0x06060606) & 0xf0f0f0f0) | 0) === 0x30303030) {
        const next = look.atDigits(at);
        if (next > at) {
          at = next;
          continue;
        }
      }
      const reasons = table[hashOf(word & THREE_BYTES)] as number;
      // Most false alarms are words that begin like a country; those of account numbers are in upper case.
      if (reasons === 0 || (reasons === Reason.account && (bytes[at + 1] as number) >= LOWER_CASE)) at += stride;
      else at = Math.max(at + stride, look.at(at, reasons));
    }
    return this.found.count;
  }
}
