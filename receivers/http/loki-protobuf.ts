import { parseLabels } from './loki-labels.ts';
import { emptyLabels, NO_METADATA, type Entry, type Stream } from './loki-stream.ts';
import { Wire } from './protobuf.ts';

// Tags of logproto: PushRequest, StreamAdapter, EntryAdapter, LabelPairAdapter, Timestamp.
const STREAM = 0x0a;
const LABELS = 0x0a;
const ENTRY = 0x12;
const TIMESTAMP = 0x0a;
const LINE = 0x12;
const METADATA = 0x1a;
const NAME = 0x0a;
const VALUE = 0x12;
const SECONDS = 0x08;
const NANOS = 0x10;

const NS_PER_MS = 1_000_000;
/** Later times are no times, and do not fit into 64 bits of nanoseconds. */
const SECONDS_MAX = 9_223_372_036;

/** Reads a PushRequest. */
export function* readLokiProtobuf(bytes: Buffer): Generator<Stream> {
  const wire = new Wire(bytes);
  const end = bytes.length;
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag !== STREAM) {
      wire.skip(tag, end);
      continue;
    }
    const streamEnd = wire.span(end);
    yield { labels: readLabels(bytes, wire.at, streamEnd), entries: readEntries(bytes, wire.at, streamEnd) };
    wire.at = streamEnd;
  }
}

function wireAt(bytes: Buffer, from: number): Wire {
  const wire = new Wire(bytes);
  wire.at = from;
  return wire;
}

function readLabels(bytes: Buffer, from: number, end: number): Record<string, string> {
  const wire = wireAt(bytes, from);
  let text = '{}';
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag === LABELS) text = readText(wire, end);
    else wire.skip(tag, end);
  }
  return parseLabels(text);
}

function* readEntries(bytes: Buffer, from: number, end: number): Generator<Entry> {
  const wire = wireAt(bytes, from);
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag === ENTRY) yield readEntry(wire, wire.span(end));
    else wire.skip(tag, end);
  }
}

function readEntry(wire: Wire, end: number): Entry {
  let time = { timeMs: 0, timeNs: 0 };
  let from = wire.at;
  let to = wire.at;
  let metadata: Record<string, string> | undefined;
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag === TIMESTAMP) time = readTime(wire, wire.span(end));
    else if (tag === LINE) {
      to = wire.span(end);
      from = wire.at;
      wire.at = to;
    } else if (tag === METADATA) {
      metadata ??= emptyLabels();
      readPair(wire, wire.span(end), metadata);
    } else wire.skip(tag, end);
  }
  return { ...time, from, to, text: undefined, metadata: metadata ?? NO_METADATA };
}

function readTime(wire: Wire, end: number): { timeMs: number; timeNs: number } {
  let seconds = 0;
  let nanos = 0;
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag === SECONDS) seconds = wire.varint(end);
    else if (tag === NANOS) nanos = wire.varint(end);
    else wire.skip(tag, end);
  }
  if (seconds > SECONDS_MAX || nanos >= 1e9) throw wire.malformed('the time lies before 1970 or after 2262');
  return { timeMs: seconds * 1000 + Math.floor(nanos / NS_PER_MS), timeNs: nanos % NS_PER_MS };
}

function readPair(wire: Wire, end: number, into: Record<string, string>): void {
  let name = '';
  let value = '';
  while (wire.at < end) {
    const tag = wire.varint(end);
    if (tag === NAME) name = readText(wire, end);
    else if (tag === VALUE) value = readText(wire, end);
    else wire.skip(tag, end);
  }
  into[name] = value;
}

function readText(wire: Wire, end: number): string {
  const to = wire.span(end);
  const text = wire.bytes.toString('utf8', wire.at, to);
  wire.at = to;
  return text;
}
