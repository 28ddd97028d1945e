import { Delivery, EditOnce, RefusedError, parseDuration, parseSize } from '#component';
import type { Consumer, Counter, Host, Processor, Settings, Timer } from '#component';
import { keyOf, type LogBatch } from '#model';
import { KeyTable, RowKey, parseKeyPart, severityOf, type PassSeverity } from '#operators';
import { Buckets } from './buckets.ts';
import { rowBytes } from './row-bytes.ts';
import { Summaries } from './summaries.ts';

export interface RateLimitConfig {
  key: string[];
  records_per_second?: number;
  burst?: number;
  bytes_per_second?: number | string;
  burst_bytes?: number | string;
  pass_severity: PassSeverity;
  time: 'event' | 'arrival';
  max_keys: number;
  summary_interval: string;
  summary_max: number;
}

/** The one reason under which records are settled here. */
const REASON = 'rate_limited';
const COUNT = keyOf('winnow.suppressed_count');
// Longer values of a key are told apart by a hash; a key table must not hold whole messages.
const KEY_VALUE_BYTES_MAX = 256;
/** Storage key of counts that were left at shutdown. */
const STORED = 'counts';

/**
 * A token bucket for each key. A record for which there is no token is settled as dropped and counted; the next record
 * of its key that passes carries the count. What no record carries in time goes out in a record of its own, so that
 * every suppressed record is told about once.
 */
export class RateLimit implements Processor {
  readonly mutates = true;
  readonly #config: RateLimitConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  readonly #editing: EditOnce;
  readonly #passSeverity: number;
  readonly #key: RowKey;
  readonly #keys: KeyTable;
  readonly #records: Buckets | undefined;
  readonly #bytes: Buckets | undefined;
  /** By slot: records suppressed since the last that passed, and since when. */
  readonly #suppressed: Float64Array;
  readonly #sinceMs: Float64Array;
  readonly #summaries: Summaries;
  readonly #summaryMs: number;
  #suppressedCounter: Counter | undefined;
  #createdCounter: Counter | undefined;
  #host: Host | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(config: RateLimitConfig, settings: Settings, next: Consumer) {
    const { records_per_second: records, max_keys: slots } = config;
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#passSeverity = severityOf(config.pass_severity);
    this.#key = new RowKey(config.key.map(parseKeyPart), KEY_VALUE_BYTES_MAX);
    this.#keys = new KeyTable(slots, (slot) => this.#summarize(slot));
    if (records !== undefined) this.#records = new Buckets(slots, records, config.burst ?? Math.max(1, Math.floor(records)));
    if (config.bytes_per_second !== undefined) {
      const bytes = parseSize(config.bytes_per_second);
      this.#bytes = new Buckets(slots, bytes, parseSize(config.burst_bytes ?? bytes));
    }
    this.#suppressed = new Float64Array(slots);
    this.#sinceMs = new Float64Array(slots);
    this.#summaries = new Summaries(config.summary_max);
    this.#summaryMs = parseDuration(config.summary_interval);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    const { metrics } = host;
    this.#suppressedCounter = metrics.counter('winnow_processor_suppressed_log_records', 'Log records that are counted on another one.');
    this.#createdCounter = metrics.counter('winnow_processor_created_log_records', 'Log records a processor has made.');
    metrics.gauge('winnow_rate_limit_keys', 'Keys that are remembered.', () => this.#keys.size);
    await this.#takeStored(host);
  }

  consume(batch: LogBatch): Promise<void> {
    if (this.#isStopped) return Promise.reject(new RefusedError(`${this.#settings.id} is stopping and takes no more`));
    return this.#editing.consume(batch);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.cancel();
    for (let slot = 0; slot < this.#keys.size; slot++) this.#summarize(slot);
    const deadline = Promise.withResolvers<void>();
    if (signal.aborted) deadline.resolve();
    signal.addEventListener('abort', () => deadline.resolve(), { once: true });
    await Promise.race([this.#sendSummaries(), deadline.promise]);
    await this.#keepForNextStart();
  }

  #edit(batch: LogBatch): void {
    const host = this.#host;
    if (!host) return;
    const arrivalMs = host.clock.now();
    const isEvent = this.#config.time === 'event';
    let suppressed = 0;
    this.#key.begin(batch);
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const ownMs = isEvent ? (batch.timeMs[row] as number) || (batch.observedMs[row] as number) : 0;
      if (this.#limit(batch, row, ownMs || arrivalMs, arrivalMs)) suppressed++;
    }
    this.#key.end();
    if (suppressed === 0) return;
    this.#suppressedCounter?.add(suppressed);
    this.#armTimer();
  }

  /** True when the row was suppressed. */
  #limit(batch: LogBatch, row: number, nowMs: number, arrivalMs: number): boolean {
    this.#key.read(row);
    const slot = this.#keys.slotOf(this.#key);
    if (this.#keys.isNew) {
      this.#records?.reset(slot, nowMs);
      this.#bytes?.reset(slot, nowMs);
    }
    const isSevere = (batch.severity[row] as number) >= this.#passSeverity;
    if (isSevere || this.#take(batch, row, slot, nowMs)) {
      const count = this.#suppressed[slot] as number;
      if (count > 0) this.#carry(batch, row, slot, count);
      return false;
    }
    if (this.#suppressed[slot] === 0) this.#sinceMs[slot] = arrivalMs;
    this.#suppressed[slot] = (this.#suppressed[slot] as number) + 1 + carriedBy(batch, row);
    batch.drop(row, REASON);
    return true;
  }

  #take(batch: LogBatch, row: number, slot: number, nowMs: number): boolean {
    const records = this.#records;
    const bytes = this.#bytes;
    if (records && !records.has(records.fill(slot, nowMs), 1)) return false;
    if (bytes) {
      const size = rowBytes(batch, row);
      if (!bytes.has(bytes.fill(slot, nowMs), size)) return false;
      bytes.take(slot, size);
    }
    records?.take(slot, 1);
    return true;
  }

  #carry(batch: LogBatch, row: number, slot: number, count: number): void {
    batch.setAttribute(row, COUNT, count + carriedBy(batch, row));
    this.#suppressed[slot] = 0;
  }

  /** Moves what a slot has counted to the summaries. */
  #summarize(slot: number): void {
    const count = this.#suppressed[slot] as number;
    if (count === 0) return;
    this.#summaries.add(this.#key.describe(this.#keys.keyOf(slot)), count);
    this.#suppressed[slot] = 0;
  }

  #armTimer(inMs: number = this.#summaryMs): void {
    if (this.#timer || this.#isStopped) return;
    this.#timer = this.#host?.clock.after(inMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const host = this.#host;
    if (!host) return;
    const dueMs = host.clock.now() - this.#summaryMs;
    let nextMs = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < this.#keys.size; slot++) {
      if (this.#suppressed[slot] === 0) continue;
      const sinceMs = this.#sinceMs[slot] as number;
      if (sinceMs <= dueMs) this.#summarize(slot);
      else nextMs = Math.min(nextMs, sinceMs - dueMs);
    }
    try {
      await this.#sendSummaries();
    } catch (problem) {
      host.fatal(problem);
    }
    this.#timer = undefined;
    if (!this.#summaries.isEmpty) nextMs = Math.min(nextMs, this.#summaryMs);
    // A clock that was set back would have a count wait longer than it should.
    if (nextMs < Number.POSITIVE_INFINITY) this.#armTimer(Math.min(nextMs, this.#summaryMs));
  }

  /** One at a time, so that a shutdown waits for the one that is on its way. */
  #sendSummaries(): Promise<void> {
    const sending = this.#sending.then(() => this.#sendOnce());
    this.#sending = sending.catch(() => {});
    return sending;
  }

  async #sendOnce(): Promise<void> {
    const host = this.#host;
    if (!host || this.#summaries.isEmpty) return;
    const counts = this.#summaries.take();
    const batch = this.#summaries.toBatch(counts, host.clock.now(), this.#settings.id);
    batch.setDelivery(
      new Delivery(batch.length, 0, ({ abandoned }) => {
        if (abandoned > 0) host.log.warn('Counts of suppressed records were given up at shutdown.', { records: abandoned });
      }),
    );
    try {
      await this.#next.consume(batch);
      this.#createdCounter?.add(batch.length);
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      this.#summaries.putBack(counts);
    }
  }

  /** Counts that nobody took at shutdown go out after the next start. */
  async #keepForNextStart(): Promise<void> {
    const storage = this.#host?.storage;
    if (!storage || this.#summaries.isEmpty) return;
    const transaction = storage.begin();
    storage.put(transaction, STORED, this.#summaries.toJson());
    await storage.commit(transaction);
  }

  async #takeStored(host: Host): Promise<void> {
    const stored = host.storage.get(STORED);
    if (!stored) return;
    this.#summaries.addJson(Buffer.from(stored).toString('utf8'));
    const transaction = host.storage.begin();
    host.storage.delete(transaction, STORED);
    await host.storage.commit(transaction);
    this.#armTimer();
  }
}

/** What a record of an earlier tier stands for besides itself. */
function carriedBy(batch: LogBatch, row: number): number {
  const count = batch.attribute(row, COUNT);
  return typeof count === 'number' && count > 0 ? count : 0;
}
