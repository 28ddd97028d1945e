import type { LogBatch } from '#model';

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const IDS_BYTES = TRACE_BYTES + SPAN_BYTES;

export interface Exemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly value: number;
  readonly timeMs: number;
  /** By our clock. */
  readonly keptMs: number;
}

interface Place {
  readonly index: number;
  readonly bucket: number;
  readonly value: number;
}

/** The last trace seen at each series, or at each bucket of one. Nothing is allocated until a record has a trace. */
export class Exemplars {
  readonly #perSeries: number;
  #ids = new Uint8Array(0);
  #values = new Float64Array(0);
  /** Of the record, and of our clock when it was kept; 0 means none. */
  #timesMs = new Float64Array(0);
  #keptMs = new Float64Array(0);
  #nowMs = 0;

  constructor(perSeries: number) {
    this.#perSeries = perSeries;
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  keep({ traceIds, spanIds, timeMs }: LogBatch, row: number, { index, bucket, value }: Place): void {
    const at = index * this.#perSeries + bucket;
    // One in each batch is enough, and keeps the copying off most rows.
    if (!traceIds || this.#keptMs[at] === this.#nowMs) return;
    const from = row * TRACE_BYTES;
    if (isZero(traceIds, from)) return;
    if (at >= this.#values.length) this.#grow(at + 1);
    for (let i = 0; i < TRACE_BYTES; i++) this.#ids[at * IDS_BYTES + i] = traceIds[from + i] as number;
    for (let i = 0; i < SPAN_BYTES; i++) this.#ids[at * IDS_BYTES + TRACE_BYTES + i] = spanIds?.[row * SPAN_BYTES + i] ?? 0;
    this.#values[at] = value;
    this.#timesMs[at] = timeMs[row] || this.#nowMs;
    this.#keptMs[at] = this.#nowMs;
  }

  at(index: number, bucket: number): Exemplar | undefined {
    const at = index * this.#perSeries + bucket;
    const time = this.#timesMs[at] ?? 0;
    if (time === 0) return undefined;
    const ids = Buffer.from(this.#ids.buffer, at * IDS_BYTES, IDS_BYTES);
    const spanId = ids.toString('hex', TRACE_BYTES);
    return {
      traceId: ids.toString('hex', 0, TRACE_BYTES),
      spanId: /^0*$/.test(spanId) ? '' : spanId,
      value: this.#values[at] as number,
      timeMs: time,
      keptMs: this.#keptMs[at] as number,
    };
  }

  forget(index: number): void {
    this.#timesMs.fill(0, index * this.#perSeries, (index + 1) * this.#perSeries);
    this.#keptMs.fill(0, index * this.#perSeries, (index + 1) * this.#perSeries);
  }

  #grow(needed: number): void {
    const length = Math.max(needed, this.#values.length * 2, 16);
    const ids = new Uint8Array(length * IDS_BYTES);
    ids.set(this.#ids);
    this.#ids = ids;
    this.#values = grown(this.#values, length);
    this.#timesMs = grown(this.#timesMs, length);
    this.#keptMs = grown(this.#keptMs, length);
  }
}

function grown(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(column);
  return copy;
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < from + TRACE_BYTES; i++) if (bytes[i] !== 0) return false;
  return true;
}
