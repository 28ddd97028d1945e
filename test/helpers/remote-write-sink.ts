import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { decompressSnappy } from '../../src/net/snappy.ts';

const PROTO = `
syntax = "proto3";
message WriteRequest { repeated TimeSeries timeseries = 1; reserved 2; repeated MetricMetadata metadata = 3; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; }
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
message MetricMetadata {
  enum MetricType { UNKNOWN = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; GAUGEHISTOGRAM = 4; SUMMARY = 5; INFO = 6; STATESET = 7; }
  MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5;
}
`;
const WriteRequest = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('WriteRequest');
const SAMPLE_VALUE = 0x09;
const STALE_BITS = 'f07f';

interface Decoded {
  readonly timeseries?: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly samples?: readonly { readonly value?: number; readonly timestamp: number }[];
    readonly exemplars?: readonly WrittenExemplar[];
  }[];
  readonly metadata?: readonly object[];
}

interface WrittenExemplar {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly value: number;
  readonly timestamp: number;
}

export interface WrittenSample {
  /** `name{a="b"}`, the labels as they came. */
  readonly series: string;
  readonly value: number | 'stale';
  readonly timeMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A backend that takes remote write 1.0 as the specification has it, and says 400 to what it forbids: wrong headers, labels
 * out of order or empty, a sample that is not younger than the last of its series.
 */
export class RemoteWriteSink {
  readonly samples: WrittenSample[] = [];
  readonly exemplars: WrittenExemplar[] = [];
  readonly metadata: object[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  /** What was wrong with requests that were not the test's doing. */
  readonly faults: string[] = [];
  requests = 0;
  /** Answers a request instead. */
  answer: ((request: number) => Answer | undefined) | undefined;
  readonly #last = new Map<string, number>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.requests++;
        this.headers.push(request.headers);
        const { status, body = '', headers = {} } = this.answer?.(this.requests) ?? this.#take(request, Buffer.concat(chunks));
        response.writeHead(status, headers);
        response.end(body);
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v1/write`;
  }

  /** What a query would find now: the last sample of each series that has not ended. */
  get current(): Record<string, number> {
    const last = new Map<string, number | 'stale'>();
    for (const { series, value } of this.samples) last.set(series, value);
    return Object.fromEntries(Array.from(last).flatMap(([series, value]) => (value === 'stale' ? [] : [[series, value] as const])));
  }

  of(series: string): (number | 'stale')[] {
    return this.samples.filter((sample) => sample.series === series).map(({ value }) => value);
  }

  async start(): Promise<void> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #take({ headers, method, url }: IncomingMessage, body: Buffer): Answer {
    const faults: string[] = [];
    const expected = {
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
    };
    for (const [name, value] of Object.entries(expected)) if (headers[name] !== value) faults.push(`${name}: ${String(headers[name])}`);
    if (!headers['user-agent']) faults.push('no user-agent');
    if (method !== 'POST' || url !== '/api/v1/write') return { status: 404 };
    const bytes = decompressSnappy(body, 64e6);
    const message = WriteRequest.toObject(WriteRequest.decode(bytes), { longs: Number, enums: String }) as Decoded;
    const taken = this.#read(message, faults);
    if (countStale(bytes) !== taken.filter(({ value }) => value === 'stale').length) faults.push('a NaN that ends no series');
    this.faults.push(...faults);
    if (faults.length > 0) return { status: 400, body: faults.join('; ') };
    for (const { series, timeMs } of taken) this.#last.set(series, timeMs);
    this.samples.push(...taken);
    this.metadata.push(...(message.metadata ?? []));
    for (const { exemplars = [] } of message.timeseries ?? []) this.exemplars.push(...exemplars);
    return { status: 204 };
  }

  #read({ timeseries = [] }: Decoded, faults: string[]): WrittenSample[] {
    const taken: WrittenSample[] = [];
    const last = new Map<string, number>();
    for (const { labels, samples = [] } of timeseries) {
      const names = labels.map(({ name }) => name);
      const isSorted = names.every((name, i) => i === 0 || (names[i - 1] as string) < name);
      const series = nameOf(labels);
      if (!isSorted || labels.some(({ value }) => value === '')) faults.push(`labels ${series}`);
      if (samples.length === 0) faults.push(`no samples of ${series}`);
      for (const { value = 0, timestamp: timeMs } of samples) {
        if (timeMs <= (last.get(series) ?? this.#last.get(series) ?? 0)) faults.push(`out of order: ${series}`);
        last.set(series, timeMs);
        taken.push({ series, value: Number.isNaN(value) ? 'stale' : value, timeMs });
      }
    }
    return taken;
  }
}

function nameOf(labels: readonly { readonly name: string; readonly value: string }[]): string {
  const own = labels.filter(({ name }) => name !== '__name__').map(({ name, value }) => `${name}=${JSON.stringify(value)}`);
  return `${labels.find(({ name }) => name === '__name__')?.value}{${own.join(',')}}`;
}

/** A reader of JavaScript sees a NaN like any other, so the bits are looked for in the bytes. */
function countStale(bytes: Buffer): number {
  const stale = Buffer.from(`${SAMPLE_VALUE.toString(16).padStart(2, '0')}020000000000${STALE_BITS}`, 'hex');
  let count = 0;
  for (let at = bytes.indexOf(stale); at >= 0; at = bytes.indexOf(stale, at + stale.length)) count++;
  return count;
}
