import assert from 'node:assert';
import { RefusedError, parseDuration, parseSize, type Host, type Labels } from '#component';
import type { Claim } from '#model';
import { Backoff } from './backoff.ts';
import { Books } from './books.ts';
import type { RetryConfig, SendingQueueConfig } from './config.ts';
import { DeadLetter } from './dead-letter.ts';
import { DiskKeeper, UNWRITTEN_BYTES_MAX } from './disk-keeper.ts';
import { Gate } from './gate.ts';
import { sourcesOf, type Item, type Keeper, type Tally } from './item.ts';
import { MemoryKeeper, abandon } from './memory-keeper.ts';
import type { Payload, Send, Split } from './payload.ts';
import { Places } from './places.ts';
import { Room, type Amounts } from './room.ts';
import { Schedule } from './schedule.ts';
import { Shipment } from './shipment.ts';

const MEMORY_BYTES_MAX = 16 * 1024 * 1024;
const DISK_BYTES_MAX = 1024 * 1024 * 1024;

export interface SendingQueueSettings {
  /** The exporter's id. */
  readonly id: string;
  readonly queue: SendingQueueConfig;
  readonly retry: RetryConfig;
  readonly send: Send;
  readonly split: Split;
  readonly host: Host;
  /** Tells this queue from the others of its exporter: on disk, in the metrics, by the name of its dead letters. */
  readonly branch?: string;
  /** Where an exporter has several queues: each says how the exporter is for what it carries. */
  readonly report?: Host['report'];
  /** Called with an offered body that nobody refers to any more: the exporter may use its memory again. */
  readonly recycle?: (body: Buffer) => void;
}

/**
 * Holds requests between a pipeline and one backend.
 *
 *   offer ─▶ [ 9 8 7 6 ] ─▶ in flight [ 5 4 ] ─▶ answered
 *
 * A request leaves only when the backend has answered for each of its rows, so a crash repeats work rather than losing it.
 * In memory the sources stay responsible until then; on disk the queue takes over when the request is written. Of one
 * source there is one request without an answer at most, so its order is kept. A full queue makes offers wait.
 */
export class SendingQueue {
  readonly #settings: SendingQueueSettings;
  readonly #room: Room;
  readonly #unitsMax: number;
  readonly #schedule = new Schedule<Item>();
  readonly #gate: Gate;
  readonly #books: Books;
  readonly #labels: Labels;
  readonly #keeper: Keeper;
  readonly #shipment: Shipment;
  readonly #places: Places;
  /** Requests that were begun, those included that wait for their next attempt. */
  readonly #inFlight = new Set<Promise<void>>();
  readonly #waits: boolean;
  readonly #waiters = new Map<Item, () => void>();
  readonly #stopping = new AbortController();
  readonly #deadline = new AbortController();
  #sequence = 0;
  #isDraining = false;
  #isStarted = false;
  #stopped: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(settings: SendingQueueSettings) {
    const { queue, retry, host, id, branch, report } = settings;
    this.#settings = settings;
    // Without a queue the pipeline waits for each answer; what is in flight is all there is.
    this.#waits = queue.wait_for_result || !queue.enabled;
    this.#unitsMax = queue.enabled ? parseSize(queue.queue_size) : queue.num_consumers;
    const isPersistent = queue.enabled && queue.storage !== undefined;
    const bytesMax = queue.bytes_max === undefined ? (isPersistent ? DISK_BYTES_MAX : MEMORY_BYTES_MAX) : parseSize(queue.bytes_max);
    this.#room = new Room({ units: this.#unitsMax, bytes: bytesMax, unwritten: UNWRITTEN_BYTES_MAX });
    this.#places = new Places(queue.num_consumers);
    this.#gate = new Gate(host.clock);
    this.#labels = branch === undefined ? {} : { otel_signal: branch };
    this.#books = new Books(host.metrics, this.#labels);
    this.#keeper = isPersistent ? this.#createDiskKeeper(queue.storage ?? '') : this.#createMemoryKeeper();
    this.#shipment = new Shipment({
      exporter: id,
      host,
      send: settings.send,
      split: settings.split,
      gate: this.#gate,
      backoff: new Backoff(retry, host.random),
      books: this.#books,
      report: report ?? ((status, message) => host.report(status, message)),
      deadLetter: new DeadLetter({
        exporter: id,
        config: queue.dead_letter,
        directory: () => host.storage.directory('dead-letter'),
        suffix: branch === undefined ? '' : `.${branch}`,
        host,
      }),
      retries: retry.enabled,
      elapsedMsMax: parseDuration(retry.max_elapsed_time),
      dropsOnDestinationError: queue.on_destination_error === 'drop',
      isPersistent,
      rest: (ms, keepsPlace) => this.#rest(ms, keepsPlace),
      stopping: this.#stopping.signal,
      deadline: this.#deadline.signal,
    });
  }

  /** Finds what the life before has left, and begins to send it. */
  async start(): Promise<void> {
    const { metrics } = this.#settings.host;
    const gauge = (name: string, help: string, read: () => number): void => metrics.gauge(name, help, read, this.#labels);
    gauge('otelcol_exporter_queue_size', 'How much is in the queue, in the unit of its sizer.', () => this.#room.units);
    gauge('otelcol_exporter_queue_capacity', 'How much the queue holds, in the unit of its sizer.', () => this.#unitsMax);
    const restored = await this.#keeper.start();
    for (const item of restored) {
      this.#sequence = Math.max(this.#sequence, item.sequence);
      this.#room.force(this.#amountsOf(item, 0));
      this.#books.restored(item.rows);
      if (item.place) this.#schedule.add(item);
      else this.#bury(item);
    }
    this.#isStarted = true;
    this.#pump();
  }

  /**
   * Resolves when the request is in the queue; while there is no room it waits. The body belongs to the queue from then on.
   * Rejects with RefusedError when the queue is full and told not to wait, or is shut down; nothing was taken then.
   */
  async offer(payload: Payload, claims: readonly Claim[]): Promise<void> {
    assert(this.#isStarted, 'a queue is started before it is given anything');
    assert(claims.reduce((sum, { rows }) => sum + rows, 0) === payload.rows, 'each row of a request has somebody who answers for it');
    const amounts = this.#amountsOf({ rows: payload.rows, bytes: payload.body.length }, this.#keeper.unwrittenBytes(payload.body.length));
    if (this.#stopping.signal.aborted) throw this.#refused(payload.rows, 'is shutting down');
    if (!this.#settings.queue.block_on_overflow && this.#settings.queue.enabled && !this.#room.has(amounts)) {
      throw this.#refused(payload.rows, 'is full');
    }
    let answered: Promise<void> | undefined;
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        answered = this.#admit(payload, claims);
        resolve();
      };
      this.#room.take(amounts, enter, () => reject(this.#refused(payload.rows, 'is shutting down')));
    });
    await answered;
  }

  /**
   * In memory: sends what is left, each request with one attempt more, until `signal` aborts; the rest is given back to
   * the sources. On disk: finishes what is in flight, and keeps the rest.
   */
  shutdown(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: AbortSignal): Promise<void> {
    if (!this.#isStarted) return;
    this.#stopping.abort();
    const expire = (): void => {
      this.#deadline.abort();
      this.#gate.stop();
      this.#drained?.();
    };
    if (signal.aborted) expire();
    signal.addEventListener('abort', expire, { once: true });
    this.#room.close(new Error('shutdown'));
    if (this.#keeper.isPersistent) this.#gate.stop();
    else await this.#drain();
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    await this.#keeper.stop(signal);
    for (let item = this.#schedule.take(); item; item = this.#schedule.take()) {
      this.#leave(item);
      this.#answered(item);
    }
    signal.removeEventListener('abort', expire);
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    this.#gate.hurry();
    if (this.#schedule.length === 0 || this.#gate.isStopped) return;
    await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  #createMemoryKeeper(): MemoryKeeper {
    return new MemoryKeeper(
      (item) => this.#kept(item),
      (body) => this.#settings.recycle?.(body),
    );
  }

  #createDiskKeeper(storage: string): DiskKeeper {
    const { host, id, branch } = this.#settings;
    return new DiskKeeper({
      exporter: id,
      branch,
      storage: host.storageOf(storage),
      host,
      onKept: (item) => this.#kept(item),
      onLost: (item) => {
        this.#abandon(item);
        this.#room.give(this.#amountsOf(item, 0));
      },
      recycle: (body) => this.#settings.recycle?.(body),
      onWritten: (item) => this.#room.give({ units: 0, bytes: 0, unwritten: item.bytes }),
    });
  }

  #amountsOf({ rows, bytes }: { readonly rows: number; readonly bytes: number }, unwritten: number): Amounts {
    const { sizer, enabled } = this.#settings.queue;
    const units = !enabled || sizer === 'requests' ? 1 : sizer === 'items' ? rows : bytes;
    return { units, bytes, unwritten };
  }

  #refused(rows: number, why: string): RefusedError {
    this.#books.refused(rows);
    const max = `${this.#unitsMax} ${this.#settings.queue.sizer}`;
    return new RefusedError(`${this.#settings.id}: the sending queue (${max}) ${why}; ${rows} log records were not taken`);
  }

  /** Resolves at once, or when the request was answered if the pipeline is to wait for that. */
  #admit(payload: Payload, claims: readonly Claim[]): Promise<void> | undefined {
    const { body, rows, encoding, contentType } = payload;
    const item: Item = {
      sequence: ++this.#sequence,
      sources: sourcesOf(claims),
      rows,
      bytes: body.length,
      encoding,
      contentType,
      claims,
      body,
      place: undefined,
      triedAt: undefined,
    };
    this.#books.accepted(rows);
    const answered = this.#waits ? new Promise<void>((resolve) => this.#waiters.set(item, resolve)) : undefined;
    this.#keeper.add(item);
    return answered;
  }

  #kept(item: Item): void {
    this.#schedule.add(item);
    this.#pump();
  }

  get #maySend(): boolean {
    return !this.#gate.isStopped && (this.#isDraining || !this.#stopping.signal.aborted);
  }

  #pump(): void {
    // While the backend is away one at a time probes; those that have failed keep no place that a new one could probe from.
    const returnedMax = this.#gate.isOpen ? Infinity : this.#gate.hasWaiter ? 0 : 1;
    this.#places.fill(() => this.#begin(), returnedMax);
    if (this.#schedule.length === 0 || (this.#gate.isStopped && this.#inFlight.size === 0)) this.#drained?.();
  }

  #begin(): boolean {
    const item = this.#maySend ? this.#schedule.take() : undefined;
    if (!item) return false;
    const shipping = this.#ship(item).catch((problem: unknown) => this.#settings.host.fatal(problem));
    this.#inFlight.add(shipping);
    void shipping.finally(() => {
      this.#inFlight.delete(shipping);
      this.#places.giveBack();
      this.#pump();
    });
    return true;
  }

  /** A request that waits for its next attempt leaves its place to others; its sources wait for it all the same. */
  async #rest(ms: number, keepsPlace: boolean): Promise<void> {
    if (!keepsPlace) {
      this.#places.giveBack();
      this.#pump();
    }
    await this.#settings.host.clock.sleep(ms, this.#stopping.signal);
    if (keepsPlace) return;
    const place = this.#places.comeBack();
    this.#pump();
    await place;
  }

  async #ship(item: Item): Promise<void> {
    const tally = await this.#shipment.ship(item, () => this.#keeper.load(item, this.#stopping.signal));
    if (rowsOf(tally) === item.rows) this.#keeper.finish(item, tally, () => this.#room.give(this.#amountsOf(item, 0)));
    else this.#leave(item, rowsOf(tally));
    this.#answered(item);
  }

  #answered(item: Item): void {
    this.#schedule.done(item);
    this.#waiters.get(item)?.();
    this.#waiters.delete(item);
  }

  /** The index knows the request, but its body is gone. */
  #bury(item: Item): void {
    this.#books.dropped(item.rows, 'damaged_on_disk');
    this.#keeper.finish(item, { requests: 0, sent: 0, dropped: new Map() }, () => this.#room.give(this.#amountsOf(item, 0)));
  }

  /** The item was not answered in this life. On disk it waits for the next one. */
  #leave(item: Item, answered: number = 0): void {
    if (this.#keeper.isPersistent) return;
    this.#abandon(item, answered);
    this.#room.give(this.#amountsOf(item, 0));
  }

  #abandon(item: Item, answered: number = 0): void {
    this.#books.abandoned(item.rows - answered);
    abandon(item);
  }
}

function rowsOf({ sent, dropped }: Tally): number {
  let rows = sent;
  for (const count of dropped.values()) rows += count;
  return rows;
}
