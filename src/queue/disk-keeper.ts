import type { Clock, Counter, Host, StorageClient } from '#component';
import { BodyPool } from '#otlp';
import { isBodyFree, type Item, type Keeper, type Place, type Tally } from './item.ts';
import { QueueNames } from './names.ts';
import { HEADER_BYTES, encodeMeta, isMeta, type Meta } from './record.ts';
import { Segments, type Entry } from './segments.ts';

// Beyond this, offers wait for the disk. It bounds what is in memory beside the head of the queue.
export const UNWRITTEN_BYTES_MAX: number = 8 * 1024 * 1024;
const WRITE_BYTES_MAX = 4 * 1024 * 1024;
// An operating system takes at most 1024 buffers in one call; an entry has three.
const WRITE_ENTRIES_MAX = 256;
// Bodies at the head stay in memory, so that with a healthy backend nothing is read back.
const HEAD_BYTES_MAX = 4 * 1024 * 1024;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;

// What is kept of the buffers that bodies are read into.
const POOL_BYTES_MAX = 4 * 1024 * 1024;

export interface DiskKeeperSettings {
  readonly exporter: string;
  /** Where an exporter has several queues in one storage. */
  readonly branch: string | undefined;
  readonly storage: StorageClient;
  readonly host: Host;
  readonly onKept: (item: Item) => void;
  /** The item is not in the queue after all, and its rows were not settled as durable. */
  readonly onLost: (item: Item) => void;
  /** Its body is on disk. */
  readonly onWritten: (item: Item) => void;
  readonly recycle: (body: Buffer) => void;
}

/** Row of the index: what the record says, and where it lies. */
interface Row extends Meta, Place {
  readonly bodyBytes: number;
}

/**
 * Keeps items on disk: bodies in segments, an index in the storage.
 *
 * A body is written first. Then one transaction has the row of the index and the position of the source, so that after a
 * crash either both are there or the source reads again. Rows are deleted after the answer, in the order of the answers.
 */
export class DiskKeeper implements Keeper {
  readonly isPersistent = true;
  readonly #settings: DiskKeeperSettings;
  readonly #clock: Clock;
  readonly #names: QueueNames;
  readonly #segments: Segments;
  readonly #corruptFiles: Counter;
  #unwritten: Item[] = [];
  #writing: Promise<void> | undefined;
  readonly #commits = new Set<Promise<void>>();
  readonly #deadline = new AbortController();
  #marked: Promise<void> = Promise.resolve();
  #headBytes = 0;
  readonly #pool = new BodyPool(POOL_BYTES_MAX);
  /** What the body of an item in flight was read into. */
  readonly #readInto = new Map<Item, Buffer>();

  constructor(settings: DiskKeeperSettings) {
    const { branch, exporter, host, storage } = settings;
    this.#settings = settings;
    this.#names = new QueueNames(branch);
    this.#clock = host.clock;
    this.#corruptFiles = host.metrics.counter('winnow_storage_corrupt_files', 'Databases and segments found corrupt and set aside.');
    this.#segments = new Segments({
      directory: this.#names.directory(storage),
      fs: host.fs,
      clock: host.clock,
      log: host.log.with({ exporter }),
      isSynced: storage.isSyncedFully ?? false,
      onCorrupt: () => this.#corruptFiles.add(1),
    });
  }

  unwrittenBytes(bytes: number): number {
    return bytes;
  }

  async start(): Promise<Item[]> {
    const { storage } = this.#settings;
    await this.#segments.open();
    const rows =
      storage.get(this.#names.mark) === undefined && this.#segments.ids.length > 0 ? await this.#rebuildIndex() : this.#readIndex();
    const items = rows.filter(({ segment }) => !this.#segments.isDone(segment)).map((row) => this.#restore(row));
    await this.#segments.removeOrphans();
    this.#forgetDone(rows);
    this.#markIndex();
    return items;
  }

  #markIndex(): void {
    const { storage } = this.#settings;
    const { mark } = this.#names;
    if (storage.get(mark) !== undefined) return;
    const transaction = storage.begin();
    storage.put(transaction, mark, 'yes');
    this.#marked = storage.commit(transaction).catch(() => {});
  }

  add(item: Item): void {
    this.#unwritten.push(item);
    this.#writing ??= this.#writeAll().catch((problem: unknown) => this.#settings.host.fatal(problem));
  }

  async load(item: Item, signal: AbortSignal): Promise<Buffer | undefined> {
    if (item.body) return item.body;
    const { place } = item;
    if (!place) return undefined;
    // Never the buffer of an earlier attempt: the request that failed may still refer to it.
    const into = this.#pool.take(HEADER_BYTES + place.metaBytes + item.bytes);
    this.#readInto.set(item, into);
    for (let delay = RETRY_FIRST_MS; ; delay = Math.min(2 * delay, RETRY_MAX_MS)) {
      try {
        return await this.#segments.read(place, item.bytes, into);
      } catch (problem) {
        if (signal.aborted) return undefined;
        if (isMissing(problem)) {
          this.#lost(place, item.rows);
          return undefined;
        }
        this.#settings.host.log.error('The queue cannot be read; trying again.', { exporter: this.#settings.exporter }, problem);
        await this.#clock.sleep(delay, signal);
      }
    }
  }

  finish(item: Item, tally: Tally, onFree: () => void): void {
    const { storage } = this.#settings;
    this.#forgetBody(item, tally);
    const { place } = item;
    const transaction = storage.begin();
    storage.delete(transaction, this.#names.item(item.sequence));
    transaction.afterCommit(() => {
      if (place) this.#segments.forgotten(place);
      onFree();
    });
    this.#track(storage.commit(transaction));
    if (place) this.#segments.answered(place);
  }

  async stop(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#deadline.abort();
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    const aborted = new Promise<void>((resolve) => this.#deadline.signal.addEventListener('abort', () => resolve(), { once: true }));
    await this.#writing;
    while (this.#commits.size > 0 && !this.#deadline.signal.aborted) await Promise.race([Promise.all(this.#commits), aborted]);
    await this.#segments.close();
    signal.removeEventListener('abort', giveUp);
  }

  #giveBack(item: Item): void {
    this.#settings.onWritten(item);
    this.#settings.onLost(item);
  }

  async #writeAll(): Promise<void> {
    // Without the mark in the storage, the index would seem lost if we died after the first write.
    await this.#marked;
    while (this.#unwritten.length > 0) {
      const items = this.#takeUnwritten();
      const places = await this.#write(items);
      if (places) this.#index(items, places);
      else for (const item of items) this.#giveBack(item);
    }
    this.#writing = undefined;
  }

  #takeUnwritten(): Item[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#unwritten) {
      bytes += item.bytes;
      if (count === WRITE_ENTRIES_MAX || (count > 0 && bytes > WRITE_BYTES_MAX)) break;
      count++;
    }
    return this.#unwritten.splice(0, count);
  }

  /**
   * Waits until the disk takes it, or gives up when time has run out. When the disk refuses many, there may be room for
   * fewer: the rest goes back, and comes next.
   */
  async #write(items: Item[]): Promise<Place[] | undefined> {
    const { exporter, host } = this.#settings;
    let entries = entriesOf(items);
    let failures = 0;
    for (let delay = RETRY_FIRST_MS; ; delay = Math.min(2 * delay, RETRY_MAX_MS)) {
      try {
        const places = await this.#segments.append(entries);
        if (failures > 0) host.log.info('The queue can write again.', { exporter, failures });
        return places;
      } catch (problem) {
        if (items.length > 1) {
          this.#unwritten.unshift(...items.splice(Math.ceil(items.length / 2)));
          entries = entriesOf(items);
          continue;
        }
        if (failures++ === 0)
          host.log.error('The queue cannot write to disk; sources wait until it can. Is the disk full?', { exporter }, problem);
        if (this.#deadline.signal.aborted) return undefined;
        await this.#clock.sleep(delay, this.#deadline.signal);
      }
    }
  }

  #index(items: readonly Item[], places: readonly Place[]): void {
    const { storage, onKept, onLost, onWritten } = this.#settings;
    const transaction = storage.begin();
    for (const [index, item] of items.entries()) {
      const place = places[index];
      item.place = place;
      storage.put(transaction, this.#names.item(item.sequence), JSON.stringify({ ...metaOf(item), ...place, bodyBytes: item.bytes }));
      for (const { delivery, rows } of item.claims) delivery.durable(rows, transaction);
      item.claims = [];
      this.#keepAtHead(item);
    }
    const each = (action: (item: Item) => void) => (): void => {
      for (const item of items) action(item);
    };
    transaction.afterCommit(each(onKept));
    this.#track(storage.commit(transaction), each(onLost));
    for (const item of items) onWritten(item);
  }

  #keepAtHead(item: Item): void {
    if (this.#headBytes + item.bytes <= HEAD_BYTES_MAX) {
      this.#headBytes += item.bytes;
      return;
    }
    if (item.body) this.#settings.recycle(item.body);
    item.body = undefined;
  }

  #forgetBody(item: Item, tally: Tally): void {
    const { body } = item;
    const into = this.#readInto.get(item);
    item.body = undefined;
    this.#readInto.delete(item);
    if (body) this.#headBytes -= item.bytes;
    if (!isBodyFree(tally, item)) return;
    if (body) this.#settings.recycle(body);
    if (into) this.#pool.give(into);
  }

  #track(commit: Promise<void>, onFailed: () => void = () => {}): void {
    const tracked = commit.catch(onFailed).finally(() => this.#commits.delete(tracked));
    this.#commits.add(tracked);
  }

  #readIndex(): Row[] {
    const rows: Row[] = [];
    for (const [key, value] of this.#names.list(this.#settings.storage)) {
      const row = parseRow(value);
      if (row) rows.push(row);
      else
        this.#settings.host.log.error('A row of the queue index cannot be read; its request is lost.', {
          exporter: this.#settings.exporter,
          key,
        });
    }
    return rows.toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Reads all segments. What was answered but not deleted is sent again; better than to lose the rest. */
  async #rebuildIndex(): Promise<Row[]> {
    const { exporter, host, storage } = this.#settings;
    const rows: Row[] = [];
    const transaction = storage.begin();
    for (const id of this.#segments.ids) {
      for await (const { meta, place, bodyBytes } of this.#segments.scan(id)) {
        const row = { ...meta, ...place, bodyBytes };
        rows.push(row);
        storage.put(transaction, this.#names.item(meta.sequence), JSON.stringify(row));
      }
    }
    this.#track(storage.commit(transaction));
    host.log.error('The index of the queue was lost and is made anew from its segments; some requests may be repeated.', {
      exporter,
      requests: rows.length,
    });
    return rows.toSorted((a, b) => a.sequence - b.sequence);
  }

  /** Rows that the life before had no time to delete, although their requests were answered. */
  #forgetDone(rows: readonly Row[]): void {
    const { storage } = this.#settings;
    const transaction = storage.begin();
    for (const { segment, sequence } of rows) if (this.#segments.isDone(segment)) storage.delete(transaction, this.#names.item(sequence));
    this.#track(storage.commit(transaction).then(() => this.#segments.removeDone()));
  }

  #restore(row: Row): Item {
    const place = { segment: row.segment, offset: row.offset, metaBytes: row.metaBytes };
    const isThere = this.#segments.adopt(place, row.bodyBytes);
    if (!isThere) this.#lost(place, row.rows);
    return { ...metaOf(row), bytes: row.bodyBytes, claims: [], body: undefined, place: isThere ? place : undefined, triedAt: undefined };
  }

  #lost({ segment, offset }: Place, rows: number): void {
    const path = this.#segments.files.path(segment);
    const facts = { exporter: this.#settings.exporter, path, offset, rows };
    this.#settings.host.log.error('A segment of the queue is missing or cut short; the request in it is lost.', facts);
    this.#corruptFiles.add(1);
  }
}

function entriesOf(items: readonly Item[]): Entry[] {
  return items.flatMap((item) => (item.body ? [{ meta: encodeMeta(item), body: item.body }] : []));
}

function metaOf({ sequence, rows, sources, encoding, contentType }: Meta): Meta {
  return { sequence, rows, sources, encoding, contentType };
}

function parseRow(value: Uint8Array): Row | undefined {
  try {
    const row: unknown = JSON.parse(Buffer.from(value).toString());
    return isRow(row) ? row : undefined;
  } catch {
    return undefined;
  }
}

function isRow(value: unknown): value is Row {
  if (!isMeta(value)) return false;
  const { segment, offset, metaBytes, bodyBytes } = value as Meta & Partial<Record<keyof Row, unknown>>;
  return [segment, offset, metaBytes, bodyBytes].every(Number.isSafeInteger);
}

function isMissing(problem: unknown): boolean {
  return problem instanceof Error && 'code' in problem && problem.code === 'ENOENT';
}
