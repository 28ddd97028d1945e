import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedError, type Consumer, type Delivery, type FileSystem, type Receiver, type StorageClient } from '#component';
import type { LogBatch } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { recordOf, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { FileLogConfig } from './config.ts';
import { createReceiver } from './harness.ts';

/** Some records with one Delivery, not settled yet. */
interface Held {
  readonly records: SunkRecord[];
  readonly delivery: Delivery;
}

/** The end of a test's pipeline: tells records given away from records that are safe. */
export class RigSink implements Consumer {
  mutates = false;
  /** Records that were given away, in order. */
  readonly given: SunkRecord[] = [];
  /** Records that were settled as durable. */
  readonly safe: SunkRecord[] = [];
  readonly held: Held[] = [];
  /** Hold what comes instead of making it safe at once. */
  isHolding = false;
  isRefusing = false;
  isDead = false;
  batches = 0;
  batchRowsMax = 0;

  async consume(batch: LogBatch): Promise<void> {
    if (this.isDead) return new Promise(() => {});
    if (this.isRefusing) throw new RefusedError('the test says no');
    this.batches++;
    this.batchRowsMax = Math.max(this.batchRowsMax, batch.length);
    let row = 0;
    for (const { delivery, rows } of batch.claims()) {
      const records: SunkRecord[] = [];
      while (records.length < rows) {
        if (batch.isDropped[row] === 0) records.push(recordOf(batch, row));
        row++;
      }
      for (const record of records) this.given.push(record);
      this.held.push({ records, delivery });
    }
    if (!this.isHolding) this.release();
  }

  /** Settles the oldest of what is held, or the one at `index`. */
  settle(index: number, isDurable: boolean): void {
    const [held] = this.held.splice(index, 1);
    if (!held) return;
    if (isDurable) {
      for (const record of held.records) this.safe.push(record);
      held.delivery.durable(held.records.length);
    } else {
      held.delivery.abandoned(held.records.length);
    }
  }

  release(): void {
    while (this.held.length > 0) this.settle(0, true);
  }

  get bodies(): unknown[] {
    return this.safe.map(({ body }) => body);
  }
}

/** A receiver on a folder of its own, with a storage that outlives it. */
export class Rig {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'winnow-file-log-'));
  readonly clock: FakeClock = new FakeClock(Date.now());
  readonly storage: MemoryStorage = new MemoryStorage();
  readonly #config: Partial<FileLogConfig>;
  readonly #fs: FileSystem | undefined;
  sink: RigSink = new RigSink();
  host: TestHost = createTestHost();
  #receiver: Receiver | undefined;
  #life = { isDead: false };

  constructor(config: Partial<FileLogConfig> = {}, fs?: FileSystem) {
    this.#config = config;
    this.#fs = fs;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  append(name: string, text: string | Uint8Array): void {
    appendFileSync(this.path(name), text);
  }

  async start(config: Partial<FileLogConfig> = {}): Promise<void> {
    this.#life = { isDead: false };
    const host = createTestHost({ clock: this.clock, storage: this.storage, ...(this.#fs ? { fs: this.#fs } : {}) });
    this.host = { ...host, storage: mortal(host.storage, this.#life), storageOf: () => mortal(host.storage, this.#life) };
    const include = [this.path('*.log')];
    this.#receiver = createReceiver({ include, start_at: 'beginning', ...this.#config, ...config }, this.sink);
    await this.#receiver.start(this.host);
    await this.clock.advance(0);
  }

  async stop(): Promise<void> {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    if (!receiver) return;
    const state = { isStopped: false };
    const stopping = receiver.shutdown(new AbortController().signal).then(() => (state.isStopped = true));
    for (let i = 0; i < 100 && !state.isStopped; i++) await this.clock.advance(100);
    await stopping;
  }

  /** Ends the receiver as kill -9 does: nothing it does afterwards has an effect. */
  async crash(): Promise<void> {
    this.#life.isDead = true;
    const { safe, given } = this.sink;
    this.sink.isDead = true;
    this.sink.held.length = 0;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    const next = new RigSink();
    for (const record of safe) next.safe.push(record);
    for (const record of given) next.given.push(record);
    next.isHolding = this.sink.isHolding;
    this.sink = next;
    const aborted = new AbortController();
    aborted.abort();
    await receiver?.shutdown(aborted.signal);
  }

  /** Moves time on, and lets the calls that are on the pool (archives) come back meanwhile. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Moves time on until `isDone`, at most `ms`. */
  async until(isDone: () => boolean, ms: number = 20_000): Promise<boolean> {
    for (let spent = 0; spent < ms && !isDone(); spent += 50) await this.pass(50);
    return isDone();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  names(records: readonly SunkRecord[] = this.sink.safe): string[] {
    return records.map(({ attributes }) => attributes['log.file.name'] as string);
  }

  /** Of lines such as `line 17 and more`, in the order in which they came. */
  numbers(records: readonly SunkRecord[] = this.sink.safe): number[] {
    return records.map(({ body }) => Number((body as string).split(' ')[1]));
  }
}

/** A storage client whose writes have no effect once its process is dead. */
function mortal(client: StorageClient, life: { readonly isDead: boolean }): StorageClient {
  return {
    ...client,
    commit: (transaction) => (life.isDead ? new Promise(() => {}) : client.commit(transaction)),
  };
}
