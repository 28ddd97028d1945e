import type { Clock, FileSystem, Logger, StorageClient } from '#component';
import type { Range } from './ranges.ts';
import type { Tail } from './tail.ts';

interface Marked {
  readonly from: number;
  readonly to: number;
  readonly crashes: number;
}

const KEY = 'poison/';
/** A range that has ended the process so often is passed over. */
const CRASHES_MAX = 3;

/**
 * Ranges that were in work when the process ended because of a broken invariant.
 *
 * The next run reads them in small pieces, the one after row by row; so the third crash names a single record, which then
 * goes to a dead-letter file, and the rest is delivered.
 */
export class Poison {
  readonly #storage: StorageClient;
  readonly #fs: FileSystem;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #marked = new Map<number, Marked[]>();

  constructor(storage: StorageClient, fs: FileSystem, clock: Clock, log: Logger) {
    this.#storage = storage;
    this.#fs = fs;
    this.#clock = clock;
    this.#log = log;
    for (const [key, value] of storage.list(KEY)) {
      try {
        this.#marked.set(Number(key.slice(KEY.length)), JSON.parse(Buffer.from(value).toString('utf8')) as Marked[]);
      } catch {
        // A mark that cannot be read costs at most further crashes, which write it anew.
      }
    }
  }

  get isEmpty(): boolean {
    return this.#marked.size === 0;
  }

  /** What is known of the place where reading goes on. */
  at(tail: Tail, position: number): Marked | undefined {
    const marked = this.#marked.get(tail.id)?.filter(({ from, to }) => from <= position && position < to);
    return marked?.toSorted((a, b) => b.crashes - a.crashes)[0];
  }

  isDeadly(marked: Marked): boolean {
    return marked.crashes >= CRASHES_MAX;
  }

  rowsFor(marked: Marked): number {
    return marked.crashes === 1 ? 32 : 1;
  }

  /** Notes that work on these ranges has failed. Resolves when that is in storage. */
  async mark(ranges: readonly (readonly [Tail, Range])[]): Promise<void> {
    const transaction = this.#storage.begin();
    for (const [tail, range] of ranges) {
      const crashes = (this.at(tail, range.from.at)?.crashes ?? 0) + 1;
      const all = [...(this.#marked.get(tail.id) ?? []), { from: range.from.at, to: range.to.at, crashes }];
      this.#marked.set(tail.id, all);
      this.#storage.put(transaction, KEY + tail.id, JSON.stringify(all));
    }
    await this.#storage.commit(transaction);
  }

  /** The file has been delivered past these marks. */
  passed(tail: Tail): void {
    const known = this.#marked.get(tail.id);
    if (!known) return;
    const left = known.filter(({ to }) => to > tail.ranges.watermark.at);
    if (left.length === known.length) return;
    if (left.length > 0) this.#marked.set(tail.id, left);
    else this.#marked.delete(tail.id);
    const transaction = this.#storage.begin();
    if (left.length > 0) this.#storage.put(transaction, KEY + tail.id, JSON.stringify(left));
    else this.#storage.delete(transaction, KEY + tail.id);
    void this.#storage.commit(transaction);
  }

  /** Keeps the bytes of a deadly record where somebody can look at them. */
  keep(tail: Tail, position: number, bytes: Buffer): void {
    const folder = this.#storage.directory('dead-letter');
    this.#fs.mkdirSync(folder, { recursive: true });
    const line = {
      time: new Date(this.#clock.now()).toISOString(),
      reason: 'poison',
      'log.file.path': tail.path,
      'log.file.record_offset': position,
      body: bytes.toString('utf8'),
      base64: bytes.toString('base64'),
    };
    this.#fs.appendFileSync(`${folder}/file_log.jsonl`, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    this.#log.error('A record that ended the process three times was put aside.', {
      'log.file.path': tail.path,
      'log.file.record_offset': position,
      'winnow.dead_letter': `${folder}/file_log.jsonl`,
    });
  }
}
