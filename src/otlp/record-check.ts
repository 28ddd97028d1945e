import { checkAnyValue, checkKeyValue, BOOL, BYTES, DOUBLE, INT, KEY, STRING, VALUE } from './reader-values.ts';
import type { Wire } from './reader-wire.ts';
import * as Tag from './tags.ts';

/**
 * Checks encoded records down to their leaves without reading them: one that passes can be copied out again as it is, or be
 * read later without a surprise. The ways in which SDKs write nearly every field are passed over by a few comparisons; what
 * is written in another way is walked field by field.
 */

// A length below this takes one byte.
const SHORT_MAX = 127;
const SPAN_ATTRIBUTE = 0x4a;
const SPAN_EVENT = 0x5a;
const SPAN_LINK = 0x6a;
const SPAN_STATUS = 0x7a;
const EVENT_ATTRIBUTE = 0x1a;
const LINK_ATTRIBUTE = 0x22;

/** Checks the LogRecord from here to `end`. Returns how many attributes it has. */
export function checkLogRecord(wire: Wire, end: number): number {
  const { bytes } = wire;
  let attributes = 0;
  let at = wire.at;
  while (at < end) {
    const tag = bytes[at] as number;
    let next = 0;
    if (tag === Tag.ATTRIBUTE) {
      attributes++;
      next = usualKeyValueEnd(bytes, at + 1, end);
    } else if (tag === Tag.TIME || tag === Tag.OBSERVED_TIME) next = at + 9;
    else if (tag === Tag.SEVERITY_NUMBER) next = (bytes[at + 1] as number) <= SHORT_MAX ? at + 2 : 0;
    else if (tag === Tag.BODY) next = usualBodyEnd(bytes, at + 1, end);
    else if (tag === Tag.SEVERITY_TEXT || tag === Tag.TRACE_ID || tag === Tag.SPAN_ID || tag === Tag.EVENT_NAME) {
      const length = bytes[at + 1] as number;
      next = length <= SHORT_MAX ? at + 2 + length : 0;
    }
    if (next === 0 || next > end) {
      wire.at = at;
      checkLogField(wire, end);
      next = wire.at;
    }
    at = next;
  }
  wire.at = end;
  return attributes;
}

/** Checks the Span from here to `end`. Returns how many attributes it and what is in it have. */
export function checkSpan(wire: Wire, end: number): number {
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

/** Where the KeyValue ends whose length is at `at`; 0 when it is not of the usual form, and has to be looked at closely. */
function usualKeyValueEnd(bytes: Uint8Array, at: number, end: number): number {
  const length = bytes[at] as number;
  const to = at + 1 + length;
  if (length < 4 || length > SHORT_MAX || to > end || bytes[at + 1] !== KEY) return 0;
  const keyLength = bytes[at + 2] as number;
  const value = at + 3 + keyLength;
  if (keyLength > SHORT_MAX || value + 2 > to || bytes[value] !== VALUE || value + 2 + (bytes[value + 1] as number) !== to) return 0;
  return isUsualValue(bytes, value + 2, to) ? to : 0;
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
