import type { LogBatch } from '#model';
import { attributeText, countText, messageOf, messageText, stringText, type Member } from './json-text.ts';
import { Wire } from './reader-wire.ts';

/** Spans as OTLP/JSON, from the bytes of protobuf. */

const idText = (wire: Wire, end: number): string => {
  const idEnd = wire.span(end);
  const id = wire.bytes.toString('hex', wire.at, idEnd);
  wire.at = idEnd;
  return `"${id}"`;
};
const timeText = (wire: Wire, end: number): string => {
  wire.fixed64(end);
  return `"${(BigInt(wire.high) << 32n) | BigInt(wire.low)}"`;
};
const flagsText = (wire: Wire, end: number): string => String(wire.fixed32(end));

const EVENT_MEMBERS: readonly Member[] = [
  { tag: 0x09, name: 'timeUnixNano', toText: timeText },
  { tag: 0x12, name: 'name', toText: stringText },
  { tag: 0x1a, name: 'attributes', isRepeated: true, toText: attributeText },
  { tag: 0x20, name: 'droppedAttributesCount', toText: countText },
];
const LINK_MEMBERS: readonly Member[] = [
  { tag: 0x0a, name: 'traceId', toText: idText },
  { tag: 0x12, name: 'spanId', toText: idText },
  { tag: 0x1a, name: 'traceState', toText: stringText },
  { tag: 0x22, name: 'attributes', isRepeated: true, toText: attributeText },
  { tag: 0x28, name: 'droppedAttributesCount', toText: countText },
  { tag: 0x35, name: 'flags', toText: flagsText },
];
const STATUS_MEMBERS: readonly Member[] = [
  { tag: 0x12, name: 'message', toText: stringText },
  { tag: 0x18, name: 'code', toText: countText },
];
const SPAN_MEMBERS: readonly Member[] = [
  { tag: 0x0a, name: 'traceId', toText: idText },
  { tag: 0x12, name: 'spanId', toText: idText },
  { tag: 0x1a, name: 'traceState', toText: stringText },
  { tag: 0x22, name: 'parentSpanId', toText: idText },
  { tag: 0x2a, name: 'name', toText: stringText },
  { tag: 0x30, name: 'kind', toText: countText },
  { tag: 0x39, name: 'startTimeUnixNano', toText: timeText },
  { tag: 0x41, name: 'endTimeUnixNano', toText: timeText },
  { tag: 0x4a, name: 'attributes', isRepeated: true, toText: attributeText },
  { tag: 0x50, name: 'droppedAttributesCount', toText: countText },
  { tag: 0x5a, name: 'events', isRepeated: true, toText: messageOf(EVENT_MEMBERS) },
  { tag: 0x60, name: 'droppedEventsCount', toText: countText },
  { tag: 0x6a, name: 'links', isRepeated: true, toText: messageOf(LINK_MEMBERS) },
  { tag: 0x70, name: 'droppedLinksCount', toText: countText },
  { tag: 0x7a, name: 'status', toText: messageOf(STATUS_MEMBERS) },
  { tag: 0x85, name: 'flags', toText: flagsText },
];

export function spanText({ encoded, space }: LogBatch, row: number): string {
  const size = encoded?.size[row] ?? 0;
  const wire = new Wire(space.view(encoded?.start[row] ?? 0, size));
  wire.tag(size);
  return messageText(wire, wire.span(size), SPAN_MEMBERS);
}
