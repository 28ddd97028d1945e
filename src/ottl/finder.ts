import { parseRegex } from '../operators/regex/parse.ts';
import type { Environment } from './environment.ts';
import { requiredTexts } from './literals.ts';
import type { TextLocator } from './text-locator.ts';

// How often it is asked before it is decided whether it is worth it, and for how long that holds.
const TRIAL = 1024;
const DECIDED = 64 * 1024;

/**
 * Says of a text in the batch's own bytes that a pattern cannot match it, because a part is missing that every match
 * has. The rows of a file lie side by side, so one search of the bytes answers for all rows up to the next place where
 * the part is: hundreds of lines cost one look.
 */
export class Finder {
  readonly #environment: Environment;
  readonly #needles: readonly Buffer[];
  /** From where each needle was searched for, and where it was found; Infinity when it was not. */
  readonly #searched: Float64Array;
  readonly #found: Float64Array;
  #bytes: Buffer | undefined;
  #epoch = 0;
  #asked = 0;
  #hits = 0;
  #isUseless = false;

  private constructor(environment: Environment, needles: readonly Buffer[]) {
    this.#environment = environment;
    this.#needles = needles;
    this.#searched = new Float64Array(needles.length);
    this.#found = new Float64Array(needles.length);
  }

  /** Undefined for a pattern that has no such part. */
  static of(pattern: string, environment: Environment): Finder | undefined {
    const texts = requiredTexts(parseRegex(pattern));
    return (
      texts &&
      new Finder(
        environment,
        texts.map((text) => Buffer.from(text)),
      )
    );
  }

  /** False when the located text surely holds none of the parts. */
  mayMatch(locator: TextLocator): boolean {
    const { epoch } = this.#environment;
    // Without somebody who says when the next batch begins, what was found may lie in other bytes by now.
    if (epoch === 0 || !locator.isOwn || this.#isResting()) return true;
    const { bytes, from, to } = locator;
    if (bytes !== this.#bytes || epoch !== this.#epoch) {
      this.#bytes = bytes;
      this.#epoch = epoch;
      this.#searched.fill(Infinity);
    }
    const isHit = this.#find(bytes, from, to);
    if (isHit) this.#hits++;
    return isHit;
  }

  #find(bytes: Buffer, from: number, to: number): boolean {
    const searched = this.#searched;
    const found = this.#found;
    for (let i = 0; i < this.#needles.length; i++) {
      const needle = this.#needles[i] as Buffer;
      const start = searched[i] as number;
      if (start !== Infinity && from < start) {
        // Rows that go back and forth are searched one by one, or each would search all that follows.
        if (bytes.subarray(from, to).includes(needle)) return true;
        continue;
      }
      if (start === Infinity || (found[i] as number) < from) {
        const at = bytes.indexOf(needle, from);
        found[i] = at < 0 ? Infinity : at;
        searched[i] = from;
      }
      if ((found[i] as number) + needle.length <= to) return true;
    }
    return false;
  }

  /** A part that is in most texts saves nothing. */
  #isResting(): boolean {
    const asked = ++this.#asked;
    if (asked === TRIAL) this.#isUseless = this.#hits * 2 > TRIAL;
    if (asked < DECIDED) return this.#isUseless;
    this.#asked = 0;
    this.#hits = 0;
    this.#isUseless = false;
    return false;
  }
}
