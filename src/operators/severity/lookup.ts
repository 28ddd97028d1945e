/** A text that was looked up before. */
interface Known {
  readonly bytes: Uint8Array;
  readonly severity: number;
}

const KNOWN_SLOTS = 256;
const KNOWN_BYTES_MAX = 64;

/** Finds severities by their texts, without making a string of a text that was there before. */
export class SeverityLookup {
  readonly #map: ReadonlyMap<string, number>;
  readonly #known: (Known | undefined)[] = Array.from({ length: KNOWN_SLOTS }, () => undefined);

  /** By lower-case text. */
  constructor(map: ReadonlyMap<string, number>) {
    this.#map = map;
  }

  /** 0 for a text that stands for none. */
  ofText(text: string): number {
    return this.#map.get(text) ?? 0;
  }

  ofBytes(bytes: Buffer, from: number, to: number): number {
    const size = to - from;
    if (size === 0) return this.ofText('');
    // Length, first and last byte tell the names of severities apart.
    const slot = ((bytes[from] as number) * 31 + (bytes[to - 1] as number) * 7 + size) & (KNOWN_SLOTS - 1);
    const known = this.#known[slot];
    if (known && isSame(known.bytes, bytes, from, size)) return known.severity;
    const severity = this.ofText(bytes.toString('utf8', from, to).toLowerCase());
    if (size <= KNOWN_BYTES_MAX) this.#known[slot] = { bytes: Uint8Array.from(bytes.subarray(from, to)), severity };
    return severity;
  }
}

function isSame(own: Uint8Array, bytes: Uint8Array, from: number, size: number): boolean {
  if (own.length !== size) return false;
  for (let i = 0; i < size; i++) if (own[i] !== bytes[from + i]) return false;
  return true;
}
