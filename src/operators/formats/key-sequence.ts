import { isKeyAt, keyOfBytes, type Key } from '#model';

const KEYS_MAX = 256;

/** Finds keys by their bytes. Lines of one program mostly have the same ones in the same order, so that is tried first. */
export class KeySequence {
  readonly #keys: Key[] = [];
  #index = 0;

  /** Called before the keys of a line. */
  begin(): void {
    this.#index = 0;
  }

  next(bytes: Uint8Array, from: number, to: number): Key {
    const index = this.#index++;
    const expected = this.#keys[index];
    if (expected !== undefined && isKeyAt(expected, bytes, from, to)) return expected;
    const key = keyOfBytes(bytes, from, to);
    if (index < KEYS_MAX) this.#keys[index] = key;
    return key;
  }
}
