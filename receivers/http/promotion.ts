import { keyOf, ValueType, type AttributeTable, type Key, type LogBatch } from '#model';
import { FIELD_SEVERITIES, GuessedTime, SeverityLookup, UTC } from '#operators';
import type { FieldsConfig } from './config.ts';

/** `inside`: an object by this name may have a member that has a role. */
const Role = { body: 1, time: 2, severity: 3, traceId: 4, spanId: 5, inside: 6 } as const;
type RoleNumber = (typeof Role)[keyof typeof Role];

interface Member {
  readonly name: string;
  /** The object's name, a dot, and its own. */
  readonly key: Key;
  readonly role: RoleNumber;
}

// Rows with more attributes are rare; those of the rest are looked up by name.
const PLACES_MAX = 64;

/** Moves what is more than an attribute to its place in the record: text, time, severity, ids. */
export class Promotion {
  readonly #roles = new Map<string, RoleNumber>();
  readonly #members = new Map<string, Member[]>();
  readonly #time = new GuessedTime(UTC);
  readonly #severities = new SeverityLookup(FIELD_SEVERITIES);
  /** The attributes of the row before, in order: those of the next one are mostly the same. */
  readonly #last: { readonly keys: (Key | undefined)[]; readonly roles: Uint8Array };

  constructor({ body, time, severity, trace_id, span_id }: FieldsConfig) {
    const groups = [
      [body, Role.body],
      [time, Role.time],
      [severity, Role.severity],
      [trace_id, Role.traceId],
      [span_id, Role.spanId],
    ] as const;
    for (const [names, role] of groups) {
      for (const name of names) {
        this.#roles.set(name, role);
        this.#lookInside(name, role);
      }
    }
    for (const name of this.#members.keys()) if (!this.#roles.has(name)) this.#roles.set(name, Role.inside);
    this.#last = { keys: Array.from({ length: PLACES_MAX }), roles: new Uint8Array(PLACES_MAX) };
  }

  /** `log.level` may come as `{"log":{"level":…}}`, as shippers for Elasticsearch write it. */
  #lookInside(name: string, role: RoleNumber): void {
    const dot = name.indexOf('.');
    if (dot <= 0) return;
    const object = name.slice(0, dot);
    const members = this.#members.get(object) ?? [];
    members.push({ name: name.slice(dot + 1), key: keyOf(name), role });
    this.#members.set(object, members);
  }

  /** What does not look like what it is called stays an attribute; so does a second one of its kind. */
  apply(batch: LogBatch, row: number): void {
    const table = batch.attributes;
    const { key, type, next } = table;
    const { keys, roles } = this.#last;
    let done = 0;
    let place = 0;
    let inside: number[] | undefined;
    for (let slot = table.head[row] as number; slot >= 0; slot = next[slot] as number, place++) {
      const role = key[slot] === keys[place] ? (roles[place] as number) : this.#roleAt(place, key[slot] as Key);
      if (role === 0 || type[slot] === ValueType.none || (done & (1 << role)) !== 0) continue;
      if (role === Role.inside) {
        if (type[slot] === ValueType.encoded) (inside ??= []).push(slot);
        continue;
      }
      if (!this.#move(batch, row, slot, role)) continue;
      table.remove(slot);
      done |= 1 << role;
    }
    // Afterwards: what is looked at becomes an attribute for a moment, and the table may grow.
    for (const slot of inside ?? []) done |= this.#copyMembers(batch, row, { slot, done });
  }

  /** The object stays as it came. Returns the roles that were found. */
  #copyMembers(batch: LogBatch, row: number, { slot, done }: { slot: number; done: number }): number {
    const table = batch.attributes;
    const object = table.value(slot);
    if (typeof object !== 'object' || object === null) return 0;
    const values = new Map<string, unknown>(Object.entries(object));
    let found = 0;
    for (const { name, key, role } of this.#members.get((table.key[slot] as Key).text) ?? []) {
      const text = values.get(name);
      if (typeof text !== 'string' || ((done | found) & (1 << role)) !== 0) continue;
      const copy = table.add(row, key, ValueType.empty, 0, 0, 0);
      table.set(copy, text);
      if (this.#move(batch, row, copy, role)) found |= 1 << role;
      table.remove(copy);
    }
    return found;
  }

  #roleAt(place: number, key: Key): RoleNumber | 0 {
    const role = this.#roles.get(key.text) ?? 0;
    const { keys, roles } = this.#last;
    if (place < PLACES_MAX) {
      keys[place] = key;
      roles[place] = role;
    }
    return role;
  }

  /** The severity among the labels of many records. */
  severityIn(labels: Readonly<Record<string, string>>): { readonly number: number; readonly text: string } | undefined {
    for (const [name, text] of Object.entries(labels)) {
      if (this.#roles.get(name) !== Role.severity && name !== 'detected_level') continue;
      const number = this.#severities.ofText(text.toLowerCase());
      if (number > 0) return { number, text };
    }
    return undefined;
  }

  /** A count since 1970; its unit tells itself. */
  setTimeNumber(batch: LogBatch, row: number, value: number): void {
    if (!this.#time.readNumber(value)) return;
    batch.timeMs[row] = this.#time.ms;
    batch.timeNs[row] = this.#time.ns;
  }

  #move(batch: LogBatch, row: number, slot: number, role: number): boolean {
    const table = batch.attributes;
    switch (role) {
      case Role.body:
        if (table.type[slot] !== ValueType.string) return false;
        batch.bodyStart[row] = table.start[slot] as number;
        batch.bodySize[row] = table.size[slot] as number;
        return true;
      case Role.time:
        return this.#setTime(batch, row, slot);
      case Role.severity:
        return this.#setSeverity(batch, row, slot);
      case Role.traceId:
        return setId(batch, table, slot, row, true);
      default:
        return setId(batch, table, slot, row, false);
    }
  }

  #setTime(batch: LogBatch, row: number, slot: number): boolean {
    const { type, start, size, number } = batch.attributes;
    const time = this.#time;
    const isText = type[slot] === ValueType.string;
    if (type[slot] === ValueType.encoded) return this.#setLongTime(batch, row, slot);
    if (!isText && type[slot] !== ValueType.int && type[slot] !== ValueType.double) return false;
    const isSide = (start[slot] as number) < 0;
    const at = isSide ? ~(start[slot] as number) : (start[slot] as number);
    const bytes = isSide ? batch.space.side : batch.space.bytes;
    if (!(isText ? time.read(bytes, at, at + (size[slot] as number)) : time.readNumber(number[slot] as number))) return false;
    batch.timeMs[row] = time.ms;
    batch.timeNs[row] = time.ns;
    return true;
  }

  /** Nanoseconds since 1970 are more than a double holds. */
  #setLongTime(batch: LogBatch, row: number, slot: number): boolean {
    const value = batch.attributes.value(slot);
    if (typeof value !== 'bigint') return false;
    const digits = Buffer.from(String(value));
    const time = this.#time;
    if (!time.read(digits, 0, digits.length)) return false;
    batch.timeMs[row] = time.ms;
    batch.timeNs[row] = time.ns;
    return true;
  }

  #setSeverity(batch: LogBatch, row: number, slot: number): boolean {
    const { type, start, size, number } = batch.attributes;
    if (type[slot] === ValueType.int) {
      const severity = this.#severities.ofText(String(number[slot]));
      batch.severity[row] = severity;
      return severity > 0;
    }
    if (type[slot] !== ValueType.string) return false;
    const position = start[slot] as number;
    const bytes = position < 0 ? batch.space.side : batch.space.bytes;
    const at = position < 0 ? ~position : position;
    const severity = this.#severities.ofBytes(bytes, at, at + (size[slot] as number));
    if (severity === 0) return false;
    batch.severity[row] = severity;
    batch.severityTextStart[row] = position;
    batch.severityTextSize[row] = size[slot] as number;
    return true;
  }
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

function setId(batch: LogBatch, table: AttributeTable, slot: number, row: number, isTrace: boolean): boolean {
  const length = isTrace ? TRACE_ID_BYTES : SPAN_ID_BYTES;
  if (table.type[slot] !== ValueType.string || table.size[slot] !== 2 * length) return false;
  const position = table.start[slot] as number;
  const bytes = position < 0 ? batch.space.side : batch.space.bytes;
  const from = position < 0 ? ~position : position;
  // Ids that are malformed must leave the columns as they are: another row may have begun to use them.
  for (let at = from; at < from + 2 * length; at++) if ((HEX[bytes[at] as number] as number) < 0) return false;
  const column = isTrace ? batch.traceIdColumn() : batch.spanIdColumn();
  for (let i = 0, at = from; i < length; i++, at += 2) {
    column[row * length + i] = ((HEX[bytes[at] as number] as number) << 4) | (HEX[bytes[at + 1] as number] as number);
  }
  return true;
}

/** What a byte stands for as a hexadecimal digit, or -1. */
const HEX = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});
