import { encodeAnyValue, field, type AttributeValue } from './any-value.ts';
import { keyOf, toWords, type Key } from './key.ts';

/**
 * Attributes that many rows have in common, such as `log.file.name`, stored and encoded once. Immutable; rows refer to
 * one by object.
 */
export interface SharedAttributes {
  readonly entries: ReadonlyMap<Key, AttributeValue>;
  /** LogRecord.attributes (field 6), ready to copy. */
  readonly encoded: Uint8Array;
  readonly words: BigInt64Array;
}

const LOG_RECORD_ATTRIBUTE = 0x32;
const VALUE = 0x12;

export const NO_ATTRIBUTES: SharedAttributes = { entries: new Map(), encoded: new Uint8Array(0), words: new BigInt64Array(0) };

export function createSharedAttributes(attributes: Readonly<Record<string, AttributeValue>>): SharedAttributes {
  return shareEntries(new Map(Object.entries(attributes).map(([key, value]) => [keyOf(key), value])));
}

/** The same attributes with one more, or with another value of one. */
export function withEntry(shared: SharedAttributes, key: Key, value: AttributeValue): SharedAttributes {
  return shareEntries(new Map(shared.entries).set(key, value));
}

/** The same attributes without one of them. */
export function withoutKey(shared: SharedAttributes, key: Key): SharedAttributes {
  const entries = new Map(shared.entries);
  entries.delete(key);
  return shareEntries(entries);
}

function shareEntries(entries: ReadonlyMap<Key, AttributeValue>): SharedAttributes {
  const parts = Array.from(entries, ([key, value]) =>
    field(LOG_RECORD_ATTRIBUTE, Buffer.concat([key.encoded, field(VALUE, encodeAnyValue(value))])),
  );
  const encoded = Buffer.concat(parts);
  return { entries, encoded, words: toWords(encoded) };
}
