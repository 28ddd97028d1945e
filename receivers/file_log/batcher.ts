import assert from 'node:assert';
import { Delivery, RefusedError, type SettledListener } from '#component';
import { LogBatch, ValueType, keyOf } from '#model';
import type { BatcherSettings } from './batcher-settings.ts';
import { passMark, settleBodies, type Encoding } from './encoding.ts';
import { tailOf } from './identity.ts';
import { createReadMemory } from './newline-scanner.ts';
import type { Mark, Range } from './ranges.ts';
import { RecordWriter } from './records.ts';
import type { Tail } from './tail.ts';

/** Rows of one file in the batch, and where their bytes lie. */
interface Segment {
  readonly tail: Tail;
  readonly range: Range;
  readonly from: number;
  to: number;
  rowFrom: number;
  rowTo: number;
  /** Who answers for its live rows, as an index into those of the batch. */
  delivery: number;
  /** Which of its Deliveries counts: a batch that is made anew gets new ones. */
  attempt: number;
  isOpen: boolean;
}

const RECORD_NUMBER = keyOf('log.file.record_number');
const RECORD_OFFSET = keyOf('log.file.record_offset');
// Room behind the longest record for the bytes before it, and for what follows a cut.
const SLACK_BYTES = 4096;

/**
 * One read buffer and one batch, used again and again: the consumer refers to neither once `consume` has resolved. A batch
 * holds rows of one large file or of many small ones; each file's rows have their own Delivery.
 */
export class Batcher {
  readonly #settings: BatcherSettings;
  readonly #batch = new LogBatch();
  readonly #writer: RecordWriter;
  /** Finds the places of rows again. */
  #places: RecordWriter | undefined;
  #buffer: Buffer;
  #used = 0;
  #segments: Segment[] = [];

  constructor(settings: BatcherSettings) {
    this.#settings = settings;
    this.#writer = new RecordWriter(settings.rules, this.#batch, settings.includesNumber || settings.includesOffset);
    this.#buffer = this.#allocate(settings.chunkBytes);
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Where the next bytes go. */
  get used(): number {
    return this.#used;
  }

  get room(): number {
    return this.#buffer.length - this.#used;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Bytes of a code unit of the files. */
  get unit(): 1 | 2 {
    return this.#settings.rules.unit;
  }

  /** Too little room is left for a read to be worth its call. */
  get isFull(): boolean {
    return this.room < this.#settings.chunkBytes / 8 || this.#batch.length >= this.#writer.rowsMax;
  }

  /**
   * Cuts `buffer[from, to)`, which begin at `mark` in the file, into rows. Returns how many bytes are behind whole
   * records; the caller reads the rest again.
   */
  take(tail: Tail, mark: Mark, from: number, to: number, isFinal: boolean): number {
    const { splitter, encoding } = this.#settings;
    const writer = this.#writer;
    const rowFrom = this.#batch.length;
    writer.begin(mark.records, mark.isSkipping);
    const end = splitter.split(writer, this.#buffer, from, to, isFinal);
    writer.end(encoding.kind === 'nop' ? ValueType.bytes : ValueType.string);
    assert(end >= from && end <= to, 'a splitter stays within what it was given');
    if (end === from) return 0;
    const range = tail.ranges.add(mark, this.#markAt(mark, from, end, writer));
    const segment = { tail, range, from, to: end, rowFrom, rowTo: this.#batch.length, delivery: 0, attempt: 0, isOpen: true };
    this.#segments.push(segment);
    this.#used = end;
    this.#fill(segment, encoding);
    return end - from;
  }

  /** Passes over bytes that hold nothing, such as a hole: the position moves, no row is made. */
  pass(tail: Tail, mark: Mark, at: number): void {
    const range = tail.ranges.add(mark, { ...mark, at, tail: '' });
    const row = this.#batch.length;
    const used = this.#used;
    this.#segments.push({ tail, range, from: used, to: used, rowFrom: row, rowTo: row, delivery: 0, attempt: 0, isOpen: true });
  }

  #fill(segment: Segment, encoding: Encoding): void {
    const batch = this.#batch;
    const { rowFrom, rowTo, tail } = segment;
    if (rowTo === rowFrom) return;
    batch.observedMs.fill(this.#settings.clock.now(), rowFrom, rowTo);
    if (tail.shared.entries.size > 0) batch.sharedOf.fill(batch.addShared(tail.shared), rowFrom, rowTo);
    if (this.#settings.resource) batch.resourceOf.fill(batch.addResource(this.#settings.resource), rowFrom, rowTo);
    if (segment.range.from.at === 0 && encoding.kind === 'utf-8') passMark(batch, rowFrom, this.#buffer);
    if (!this.#writer.isAscii || encoding.kind !== 'utf-8') settleBodies(batch, rowFrom, this.#buffer, segment.from, segment.to, encoding);
    const { numbers, starts } = this.#writer;
    if (!numbers || !starts) return;
    const base = segment.range.from.at - segment.from;
    for (let row = rowFrom; row < rowTo; row++) {
      if (this.#settings.includesNumber) batch.attributes.add(row, RECORD_NUMBER, ValueType.int, 0, 0, numbers[row] as number);
      if (this.#settings.includesOffset) batch.attributes.add(row, RECORD_OFFSET, ValueType.int, 0, 0, base + (starts[row] as number));
    }
  }

  /** Makes the buffer large enough for `bytes`, or for the longest record if that is less. Only while it is empty. */
  grow(bytes: number): boolean {
    assert(this.isEmpty, 'the buffer is grown between batches');
    const needed = Math.min(bytes, this.#settings.rules.recordBytesMax + SLACK_BYTES);
    if (needed <= this.#buffer.length) return false;
    this.#replaceBuffer(needed);
    return true;
  }

  /** Gives the batch away. When this resolves, buffer and batch are free again. */
  async flush(): Promise<void> {
    if (this.#segments.length === 0) return;
    const longest = this.#segments.reduce((most, { from, to }) => Math.max(most, to - from), 0);
    this.#settings.process?.(this.#batch);
    this.#deliver();
    try {
      if (this.#batch.deliveries.length > 0) await this.#offer();
    } finally {
      this.#segments = [];
      this.#used = 0;
      // One very long line must not be paid for until the process ends.
      if (this.#buffer.length > this.#settings.chunkBytes && longest < this.#settings.chunkBytes / 2) {
        this.#replaceBuffer(this.#settings.chunkBytes);
      } else {
        this.#batch.reset(this.#buffer);
      }
    }
  }

  /** A batch of at most so many rows, or of as many as configured. */
  limitRows(rows: number | undefined): void {
    this.#writer.rowsMax = rows ?? this.#settings.rules.rowsMax;
  }

  /** Takes back what was read since the last flush as done with, and tells what it was. */
  *withdraw(): Iterable<{ at: number; bytes: Buffer }> {
    for (const { tail, range, from, to } of this.#segments) {
      yield { at: range.from.at, bytes: this.#buffer.subarray(from, to) };
      this.#settings.onEmpty(tail, range);
    }
    this.#segments = [];
    this.#used = 0;
    this.#batch.reset(this.#buffer);
  }

  #replaceBuffer(bytes: number): void {
    this.#buffer = this.#allocate(bytes);
  }

  #allocate(bytes: number): Buffer {
    const { buffer, scanner } = createReadMemory(bytes);
    // UTF-16 has other line feeds.
    this.#writer.scanner = this.#settings.rules.unit === 1 ? scanner : undefined;
    this.#batch.reset(buffer);
    return buffer;
  }

  /** A Delivery for each file's live rows. */
  #deliver(): void {
    const batch = this.#batch;
    const { onEmpty, flow, receiver } = this.#settings;
    const deliveries: Delivery[] = [];
    for (const segment of this.#segments) {
      const { rowFrom, rowTo } = segment;
      let live = 0;
      if (batch.liveRows === batch.length) live = rowTo - rowFrom;
      else for (let row = rowFrom; row < rowTo; row++) live += 1 - (batch.isDropped[row] as number);
      if (live === 0) {
        segment.isOpen = false;
        onEmpty(segment.tail, segment.range);
      } else {
        segment.delivery = deliveries.length;
        batch.deliveryOf.fill(segment.delivery, rowFrom, rowTo);
        flow.began(segment.range.to.at - segment.range.from.at);
        deliveries.push(new Delivery(live, segment.tail.sourceFor(receiver), this.#listenerOf(segment)));
      }
    }
    batch.deliveries = deliveries;
    batch.divideAt = (row) => this.#divideAt(row);
  }

  #listenerOf(segment: Segment): SettledListener {
    const { flow, onSettled } = this.#settings;
    const { tail, range } = segment;
    const attempt = ++segment.attempt;
    return (outcome, transaction) => {
      if (attempt !== segment.attempt) return;
      segment.isOpen = false;
      flow.ended(range.to.at - range.from.at, outcome.abandoned > 0);
      onSettled(tail, range, outcome, transaction);
    };
  }

  /** Makes two segments of one, unless nothing lies before the row, or others answer for it by now. */
  #divideAt(row: number): void {
    const batch = this.#batch;
    const index = this.#segments.findIndex(({ rowFrom, rowTo }) => rowFrom < row && row < rowTo);
    const segment = this.#segments[index];
    const delivery = segment && batch.deliveries[segment.delivery];
    if (!segment?.tail.ranges.has(segment.range) || !delivery || batch.deliveryOf[row] !== segment.delivery) return;
    const rows: number[] = [];
    for (let i = row; i < segment.rowTo; i++) {
      if (batch.isDropped[i] !== 1 && batch.deliveryOf[i] === segment.delivery) rows.push(i);
    }
    if (rows.length === delivery.outstanding) return;
    const place = this.#placeOf(segment, row);
    if (!place) return;
    const second: Segment = { ...segment, ...place, rowFrom: row, delivery: batch.deliveries.length, attempt: 0 };
    segment.to = second.from;
    segment.rowTo = row;
    this.#segments.splice(index + 1, 0, second);
    this.#settings.flow.began(0);
    batch.deliveries.push(delivery.divide(rows.length, this.#listenerOf(second)));
    for (const i of rows) batch.deliveryOf[i] = second.delivery;
  }

  /** Divides the range before the row: the bytes up to there are split once more. Undefined when they cannot be. */
  #placeOf(segment: Segment, row: number): { range: Range; from: number } | undefined {
    const { rules, splitter } = this.#settings;
    const { tail, range, from, to, rowFrom } = segment;
    const writer = (this.#places ??= new RecordWriter(rules, new LogBatch(), false));
    writer.scanner = this.#writer.scanner;
    writer.rowsMax = row - rowFrom;
    writer.begin(range.from.records, range.from.isSkipping);
    const end = splitter.split(writer, this.#buffer, from, to, true);
    if (writer.rows !== writer.rowsMax || end <= from || end >= to) return undefined;
    return { range: tail.ranges.divide(range, this.#markAt(range.from, from, end, writer)), from: end };
  }

  /** The mark behind records that begin at `mark` in the file and at `from` in the buffer. */
  #markAt(mark: Mark, from: number, end: number, { count, isSkipping }: RecordWriter): Mark {
    const tail = tailOf(this.#buffer, from - Math.min(from, mark.tail.length), end);
    return { at: mark.at + end - from, tail, records: count, isSkipping };
  }

  async #offer(): Promise<void> {
    const { next, clock, flow, signal, retryElapsedMaxMs, onBroken } = this.#settings;
    const began = clock.monotonic();
    let pauseMs = 0;
    for (;;) {
      try {
        await next.consume(this.#batch);
        return;
      } catch (problem) {
        if (!(problem instanceof RefusedError)) {
          await onBroken(
            problem,
            this.#segments.map(({ tail, range }) => [tail, range] as const),
          );
          return;
        }
        pauseMs = flow.backoff(pauseMs);
        const waitMs = Math.max(problem.retryAfterMs ?? 0, pauseMs);
        if (clock.monotonic() - began + waitMs > retryElapsedMaxMs) {
          this.#dropRefused();
          return;
        }
        await clock.sleep(waitMs, signal);
        if (signal.aborted) {
          this.#batch.settleAbandoned();
          return;
        }
        if (!next.mutates) continue;
        this.#rebuild();
        if (this.#batch.deliveries.length === 0) return;
      }
    }
  }

  /** Retrying was limited by the operator, and the limit is over. */
  #dropRefused(): void {
    let rows = 0;
    for (const claim of this.#batch.claims()) {
      rows += claim.rows;
      claim.delivery.dropped(claim.rows, 'refused');
    }
    this.#settings.onRefusedForGood(rows);
  }

  /**
   * Makes the rows anew from the bytes, which are still there: a consumer that edits in place may have edited some of
   * them before it refused, and must not edit them twice. Rows it has dropped are dropped again.
   */
  #rebuild(): void {
    const batch = this.#batch;
    const { flow, splitter, encoding, process } = this.#settings;
    this.#segments = this.#segments.filter(({ isOpen }) => isOpen);
    batch.reset(this.#buffer);
    for (const segment of this.#segments) {
      const { range } = segment;
      flow.withdrew(range.to.at - range.from.at);
      this.#writer.begin(range.from.records, range.from.isSkipping);
      segment.rowFrom = batch.length;
      splitter.split(this.#writer, this.#buffer, segment.from, segment.to, true);
      this.#writer.end(encoding.kind === 'nop' ? ValueType.bytes : ValueType.string);
      segment.rowTo = batch.length;
      this.#fill(segment, encoding);
    }
    process?.(batch);
    this.#deliver();
  }
}
