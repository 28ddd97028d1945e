import { crc32 } from 'node:zlib';
import { Delivery, parseDuration, parseSize, type Consumer, type Counter, type Host, type Receiver, type Settings } from '#component';
import { createResource, createSharedAttributes, type AttributeValue, type LogBatch } from '#model';
import { Intake } from '#net';
import { OperatorPipeline } from '#operators';
import type { JournaldConfig } from './config.ts';
import { Cursors } from './cursors.ts';
import { parseEntry, type Entry } from './entry.ts';
import { Follower } from './follower.ts';

const EMPTY = Buffer.alloc(0);
/** Fields that say where an entry is, and not what it is. */
const PLACES: ReadonlySet<string> = new Set([
  'MESSAGE',
  '__CURSOR',
  '__REALTIME_TIMESTAMP',
  '__MONOTONIC_TIMESTAMP',
  '__SEQNUM',
  '__SEQNUM_ID',
]);

/**
 * Follows the journal.
 *
 *   journalctl ─▶ lines of JSON ─▶ intake ─▶ operators ─▶ next
 *        ▲                                                          │
 *        └────────── --after-cursor ◀── storage ◀── Delivery ◀──────┘
 *
 * The cursor moves when the entries behind it are delivered or on disk. What the pipeline gives up is read again.
 */
export class JournaldReceiver implements Receiver {
  readonly #config: JournaldConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  #host: Host | undefined;
  #intake: Intake | undefined;
  #follower: Follower | undefined;
  #unread: Counter | undefined;
  /** Of the last entry that was read. */
  #lastCursor: string | undefined;
  #operators: OperatorPipeline | undefined;

  constructor(config: JournaldConfig, settings: Settings, next: Consumer) {
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
  }

  async start(host: Host): Promise<void> {
    const { storage, start_at } = this.#config;
    this.#host = host;
    this.#unread = host.metrics.counter('winnow_journald_unreadable_entries', 'Entries dropped because they were too long or no JSON.');
    const client = storage === undefined ? host.storage : host.storageOf(storage);
    const cursors = new Cursors(client, host.clock, host.log);
    const since = start_at === 'end' ? await cursors.since(host.clock.now()) : undefined;
    const intake = this.#createIntake(host, cursors);
    this.#intake = intake;
    this.#follower = new Follower({
      config: this.#config,
      host,
      place: () => ({ cursor: this.#lastCursor ?? cursors.cursor, since }),
      take: (line) => this.#take(intake, line),
      onTooLong: () => this.#dropUnreadable('it is longer than max_log_size'),
      rewind: (signal) => this.#rewind(intake, cursors, signal),
    });
    await this.#follower.start();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#intake?.heed(signal);
    this.#operators?.heed(signal);
    await this.#follower?.stop();
    await this.#intake?.close(signal);
    await this.#operators?.stop(signal);
  }

  /** Undefined when there is room for more, else a promise of room. */
  #take(intake: Intake, line: Buffer): Promise<void> | undefined {
    const entry = parseEntry(line.toString('utf8'));
    if (!entry) {
      this.#dropUnreadable('it is no JSON object');
      return undefined;
    }
    // What is neither text nor bytes is no body to copy: `fill` sets it.
    const message = this.#config.body === 'message' ? entry.message : null;
    const bytes = typeof message === 'string' || message instanceof Uint8Array ? Buffer.from(message) : EMPTY;
    intake.add(bytes, 0, bytes.length, (batch, row) => this.#fill(batch, row, entry));
    return intake.isFull ? intake.room() : undefined;
  }

  #fill(batch: LogBatch, row: number, entry: Entry): void {
    this.#lastCursor = entry.cursor ?? this.#lastCursor;
    batch.timeMs[row] = entry.timeMs;
    batch.timeNs[row] = entry.timeNs;
    batch.severity[row] = entry.severity;
    if (entry.severityText !== '') batch.setSeverityText(row, entry.severityText);
    if (this.#config.body === 'entry') {
      const { __REALTIME_TIMESTAMP: _, ...rest } = Object.fromEntries(entry.fields) as Record<string, AttributeValue>;
      batch.setBody(row, rest);
      return;
    }
    const { message } = entry;
    if (typeof message !== 'string' && !(message instanceof Uint8Array)) batch.setBody(row, message);
    for (const [name, value] of entry.fields) if (!PLACES.has(name)) batch.setAttribute(row, name, value);
  }

  #dropUnreadable(reason: string): void {
    this.#unread?.add(1);
    this.#host?.log.error('An entry of the journal was dropped.', { reason });
  }

  /** Waits until all that was given away is settled, and forgets what is to be read again. */
  async #rewind(intake: Intake, cursors: Cursors, signal: AbortSignal): Promise<void> {
    await intake.drain();
    await cursors.idle(signal);
    cursors.rewind();
    this.#lastCursor = cursors.cursor;
  }

  #createIntake(host: Host, cursors: Cursors): Intake {
    const config = this.#config;
    const operators = new OperatorPipeline(config.operators, { id: this.#settings.id, next: this.#next });
    operators.start(host);
    this.#operators = operators;
    const resource = Object.keys(config.resource).length > 0 ? createResource(config.resource) : undefined;
    const shared = Object.keys(config.attributes).length > 0 ? createSharedAttributes(config.attributes) : undefined;
    // The same in every life, so that what a queue on disk holds stays before what comes.
    const source = crc32(this.#settings.id);
    return new Intake({
      next: operators.next,
      clock: host.clock,
      rowsMax: config.max_batch_records,
      bytesMax: parseSize(config.max_batch_size),
      delayMs: parseDuration(config.flush_interval),
      process: (batch) => {
        if (resource) batch.resourceOf.fill(batch.addResource(resource), 0, batch.length);
        if (shared) batch.sharedOf.fill(batch.addShared(shared), 0, batch.length);
        operators.process(batch);
      },
      deliver: (rows) => {
        const stretch = cursors.begin(this.#lastCursor);
        if (rows === 0) {
          cursors.settle(stretch, undefined);
          return undefined;
        }
        return new Delivery(rows, source, ({ abandoned }, transaction) => {
          if (abandoned === 0) {
            cursors.settle(stretch, transaction);
            return;
          }
          cursors.abandon(stretch);
          this.#follower?.again();
        });
      },
      onBroken: (problem) => host.fatal(problem),
    });
  }
}
