import { Buffer } from 'node:buffer';
import { keyOf, keyOfBytes, ValueType, type Key, type LogBatch, type ValueTypeNumber } from '#model';
import { checkAnyValue, BOOL, BYTES, DOUBLE, INT, KEY, STRING, VALUE } from './reader-values.ts';
import { REQUEST_ATTRIBUTES_MAX, SlotFinder } from './reader-slots.ts';
import { malformed, type Wire } from './reader-wire.ts';
import * as Tag from './tags.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
// Severity numbers go to 24. The writer has one byte for them.
const SEVERITY_MAX = 127;

// Rows with more attributes are rare, and read the slower way from there.
const USUAL_MAX = 64;

const NO_KEY = keyOf('');

/** Reads LogRecords into the rows of one batch. */
export class RecordReader {
  readonly #wire: Wire;
  readonly #batch: LogBatch;
  readonly #slots: SlotFinder;
  /** Keys of the row before, each once, as far as this row has none of its own. Records of one program are alike. */
  readonly #usual: Usual[] = [];
  readonly #view: DataView;
  /** What turns an offset into a position of the byte space. */
  readonly #flip: number;
  /** So many attributes of this row were the usual ones, and only those; -1 when there was another. */
  #matched = 0;

  /** Reads what has just come in; or, with `isKnown`, what was counted and checked before, and may lie on the side. */
  constructor(wire: Wire, batch: LogBatch, { isKnown = false, isSide = false }: { isKnown?: boolean; isSide?: boolean } = {}) {
    this.#wire = wire;
    this.#batch = batch;
    this.#view = new DataView(wire.bytes.buffer, wire.bytes.byteOffset, wire.bytes.length);
    this.#flip = isSide ? -1 : 0;
    this.#slots = new SlotFinder(batch.attributes, isKnown ? Number.POSITIVE_INFINITY : REQUEST_ATTRIBUTES_MAX);
  }

  read(row: number, end: number): void {
    const wire = this.#wire;
    const batch = this.#batch;
    this.#slots.beginRow(row);
    this.#matched = 0;
    while (wire.at < end) {
      const start = wire.at;
      const tag = wire.tag(end);
      switch (tag) {
        case Tag.TIME:
          wire.fixed64(end);
          setTime(batch.timeMs, batch.timeNs, row, wire.low, wire.high);
          break;
        case Tag.OBSERVED_TIME:
          wire.fixed64(end);
          setTime(batch.observedMs, batch.observedNs, row, wire.low, wire.high);
          break;
        case Tag.BODY:
          this.#readBody(row, wire.span(end));
          break;
        case Tag.ATTRIBUTE:
          this.#readAttribute(wire.span(end));
          break;
        case Tag.SEVERITY_NUMBER:
          wire.varint(end);
          if (wire.high === 0 && wire.low <= SEVERITY_MAX) batch.severity[row] = wire.low;
          else this.#keepUnknown(row, start);
          break;
        case Tag.SEVERITY_TEXT: {
          const textEnd = wire.span(end);
          batch.severityTextStart[row] = wire.at ^ this.#flip;
          batch.severityTextSize[row] = textEnd - wire.at;
          wire.at = textEnd;
          break;
        }
        default:
          this.#readRare(row, start, tag, end);
      }
    }
  }

  #readRare(row: number, start: number, tag: number, end: number): void {
    const wire = this.#wire;
    const batch = this.#batch;
    switch (tag) {
      case Tag.TRACE_ID:
        if (this.#isId(end, TRACE_ID_BYTES)) this.#readId(batch.traceIdColumn(), row, TRACE_ID_BYTES);
        else this.#keepUnknown(row, start);
        return;
      case Tag.SPAN_ID:
        if (this.#isId(end, SPAN_ID_BYTES)) this.#readId(batch.spanIdColumn(), row, SPAN_ID_BYTES);
        else this.#keepUnknown(row, start);
        return;
      case Tag.DROPPED_ATTRIBUTES:
        wire.varint(end);
        batch.rareColumns().droppedAttributes[row] = wire.low;
        return;
      case Tag.FLAGS:
        batch.rareColumns().flags[row] = wire.fixed32(end);
        return;
      case Tag.EVENT_NAME: {
        const nameEnd = wire.span(end);
        const rare = batch.rareColumns();
        rare.eventNameStart[row] = wire.at ^ this.#flip;
        rare.eventNameSize[row] = nameEnd - wire.at;
        wire.at = nameEnd;
        return;
      }
      default:
        wire.skip(tag, end);
        this.#keepUnknown(row, start);
    }
  }

  /** Passes over an id; true when it has the length it must have. */
  #isId(end: number, width: number): boolean {
    const wire = this.#wire;
    const idEnd = wire.span(end);
    const size = idEnd - wire.at;
    wire.at = idEnd;
    return size === width;
  }

  #readId(column: Uint8Array, row: number, width: number): void {
    const { bytes, at } = this.#wire;
    bytes.copy(column, row * width, at - width, at);
  }

  /** Keeps the field from `start` to here, tag included, so that it passes through as it came. */
  #keepUnknown(row: number, start: number): void {
    const { bytes, at } = this.#wire;
    const { space } = this.#batch;
    const rare = this.#batch.rareColumns();
    const size = rare.unknownSize[row] as number;
    if (size === 0) {
      rare.unknownStart[row] = start ^ this.#flip;
    } else if (((rare.unknownStart[row] as number) ^ this.#flip) + size !== start) {
      // The fields are not side by side: they go to where they can be. What an earlier pair left there is of no use any more.
      const together = Buffer.concat([space.view(rare.unknownStart[row] as number, size), bytes.subarray(start, at)]);
      rare.unknownStart[row] = space.appendBytes(together);
    }
    rare.unknownSize[row] = size + at - start;
  }

  #readBody(row: number, end: number): void {
    const wire = this.#wire;
    const batch = this.#batch;
    const start = wire.at;
    const tag = start < end ? wire.bytes[start] : 0;
    if (tag === STRING || tag === BYTES) {
      wire.at++;
      if (wire.span(end) === end) {
        batch.bodyType[row] = tag === STRING ? ValueType.string : ValueType.bytes;
        batch.bodyStart[row] = wire.at ^ this.#flip;
        batch.bodySize[row] = end - wire.at;
        wire.at = end;
        return;
      }
    }
    wire.at = start;
    checkAnyValue(wire, end, 0);
    batch.bodyType[row] = ValueType.encoded;
    batch.bodyStart[row] = start ^ this.#flip;
    batch.bodySize[row] = end - start;
  }

  #readAttribute(end: number): void {
    if (!this.#readUsual(end)) this.#readUnusual(end);
  }

  /**
   * An attribute with the key that the row before had in this place: one comparison finds its key and shows that this row
   * has it once. False, with nothing read, when it is another or is written in an uncommon way.
   */
  #readUsual(end: number): boolean {
    const usual = this.#matched < 0 ? undefined : this.#usual[this.#matched];
    if (!usual) return false;
    const wire = this.#wire;
    const { bytes, at } = wire;
    const { encoded } = usual.key;
    const from = at + encoded.length + 2;
    if (from > end || bytes[from - 2] !== VALUE) return false;
    const valueSize = bytes[from - 1] as number;
    if (valueSize > 127 || from + valueSize !== end || !this.#isAt(usual, at)) return false;
    const slot = this.#slots.append(usual.key);
    if (slot < 0) return false;
    this.#matched++;
    wire.at = from;
    this.#readValue(slot, end);
    wire.at = end;
    return true;
  }

  /** True when the key, its tag and its length stand at `at`. Words are compared, since bytes one by one took half as long again. */
  #isAt({ key, words }: Usual, at: number): boolean {
    const { encoded } = key;
    const view = this.#view;
    for (let i = 0; i < words.length; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    const { bytes } = this.#wire;
    for (let i = 4 * words.length; i < encoded.length; i++) if (bytes[at + i] !== encoded[i]) return false;
    return true;
  }

  #readUnusual(end: number): void {
    const wire = this.#wire;
    let key: Key = NO_KEY;
    let from = end;
    let to = end;
    while (wire.at < end) {
      const tag = wire.tag(end);
      if (tag === KEY) {
        const keyEnd = wire.span(end);
        key = keyOfBytes(wire.bytes, wire.at, keyEnd);
        wire.at = keyEnd;
      } else if (tag === VALUE) {
        const valueEnd = wire.span(end);
        const start = wire.at;
        // Of several values the last one counts, and all have to be whole.
        if (from < to) this.#check(from, to);
        [from, to] = [start, valueEnd];
        wire.at = valueEnd;
      } else {
        wire.skip(tag, end);
      }
    }
    const slot = this.#slotOf(key);
    if (slot < 0) throw malformed(wire.at, `a request has more than ${REQUEST_ATTRIBUTES_MAX} attributes; send smaller ones`);
    wire.at = from;
    this.#readValue(slot, to);
    wire.at = end;
  }

  #check(from: number, to: number): void {
    this.#wire.at = from;
    checkAnyValue(this.#wire, to, 0);
  }

  /** From the first key that is not the usual one, those of this row become the usual ones. */
  #slotOf(key: Key): number {
    const { attributes } = this.#batch;
    const before = attributes.count;
    const slot = this.#slots.slotOf(key);
    if (this.#matched >= 0) this.#usual.length = this.#matched;
    this.#matched = -1;
    if (attributes.count > before && this.#usual.length < USUAL_MAX) this.#usual.push(usualOf(key));
    return slot;
  }

  /** Reads the AnyValue from here to `end`. What is neither text nor a simple number stays encoded. */
  #readValue(slot: number, end: number): void {
    const wire = this.#wire;
    const start = wire.at;
    if (start === end) return;
    const tag = wire.tag(end);
    switch (tag) {
      case STRING:
      case BYTES:
        if (wire.span(end) === end) return this.#put(slot, tag === STRING ? ValueType.string : ValueType.bytes, wire.at, end - wire.at, 0);
        break;
      case BOOL:
        wire.varint(end);
        if (wire.at === end) return this.#put(slot, ValueType.bool, 0, 0, wire.low === 0 && wire.high === 0 ? 0 : 1);
        break;
      case DOUBLE: {
        const number = wire.double(end);
        if (wire.at === end) return this.#put(slot, ValueType.double, 0, 0, number);
        break;
      }
      case INT: {
        wire.varint(end);
        const number = (wire.high | 0) * 4_294_967_296 + wire.low;
        if (wire.at === end && Number.isSafeInteger(number)) return this.#put(slot, ValueType.int, 0, 0, number);
        break;
      }
      default:
    }
    wire.at = start;
    checkAnyValue(wire, end, 0);
    this.#put(slot, ValueType.encoded, start, end - start, 0);
  }

  #put(slot: number, type: ValueTypeNumber, start: number, size: number, number: number): void {
    const { attributes } = this.#batch;
    attributes.type[slot] = type;
    attributes.start[slot] = start ^ this.#flip;
    attributes.size[slot] = size;
    attributes.number[slot] = number;
  }
}

interface Usual {
  readonly key: Key;
  /** The whole words of `key.encoded`, least significant byte first. */
  readonly words: Int32Array;
}

function usualOf(key: Key): Usual {
  const { encoded } = key;
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.length);
  return { key, words: Int32Array.from({ length: encoded.length >>> 2 }, (_, i) => view.getInt32(4 * i, true)) };
}

/**
 * A fixed64 of nanoseconds since 1970 as milliseconds and the rest. 2^32 is 4294 million and 967,296, so that every
 * product and sum here stays below 2^53 and is exact.
 */
function setTime(ms: Float64Array, ns: Int32Array, row: number, low: number, high: number): void {
  const rest = high * 967_296 + low;
  ms[row] = high * 4294 + Math.floor(rest / 1e6);
  ns[row] = rest % 1e6;
}
