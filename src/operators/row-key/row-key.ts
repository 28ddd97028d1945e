import {
  ValueType,
  encodeAnyValue,
  keyOf,
  resourceAttributes,
  scopeNameAndVersion,
  type AttributeValue,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
  type Template,
} from '#model';
import { ABSENT, CUT, describeKey } from './describe.ts';
import type { KeyPart } from './key-part.ts';

const FIRST_BYTES = 1024;
const NUMBER_BYTES = 9;
const HEAD_BYTES = 5;

/**
 * The key of a row, written as bytes into a buffer that is used again for each row: no string and no object a row.
 *
 * Each part is its type, the length of its value (4 bytes) and the value; two rows have equal keys exactly when these
 * bytes are equal. Of a value longer than `valueBytesMax` the rest is replaced by its hash.
 */
export class RowKey {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  length = 0;
  /** 32 bits over the bytes. */
  hash = 0;
  readonly #parts: readonly KeyPart[];
  readonly #valueBytesMax: number;
  readonly #readers: readonly PartReader[];
  #batch: LogBatch | undefined;

  constructor(parts: readonly KeyPart[], valueBytesMax: number = Infinity) {
    this.#parts = parts;
    this.#valueBytesMax = valueBytesMax;
    this.#readers = parts.map(createReader);
  }

  /** To be called before the rows of a batch are read. */
  begin(batch: LogBatch): void {
    this.#batch = batch;
    for (const reader of this.#readers) reader.begin?.();
  }

  /** Forgets the batch. */
  end(): void {
    this.#batch = undefined;
  }

  /** Reads the key of a row; returns how many of its parts the row has. */
  read(row: number): number {
    const batch = this.#batch;
    if (!batch) return 0;
    this.length = 0;
    let present = 0;
    for (const reader of this.#readers) {
      if (reader.write(this, batch, row)) present++;
      else this.#writeAbsent();
    }
    this.#setHash();
    return present;
  }

  /** `service=shop, template=4f…`, for people. */
  describe(bytes: Uint8Array = this.bytes.subarray(0, this.length)): string {
    return describeKey(this.#parts, bytes);
  }

  writeBytes(type: number, source: Uint8Array, from: number, to: number): void {
    const size = to - from;
    const kept = Math.min(size, this.#valueBytesMax);
    this.#reserve(HEAD_BYTES + kept + 4);
    const { bytes } = this;
    let at = this.length;
    bytes[at] = kept < size ? type | CUT : type;
    bytes[at + 1] = kept;
    bytes[at + 2] = kept >>> 8;
    bytes[at + 3] = kept >>> 16;
    bytes[at + 4] = kept >>> 24;
    at += HEAD_BYTES;
    for (let i = from; i < from + kept; i++) bytes[at++] = source[i] as number;
    this.length = kept < size ? bytes.writeInt32LE(hashOf(source, from + kept, to), at) : at;
  }

  writeNumber(type: number, value: number): void {
    this.#reserve(NUMBER_BYTES);
    this.bytes[this.length] = type;
    this.bytes.writeDoubleLE(value, this.length + 1);
    this.length += NUMBER_BYTES;
  }

  #writeAbsent(): void {
    this.#reserve(1);
    this.bytes[this.length++] = ABSENT;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow((this.length + more) * 2);
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  #setHash(): void {
    this.hash = hashOf(this.bytes, 0, this.length);
  }
}

/** FNV-1a, with its high bits folded into the low ones that tables look at. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

interface PartReader {
  begin?(): void;
  /** False when the row has no such part; nothing was written then. */
  write(key: RowKey, batch: LogBatch, row: number): boolean;
}

function createReader(part: KeyPart): PartReader {
  switch (part.kind) {
    case 'attribute':
      return new AttributeReader(part.key);
    case 'resource':
      return new TableReader((batch, row) => batch.resources[batch.resourceOf[row] as number], attributeOfResource(part.name));
    case 'logger':
      return new TableReader((batch, row) => batch.scopes[batch.scopeOf[row] as number], encodedScopeName);
    case 'template':
      return new TableReader<Template>(
        (batch, row) => batch.templateOf[row],
        ({ id }) => encodedText(id),
      );
    case 'source':
      return { write: writeSource };
    case 'severity':
      return { write: writeSeverity };
  }
}

/** Writes what belongs to an entry of a table, encoded once for each entry. */
class TableReader<Entry extends object> implements PartReader {
  readonly #entryOf: (batch: LogBatch, row: number) => Entry | undefined;
  readonly #encode: (entry: Entry) => Encoded | undefined;
  readonly #encoded = new WeakMap<Entry, Encoded | typeof NOTHING>();
  // Rows of one file follow one another.
  #last: Entry | undefined;
  #lastEncoded: Encoded | typeof NOTHING = NOTHING;

  constructor(entryOf: (batch: LogBatch, row: number) => Entry | undefined, encode: (entry: Entry) => Encoded | undefined) {
    this.#entryOf = entryOf;
    this.#encode = encode;
  }

  write(key: RowKey, batch: LogBatch, row: number): boolean {
    const entry = this.#entryOf(batch, row);
    if (!entry) return false;
    if (entry !== this.#last) {
      let encoded = this.#encoded.get(entry);
      if (!encoded) this.#encoded.set(entry, (encoded = this.#encode(entry) ?? NOTHING));
      this.#last = entry;
      this.#lastEncoded = encoded;
    }
    return writeEncoded(key, this.#lastEncoded);
  }
}

class AttributeReader implements PartReader {
  readonly #key: Key;
  readonly #shared: TableReader<SharedAttributes>;

  constructor(key: Key) {
    this.#key = key;
    this.#shared = new TableReader<SharedAttributes>(
      (batch, row) => batch.shared[batch.sharedOf[row] as number],
      ({ entries }) => (entries.has(key) ? encodedValue(entries.get(key) ?? null) : undefined),
    );
  }

  write(key: RowKey, batch: LogBatch, row: number): boolean {
    const { attributes } = batch;
    const slot = (attributes.head[row] as number) >= 0 ? attributes.find(row, this.#key) : -1;
    if (slot < 0) return this.#shared.write(key, batch, row);
    const type = attributes.type[slot] as number;
    if (type === ValueType.string || type === ValueType.bytes || type === ValueType.encoded) {
      const start = attributes.start[slot] as number;
      const from = start >= 0 ? start : ~start;
      key.writeBytes(type, start >= 0 ? batch.space.bytes : batch.space.side, from, from + (attributes.size[slot] as number));
    } else {
      key.writeNumber(type, type === ValueType.empty ? 0 : (attributes.number[slot] as number));
    }
    return true;
  }
}

/** A value as a slot of the attribute table would hold it. */
type Encoded = { readonly type: number; readonly bytes: Uint8Array } | { readonly type: number; readonly number: number };
const NOTHING = { type: ValueType.none } as const;

function writeEncoded(key: RowKey, encoded: Encoded | typeof NOTHING): boolean {
  if ('bytes' in encoded) key.writeBytes(encoded.type, encoded.bytes, 0, encoded.bytes.length);
  else if ('number' in encoded) key.writeNumber(encoded.type, encoded.number);
  else return false;
  return true;
}

function encodedText(text: string): Encoded {
  return { type: ValueType.string, bytes: Buffer.from(text, 'utf8') };
}

function encodedValue(value: AttributeValue): Encoded {
  if (typeof value === 'string') return encodedText(value);
  if (typeof value === 'boolean') return { type: ValueType.bool, number: value ? 1 : 0 };
  if (typeof value === 'number') return { type: Number.isSafeInteger(value) ? ValueType.int : ValueType.double, number: value };
  if (value === null) return { type: ValueType.empty, number: 0 };
  if (value instanceof Uint8Array) return { type: ValueType.bytes, bytes: value };
  return { type: ValueType.encoded, bytes: encodeAnyValue(value) };
}

function attributeOfResource(name: string): (resource: Origin) => Encoded | undefined {
  return (resource) => {
    const attributes = resourceAttributes(resource);
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return value === undefined ? undefined : encodedValue(value);
  };
}

function encodedScopeName(scope: Origin): Encoded | undefined {
  const { name } = scopeNameAndVersion(scope);
  return name === '' ? undefined : encodedText(name);
}

function writeSource(key: RowKey, batch: LogBatch, row: number): boolean {
  const delivery = batch.deliveries[batch.deliveryOf[row] as number];
  if (delivery) key.writeNumber(ValueType.int, delivery.source);
  return delivery !== undefined;
}

function writeSeverity(key: RowKey, batch: LogBatch, row: number): boolean {
  key.writeNumber(ValueType.int, batch.severity[row] as number);
  return true;
}

/** The part that is the attribute of this name. */
export function attributePart(name: string): KeyPart {
  return { kind: 'attribute', name, key: keyOf(name) };
}
