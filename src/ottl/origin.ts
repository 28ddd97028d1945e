import { Double, decodeAnyValue, encodeAnyValue, field, fields, keyOf, type AttributeValue, type LogBatch, type Origin } from '#model';
import { OttlProblem } from './problem.ts';
import { toMap, toStored, type Value, type ValueMap } from './value.ts';

/** Which of the two a row refers to. */
export type OriginKind = 'resource' | 'scope';

// Fields of Resource, InstrumentationScope, KeyValue and AnyValue.
const TAGS = { resource: { attributes: 0x0a, dropped: 0x10 }, scope: { attributes: 0x1a, dropped: 0x20 } } as const;
const NAME = 0x0a;
const VERSION = 0x12;
const KEY = 0x0a;
const VALUE = 0x12;
const DOUBLE = 0x21;

const NO_VALUE = new Uint8Array(0);

// Rows refer to a handful of resources; past the bound equal ones are made again, which costs no more than a group in a
// request.
const ORIGINS_MAX = 1024;
const made = new Map<string, Origin>();

interface Decoded {
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  readonly rest: readonly Uint8Array[];
  readonly name: string;
  readonly version: string;
  readonly dropped: number;
}

const decoded = { resource: new WeakMap<Origin, Decoded>(), scope: new WeakMap<Origin, Decoded>() };

/** The resource or the scope of a row. */
export function originOf(batch: LogBatch, row: number, kind: OriginKind): Origin {
  return (kind === 'resource' ? batch.resources[batch.resourceOf[row] as number] : batch.scopes[batch.scopeOf[row] as number]) as Origin;
}

export function setOrigin(batch: LogBatch, row: number, kind: OriginKind, origin: Origin): void {
  if (originOf(batch, row, kind) === origin) return;
  if (kind === 'resource') {
    const known = batch.resources.lastIndexOf(origin);
    batch.resourceOf[row] = known >= 0 ? known : batch.addResource(origin);
  } else {
    const known = batch.scopes.lastIndexOf(origin);
    batch.scopeOf[row] = known >= 0 ? known : batch.addScope(origin);
  }
}

/** What an origin says, decoded once. */
export function decodedOf(origin: Origin, kind: OriginKind): Decoded {
  let known = decoded[kind].get(origin);
  if (!known) decoded[kind].set(origin, (known = decode(origin, kind)));
  return known;
}

function decode({ encoded: bytes }: Origin, kind: OriginKind): Decoded {
  const attributes = new Map<string, Uint8Array>();
  const rest: Uint8Array[] = [];
  let name = '';
  let version = '';
  let dropped = 0;
  let start = 0;
  for (const { tag, from, to, number } of fields(bytes, 0, bytes.length)) {
    if (tag === TAGS[kind].attributes) readAttribute(attributes, bytes, from, to);
    else if (kind === 'scope' && tag === NAME) name = textOf(bytes, from, to);
    else if (kind === 'scope' && tag === VERSION) version = textOf(bytes, from, to);
    else if (tag === TAGS[kind].dropped) dropped = Number(number);
    else rest.push(bytes.subarray(start, to));
    start = to;
  }
  return { attributes, rest, name, version, dropped };
}

function readAttribute(attributes: Map<string, Uint8Array>, bytes: Uint8Array, start: number, end: number): void {
  let name = '';
  let value: Uint8Array = NO_VALUE;
  for (const { tag, from, to } of fields(bytes, start, end)) {
    if (tag === KEY) name = textOf(bytes, from, to);
    else if (tag === VALUE) value = bytes.subarray(from, to);
  }
  attributes.set(name, value);
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, to)).toString();
}

/** The value of an encoded AnyValue; a whole double stays one. */
export function valueOf(bytes: Uint8Array): Value {
  const value: AttributeValue = decodeAnyValue(bytes, 0, bytes.length);
  return typeof value === 'number' && bytes[0] === DOUBLE ? new Double(value) : value;
}

export function originAttribute(origin: Origin, kind: OriginKind, name: string): Value {
  const bytes = decodedOf(origin, kind).attributes.get(name);
  return bytes === undefined ? null : valueOf(bytes);
}

export function originAttributes(origin: Origin, kind: OriginKind): ValueMap {
  return toMap(Array.from(decodedOf(origin, kind).attributes, ([name, bytes]) => [name, valueOf(bytes)]));
}

export interface OriginChange {
  /** All of them, encoded; those that stay as they are keep their very bytes. */
  readonly attributes?: ReadonlyMap<string, Uint8Array>;
  readonly name?: string;
  readonly version?: string;
  readonly dropped?: number;
  readonly schemaUrl?: string;
}

/** The origin with a change. Equal ones are the same object, so that their rows stay in one group. */
export function changedOrigin(origin: Origin, kind: OriginKind, change: OriginChange): Origin {
  const old = decodedOf(origin, kind);
  const { attributes = old.attributes, name = old.name, version = old.version, dropped = old.dropped } = change;
  const parts: Uint8Array[] = [];
  if (kind === 'scope' && name !== '') parts.push(field(NAME, Buffer.from(name)));
  if (kind === 'scope' && version !== '') parts.push(field(VERSION, Buffer.from(version)));
  for (const [key, value] of attributes) {
    parts.push(field(TAGS[kind].attributes, Buffer.concat([keyOf(key).encoded, field(VALUE, value)])));
  }
  // An int64 AnyValue is a tag and the varint that is wanted here.
  if (dropped > 0) parts.push(Buffer.from([TAGS[kind].dropped]), encodeAnyValue(dropped).subarray(1));
  const encoded = Buffer.concat([...parts, ...old.rest]);
  const schemaUrl = change.schemaUrl ?? origin.schemaUrl;
  if (schemaUrl === origin.schemaUrl && Buffer.compare(encoded, origin.encoded) === 0) return origin;
  return interned(kind, { encoded, schemaUrl });
}

function interned(kind: OriginKind, origin: Origin): Origin {
  const id = `${kind}\n${origin.schemaUrl}\n${Buffer.from(origin.encoded).toString('latin1')}`;
  const known = made.get(id);
  if (known) return known;
  if (made.size >= ORIGINS_MAX) made.clear();
  made.set(id, origin);
  return origin;
}

export function encodeValue(value: Value): Uint8Array {
  return encodeAnyValue(toStored(value));
}

const CHANGES_MAX = 256;

/**
 * Sets one attribute of an origin. The same value for the same origin gives the same object without encoding anything:
 * most statements write a constant, or one of a few values.
 */
export class OriginAttributeWriter {
  readonly #kind: OriginKind;
  readonly #name: string;
  readonly #known = new WeakMap<Origin, Map<Value, Origin>>();

  constructor(kind: OriginKind, name: string) {
    this.#kind = kind;
    this.#name = name;
  }

  write(origin: Origin, value: Value): Origin {
    if (typeof value === 'object' && value !== null) return this.#make(origin, value);
    let changes = this.#known.get(origin);
    if (!changes) this.#known.set(origin, (changes = new Map()));
    let changed = changes.get(value);
    if (!changed) {
      if (changes.size >= CHANGES_MAX) changes.clear();
      changes.set(value, (changed = this.#make(origin, value)));
    }
    return changed;
  }

  #make(origin: Origin, value: Value): Origin {
    const attributes = new Map(decodedOf(origin, this.#kind).attributes);
    attributes.set(this.#name, encodeValue(value));
    return changedOrigin(origin, this.#kind, { attributes });
  }
}

export function toCount(value: Value, what: string): number {
  const count = Number(typeof value === 'number' || typeof value === 'bigint' ? value : Number.NaN);
  if (Number.isSafeInteger(count) && count >= 0 && count <= 0xffff_ffff) return count;
  throw new OttlProblem(`${what} must be an int from 0 to 4294967295`);
}
