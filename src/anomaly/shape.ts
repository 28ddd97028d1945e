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

/** The triples one source has had. */
export class Shapes {
  #bits: Uint8Array;
  /** Of the line looked at last: triples never seen before, and its longest run of digits. */
  unseen = 0;
  digits = 0;

  constructor(bits: Uint8Array = new Uint8Array(TRIPLES_BYTES)) {
    this.#bits = bits;
  }

  get bits(): Uint8Array {
    return this.#bits;
  }

  /** Looks at a line and learns it. */
  look(bytes: Uint8Array, from: number, to: number): void {
    const bits = this.#bits;
    let triple = 0x1041;
    let unseen = 0;
    let run = 0;
    let digits = 0;
    for (let i = from; i < to; i++) {
      const kind = CLASSES[bytes[i] as number] as number;
      triple = ((triple << BITS) | kind) & TRIPLE_MASK;
      if (kind === DIGIT) run++;
      else if (run > 0) {
        if (run > digits) digits = run;
        run = 0;
      }
      const at = triple >> 3;
      const bit = 1 << (triple & 7);
      const seen = bits[at] as number;
      if ((seen & bit) === 0) {
        unseen++;
        bits[at] = seen | bit;
      }
    }
    this.unseen = unseen;
    this.digits = run > digits ? run : digits;
  }
}
