import { checkAnyValue, checkKeyValue, BOOL, BYTES, DOUBLE, INT, KEY, STRING, VALUE } from './reader-values.ts';
import type { Wire } from './reader-wire.ts';
import * as Tag from './tags.ts';

/**
 * Checks encoded records down to their leaves without reading them: one that passes can be copied out again as it is, or be
 * read later without a surprise. The ways in which SDKs write nearly every field are passed over by a few comparisons; what
 * is written in another way is walked field by field.
 */

// The most that one byte of a length can say.
const SHORT_MAX = 127;
// Tag and length of a field, and tag and length of the first field in it, as the four bytes of a little-endian number:
// these masks leave the tags, and the bits which say that a length goes on.
const FIRST_SHORT = 0x80ff;
const BOTH_SHORT = 0x80ff80ff | 0;
const ATTRIBUTE_HEAD = (KEY << 16) | Tag.ATTRIBUTE;
const TEXT_HEAD = (STRING << 16) | VALUE;
const SPAN_ATTRIBUTE = 0x4a;
const SPAN_EVENT = 0x5a;
const SPAN_LINK = 0x6a;
const SPAN_STATUS = 0x7a;
const EVENT_ATTRIBUTE = 0x1a;
const LINK_ATTRIBUTE = 0x22;

/** Checks the LogRecord from here to `end`. Returns how many attributes it has. `view` shows the bytes of `wire`. */
export function checkLogRecord(wire: Wire, end: number, view: DataView): number {
  let attributes = 0;
  let at = wire.at;
  while (at < end) {
    let next = 0;
    if (at + 4 <= end) {
      const head = view.getInt32(at, true);
      if ((head & BOTH_SHORT) === ATTRIBUTE_HEAD) {
        const to = at + 2 + ((head >> 8) & 127);
        const value = at + 4 + (head >> 24);
        if (to <= end && value + 4 <= to && isUsualValueField(wire.bytes, view, value, to)) {
          attributes++;
          at = to;
          continue;
        }
      }
      next = usualFieldEnd(wire.bytes, head, at, end);
    }
    if (next === 0 || next > end) {
      if (wire.bytes[at] === Tag.ATTRIBUTE) attributes++;
      wire.at = at;
      checkLogField(wire, end);
      next = wire.at;
    }
    at = next;
  }
  wire.at = end;
  return attributes;
}

/** Where the field ends that begins with the four bytes of `head`; 0 when it has to be looked at closely. */
function usualFieldEnd(bytes: Uint8Array, head: number, at: number, end: number): number {
  switch (head & 255) {
    case Tag.TIME:
    case Tag.OBSERVED_TIME:
      return at + 9;
    case Tag.SEVERITY_NUMBER:
      return (head & 0x8000) === 0 ? at + 2 : 0;
    case Tag.BODY:
      return usualBodyEnd(bytes, at + 1, end);
    case Tag.SEVERITY_TEXT:
    case Tag.TRACE_ID:
    case Tag.SPAN_ID:
    case Tag.EVENT_NAME:
      return (head & 0x8000) === 0 ? at + 2 + ((head >> 8) & 127) : 0;
    default:
      return 0;
  }
}

/** Checks the Span from here to `end`. Returns how many attributes it and what is in it have. */
export function checkSpan(wire: Wire, end: number, _view: DataView): number {
  let attributes = 0;
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === SPAN_ATTRIBUTE) {
      attributes++;
      checkKeyValue(wire, wire.span(end), 0);
    } else if (tag === SPAN_EVENT) attributes += checkPart(wire, wire.span(end), EVENT_ATTRIBUTE);
    else if (tag === SPAN_LINK) attributes += checkPart(wire, wire.span(end), LINK_ATTRIBUTE);
    else if (tag === SPAN_STATUS) checkPart(wire, wire.span(end), 0);
    else wire.skip(tag, end);
  }
  return attributes;
}

function checkPart(wire: Wire, end: number, attribute: number): number {
  let attributes = 0;
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === attribute) {
      attributes++;
      checkKeyValue(wire, wire.span(end), 0);
    } else {
      wire.skip(tag, end);
    }
  }
  return attributes;
}

function checkLogField(wire: Wire, end: number): void {
  const tag = wire.tag(end);
  if (tag === Tag.ATTRIBUTE) checkKeyValue(wire, wire.span(end), 0);
  else if (tag === Tag.BODY) checkAnyValue(wire, wire.span(end), 0);
  else wire.skip(tag, end);
}

/** True when the value of a KeyValue is all there is in `bytes[at, to)`, and is of the usual form. */
function isUsualValueField(bytes: Uint8Array, view: DataView, at: number, to: number): boolean {
  const head = view.getInt32(at, true);
  if ((head & FIRST_SHORT) !== VALUE || at + 2 + ((head >> 8) & 127) !== to) return false;
  // Nearly every value is a short text.
  if ((head & BOTH_SHORT) === TEXT_HEAD) return at + 4 + (head >> 24) === to;
  return isUsualValue(bytes, at + 2, to);
}

/** Where the AnyValue ends whose length is at `at`; 0 when it is not a text of the usual form. */
function usualBodyEnd(bytes: Uint8Array, at: number, end: number): number {
  const length = bytes[at] as number;
  if (length <= SHORT_MAX) return at + 1 + length <= end && isUsualValue(bytes, at + 1, at + 1 + length) ? at + 1 + length : 0;
  const high = bytes[at + 1] as number;
  if (high > SHORT_MAX) return 0;
  const from = at + 2;
  const to = from + ((high << 7) | (length & 127));
  if (to > end || bytes[from] !== STRING) return 0;
  const size = bytes[from + 1] as number;
  if (size <= SHORT_MAX) return from + 2 + size === to ? to : 0;
  const sizeHigh = bytes[from + 2] as number;
  return sizeHigh <= SHORT_MAX && from + 3 + ((sizeHigh << 7) | (size & 127)) === to ? to : 0;
}

/** True when `bytes[from, to)` are an AnyValue with one value that is not nested, and nothing else. */
function isUsualValue(bytes: Uint8Array, from: number, to: number): boolean {
  switch (bytes[from]) {
    case STRING:
    case BYTES:
      return from + 2 + (bytes[from + 1] as number) === to && (bytes[from + 1] as number) <= SHORT_MAX;
    case BOOL:
      return from + 2 === to && (bytes[from + 1] as number) <= SHORT_MAX;
    case DOUBLE:
      return from + 9 === to;
    case INT:
      return isVarint(bytes, from + 1, to);
    default:
      return false;
  }
}

function isVarint(bytes: Uint8Array, from: number, to: number): boolean {
  if (to <= from || to - from > 10 || (bytes[to - 1] as number) > SHORT_MAX) return false;
  for (let at = from; at < to - 1; at++) if ((bytes[at] as number) <= SHORT_MAX) return false;
  return true;
}
