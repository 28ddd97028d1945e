import {
  EditOnce,
  RefusedError,
  parseDuration,
  parseSize,
  type Consumer,
  type Delivery,
  type Host,
  type Processor,
  type Settings,
  type Timer,
} from '#component';
import type { LogBatch } from '#model';
import { writeRequest } from '#otlp';
import { isCollectors, passSeverityOf, type DedupeConfig } from './config.ts';
import { compileConditions, type RowCondition } from './conditions.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { DedupeMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { restore } from './restore.ts';
import { untilAborted } from './until-aborted.ts';
import { RowKey } from './row-key.ts';
import { sampleOf } from './sample.ts';
import { Summary } from './summary.ts';
import { HoldingQueue } from './holding-queue.ts';
import { heldBytes, type Window } from './window.ts';
import { WindowTable } from './window-table.ts';

// Windows that end by the clock are looked for so often: each batch of summaries costs a transaction.
const SWEEP_MS_MIN = 100;
const REFUSED_RETRY_MS = 1000;

/**
 * Counts records that say the same.
 *
 *   first of its key ─────────────────────────────▶ next
 *   its repeats ─▶ window ─ end ─▶ outbox ─ summary ─▶ next
 *                    └─▶ ledger: in storage within hold_max, and settled
 *
 * All records of a window lie within `interval` of each other in event time. A window ends when its source has the key later than
 * that (a source whose clock differs has a window of its own), when it has been open for `interval` by the clock, when a bound is reached, and at shutdown. Every record either
 * passes or is counted in exactly one summary.
 */
export class Dedupe implements Processor {
  readonly mutates = true;
  readonly #config: DedupeConfig;
  readonly #id: string;
  readonly #next: Consumer;
  readonly #editing: EditOnce;
  readonly #intervalMs: number;
  readonly #heldBytesMax: number;
  readonly #passSeverity: number;
  /** True when also the first record of a window waits. */
  readonly #holdsFirst: boolean;
  readonly #takesSamples: number;
  readonly #table: WindowTable;
  /** Windows that hold something, oldest first, and some that are closed. */
  readonly #holding = new HoldingQueue();
  #openBytes = 0;
  #openHeld = 0;
  #host: Host | undefined;
  #key: RowKey | undefined;
  #isMeant: RowCondition | undefined;
  /** Whether what is counted goes to storage. What an earlier run has left there is summed up in any case. */
  readonly #isStoring: boolean;
  #ledger: Ledger | undefined;
  #outbox: Outbox | undefined;
  #metrics: DedupeMetrics | undefined;
  #sweep: Timer | undefined;
  #isStopped = false;
  /** Rows of the batch at hand that were taken out of it, and how many each Delivery answers for. */
  #taken: number[] = [];

  constructor(config: DedupeConfig, { id }: Settings, next: Consumer) {
    this.#config = config;
    this.#id = id;
    this.#next = next;
    this.#editing = new EditOnce({ consume: (batch) => this.#handOn(batch) }, (batch) => this.#edit(batch));
    this.#intervalMs = parseDuration(config.interval);
    this.#heldBytesMax = parseSize(config.max_held_bytes);
    this.#holdsFirst = isCollectors(id);
    this.#isStoring = parseDuration(config.hold_max) > 0;
    this.#passSeverity = passSeverityOf(config, id);
    const isExact = config.by === 'content' && config.include_fields.length === 0 && config.exclude_fields.length === 0;
    this.#takesSamples = isExact || this.#holdsFirst ? 0 : config.samples;
    this.#table = new WindowTable(config.max_keys);
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    this.#host = host;
    this.#key = new RowKey(config, host.random);
    this.#isMeant = compileConditions(config.conditions, host);
    const ledger = createLedger(config, host);
    this.#ledger = ledger;
    const outbox = new Outbox({
      host,
      next: this.#next,
      summary: new Summary(config, this.#id),
      metrics: () => this.#metrics,
      ledger,
      source: Math.floor(host.random() * 0x7fff_ffff),
    });
    this.#outbox = outbox;
    this.#metrics = new DedupeMetrics(host.metrics, {
      held: () => this.#openHeld + outbox.held,
      keys: () => this.#table.size,
      heldBytes: () => this.#openBytes + outbox.bytes,
    });
    if (restore(host, { ledger, outbox, metrics: this.#metrics })) this.#send();
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#sweep?.cancel();
    this.#sweep = undefined;
    while (this.#table.oldest >= 0) this.#close(this.#table.oldest);
    const outbox = this.#outbox;
    if (!outbox) return;
    await untilAborted(signal, async () => {
      await this.#ledger?.flush();
    });
    await untilAborted(signal, () => outbox.close(signal));
  }

  async #handOn(batch: LogBatch): Promise<void> {
    // The summary of an earlier window goes before the record that opens the next.
    await this.#outbox?.send();
    if (batch.liveRows > 0) await this.#next.consume(batch);
  }

  #send(): void {
    this.#outbox?.send().catch((problem: unknown) => this.#host?.fatal(problem));
  }

  #edit(batch: LogBatch): void {
    const key = this.#key;
    const host = this.#host;
    if (!key || !host || this.#isStopped) throw new RefusedError('the dedupe processor is stopping and takes no more');
    if ((this.#outbox?.bytes ?? 0) > this.#heldBytesMax) {
      const message = 'summaries of more than max_held_bytes are waiting to be taken; the source waits with them';
      throw new RefusedError(message, { retryAfterMs: REFUSED_RETRY_MS });
    }
    const now = host.clock.monotonic();
    const { severity, isDropped, length } = batch;
    key.begin(batch);
    for (let row = 0; row < length; row++) {
      if (isDropped[row] === 1 || (severity[row] as number) >= this.#passSeverity) continue;
      if (this.#isMeant && !this.#isMeant(batch, row)) continue;
      key.of(batch, row);
      this.#row(batch, row, now);
    }
    key.end();
    this.#takeOut(batch);
    this.#armSweep(now);
  }

  /** Passes or counts one row, whose key is in the hash. */
  #row(batch: LogBatch, row: number, now: number): void {
    const table = this.#table;
    const { lo, hi } = (this.#key as RowKey).hash;
    const ms = (batch.timeMs[row] as number) || (batch.observedMs[row] as number) || (this.#host as Host).clock.now();
    const source = batch.deliveries[batch.deliveryOf[row] as number]?.source ?? 0;
    let at = table.find(lo, hi);
    let isOwn = false;
    if (at >= 0 && source !== table.source[at] && this.#isOpen(at, now) && !this.#belongs(at, ms, now)) {
      // Whose time it is that has moved on, this record cannot tell: the window stays, and its source gets one of its own.
      isOwn = true;
      at = table.find(lo ^ mixed(source), hi);
    }
    if (at >= 0 && this.#belongs(at, ms, now)) {
      if (ms < (table.firstMs[at] as number)) table.firstMs[at] = ms;
      if (ms > (table.lastMs[at] as number)) table.lastMs[at] = ms;
      this.#count(batch, row, at);
      return;
    }
    if (at >= 0) {
      this.#handOver(at);
      table.renew(at, now);
    } else {
      if (table.isFull) {
        this.#metrics?.early.add(1);
        this.#close(table.oldest);
      }
      at = table.add(isOwn ? lo ^ mixed(source) : lo, hi, now);
    }
    table.source[at] = source;
    table.firstMs[at] = ms;
    table.lastMs[at] = ms;
    if (this.#holdsFirst) this.#count(batch, row, at);
  }

  #belongs(at: number, ms: number, now: number): boolean {
    const { firstMs, lastMs } = this.#table;
    const first = firstMs[at] as number;
    const last = lastMs[at] as number;
    const span = ms < first ? last - ms : ms > last ? ms - first : 0;
    return span < this.#intervalMs && this.#isOpen(at, now);
  }

  #isOpen(at: number, now: number): boolean {
    return now - openedAtOf(this.#table, at) < this.#intervalMs;
  }

  #count(batch: LogBatch, row: number, at: number): void {
    const table = this.#table;
    let window = table.window[at];
    if (!window) {
      window = this.#open(batch, row, at);
      table.window[at] = window;
      this.#holding.add(window);
      this.#openBytes += heldBytes(window);
    }
    if (window.samples.length < this.#takesSamples) {
      const sample = sampleOf(batch, row);
      if (!window.samples.includes(sample)) window.samples.push(sample);
    }
    window.count++;
    window.firstMs = table.firstMs[at] as number;
    window.lastMs = table.lastMs[at] as number;
    window.observedMs = (batch.observedMs[row] as number) || window.lastMs;
    this.#openHeld++;
    this.#taken.push(row);
    const delivery = batch.deliveries[batch.deliveryOf[row] as number];
    if (this.#isStoring) this.#ledger?.touch(window);
    else if (delivery) window.claims?.set(delivery, (window.claims.get(delivery) ?? 0) + 1);
    if (this.#openBytes > this.#heldBytesMax) this.#closeHolding();
  }

  #open(batch: LogBatch, row: number, at: number): Window {
    // One record and what it belongs to, in the form in which it can be stored and read back.
    const { body } = writeRequest(batch, row, 0);
    return {
      record: body,
      template: batch.templateOf[row],
      samples: [],
      count: 0,
      firstMs: 0,
      lastMs: 0,
      observedMs: 0,
      group: undefined,
      isSettled: false,
      row: at,
      isDirty: false,
      isHandedOn: false,
      claims: this.#isStoring ? undefined : new Map<Delivery, number>(),
    };
  }

  /** Sums up the windows that have held something for longest, until the rest is within the bound. */
  #closeHolding(): void {
    while (this.#openBytes > this.#heldBytesMax) {
      const oldest = this.#holding.oldest();
      if (!oldest) return;
      this.#metrics?.early.add(1);
      this.#close(oldest.row);
    }
  }

  #close(at: number): void {
    this.#handOver(at);
    this.#table.remove(at);
  }

  /** What a window has counted goes to the outbox. */
  #handOver(at: number): void {
    const window = this.#table.window[at];
    if (!window) return;
    window.row = -1;
    this.#holding.closed();
    this.#openBytes -= heldBytes(window);
    this.#openHeld -= window.count;
    this.#outbox?.add(window);
  }

  /** Takes the counted rows out of the batch without settling them: the ledger or the window answers for them now. */
  #takeOut(batch: LogBatch): void {
    const taken = this.#taken;
    if (taken.length === 0) return;
    const { deliveries, deliveryOf } = batch;
    const rows = new Uint32Array(deliveries.length);
    batch.deliveries = [];
    for (const row of taken) {
      const index = deliveryOf[row] as number;
      if (index < rows.length) rows[index] = (rows[index] as number) + 1;
      batch.drop(row, '');
    }
    batch.deliveries = deliveries;
    if (this.#isStoring) for (const [i, delivery] of deliveries.entries()) if (rows[i]) this.#ledger?.claim(delivery, rows[i]);
    taken.length = 0;
  }

  #armSweep(now: number): void {
    const { oldest, openedAt } = this.#table;
    if (oldest < 0 || this.#sweep || this.#isStopped) return;
    const dueMs = Math.max(SWEEP_MS_MIN, (openedAt[oldest] as number) + this.#intervalMs - now);
    this.#sweep = this.#host?.clock.after(dueMs, () => {
      this.#sweep = undefined;
      const at = this.#host?.clock.monotonic() ?? 0;
      for (let row = this.#table.oldest; row >= 0 && at - openedAtOf(this.#table, row) >= this.#intervalMs; row = this.#table.oldest) {
        this.#close(row);
      }
      this.#send();
      this.#armSweep(at);
    });
  }
}

/** Half of a hash, with a source in it. */
function mixed(source: number): number {
  return Math.imul((source | 0) ^ Math.floor(source / 2 ** 32) ^ 0x5bd1e995, 0x9e3779b1);
}

function openedAtOf({ openedAt }: WindowTable, row: number): number {
  return openedAt[row] as number;
}
