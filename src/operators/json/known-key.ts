import { type Key } from '#model';

/** A key that has been seen, in the form it has in a line of JSON: `"name":`. */
export class KnownKey {
  readonly key: Key;
  /** Bytes of the quoted key with its colon, at least four. */
  readonly length: number;
  /** Those bytes, four at a time as little-endian numbers; the last four lie over the ones before. */
  readonly words: Int32Array;
  readonly lastWord: number;
  /** The row it was last seen in. */
  stamp = 0;
  /** The slot it has in that row. */
  slot = 0;
  /** The key that came after it the last time. */
  follower: KnownKey | undefined;

  constructor(key: Key) {
    this.key = key;
    const quoted = Buffer.concat([Buffer.from('"'), key.bytes, Buffer.from('":')]);
    this.length = quoted.length;
    this.words = Int32Array.from({ length: quoted.length >> 2 }, (_, index) => quoted.readInt32LE(index * 4));
    // The empty key is shorter than a word; it is looked up every time.
    this.lastWord = quoted.length >= 4 ? quoted.readInt32LE(quoted.length - 4) : 0;
    this.follower = undefined;
  }

  /** True when the quoted key and a colon stand at `at`. */
  isAt(view: DataView, at: number, to: number): boolean {
    const length = this.length;
    if (at + length > to || length < 4) return false;
    if (view.getInt32(at + length - 4, true) !== this.lastWord) return false;
    const words = this.words;
    for (let i = 0; i < words.length; i++) if (view.getInt32(at + i * 4, true) !== words[i]) return false;
    return true;
  }
}

/** The keys a parser has seen, by their text. */
export class KnownKeys {
  readonly #byText = new Map<string, KnownKey>();
  /** Of all of them, quoted. */
  bytes = 0;

  get size(): number {
    return this.#byText.size;
  }

  of(key: Key): KnownKey {
    let known = this.#byText.get(key.text);
    if (!known) {
      known = new KnownKey(key);
      this.#byText.set(key.text, known);
      this.bytes += known.length;
    }
    return known;
  }
}
