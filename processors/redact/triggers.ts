/**
 * The quick look. A text is read three bytes at a time, at every third place, and only where those three may belong to
 * something that is looked for, the scanner looks closer:
 *
 *   …   p a s s w o r d =   …
 *       ^^^   ^^^   ^^^        any five bytes in a row contain three of them at a place that is read
 *
 * So what is looked for is entered by five bytes in a row, each of which may be one of several, as three triples. Which
 * five, is chosen such that as few triples as possible are entered.
 */

/** Why the scanner looks closer. */
export const Reason = { name: 1, url: 2, account: 4, shape: 8 } as const;

/** Bytes that may stand at one place. */
export type Place = readonly number[];

/** How far apart the places are that are read. */
export const STRIDE = 3;
const WINDOW = STRIDE + 2;

/** Upper and lower case fall together with this bit; other bytes that do cost a closer look at most. */
const FOLD = 0x20;
// Half a megabyte of which ordinary text touches a few hundred lines; with less, triples that are common in logs meet
// entered ones by chance.
const TABLE_BITS = 19;
// The best of 3,000: with it hardly a triple of ordinary text meets one that is entered.
const MULTIPLIER = 0x70b78cff;

export class Triggers {
  /** Reasons by the hash of three bytes. */
  readonly table: Uint8Array = new Uint8Array(2 ** TABLE_BITS);

  /** Enters what is looked for, five bytes or more. */
  add(places: readonly Place[], reason: number): void {
    const folded = places.map((place) => Array.from(new Set(place.map((byte) => byte | FOLD))));
    const begin = cheapest(folded);
    for (let i = begin; i < begin + STRIDE; i++) {
      const [first = [], second = [], third = []] = folded.slice(i, i + 3);
      for (const a of first) for (const b of second) for (const c of third) this.#enter(a | (b << 8) | (c << 16), reason);
    }
  }

  #enter(triple: number, reason: number): void {
    const at = hashOf(triple);
    this.table[at] = (this.table[at] as number) | reason;
  }
}

/** Index into the table of three bytes that are folded already. */
export function hashOf(triple: number): number {
  return Math.imul(triple, MULTIPLIER) >>> (32 - TABLE_BITS);
}

function cheapest(places: readonly Place[]): number {
  let best = 0;
  let least = Infinity;
  for (let begin = 0; begin + WINDOW <= places.length; begin++) {
    let triples = 0;
    for (let i = begin; i < begin + STRIDE; i++) triples += sizeAt(places, i) * sizeAt(places, i + 1) * sizeAt(places, i + 2);
    if (triples >= least) continue;
    least = triples;
    best = begin;
  }
  return best;
}

function sizeAt(places: readonly Place[], i: number): number {
  return places[i]?.length ?? 0;
}
