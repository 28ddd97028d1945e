import { createHmac, randomBytes } from 'node:crypto';
import { isTextAt } from './bytes.ts';

/** What stands where a secret was. */
export interface ReplacementSettings {
  readonly mask: string;
  readonly hashKey: string;
  readonly hashDigits: number;
  /** Hashes in one record; what is found beyond them is masked. */
  readonly hashesMax: number;
}

export class Replacement {
  readonly #masks: Buffer[];
  readonly #settings: ReplacementSettings;
  /** Never logged and never shown. A random one lives as long as the process. */
  readonly #key: string | Buffer;
  readonly #isHashed: readonly boolean[];
  #hashes = 0;

  /** One entry for each rule: its name, and whether it hashes. */
  constructor(rules: readonly { readonly name: string; readonly isHashed: boolean }[], settings: ReplacementSettings) {
    this.#settings = settings;
    this.#masks = rules.map(({ name }) => Buffer.from(settings.mask.replaceAll('{rule}', name)));
    this.#isHashed = rules.map(({ isHashed }) => isHashed);
    // Not the host's random numbers: those may be guessed.
    this.#key = settings.hashKey === '' ? randomBytes(32) : settings.hashKey;
  }

  /** A record begins. */
  reset(): void {
    this.#hashes = 0;
  }

  of(rule: number, bytes: Uint8Array, from: number, to: number): Uint8Array {
    if (this.#isHashed[rule] !== true || this.#hashes >= this.#settings.hashesMax) return this.#masks[rule] as Buffer;
    this.#hashes++;
    const hash = createHmac('sha256', this.#key).update(bytes.subarray(from, to)).digest('hex');
    return Buffer.from(`[HASH:${hash.slice(0, this.#settings.hashDigits)}]`);
  }

  /** True for what this rule has put there before, or another redact with the same mask. */
  isOwn(rule: number, bytes: Buffer, from: number, to: number): boolean {
    const mask = this.#masks[rule] as Buffer;
    if (to - from === mask.length && isTextAt(bytes, from, to, mask)) return true;
    return to - from <= HASH_BYTES_MAX && bytes[from] === BRACKET && HASH.test(bytes.toString('latin1', from, to));
  }
}

const HASH = /^\[HASH:[0-9a-f]+\]$/;
const BRACKET = 0x5b;
const HASH_BYTES_MAX = 80;
