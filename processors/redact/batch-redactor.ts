import {
  ValueType,
  decodeAnyValue,
  encodeAnyValue,
  withEntry,
  type AttributeValue,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
} from '#model';
import { NestedRewriter } from './nested.ts';
import type { TextRedactor } from './text-redactor.ts';

const RESOURCE_ATTRIBUTE = 0x0a;
const SCOPE_ATTRIBUTE = 0x1a;

/** What an attribute's name says. */
const Verdict = { scan: 0, secret: 1, ignored: 2 } as const;

const QUOTE = 0x22;
const SPACE = 0x20;

/** Integers from here on may be card numbers; smaller ones are too short. */
const CARD_NUMBER_MIN = 1e12;

/**
 * Redacts batches in place: bodies, attributes, nested values, event names, and the resources, scopes and attributes that
 * rows share. Tables are redacted once for each entry, and the same entries come again with each batch.
 */
export class BatchRedactor {
  readonly #text: TextRedactor;
  readonly #nested: NestedRewriter;
  readonly #resources = new WeakMap<Origin, Origin>();
  readonly #scopes = new WeakMap<Origin, Origin>();
  readonly #shared = new WeakMap<SharedAttributes, SharedAttributes>();
  /** Keys by their place in a row, and what they say: rows of one source have the same ones in the same order. */
  readonly #lastKeys: (Key | undefined)[] = [];
  readonly #lastVerdicts: number[] = [];

  constructor(text: TextRedactor) {
    this.#text = text;
    this.#nested = new NestedRewriter(text);
  }

  redact(batch: LogBatch): void {
    this.#tables(batch);
    const { isDropped, length } = batch;
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1) continue;
      this.#text.nextRecord();
      const isClean = this.#body(batch, row);
      if ((batch.attributes.head[row] as number) >= 0) this.#attributes(batch, row, isClean);
      if (batch.rare && (batch.rare.eventNameSize[row] as number) > 0) this.#eventName(batch, row);
    }
  }

  /** True when the body is text in the batch's own bytes without anything to redact. */
  #body(batch: LogBatch, row: number): boolean {
    const type = batch.bodyType[row] as number;
    const start = batch.bodyStart[row] as number;
    const size = batch.bodySize[row] as number;
    if (type === ValueType.none || size === 0) return false;
    const { space } = batch;
    const isSide = start < 0;
    const bytes = isSide ? space.side : space.bytes;
    const from = isSide ? ~start : start;
    const redacted =
      type === ValueType.encoded ? this.#encoded(bytes, from, from + size, false) : this.#text.redactText(bytes, from, from + size);
    // Patterns of one's own may look at where a text begins and ends.
    if (!redacted) return type === ValueType.string && !isSide && !this.#text.hasPatterns;
    batch.bodyStart[row] = space.appendBytes(redacted);
    batch.bodySize[row] = redacted.length;
    return false;
  }

  #attributes(batch: LogBatch, row: number, isBodyClean: boolean): void {
    const table = batch.attributes;
    const { bytes } = batch.space;
    // Attributes that a parser cut out of the body have been looked at with it.
    const cleanFrom = isBodyClean ? (batch.bodyStart[row] as number) : 0;
    const cleanTo = isBodyClean ? cleanFrom + (batch.bodySize[row] as number) : 0;
    let place = 0;
    for (let slot = table.head[row] as number; slot >= 0; slot = table.next[slot] as number, place++) {
      const type = table.type[slot] as number;
      if (type === ValueType.none) continue;
      const key = table.key[slot] as Key;
      const verdict = this.#lastKeys[place] === key ? (this.#lastVerdicts[place] as number) : this.#judge(place, key);
      if (verdict === Verdict.ignored) continue;
      if (verdict === Verdict.scan) {
        if (type === ValueType.string) {
          const start = table.start[slot] as number;
          const end = start + (table.size[slot] as number);
          if (start >= cleanFrom && end <= cleanTo && isSameApart(bytes, start, end, cleanFrom, cleanTo)) continue;
        } else if (type === ValueType.bool || type === ValueType.double || type === ValueType.empty) continue;
        else if (type === ValueType.int && (table.number[slot] as number) < CARD_NUMBER_MIN) continue;
      }
      this.#attribute(batch, slot, verdict === Verdict.secret);
    }
  }

  #judge(place: number, key: Key): number {
    const bytes = Buffer.from(key.bytes.buffer, key.bytes.byteOffset, key.bytes.length);
    const isIgnored = this.#text.isIgnoredName(bytes, 0, bytes.length);
    const verdict = isIgnored ? Verdict.ignored : this.#text.isSecretName(bytes, 0, bytes.length) ? Verdict.secret : Verdict.scan;
    if (place < PLACES_MAX) {
      this.#lastKeys[place] = key;
      this.#lastVerdicts[place] = verdict;
    }
    return verdict;
  }

  #attribute(batch: LogBatch, slot: number, isSecret: boolean): void {
    const table = batch.attributes;
    const type = table.type[slot] as number;
    const text = this.#text;
    if (type === ValueType.int || type === ValueType.double) {
      const bytes = Buffer.from(String(table.number[slot]));
      this.#put(batch, slot, isSecret ? text.redactWhole(bytes, 0, bytes.length) : text.redactText(bytes, 0, bytes.length), true);
      return;
    }
    if (type === ValueType.bool || type === ValueType.empty) return;
    const start = table.start[slot] as number;
    const bytes = start < 0 ? batch.space.side : batch.space.bytes;
    const from = start < 0 ? ~start : start;
    const to = from + (table.size[slot] as number);
    if (type === ValueType.encoded) this.#put(batch, slot, this.#encoded(bytes, from, to, isSecret), false);
    else if (isSecret) this.#put(batch, slot, text.redactWhole(bytes, from, to), true);
    else this.#put(batch, slot, text.redactText(bytes, from, to), false);
  }

  /** `isText` when the value is a text now, whatever it was. */
  #put(batch: LogBatch, slot: number, redacted: Uint8Array | undefined, isText: boolean): void {
    if (!redacted) return;
    const table = batch.attributes;
    table.start[slot] = batch.space.appendBytes(redacted);
    table.size[slot] = redacted.length;
    if (isText) table.type[slot] = ValueType.string;
  }

  #encoded(bytes: Buffer, from: number, to: number, isSecret: boolean): Uint8Array | undefined {
    try {
      return this.#nested.value(bytes, from, to, isSecret);
    } catch (problem) {
      // What cannot be read cannot be searched: better no value than a secret.
      if (!(problem instanceof RangeError)) throw problem;
      return encodeAnyValue(UNREADABLE);
    }
  }

  #eventName(batch: LogBatch, row: number): void {
    const { rare, space } = batch;
    if (!rare) return;
    const bytes = space.view(rare.eventNameStart[row] as number, rare.eventNameSize[row] as number);
    const redacted = this.#text.redactText(bytes, 0, bytes.length);
    if (!redacted) return;
    rare.eventNameStart[row] = space.appendBytes(redacted);
    rare.eventNameSize[row] = redacted.length;
  }

  #tables(batch: LogBatch): void {
    const { resources, scopes, shared } = batch;
    for (const [i, origin] of resources.entries()) resources[i] = this.#origin(this.#resources, origin, RESOURCE_ATTRIBUTE);
    for (const [i, origin] of scopes.entries()) scopes[i] = this.#origin(this.#scopes, origin, SCOPE_ATTRIBUTE);
    for (const [i, attributes] of shared.entries()) {
      let redacted = this.#shared.get(attributes);
      if (!redacted) this.#shared.set(attributes, (redacted = this.#sharedAttributes(attributes)));
      shared[i] = redacted;
    }
  }

  #origin(known: WeakMap<Origin, Origin>, origin: Origin, tag: number): Origin {
    let redacted = known.get(origin);
    if (!redacted) {
      this.#text.nextRecord();
      const bytes = Buffer.from(origin.encoded.buffer, origin.encoded.byteOffset, origin.encoded.length);
      const encoded = this.#nested.keyValues(bytes, 0, bytes.length, tag);
      redacted = encoded ? { encoded, schemaUrl: origin.schemaUrl } : origin;
      known.set(origin, redacted);
      known.set(redacted, redacted);
    }
    return redacted;
  }

  #sharedAttributes(attributes: SharedAttributes): SharedAttributes {
    let redacted = attributes;
    this.#text.nextRecord();
    for (const [key, value] of attributes.entries) {
      const after = this.#value(key, value);
      if (after !== undefined) redacted = withEntry(redacted, key, after);
    }
    return redacted;
  }

  #value(key: Key, value: AttributeValue): AttributeValue | undefined {
    const name = Buffer.from(key.bytes.buffer, key.bytes.byteOffset, key.bytes.length);
    if (this.#text.isIgnoredName(name, 0, name.length)) return undefined;
    const bytes = Buffer.from(encodeAnyValue(value));
    const redacted = this.#encoded(bytes, 0, bytes.length, this.#text.isSecretName(name, 0, name.length));
    return redacted && decodeAnyValue(redacted, 0, redacted.length);
  }
}

const PLACES_MAX = 256;
/** Stands for a nested value that is malformed or nested too deeply. */
const UNREADABLE = '[REDACTED: unreadable]';

/** True when a part of a text stands alone in it as it does by itself: between quotes, blanks and the ends. */
function isSameApart(bytes: Uint8Array, start: number, end: number, from: number, to: number): boolean {
  return (start === from || isNeutral(bytes[start - 1] as number)) && (end === to || isNeutral(bytes[end] as number));
}

function isNeutral(byte: number): boolean {
  return byte === QUOTE || byte === SPACE;
}
