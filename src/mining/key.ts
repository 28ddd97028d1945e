import { Vary, type Token } from './token.ts';

/**
 * The key of a cluster: a sum over its tokens, so that the key with another word in one place is a subtraction and an
 * addition away. 53 bits, to be a number; places of variables count as one and the same word.
 */
export type ClusterKey = number;

const SPACE = 0x20;
const MASK_FIRST = 0x2545f491;
const MASK_SECOND = 0x4f6cdd1d;

export class KeySum {
  #first = 0;
  #second = 0;

  /** With all words masked the key tells how a line is built, and nothing about its words. */
  constructor(tokens: readonly Token[], masksAll: boolean = false) {
    const { from, to } = innerRange(tokens);
    for (let i = from; i < to; i++) {
      const token = tokens[i] as Token;
      if (token.isWord && (masksAll || token.vary !== Vary.never)) this.#add(MASK_FIRST, MASK_SECOND, i - from, 1);
      else this.#addText(token, i - from, 1);
    }
    this.#origin = from;
  }

  readonly #origin: number;

  get key(): ClusterKey {
    return (this.#first >>> 0) * 0x200000 + (this.#second >>> 11);
  }

  /** The key if the word at `position` were a variable. */
  masked(token: Token, position: number): ClusterKey {
    this.mask(token, position);
    const { key } = this;
    this.#add(MASK_FIRST, MASK_SECOND, position - this.#origin, -1);
    this.#addText(token, position - this.#origin, 1);
    return key;
  }

  mask(token: Token, position: number): void {
    this.#addText(token, position - this.#origin, -1);
    this.#add(MASK_FIRST, MASK_SECOND, position - this.#origin, 1);
  }

  #addText(token: Token, place: number, sign: number): void {
    // Any number of spaces is one space.
    if (!token.isWord && (token.text.charCodeAt(0) === SPACE || token.text.startsWith('\t'))) {
      this.#add(SPACE, SPACE, place, sign);
      return;
    }
    const hash = hashText(token.text);
    this.#add(hash, Math.imul(hash ^ token.text.length, 0x27d4eb2f), place, sign);
  }

  #add(first: number, second: number, place: number, sign: number): void {
    this.#first = (this.#first + sign * mix(first, place)) | 0;
    this.#second = (this.#second + sign * mix(second ^ 0x5bd1e995, place + 0x1000)) | 0;
  }
}

/** Space at the edges of a line is no part of its key. */
function innerRange(tokens: readonly Token[]): { readonly from: number; readonly to: number } {
  const isSpace = (token: Token | undefined): boolean => token !== undefined && !token.isWord && token.text.trim() === '';
  const from = isSpace(tokens[0]) ? 1 : 0;
  const to = tokens.length - (tokens.length > from && isSpace(tokens.at(-1)) ? 1 : 0);
  return { from, to };
}

function mix(hash: number, place: number): number {
  let mixed = Math.imul(hash ^ Math.imul(place + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}

export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
