import { ValueType, type Key, type LogBatch, type SharedAttributes } from '#model';

/**
 * Where the text of a body or an attribute lies, without making a string. One object serves all rows: after `find` has
 * returned true, its fields tell of the row.
 */
export interface TextLocator {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** True when `bytes` are what the batch came in with, which nobody changes. */
  readonly isOwn: boolean;
  /** Position in the batch's byte space, unless the text lies outside of it. */
  readonly position: number | undefined;
  /** False when there is no value there, or one that is no string. */
  find(batch: LogBatch, row: number): boolean;
}

abstract class Locator implements TextLocator {
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  isOwn = false;
  position: number | undefined = undefined;

  abstract find(batch: LogBatch, row: number): boolean;

  protected at(batch: LogBatch, position: number, size: number): true {
    if (position >= 0) {
      this.bytes = batch.space.bytes;
      this.from = position;
    } else {
      this.bytes = batch.space.side;
      this.from = ~position;
    }
    this.to = this.from + size;
    this.position = position;
    this.isOwn = position >= 0;
    return true;
  }
}

export class BodyLocator extends Locator {
  find(batch: LogBatch, row: number): boolean {
    if (batch.bodyType[row] !== ValueType.string) return false;
    return this.at(batch, batch.bodyStart[row] as number, batch.bodySize[row] as number);
  }
}

export class SeverityTextLocator extends Locator {
  find(batch: LogBatch, row: number): boolean {
    return this.at(batch, batch.severityTextStart[row] as number, batch.severityTextSize[row] as number);
  }
}

export class AttributeLocator extends Locator {
  readonly #key: Key;
  /** The shared attributes looked at last, and the text that they have for the key. */
  #shared: SharedAttributes | undefined;
  #sharedText: Buffer | undefined;

  constructor(key: Key) {
    super();
    this.#key = key;
  }

  find(batch: LogBatch, row: number): boolean {
    const slot = batch.attributes.find(row, this.#key);
    if (slot < 0) return this.#findShared(batch.shared[batch.sharedOf[row] as number]);
    const table = batch.attributes;
    if (table.type[slot] !== ValueType.string) return false;
    return this.at(batch, table.start[slot] as number, table.size[slot] as number);
  }

  #findShared(shared: SharedAttributes | undefined): boolean {
    if (shared !== this.#shared) {
      this.#shared = shared;
      const value = shared?.entries.get(this.#key);
      this.#sharedText = typeof value === 'string' ? Buffer.from(value) : undefined;
    }
    if (!this.#sharedText) return false;
    this.bytes = this.#sharedText;
    this.from = 0;
    this.isOwn = false;
    this.position = undefined;
    this.to = this.#sharedText.length;
    return true;
  }
}

/** True when the located bytes are exactly these. */
export function isTextEqual({ bytes, from, to }: TextLocator, wanted: Uint8Array): boolean {
  const size = wanted.length;
  if (to - from !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[from + i] !== wanted[i]) return false;
  return true;
}

/** True when the located bytes have these from `at` on. */
export function hasBytesAt({ bytes, from, to }: TextLocator, wanted: Uint8Array, at: number): boolean {
  if (at < from || at + wanted.length > to) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
