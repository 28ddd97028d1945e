/**
 * The quick look. A text is read three bytes at a time, at every third place, and only where those three may belong to
 * something that is looked for, the scanner looks closer:
 *
 *   …   p a s s w o r d =   …
 *       ^^^   ^^^   ^^^        any five bytes in a row contain three of them at a place that is read
 *
 * So what is looked for is entered by five bytes in a row, each of which may be one of several, as three triples. Which
 * five, is chosen such that ordinary text seldom has them.
 */

/** Why the scanner looks closer. */
export const Reason = { name: 1, url: 2, account: 4, shape: 8, groups: 16, digits: 32, option: 64 } as const;

/** Bytes that may stand at one place. */
export type Place = readonly number[];

/** How far apart the places are that are read. */
export const STRIDE = 3;
const WINDOW = STRIDE + 2;

// Half a megabyte of which ordinary text touches a few hundred lines; with less, triples that are common in logs meet
// entered ones by chance.
const TABLE_BITS = 19;
// The best of 3,000: with it hardly a triple of ordinary text meets one that is entered.
const MULTIPLIER = 0xf1562db5 | 0;

export class Triggers {
  /** Reasons by the hash of three bytes. */
  readonly table: Uint8Array = new Uint8Array(2 ** TABLE_BITS);

  /** Enters what is looked for, five bytes or more. */
  add(places: readonly Place[], reason: number): void {
    const begin = cheapest(places);
    for (let i = begin; i < begin + STRIDE; i++) {
      const [first = [], second = [], third = []] = places.slice(i, i + 3);
      for (const a of first) for (const b of second) for (const c of third) this.#enter(a | (b << 8) | (c << 16), reason);
    }
  }

  #enter(triple: number, reason: number): void {
    const at = hashOf(triple);
    this.table[at] = (this.table[at] as number) | reason;
  }
}

/** Index into the table of three bytes, the first one lowest. */
export function hashOf(triple: number): number {
  return Math.imul(triple, MULTIPLIER) >>> (32 - TABLE_BITS);
}

/** Where the five bytes begin that ordinary text has least often. */
function cheapest(places: readonly Place[]): number {
  const chances = places.map(chanceOf);
  let best = 0;
  let least = Infinity;
  for (let begin = 0; begin + WINDOW <= places.length; begin++) {
    let chance = 0;
    for (let i = begin; i < begin + STRIDE; i++) chance += (chances[i] ?? 0) * (chances[i + 1] ?? 0) * (chances[i + 2] ?? 0);
    if (chance >= least) continue;
    least = chance;
    best = begin;
  }
  return best;
}

// About how many of a thousand bytes of a log are which. It only has to tell rare ones from frequent ones.
const PER_THOUSAND =
  'e55 t45 a40 o38 i38 n38 s38 r35 l22 d22 c20 u15 m15 p14 g11 h11 f10 y8 b8 w7 v6 k6 x4 q2 j2 z2 "45 :20 -12 .15 /12 ,12 =6 _8';
const PER_SPACE = 100;
const PER_DIGIT = 18;
const PER_UPPER = 4;
const PER_OTHER = 1;

const chances: Float64Array = new Float64Array(256).fill(PER_OTHER);
chances.fill(PER_DIGIT, 0x30, 0x3a);
chances.fill(PER_UPPER, 0x41, 0x5b);
chances[0x20] = PER_SPACE;
for (const entry of PER_THOUSAND.split(' ')) chances[entry.charCodeAt(0)] = Number(entry.slice(1));

function chanceOf(place: Place): number {
  let sum = 0;
  for (const byte of place) sum += chances[byte] ?? 0;
  return sum / 1000;
}
