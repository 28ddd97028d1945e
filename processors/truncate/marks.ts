import { hash } from 'node:crypto';
import { keyOf, type AttributeValue, type LogBatch } from '#model';

const ORIGINAL_LENGTH = keyOf('winnow.truncated.original_length');
const HASH = keyOf('winnow.truncated.hash');
const ATTRIBUTES = keyOf('winnow.truncated.attributes');
const REMOVED = keyOf('winnow.truncated.removed_attributes');

/** Hexadecimal digits of a SHA-256: enough to tell two values apart. */
const HASH_DIGITS = 16;

/** What was cut of the record at hand: its length in bytes and its hash, before the first cut. */
export class Marks {
  removed = 0;
  #bodyLength = -1;
  #bodyHash = '';
  readonly #attributes = new Map<string, AttributeValue>();

  body(original: Uint8Array): void {
    if (this.#bodyLength >= 0) return;
    this.#bodyLength = original.length;
    this.#bodyHash = hashOf(original);
  }

  attribute(name: string, original: Uint8Array): void {
    if (!this.#attributes.has(name)) this.#attributes.set(name, { original_length: original.length, hash: hashOf(original) });
  }

  clear(): void {
    this.#bodyLength = -1;
    this.removed = 0;
    this.#attributes.clear();
  }

  get isEmpty(): boolean {
    return this.#bodyLength < 0 && this.removed === 0 && this.#attributes.size === 0;
  }

  /** Adds the marks to the record. Where an agent before this one has cut, its mark tells of the original. */
  write(batch: LogBatch, row: number): void {
    if (this.#bodyLength >= 0 && batch.attribute(row, ORIGINAL_LENGTH) === undefined) {
      batch.setAttribute(row, ORIGINAL_LENGTH, this.#bodyLength);
      batch.setAttribute(row, HASH, this.#bodyHash);
    }
    if (this.#attributes.size > 0) batch.setAttribute(row, ATTRIBUTES, Object.fromEntries(this.#attributes));
    if (this.removed > 0) batch.setAttribute(row, REMOVED, this.removed);
  }
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, HASH_DIGITS);
}
