export interface SequenceCounts {
  readonly records: number;
  /** Different numbers. */
  readonly distinct: number;
  /** Records whose number had come before. */
  readonly repeated: number;
  /** Records that came for the first time after a greater number of the same file. */
  readonly outOfOrder: number;
}

const SEQUENCE = /seq=([0-9]+)/;

/** Counts records by the number in `seq=<number>`. */
export class SequenceBook {
  readonly #seen = new Set<number>();
  readonly #greatest = new Map<string, number>();
  #records = 0;
  #repeated = 0;
  #outOfOrder = 0;

  enter(body: string, file: string): void {
    this.#records++;
    const match = SEQUENCE.exec(body);
    if (!match) return;
    const number = Number(match[1]);
    const greatest = this.#greatest.get(file) ?? -1;
    if (this.#seen.has(number)) this.#repeated++;
    else if (number < greatest) this.#outOfOrder++;
    this.#seen.add(number);
    this.#greatest.set(file, Math.max(greatest, number));
  }

  get counts(): SequenceCounts {
    return { records: this.#records, distinct: this.#seen.size, repeated: this.#repeated, outOfOrder: this.#outOfOrder };
  }

  /** The numbers below `upTo` that never came. */
  missing(upTo: number): number[] {
    return Array.from({ length: upTo }, (_, number) => number).filter((number) => !this.#seen.has(number));
  }
}
