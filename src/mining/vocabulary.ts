import { hashText } from './key.ts';
import { keepNewest } from './bounded.ts';

const WORDS_MAX = 8192;

/**
 * Words that have stood where words vary: `root` after `user`. Who is a user in one message is one in the next, so such
 * a word counts double as evidence, and behind the same word as before it is evidence enough.
 */
export class Vocabulary {
  readonly #words = new Set<number>();
  readonly #pairs = new Set<number>();
  /** How often something new was learned. */
  growth = 0;

  learn(before: string | undefined, value: string): void {
    if (!isName(value)) return;
    const word = hashText(value);
    this.#words.add(word);
    keepNewest(this.#words, WORDS_MAX);
    if (before === undefined) return;
    const pair = pairOf(before, word);
    if (this.#pairs.has(pair)) return;
    this.#pairs.add(pair);
    this.growth++;
    keepNewest(this.#pairs, WORDS_MAX);
  }

  isValue(text: string): boolean {
    return this.#words.has(hashText(text));
  }

  isValueBehind(before: string | undefined, text: string): boolean {
    return before !== undefined && this.#pairs.has(pairOf(before, hashText(text)));
  }

  save(): readonly (readonly number[])[] {
    return [[...this.#words], [...this.#pairs]];
  }

  load([words = [], pairs = []]: readonly (readonly number[])[]): void {
    for (const word of words) this.#words.add(word);
    for (const pair of pairs) this.#pairs.add(pair);
  }
}

function isName(text: string): boolean {
  return text !== '' && !/[0-9]/.test(text);
}

function pairOf(before: string, word: number): number {
  return (hashText(before) >>> 0) * 0x200000 + (word >>> 11);
}
