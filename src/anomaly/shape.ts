/**
 * The shape of a line: which kinds of characters stand beside each other. Letters are alike, digits are alike, punctuation
 * is itself. What is injected into a line (a query, a path, a control character) nearly always has a triple that its
 * source never had, whatever the words are.
 */
const BITS = 6;
const TRIPLE_MASK = (1 << (3 * BITS)) - 1;
const FOUR_MASK = (1 << (4 * BITS)) - 1;
const TRIPLES_BYTES = (1 << (3 * BITS)) / 8;
const DIGIT = 2;

const CLASSES: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  let next = 6;
  for (let byte = 0; byte < 256; byte++) {
    if (byte === 0x20 || byte === 0x09) table[byte] = 1;
    else if (byte < 0x20 || byte === 0x7f) table[byte] = 0;
    else if (byte >= 0x80) table[byte] = 5;
    else if (byte >= 0x30 && byte <= 0x39) table[byte] = DIGIT;
    else if (byte >= 0x61 && byte <= 0x7a) table[byte] = 3;
    else if (byte >= 0x41 && byte <= 0x5a) table[byte] = 4;
    else table[byte] = next++;
  }
  return table;
}

/** The classes of two neighbours, looked up by both bytes at once, the first the low one. */
const PAIRS: Uint16Array = Uint16Array.from({ length: 65_536 }, (_, both) => {
  const first = CLASSES[both & 0xff] as number;
  return (first << BITS) | (CLASSES[both >> 8] as number);
});

const FIRST = 0x1041;

/** The triples one source has had. */
export class Shapes {
  readonly #words = new Int32Array(TRIPLES_BYTES / 4);
  /** Of the line looked at last: triples never seen before. */
  unseen = 0;

  get bits(): Uint8Array {
    return new Uint8Array(this.#words.buffer);
  }

  /** Looks at a line and learns it. Two bytes a step: this is asked of every byte of every record. */
  look(bytes: Uint8Array, from: number, to: number): void {
    const words = this.#words;
    let four = FIRST;
    let seen = 1;
    let i = from;
    for (; i < to - 1; i += 2) {
      const two = (bytes[i] as number) | ((bytes[i + 1] as number) << 8);
      four = ((four << (2 * BITS)) | (PAIRS[two] as number)) & FOUR_MASK;
      const first = four >> BITS;
      const second = four & TRIPLE_MASK;
      seen &= ((words[first >> 5] as number) >> first) & ((words[second >> 5] as number) >> second);
    }
    if (i < to) {
      const last = ((four << BITS) | (CLASSES[bytes[i] as number] as number)) & TRIPLE_MASK;
      seen &= (words[last >> 5] as number) >> last;
    }
    this.unseen = (seen & 1) === 1 ? 0 : this.#learn(bytes, from, to);
  }

  /** Once more, for a line that has something new. */
  #learn(bytes: Uint8Array, from: number, to: number): number {
    const words = this.#words;
    let triple = FIRST;
    let unseen = 0;
    for (let i = from; i < to; i++) {
      triple = ((triple << BITS) | (CLASSES[bytes[i] as number] as number)) & TRIPLE_MASK;
      const seen = words[triple >> 5] as number;
      const bit = 1 << triple;
      if ((seen & bit) === 0) unseen++;
      words[triple >> 5] = seen | bit;
    }
    return unseen;
  }
}

/**
 * The length of the longest run of digits that is longer than `most`; `most` when there is none. Such a run covers one of
 * every `most + 1` places, so few bytes are read.
 */
export function longestDigits(bytes: Uint8Array, from: number, to: number, most: number): number {
  let longest = most;
  for (let at = from + longest; at < to; at += longest + 1) {
    if (!isDigit(bytes[at] as number)) continue;
    let start = at;
    while (start > from && isDigit(bytes[start - 1] as number)) start--;
    while (at + 1 < to && isDigit(bytes[at + 1] as number)) at++;
    longest = Math.max(longest, at + 1 - start);
  }
  return longest;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
