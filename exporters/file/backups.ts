import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { Counter, FileSystem, Host } from '#component';
import { backupsOf, stampOf, type Backup } from './backup-names.ts';
import type { RotationConfig } from './config.ts';
import { reasonOf } from './reasons.ts';

const DAY_MS = 24 * 3600 * 1000;
const FILE_MODE = 0o600;

/**
 * Deletes and compresses rotated files, one at a time and beside the writing. A compressed file appears under its name
 * whole, and only then is the plain one deleted: a reader finds one or the other at any moment.
 */
export class Backups {
  readonly #host: Host;
  readonly #config: RotationConfig;
  readonly #deleted: Counter;
  readonly #compressed: Counter;
  /** Files of which the backups are to be looked at. */
  readonly #pending = new Set<string>();
  readonly #stop = new AbortController();
  #work: Promise<void> | undefined;
  #isAtWork = false;

  constructor(host: Host, config: RotationConfig) {
    this.#host = host;
    this.#config = config;
    this.#deleted = host.metrics.counter('winnow_exporter_file_backups_deleted', 'Rotated files deleted: too many or too old.');
    this.#compressed = host.metrics.counter('winnow_exporter_file_backups_compressed', 'Rotated files compressed.');
  }

  /** Looks after the backups of this file soon. */
  tend(path: string): void {
    if (this.#stop.signal.aborted) return;
    this.#pending.add(path);
    if (!this.#isAtWork) this.#work = this.#tendAll();
  }

  /** What is half compressed is begun again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#work;
  }

  async #tendAll(): Promise<void> {
    this.#isAtWork = true;
    for (const path of this.#pending) {
      this.#pending.delete(path);
      if (this.#stop.signal.aborted) break;
      try {
        await this.#tendOne(path);
      } catch (problem) {
        if (this.#stop.signal.aborted) break;
        const facts = { path, reason: reasonOf(problem) };
        this.#host.log.warn('Rotated files could not be deleted or compressed; it is tried again after the next rotation.', facts);
      }
    }
    this.#isAtWork = false;
  }

  async #tendOne(path: string): Promise<void> {
    const { fs, clock } = this.#host;
    const { max_backups: countMax, max_days: days, localtime } = this.#config;
    const backups = await backupsOf(path, fs);
    const oldest = days > 0 ? stampOf(clock.now() - days * DAY_MS, localtime) : '';
    // A crash may leave a backup both plain and compressed: that is one.
    const stamps = [...new Set(backups.filter(({ isUnfinished }) => !isUnfinished).map(({ stamp }) => stamp))];
    const kept = new Set(stamps.filter((stamp, i) => (countMax === 0 || i < countMax) && stamp >= oldest));
    const plain: Backup[] = [];
    for (const backup of backups) {
      if (kept.has(backup.stamp) && !backup.isUnfinished) {
        if (!backup.isCompressed) plain.push(backup);
        continue;
      }
      await fs.promises.rm(backup.path, { force: true });
      if (!backup.isUnfinished) this.#deleted.add(1);
    }
    if (this.#config.compression === 'none') return;
    for (const backup of plain.toReversed()) await this.#compress(fs, backup.path);
  }

  async #compress(fs: FileSystem, path: string): Promise<void> {
    const isZstd = this.#config.compression === 'zstd';
    const target = path + (isZstd ? '.zst' : '.gz');
    if (!fs.existsSync(target)) {
      const temporary = `${target}.tmp`;
      const { atime, mtime } = await fs.promises.stat(path);
      const output = fs.createWriteStream(temporary, { mode: FILE_MODE, flush: true });
      try {
        await pipeline(fs.createReadStream(path), isZstd ? createZstdCompress() : createGzip(), output, { signal: this.#stop.signal });
        await fs.promises.utimes(temporary, atime, mtime);
        await fs.promises.rename(temporary, target);
      } catch (problem) {
        await fs.promises.rm(temporary, { force: true });
        throw problem;
      }
    }
    await fs.promises.rm(path, { force: true });
    this.#compressed.add(1);
  }
}
