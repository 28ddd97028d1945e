import { Buffer, isUtf8 } from 'node:buffer';
import {
  ValueType,
  resourceAttributes,
  scopeNameAndVersion,
  type AttributeValue,
  type Key,
  type LogBatch,
  type Origin,
  type SharedAttributes,
} from '#model';
import { protobufFieldSize, ProtobufWriter } from '#net';
import type { LokiConfig } from './config.ts';
import { jsonLine } from './json-line.ts';
import { Labels, levelOf, textOf, toLabelName } from './labels.ts';

// Tags of logproto: PushRequest, StreamAdapter, EntryAdapter, LabelPairAdapter, Timestamp.
export const Tag = {
  STREAM: 0x0a,
  LABELS: 0x0a,
  ENTRY: 0x12,
  TIMESTAMP: 0x0a,
  LINE: 0x12,
  METADATA: 0x1a,
  NAME: 0x0a,
  VALUE: 0x12,
} as const;
const SECONDS = 0x08;
const NANOS = 0x10;

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000;
// Later times do not fit into 64 bits of nanoseconds.
const MS_MAX = 9_223_372_036_000;
// One request does not name more streams than that, nor is the last time of more remembered.
const STREAMS_MAX = 1000;
const LAST_TIMES_MAX = 10_000;

export interface PushBody {
  readonly body: Buffer;
  /** The first row that is not in it. */
  readonly next: number;
  readonly rows: number;
}

interface Time {
  readonly seconds: number;
  readonly nanos: number;
}

/** Writes PushRequests: records by stream, in their order. */
export class PushWriter {
  readonly #config: LokiConfig;
  readonly #bytesMax: number;
  readonly #nowMs: () => number;
  readonly #labels: Labels;
  readonly #lastTimes = new Map<string, Time & { readonly repeats: number }>();
  readonly #resourcePairs = new WeakMap<Origin, Uint8Array>();
  readonly #scopePairs = new WeakMap<Origin, Uint8Array>();
  readonly #sharedPairs = new WeakMap<SharedAttributes, Uint8Array>();
  readonly #names = new WeakMap<Key, Uint8Array>();
  #isAllUtf8 = true;
  readonly #entry = new ProtobufWriter();
  readonly #pair = new ProtobufWriter();

  constructor(config: LokiConfig, bytesMax: number, nowMs: () => number) {
    this.#config = config;
    this.#bytesMax = bytesMax;
    this.#nowMs = nowMs;
    this.#labels = new Labels(config);
  }

  /** The live rows from `from` on, as many as fit, but at least one. */
  write(batch: LogBatch, from: number): PushBody {
    const streams = new Map<string, ProtobufWriter>();
    // All of it is looked at once; its parts only when something is wrong with one of them.
    this.#isAllUtf8 = isUtf8(batch.space.bytes) && isUtf8(batch.space.view(-1, batch.space.sideLength));
    let bytes = 0;
    let rows = 0;
    let row = from;
    for (; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const labels = this.#labels.of(batch, row);
      let stream = streams.get(labels);
      if (!stream && streams.size === STREAMS_MAX) break;
      const line = this.#lineOf(batch, row);
      // More than the entry will take: what does not fit must not have been given its time yet.
      const estimate = line.length + this.#metadataBytes(batch, row) + (stream ? 0 : labels.length);
      if (rows > 0 && bytes + estimate > this.#bytesMax) break;
      if (!stream) streams.set(labels, (stream = new ProtobufWriter()));
      const before = stream.length;
      this.#writeEntry(batch, row, labels, line);
      stream.bytes(Tag.ENTRY, this.#entry.view);
      bytes += stream.length - before + (before === 0 ? labels.length : 0);
      rows++;
    }
    return { body: assemble(streams), next: row, rows };
  }

  #lineOf(batch: LogBatch, row: number): Buffer {
    if (this.#config.line === 'json') return Buffer.from(jsonLine(batch, row));
    const type = batch.bodyType[row];
    // Bytes as they are, unless they are no UTF-8, which protobuf does not take as text.
    if (type === ValueType.string) return this.#wellFormed(batch.space.view(batch.bodyStart[row] as number, batch.bodySize[row] as number));
    return Buffer.from(batch.bodyText(row));
  }

  #metadataBytes(batch: LogBatch, row: number): number {
    if (!this.#config.structured_metadata) return 0;
    let bytes = 0;
    const { head, next, size } = batch.attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) bytes += size[slot] as number;
    return bytes;
  }

  #writeEntry(batch: LogBatch, row: number, labels: string, line: Uint8Array): void {
    const { seconds, nanos } = this.#timeOf(batch, row, labels);
    const entry = this.#entry;
    const pair = this.#pair;
    pair.clear();
    if (seconds > 0) pair.varint(SECONDS, seconds);
    if (nanos > 0) pair.varint(NANOS, nanos);
    entry.clear();
    entry.bytes(Tag.TIMESTAMP, pair.view);
    entry.bytes(Tag.LINE, line);
    if (this.#config.structured_metadata) this.#writeMetadata(batch, row);
  }

  #writeMetadata(batch: LogBatch, row: number): void {
    const traceId = batch.traceId(row);
    if (traceId !== '') this.#add('trace_id', traceId);
    const spanId = batch.spanId(row);
    if (spanId !== '') this.#add('span_id', spanId);
    const severity = batch.severity[row] as number;
    if (severity !== 0) this.#add('severity_number', String(severity));
    const severityText = batch.severityText(row);
    if (severityText !== '') this.#add('severity_text', severityText);
    const level = this.#config.level_label ? '' : levelOf(batch, row);
    if (level !== '') this.#add('level', level);
    const eventName = batch.eventName(row);
    if (eventName !== '') this.#add('event_name', eventName);
    this.#addEncoded(this.#sharedPairs, batch.shared[batch.sharedOf[row] as number] as SharedAttributes, ({ entries }) => {
      for (const [{ text }, value] of entries) if (!this.#labels.isLabel(text)) this.#addValue(text, value);
    });
    this.#addAttributes(batch, row);
    this.#addEncoded(this.#resourcePairs, batch.resources[batch.resourceOf[row] as number] as Origin, (resource) => {
      for (const [name, value] of Object.entries(resourceAttributes(resource))) {
        if (!this.#config.labels_from_resource.includes(name)) this.#addValue(name, value);
      }
    });
    this.#addEncoded(this.#scopePairs, batch.scopes[batch.scopeOf[row] as number] as Origin, (scope) => {
      const { name, version } = scopeNameAndVersion(scope);
      if (name !== '') this.#add('scope_name', name);
      if (version !== '') this.#add('scope_version', version);
    });
  }

  /** What many records have in common is written once. */
  #addEncoded<Common extends object>(known: WeakMap<Common, Uint8Array>, origin: Common, write: (origin: Common) => void): void {
    const entry = this.#entry;
    const encoded = known.get(origin);
    if (encoded) {
      entry.append(encoded);
      return;
    }
    const from = entry.length;
    write(origin);
    known.set(origin, Uint8Array.from(entry.view.subarray(from)));
  }

  #addAttributes(batch: LogBatch, row: number): void {
    const { attributes, space } = batch;
    const { head, next, type, key, start, size, number } = attributes;
    for (let slot = head[row] as number; slot >= 0; slot = next[slot] as number) {
      const kind = type[slot] as number;
      if (kind === ValueType.none || kind === ValueType.empty) continue;
      const name = this.#nameOf(key[slot] as Key);
      if (name.length === 0) continue;
      if (kind === ValueType.string) {
        this.#addNamed(name, this.#wellFormed(space.view(start[slot] as number, size[slot] as number)));
      } else {
        const text = kind === ValueType.int ? String(number[slot]) : textOf(attributes.value(slot));
        this.#addNamed(name, Buffer.from(text));
      }
    }
  }

  /** The field with the name of an attribute; empty for what is a label. */
  #nameOf(key: Key): Uint8Array {
    let name = this.#names.get(key);
    if (name) return name;
    const pair = this.#pair;
    pair.clear();
    if (!this.#labels.isLabel(key.text)) pair.text(Tag.NAME, toLabelName(key.text));
    this.#names.set(key, (name = Uint8Array.from(pair.view)));
    return name;
  }

  /** Go refuses text that is no UTF-8, and with it the whole request. */
  #wellFormed(bytes: Buffer): Buffer {
    return this.#isAllUtf8 || isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8'));
  }

  #addValue(name: string, value: AttributeValue): void {
    if (value !== null) this.#add(toLabelName(name), textOf(value));
  }

  #add(name: string, value: string): void {
    const pair = this.#pair;
    pair.clear();
    pair.text(Tag.NAME, name);
    pair.text(Tag.VALUE, value);
    this.#entry.bytes(Tag.METADATA, pair.view);
  }

  /** The name is a field already. */
  #addNamed(name: Uint8Array, value: Uint8Array): void {
    const entry = this.#entry;
    entry.head(Tag.METADATA, name.length + protobufFieldSize(value.length));
    entry.append(name);
    entry.bytes(Tag.VALUE, value);
  }

  /** The record's time, else when it was seen, else now. */
  #timeOf(batch: LogBatch, row: number, labels: string): Time {
    let ms = batch.timeMs[row] as number;
    let ns = batch.timeNs[row] as number;
    if ((ms === 0 && ns === 0) || ms > MS_MAX) {
      ms = (batch.observedMs[row] as number) || this.#nowMs();
      ns = batch.observedNs[row] as number;
    }
    const time = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * NS_PER_MS + ns };
    return this.#config.distinct_timestamps ? this.#distinct(labels, time) : time;
  }

  /** A nanosecond after the record before, when it has the same time. */
  #distinct(labels: string, { seconds, nanos }: Time): Time {
    const last = this.#lastTimes.get(labels);
    const isSame = last?.seconds === seconds && last.nanos === nanos;
    const repeats = isSame ? last.repeats + 1 : 0;
    if (!last && this.#lastTimes.size === LAST_TIMES_MAX) this.#lastTimes.clear();
    this.#lastTimes.set(labels, { seconds, nanos, repeats });
    const moved = nanos + repeats;
    return moved < NS_PER_S ? { seconds, nanos: moved } : { seconds: seconds + 1, nanos: moved - NS_PER_S };
  }
}

function assemble(streams: ReadonlyMap<string, ProtobufWriter>): Buffer {
  const request = new ProtobufWriter();
  const stream = new ProtobufWriter();
  for (const [labels, entries] of streams) {
    stream.clear();
    stream.text(Tag.LABELS, labels);
    stream.append(entries.view);
    request.bytes(Tag.STREAM, stream.view);
  }
  return request.view;
}
