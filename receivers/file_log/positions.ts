import type { Clock, Logger, StorageClient, Transaction } from '#component';
import { START, type Mark, type Range, type Ranges } from './ranges.ts';
import { Tail, type Compression } from './tail.ts';

const FILE = 'file/';
const RANGE = 'range/';
const STARTED = 'started';
/** Settled ranges past the watermark that are stored with it. More than that many are repeated after a crash. */
const BEYOND_MAX = 256;

const COMMIT_RETRY_MS = 1000;

type StoredMark = readonly [at: number, tail: string, records: number, isSkipping: 0 | 1];

interface StoredFile {
  readonly v: 1;
  readonly path: string;
  readonly origin?: string;
  readonly log?: string;
  readonly resolved?: string;
  readonly dev: number;
  readonly ino: number;
  readonly kind: Compression;
  readonly fp: readonly [length: number, hash: string];
  readonly mark: StoredMark;
  /** The furthest place read, when that is past the position. */
  readonly reach?: readonly [at: number, tail: string];
  readonly beyond?: readonly (readonly [StoredMark, StoredMark])[];
  readonly size: number;
  readonly ctime: number;
  readonly done: number;
  readonly partial?: string;
  readonly seen: number;
  readonly state?: 'rotated' | 'gone';
  readonly removed?: true;
}

/**
 * The positions of all files in storage.
 *
 * Whoever makes records durable in a transaction of the same storage gets the position into that transaction. Otherwise
 * positions are written here: one transaction for all files whose position has moved since the last one.
 */
export class Positions {
  readonly #storage: StorageClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  #dirty = new Set<Tail>();
  /** Files passed over because somebody else's transaction was under way. */
  readonly #waiting = new Set<Tail>();
  #deleted: number[] = [];
  #isScheduled = false;
  #isHurried = false;
  #committing: Promise<void> = Promise.resolve();

  constructor(storage: StorageClient, clock: Clock, log: Logger) {
    this.#storage = storage;
    this.#clock = clock;
    this.#log = log;
  }

  /** True when an earlier run has stored something: files it did not know are new, and read from their beginning. */
  get hasStartedBefore(): boolean {
    return this.#storage.get(STARTED) !== undefined;
  }

  /** `unit`: bytes of a code unit. */
  load(unit: 1 | 2): Tail[] {
    const tails = new Map<number, Tail>();
    for (const [key, value] of this.#storage.list(FILE)) {
      const tail = this.#parse(key, value, unit);
      if (tail) tails.set(tail.id, tail);
    }
    for (const [key, value] of this.#storage.list(RANGE)) {
      const tail = tails.get(Number.parseInt(key.slice(RANGE.length), 10));
      const pair = parseJson(value) as readonly [StoredMark, StoredMark] | undefined;
      if (!tail || !pair) continue;
      (tail.rangeKeys ??= new Set()).add(key);
      addSettled(tail.ranges, toMark(pair[0]), toMark(pair[1]), unit);
      tail.seenTo = tail.ranges.end.at;
    }
    return [...tails.values()];
  }

  #parse(key: string, value: Uint8Array, unit: 1 | 2): Tail | undefined {
    const id = Number.parseInt(key.slice(FILE.length), 10);
    const stored = parseJson(value) as StoredFile | undefined;
    if (!stored || stored.v !== 1 || !Number.isSafeInteger(id)) {
      this.#log.error('A stored file position is not readable; the file will be read from its beginning.', { key });
      return undefined;
    }
    const { path, dev, ino, kind } = stored;
    const mark = toMark(stored.mark);
    const watermark = wholeUnits(mark, unit);
    const tail = new Tail({
      id,
      path,
      dev,
      ino,
      compression: kind,
      fingerprint: { length: stored.fp[0], hash: stored.fp[1] },
      watermark,
      ...(stored.reach ? { reach: { ...START, at: stored.reach[0], tail: stored.reach[1] } } : {}),
    });
    tail.resolved = stored.resolved;
    tail.origin = stored.origin ?? path;
    tail.log = stored.log ?? tail.origin;
    tail.seenAt = stored.seen;
    tail.doneSize = stored.done;
    tail.ctimeMs = stored.ctime;
    tail.partial = watermark === mark ? (stored.partial ?? '') : '';
    tail.sizeBefore = stored.size;
    tail.storedAt = tail.ranges.watermark.at;
    tail.state = stored.state ?? 'named';
    tail.isRemoved = stored.removed === true;
    tail.isVerified = false;
    for (const [from, to] of stored.beyond ?? []) addSettled(tail.ranges, toMark(from), toMark(to), unit);
    tail.seenTo = tail.ranges.end.at;
    return tail;
  }

  /** Puts the position after `range` into somebody else's transaction. Memory follows after its commit. */
  write(transaction: Transaction, tail: Tail, range: Range): void {
    range.state = 'written';
    range.transaction = transaction;
    const mark = tail.ranges.watermarkWith(transaction);
    if (mark.at >= range.to.at) {
      this.#storage.put(transaction, FILE + tail.id, encodeFile(tail, mark));
      transaction.afterCommit(() => void (tail.storedAt = mark.at));
    } else {
      // An earlier part is not settled yet, or is carried by another transaction that may be committed before or after
      // this one. A key of its own is right in any order.
      const key = `${RANGE}${tail.id}/${range.from.at}`;
      (tail.rangeKeys ??= new Set()).add(key);
      this.#storage.put(transaction, key, JSON.stringify([fromMark(range.from), fromMark(range.to)]));
    }
    transaction.afterCommit(() => {
      tail.ranges.finish(range);
      if (this.#waiting.delete(tail) || tail.rangeKeys || tail.storedAt !== tail.ranges.watermark.at) this.touch(tail);
    });
  }

  /** The position of this file is to be written soon, together with others. */
  touch(tail: Tail): void {
    this.#dirty.add(tail);
    this.#schedule();
  }

  forget(tail: Tail): void {
    this.#dirty.delete(tail);
    this.#deleted.push(tail.id);
    this.#schedule();
  }

  /** Everything known is in storage when this resolves; it may wait for a full disk. */
  async flush(): Promise<void> {
    do {
      await this.#committing;
      this.#isScheduled = false;
      this.#commit();
    } while (this.#dirty.size > 0);
    await this.#committing;
  }

  /** Notes that there was a run, even if it finds no file. */
  start(): void {
    this.#schedule();
  }

  /** From here on nothing waits for anything else: the storage may be closed soon. */
  hurry(): void {
    this.#isHurried = true;
  }

  #schedule(): void {
    if (this.#isHurried) {
      this.#commit();
      return;
    }
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After the commit that is under way: what moves meanwhile goes into the next one, however many files it is.
    void this.#committing.then(() =>
      setImmediate(() => {
        if (!this.#isScheduled) return;
        this.#isScheduled = false;
        this.#commit();
      }),
    );
  }

  #commit(): void {
    const transaction = this.#storage.begin();
    this.#storage.put(transaction, STARTED, '1');
    for (const id of this.#deleted.splice(0)) this.#storage.delete(transaction, FILE + id);
    const dirty = this.#dirty;
    this.#dirty = new Set();
    for (const tail of dirty) {
      // Somebody else's transaction carries a newer position; what is known here would put it back. It comes here again
      // after that commit.
      if (tail.ranges.isWritten) {
        this.#waiting.add(tail);
        continue;
      }
      const { watermark } = tail.ranges;
      this.#storage.put(transaction, FILE + tail.id, encodeFile(tail, watermark));
      this.#deleteRangeKeys(transaction, tail);
      tail.storedAt = watermark.at;
    }
    this.#committing = this.#storage.commit(transaction).catch((problem: unknown) => {
      this.#log.error('File positions could not be stored; trying again.', { files: dirty.size }, problem);
      this.#clock.after(COMMIT_RETRY_MS, () => {
        for (const tail of dirty) this.touch(tail);
      });
    });
  }

  #deleteRangeKeys(transaction: Transaction, tail: Tail): void {
    for (const key of tail.rangeKeys ?? []) this.#storage.delete(transaction, key);
    tail.rangeKeys = undefined;
  }
}

/**
 * A position between the bytes of a code unit is that of a run that took the file for another encoding: half a line feed of
 * UTF-16 ends a line of UTF-8. From there on all would be read shifted by a byte.
 */
function wholeUnits(mark: Mark, unit: 1 | 2): Mark {
  const rest = mark.at % unit;
  return rest === 0 ? mark : { ...mark, at: mark.at - rest, tail: mark.tail.slice(0, -rest) };
}

function addSettled(ranges: Ranges, from: Mark, to: Mark, unit: 1 | 2): void {
  if (from.at < ranges.watermark.at || from.at % unit !== 0 || to.at % unit !== 0) return;
  for (const range of ranges) if (from.at < range.to.at && range.from.at < to.at) return;
  ranges.finish(ranges.add(from, to));
}

function encodeFile(tail: Tail, mark: Mark): string {
  const beyond: (readonly [StoredMark, StoredMark])[] = [];
  for (const range of tail.ranges.beyond()) {
    if (range.from.at >= mark.at && beyond.length < BEYOND_MAX) beyond.push([fromMark(range.from), fromMark(range.to)]);
  }
  const { reach } = tail.ranges;
  const stored: StoredFile = {
    v: 1,
    path: tail.path,
    ...(tail.origin === tail.path ? {} : { origin: tail.origin }),
    ...(tail.log === tail.origin ? {} : { log: tail.log }),
    ...(tail.resolved === undefined ? {} : { resolved: tail.resolved }),
    dev: tail.dev,
    ino: tail.ino,
    kind: tail.compression,
    fp: [tail.fingerprint.length, tail.fingerprint.hash],
    mark: fromMark(mark),
    ...(reach.at > mark.at ? { reach: [reach.at, reach.tail] as const } : {}),
    ...(beyond.length > 0 ? { beyond } : {}),
    size: Math.max(tail.size, tail.sizeBefore),
    ctime: tail.ctimeMs,
    // Read to its end, but not safe to its end: after a crash the rest is read again.
    done: mark.at === tail.ranges.end.at ? tail.doneSize : -1,
    seen: tail.seenAt,
    ...(tail.partial === '' || mark.at !== tail.ranges.end.at ? {} : { partial: tail.partial }),
    ...(tail.state === 'named' ? {} : { state: tail.state }),
    ...(tail.isRemoved ? { removed: true } : {}),
  };
  return JSON.stringify(stored);
}

function fromMark(mark: Mark): StoredMark {
  return [mark.at, mark.tail, mark.records, mark.isSkipping ? 1 : 0];
}

function toMark([at, tail, records, isSkipping]: StoredMark): Mark {
  return at === 0 ? START : { at, tail, records, isSkipping: isSkipping === 1 };
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'));
  } catch {
    return undefined;
  }
}
