import { ValueType, type LogBatch } from '#model';

interface Keyword {
  readonly bytes: Uint8Array;
  readonly rule: number;
  /** Whether a letter or digit may follow. */
  readonly isOpenEnded: boolean;
}

/** ASCII letters in lower case, everything else as it is. */
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));
// What is known of a byte: that words are made of it (letters, digits, underscore, any character beyond ASCII), and that
// a keyword begins with it. One look tells both.
const WORD = 1;
const FIRST = 2;
const WORDS = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 || /\w/.test(String.fromCharCode(byte)) ? WORD : 0));

/** Finds the keywords of all rules in one pass over the bytes of a body, in any case, as whole words. */
export class Keywords {
  /** By first byte in lower case. */
  readonly #byFirst: (Keyword[] | undefined)[] = Array.from({ length: 256 });
  readonly #signs: Uint8Array = Uint8Array.from(WORDS);
  /** By rule: 1 when the last body had one of its keywords. */
  readonly #isMet: Uint8Array;

  constructor(keywordsByRule: readonly (readonly string[])[]) {
    this.#isMet = new Uint8Array(keywordsByRule.length);
    for (const [rule, keywords] of keywordsByRule.entries()) {
      for (const keyword of keywords) {
        const bytes = Buffer.from(keyword, 'utf8').map((byte) => LOWER[byte] as number);
        const first = bytes[0] as number;
        (this.#byFirst[first] ??= []).push({ bytes, rule, isOpenEnded: WORDS[bytes.at(-1) as number] === 0 });
      }
    }
    for (let byte = 0; byte < 256; byte++)
      if (this.#byFirst[LOWER[byte] as number]) this.#signs[byte] = (this.#signs[byte] as number) | FIRST;
  }

  isMet(rule: number): boolean {
    return this.#isMet[rule] === 1;
  }

  /** Looks through the body of a row. */
  read(batch: LogBatch, row: number): void {
    this.#isMet.fill(0);
    const type = batch.bodyType[row];
    if (type === ValueType.string || type === ValueType.bytes) {
      const start = batch.bodyStart[row] as number;
      const from = start >= 0 ? start : ~start;
      this.#scan(start >= 0 ? batch.space.bytes : batch.space.side, from, from + (batch.bodySize[row] as number));
    } else if (type === ValueType.encoded) {
      const text = Buffer.from(batch.bodyText(row), 'utf8');
      this.#scan(text, 0, text.length);
    }
  }

  #scan(bytes: Uint8Array, from: number, to: number): void {
    const signs = this.#signs;
    let before = 0;
    for (let i = from; i < to; i++) {
      const sign = signs[bytes[i] as number] as number;
      // Inside a word no word begins.
      if ((sign & FIRST) !== 0 && (sign & before & WORD) === 0) this.#compare(bytes, i, to);
      before = sign;
    }
  }

  #compare(bytes: Uint8Array, at: number, to: number): void {
    for (const keyword of this.#byFirst[LOWER[bytes[at] as number] as number] ?? []) {
      if (isAt(keyword, bytes, at, to)) this.#isMet[keyword.rule] = 1;
    }
  }
}

function isAt({ bytes: own, isOpenEnded }: Keyword, bytes: Uint8Array, at: number, to: number): boolean {
  const end = at + own.length;
  if (end > to) return false;
  for (let i = 1; i < own.length; i++) if (LOWER[bytes[at + i] as number] !== own[i]) return false;
  return isOpenEnded || end === to || WORDS[bytes[end] as number] === 0;
}
