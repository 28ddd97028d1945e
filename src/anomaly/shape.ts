/**
 * The shape of a line: which kinds of characters stand beside each other. Letters are alike, digits are alike, punctuation
 * is itself. What is injected into a line (a query, a path, a control character) nearly always has a triple that its
 * source never had, whatever the words are.
 */
const BITS = 6;
const TRIPLE_MASK = (1 << (3 * BITS)) - 1;
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

const FIRST = 0x1041;

/** The triples one source has had. */
export class Shapes {
  readonly #words = new Int32Array(TRIPLES_BYTES / 4);
  /** Of the line looked at last: triples never seen before, and its longest run of digits. */
  unseen = 0;
  digits = 0;

  get bits(): Uint8Array {
    return new Uint8Array(this.#words.buffer);
  }

  /** Looks at a line and learns it. */
  look(bytes: Uint8Array, from: number, to: number): void {
    const words = this.#words;
    let triple = FIRST;
    let missing = 0;
    let run = 0;
    let digits = 0;
    for (let i = from; i < to; i++) {
      const kind = CLASSES[bytes[i] as number] as number;
      triple = ((triple << BITS) | kind) & TRIPLE_MASK;
      missing |= ~(words[triple >> 5] as number) & (1 << triple);
      // All ones for a digit, else zero: the length of a run without a branch, which digits among letters would mislead.
      run = (run + 1) & (((kind ^ DIGIT) - 1) >> 31);
      if (run > digits) digits = run;
    }
    this.digits = digits;
    this.unseen = missing === 0 ? 0 : this.#learn(bytes, from, to);
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
