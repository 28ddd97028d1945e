import { DEPTH_MAX, field, fields } from '#model';
import { isTextAt } from './bytes.ts';

// Field tags of opentelemetry.proto.common.v1: AnyValue, ArrayValue, KeyValueList, KeyValue.
const STRING = 0x0a;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const KVLIST = 0x32;
const BYTES = 0x3a;
const ELEMENT = 0x0a;
const KEY = 0x0a;
const VALUE = 0x12;

/** What a nested value needs to know of the rules. All offsets are into `bytes`. */
export interface NestedRules {
  /** True when the name says that all of its value is secret. */
  isSecretName(bytes: Buffer, from: number, to: number): boolean;
  /** True when values of that name are left alone. */
  isIgnoredName(bytes: Buffer, from: number, to: number): boolean;
  /** The text without secrets, or undefined when there are none. */
  redactText(bytes: Buffer, from: number, to: number): Uint8Array | undefined;
  /** What stands for a secret text, or undefined when it is empty or was redacted before. */
  redactWhole(bytes: Buffer, from: number, to: number): Uint8Array | undefined;
}

/**
 * Rewrites encoded values where they lie: what has no secret keeps its bytes, unknown fields and the difference of 3 and
 * 3.0 included. Answers undefined when nothing has to change. Throws RangeError on bytes that are no such message.
 */
export class NestedRewriter {
  readonly #rules: NestedRules;

  constructor(rules: NestedRules) {
    this.#rules = rules;
  }

  /** An AnyValue; `isSecret` when a name above it said so. */
  value(bytes: Buffer, start: number, end: number, isSecret: boolean, depth: number = 0): Uint8Array | undefined {
    if (depth > DEPTH_MAX) throw new RangeError(`a value is nested deeper than ${DEPTH_MAX}`);
    return rewrite(bytes, start, end, ({ tag, from, to, number }) => {
      if (tag === ARRAY) return wrapped(ARRAY, this.#elements(bytes, from, to, isSecret, depth + 1));
      if (tag === KVLIST) return wrapped(KVLIST, this.#map(bytes, from, to, isSecret, depth + 1));
      if (tag === STRING || tag === BYTES) {
        if (isSecret) return wrapped(STRING, this.#rules.redactWhole(bytes, from, to));
        return wrapped(tag, this.#rules.redactText(bytes, from, to));
      }
      if (!isSecret || (tag !== INT && tag !== DOUBLE)) return undefined;
      const text = Buffer.from(String(tag === INT ? BigInt.asIntN(64, number) : bytes.readDoubleLE(from)));
      return wrapped(STRING, this.#rules.redactWhole(text, 0, text.length));
    });
  }

  /** A map. Of one that is a pair, `{name: "DB_PASSWORD", value: "…"}`, the name says what the value is. */
  #map(bytes: Buffer, start: number, end: number, isSecret: boolean, depth: number): Uint8Array | undefined {
    if (isSecret || !this.#isSecretPair(bytes, start, end)) return this.keyValues(bytes, start, end, ELEMENT, isSecret, depth);
    return rewrite(bytes, start, end, ({ tag, from, to }) => {
      if (tag !== ELEMENT) return undefined;
      return wrapped(ELEMENT, this.#keyValue(bytes, from, to, isKeyOneOf(bytes, from, to, VALUE_NAMES), depth));
    });
  }

  #isSecretPair(bytes: Buffer, start: number, end: number): boolean {
    for (const { tag, from, to } of fields(bytes, start, end)) {
      if (tag !== ELEMENT || !isKeyOneOf(bytes, from, to, PAIR_NAMES)) continue;
      for (const value of fields(bytes, from, to)) {
        if (value.tag !== VALUE) continue;
        for (const text of fields(bytes, value.from, value.to)) {
          if (text.tag === STRING && this.#rules.isSecretName(bytes, text.from, text.to)) return true;
        }
      }
    }
    return false;
  }

  #elements(bytes: Buffer, start: number, end: number, isSecret: boolean, depth: number): Uint8Array | undefined {
    return rewrite(bytes, start, end, ({ tag, from, to }) =>
      tag === ELEMENT ? wrapped(ELEMENT, this.value(bytes, from, to, isSecret, depth)) : undefined,
    );
  }

  /** The KeyValue messages with this tag in a message: a map, a Resource or a scope. */
  keyValues(bytes: Buffer, start: number, end: number, own: number, isSecret: boolean = false, depth: number = 0): Uint8Array | undefined {
    return rewrite(bytes, start, end, ({ tag, from, to }) =>
      tag === own ? wrapped(own, this.#keyValue(bytes, from, to, isSecret, depth)) : undefined,
    );
  }

  #keyValue(bytes: Buffer, start: number, end: number, isSecret: boolean, depth: number): Uint8Array | undefined {
    let keyFrom = start;
    let keyTo = start;
    for (const { tag, from, to } of fields(bytes, start, end)) {
      if (tag !== KEY) continue;
      keyFrom = from;
      keyTo = to;
    }
    if (this.#rules.isIgnoredName(bytes, keyFrom, keyTo)) return undefined;
    const isOwnSecret = isSecret || this.#rules.isSecretName(bytes, keyFrom, keyTo);
    return rewrite(bytes, start, end, ({ tag, from, to }) =>
      tag === VALUE ? wrapped(VALUE, this.value(bytes, from, to, isOwnSecret, depth)) : undefined,
    );
  }
}

const PAIR_NAMES = ['name', 'key'].map((text) => Buffer.from(text));
const VALUE_NAMES = [Buffer.from('value')];

/** Whether a KeyValue begins with one of these keys, in either case. All writers put the key first. */
function isKeyOneOf(bytes: Buffer, from: number, to: number, names: readonly Uint8Array[]): boolean {
  if (bytes[from] !== KEY) return false;
  return names.some((name) => bytes[from + 1] === name.length && isTextAt(bytes, from + 2, to, name, true));
}

interface Place {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
  /** The value of a varint field. */
  readonly number: bigint;
}

/** The message with some of its fields replaced; undefined when none was. */
function rewrite(bytes: Buffer, start: number, end: number, replace: (place: Place) => Uint8Array | undefined): Uint8Array | undefined {
  let parts: Uint8Array[] | undefined;
  // Everything before this is in `parts`.
  let done = start;
  let fieldStart = start;
  for (const place of fields(bytes, start, end)) {
    const replaced = replace(place);
    if (replaced) {
      parts ??= [];
      parts.push(bytes.subarray(done, fieldStart), replaced);
      done = place.to;
    }
    fieldStart = place.to;
  }
  if (!parts) return undefined;
  parts.push(bytes.subarray(done, end));
  return Buffer.concat(parts);
}

function wrapped(tag: number, payload: Uint8Array | undefined): Uint8Array | undefined {
  return payload && field(tag, payload);
}
