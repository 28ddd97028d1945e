import { ValueType, decodeAnyValue, keyOf, type Key, type LogBatch, type ValueTypeNumber } from '#model';
import { FIELD_SEVERITIES } from '../severity/common.ts';
import { SeverityLookup } from '../severity/lookup.ts';
import { GuessedTime } from '../time/guessed-time.ts';
import type { Zone } from '../time/zone.ts';
import { readId } from '../trace.ts';
import { EncodedMap } from './encoded-map.ts';
import { printTracebacks } from './python-traceback.ts';
import { ResourceValues } from './resource-values.ts';
import { compileRules, type Action, type Rules } from './rules.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Keys remembered with what becomes of them; more are forgotten all at once. */
const KEYS_KEPT_MAX = 4096;
const EXPECTED_MAX = 64;

const EXCEPTION_TYPE = keyOf('exception.type');
const EXCEPTION_MESSAGE = keyOf('exception.message');

/**
 * Gives the fields of a known format their OpenTelemetry names, and time, severity, body and ids their places in the
 * record. What no rule names stays an attribute under its own name; what cannot be read where it belongs stays as well,
 * so that nothing is lost. Values keep their bytes: only keys and positions change.
 */
export class FieldMap {
  readonly #actions: ReadonlyMap<string, Action>;
  readonly #byKey = new Map<Key, Action | null>();
  readonly #expectedKeys: Key[] = [];
  readonly #expectedActions: (Action | null)[] = [];
  readonly #time: GuessedTime;
  readonly #severities = new SeverityLookup(FIELD_SEVERITIES);
  readonly #resource = new ResourceValues();
  readonly #maps = new EncodedMap();
  #batch: LogBatch | undefined;
  #row = 0;
  #hasBody = false;
  #hasTime = false;
  #hasSeverity = false;
  /** Names of the maps around the value that is looked at, for those that cannot move up. */
  #path = '';

  constructor(rules: Rules, zone: Zone) {
    this.#actions = compileRules(rules);
    this.#time = new GuessedTime(zone);
  }

  /** Works on the attributes from slot `first` on, which are the row's own. */
  apply(batch: LogBatch, row: number, first: number): void {
    this.#batch = batch;
    this.#row = row;
    this.#hasBody = false;
    this.#hasTime = false;
    this.#hasSeverity = false;
    this.#resource.begin();
    const table = batch.attributes;
    const end = table.count;
    for (let slot = first; slot < end; slot++) {
      const type = table.type[slot] as ValueTypeNumber;
      if (type === ValueType.none) continue;
      const key = table.key[slot] as Key;
      const action = this.#actionOf(key, slot - first);
      if (!action) continue;
      this.#path = key.text;
      if (action.kind === 'to') this.#rename(slot, action.key);
      else if (this.#place(action, type, table.start[slot] as number, table.size[slot] as number, table.number[slot] as number)) {
        table.remove(slot);
      }
    }
    this.#resource.apply(batch, row);
  }

  /** Lines of one program mostly have the same keys in the same order, so that is tried first. */
  #actionOf(key: Key, index: number): Action | null {
    if (this.#expectedKeys[index] === key) return this.#expectedActions[index] ?? null;
    let action = this.#byKey.get(key);
    if (action === undefined) {
      action = this.#actions.get(key.text) ?? null;
      if (this.#byKey.size >= KEYS_KEPT_MAX) this.#byKey.clear();
      this.#byKey.set(key, action);
    }
    if (index < EXPECTED_MAX) {
      this.#expectedKeys[index] = key;
      this.#expectedActions[index] = action;
    }
    return action;
  }

  get #current(): LogBatch {
    if (!this.#batch) throw new TypeError('apply comes first');
    return this.#batch;
  }

  #rename(slot: number, key: Key): void {
    const table = this.#current.attributes;
    if ((table.key[slot] as Key).text === key.text) return;
    this.#current.deleteAttribute(this.#row, key);
    table.rename(slot, key);
  }

  /** Puts a value where it belongs. False when it has to stay where it is. */
  #place(action: Action, type: ValueTypeNumber, start: number, size: number, number: number): boolean {
    const isText = type === ValueType.string;
    switch (action.kind) {
      case 'body':
        return this.#setBody(type, start, size);
      case 'time':
        return this.#setTime(type, start, size, number);
      case 'severity':
        return this.#setSeverity(type, start, size, number);
      case 'known_severity':
        return isText && this.#isSeverity(start, size) && this.#setSeverity(type, start, size, number);
      case 'trace_id':
        return isText && this.#setId(this.#current.traceIdColumn(), start, size, TRACE_ID_BYTES);
      case 'span_id':
        return isText && this.#setId(this.#current.spanIdColumn(), start, size, SPAN_ID_BYTES);
      case 'event_name':
        return isText && this.#setEventName(start, size);
      case 'resource':
        return isText && size > 0 && this.#resource.add(action.key, start, size);
      case 'lines':
        return this.#setLines(action.key, type, start, size);
      case 'tracebacks':
        return this.#setTracebacks(action.key, type, start, size);
      case 'fields':
        return this.#spread(action, type, start, size, number);
      default:
        this.#put(action.key, type, start, size, number);
        return true;
    }
  }

  #setBody(type: ValueTypeNumber, start: number, size: number): boolean {
    if (this.#hasBody || (type !== ValueType.string && type !== ValueType.encoded)) return false;
    this.#hasBody = true;
    const batch = this.#current;
    batch.bodyType[this.#row] = type;
    batch.bodyStart[this.#row] = start;
    batch.bodySize[this.#row] = size;
    return true;
  }

  #setTime(type: ValueTypeNumber, start: number, size: number, number: number): boolean {
    if (this.#hasTime) return false;
    const time = this.#time;
    const { space, timeMs, timeNs } = this.#current;
    if (type === ValueType.string) {
      const from = start >= 0 ? start : ~start;
      if (!time.read(start >= 0 ? space.bytes : space.side, from, from + size)) return false;
    } else if ((type !== ValueType.int && type !== ValueType.double) || !time.readNumber(number)) return false;
    timeMs[this.#row] = time.ms;
    timeNs[this.#row] = time.ns;
    this.#hasTime = true;
    return true;
  }

  #setSeverity(type: ValueTypeNumber, start: number, size: number, number: number): boolean {
    if (this.#hasSeverity) return false;
    const batch = this.#current;
    if (type === ValueType.int) {
      const severity = this.#severities.ofText(String(number));
      if (severity === 0) return false;
      batch.severity[this.#row] = severity;
      batch.setSeverityText(this.#row, String(number));
    } else if (type === ValueType.string) {
      const from = start >= 0 ? start : ~start;
      batch.severity[this.#row] = this.#severities.ofBytes(start >= 0 ? batch.space.bytes : batch.space.side, from, from + size);
      batch.severityTextStart[this.#row] = start;
      batch.severityTextSize[this.#row] = size;
    } else return false;
    this.#hasSeverity = true;
    return true;
  }

  #isSeverity(start: number, size: number): boolean {
    const { space } = this.#current;
    const from = start >= 0 ? start : ~start;
    return this.#severities.ofBytes(start >= 0 ? space.bytes : space.side, from, from + size) !== 0;
  }

  #setId(column: Uint8Array, start: number, size: number, width: number): boolean {
    // No id at all, as some loggers write it.
    if (size === 0) return true;
    const { space } = this.#current;
    const from = start >= 0 ? start : ~start;
    return readId(start >= 0 ? space.bytes : space.side, from, from + size, column, this.#row * width, width);
  }

  #setEventName(start: number, size: number): boolean {
    const rare = this.#current.rareColumns();
    rare.eventNameStart[this.#row] = start;
    rare.eventNameSize[this.#row] = size;
    return true;
  }

  #setLines(key: Key, type: ValueTypeNumber, start: number, size: number): boolean {
    if (type === ValueType.string) {
      this.#put(key, type, start, size, 0);
      return true;
    }
    if (type !== ValueType.encoded) return false;
    const value = decodeAnyValue(this.#current.space.view(start, size), 0, size);
    if (!Array.isArray(value) || !value.every((line) => typeof line === 'string')) return false;
    // Python's own lists of lines have their newlines with them.
    this.#current.setAttribute(this.#row, key, value.join(value.every((line) => line.endsWith('\n')) ? '' : '\n').trimEnd());
    return true;
  }

  #setTracebacks(key: Key, type: ValueTypeNumber, start: number, size: number): boolean {
    if (type !== ValueType.encoded) return this.#setLines(key, type, start, size);
    const traceback = printTracebacks(decodeAnyValue(this.#current.space.view(start, size), 0, size));
    if (!traceback) return false;
    this.#current.setAttribute(this.#row, EXCEPTION_TYPE, traceback.type);
    this.#current.setAttribute(this.#row, EXCEPTION_MESSAGE, traceback.message);
    this.#current.setAttribute(this.#row, key, traceback.text);
    return true;
  }

  /** Takes a map apart. */
  #spread(action: Action, type: ValueTypeNumber, start: number, size: number, number: number): boolean {
    if (type !== ValueType.encoded) return action.otherwise ? this.#place(action.otherwise, type, start, size, number) : false;
    const isSide = start < 0;
    const from = isSide ? ~start : start;
    const bytes = isSide ? this.#current.space.side : this.#current.space.bytes;
    const path = this.#path;
    const members: [Key, ValueTypeNumber, number, number, number][] = [];
    const isMap = this.#maps.visit(bytes, from, from + size, (key, inner, at, length, value) => {
      members.push([key, inner as ValueTypeNumber, isSide ? ~at : at, length, value]);
    });
    if (!isMap) return action.otherwise ? this.#place(action.otherwise, type, start, size, number) : false;
    for (const [key, inner, position, length, value] of members) {
      const own = action.fields?.get(key.text);
      this.#path = `${path}.${key.text}`;
      if (!own || !this.#place(own, inner, position, length, value)) this.#moveUp(key, inner, position, length, value);
    }
    return true;
  }

  /** A field that nobody knows keeps its name, unless the row has that already. */
  #moveUp(key: Key, type: ValueTypeNumber, start: number, size: number, number: number): void {
    const isTaken = this.#current.attribute(this.#row, key) !== undefined;
    this.#put(isTaken ? keyOf(this.#path) : key, type, start, size, number);
  }

  #put(key: Key, type: ValueTypeNumber, start: number, size: number, number: number): void {
    this.#current.deleteAttribute(this.#row, key);
    this.#current.attributes.add(this.#row, key, type, start, size, number);
  }
}
