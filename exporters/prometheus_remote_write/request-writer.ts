import { Buffer } from 'node:buffer';
import { compressSnappy, ProtobufWriter } from '#net';
import type { Exemplar } from '#series';
import { labelOf, type Labels } from './labels.ts';

// Fields of WriteRequest, TimeSeries, Sample, Exemplar and MetricMetadata of remote write 1.0, with their wire type.
const TIME_SERIES = 0x0a;
const METADATA = 0x1a;
const SAMPLES = 0x12;
const EXEMPLARS = 0x1a;
const SAMPLE_VALUE = 0x09;
const SAMPLE_TIME = 0x10;
const EXEMPLAR_VALUE = 0x11;
const EXEMPLAR_TIME = 0x18;
const TYPE = 0x08;
const FAMILY_NAME = 0x12;
const HELP = 0x22;
const UNIT = 0x2a;

const TYPES = { counter: 1, gauge: 2, histogram: 3, info: 6 } as const;

/** The NaN that ends a series for Prometheus. Its very bits count, and a number of ours may not keep them. */
const STALE = Buffer.from([SAMPLE_VALUE, 0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f]);

export interface Request {
  /** Compressed. */
  readonly body: Buffer;
  readonly samples: number;
}

/** What is told of one series in one request: its samples by rising time. */
export interface Told {
  /** When it was still 0, for one that has never been told of. */
  readonly zeroMs?: number;
  readonly value?: { readonly value: number; readonly timeMs: number };
  /** When it ended. */
  readonly staleMs?: number;
  readonly exemplar?: Exemplar;
}

export interface Description {
  readonly name: string;
  readonly type: keyof typeof TYPES;
  readonly help: string;
  readonly unit: string;
}

/** Writes series into requests of bounded size, in the order in which they come. */
export class RequestWriter {
  readonly #samplesMax: number;
  readonly #bytesMax: number;
  readonly #request = new ProtobufWriter();
  readonly #series = new ProtobufWriter();
  readonly #part = new ProtobufWriter();
  #samples = 0;
  #written: Request[] = [];

  constructor(limits: { readonly samplesMax: number; readonly bytesMax: number }) {
    this.#samplesMax = limits.samplesMax;
    this.#bytesMax = limits.bytesMax;
  }

  series(labels: Labels, values: readonly Buffer[], { zeroMs, value, staleMs, exemplar }: Told): void {
    const series = this.#series;
    series.clear();
    labels.write(series, values);
    let samples = 0;
    if (zeroMs !== undefined) samples += this.#sample(0, zeroMs);
    if (value) samples += this.#sample(value.value, value.timeMs);
    if (staleMs !== undefined) samples += this.#sample(undefined, staleMs);
    if (exemplar) this.#exemplar(exemplar);
    this.#add(TIME_SERIES, series, samples);
  }

  describe({ name, type, help, unit }: Description): void {
    const part = this.#part;
    part.clear();
    part.varint(TYPE, TYPES[type]);
    part.text(FAMILY_NAME, name);
    part.text(HELP, help);
    if (unit !== '') part.text(UNIT, unit);
    this.#add(METADATA, part, 0);
  }

  /** What follows begins a request of its own. */
  cut(): void {
    if (this.#request.length === 0) return;
    this.#written.push({ body: compressSnappy(this.#request.view), samples: this.#samples });
    this.#request.clear();
    this.#samples = 0;
  }

  /** All that has been written. */
  take(): Request[] {
    this.cut();
    const written = this.#written;
    this.#written = [];
    return written;
  }

  #sample(value: number | undefined, timeMs: number): number {
    const part = this.#part;
    part.clear();
    if (value === undefined) part.append(STALE);
    else part.double(SAMPLE_VALUE, value);
    part.varint(SAMPLE_TIME, timeMs);
    this.#series.bytes(SAMPLES, part.view);
    return 1;
  }

  #exemplar({ traceId, spanId, value, timeMs }: Exemplar): void {
    const part = this.#part;
    part.clear();
    // By name, as labels are.
    if (spanId !== '') part.append(labelOf('span_id', spanId));
    part.append(labelOf('trace_id', traceId));
    part.double(EXEMPLAR_VALUE, value);
    part.varint(EXEMPLAR_TIME, Math.floor(timeMs));
    this.#series.bytes(EXEMPLARS, part.view);
  }

  #add(tag: number, message: ProtobufWriter, samples: number): void {
    const isFull = this.#samples + samples > this.#samplesMax || this.#request.length + message.length > this.#bytesMax;
    if (isFull) this.cut();
    this.#request.bytes(tag, message.view);
    this.#samples += samples;
  }
}
