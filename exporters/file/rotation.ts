import { basename, dirname, extname, join } from 'node:path';
import type { FileSystem } from '#component';
import type { RotationConfig } from './config.ts';

const DAY_MS = 24 * 3600 * 1000;
const MIB = 1024 * 1024;
const STAMP = /^-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})(?:-size)?$/;

/** Names, counts and ages of the files that a file becomes: `app.json` → `app-2026-01-30T12-00-00.000-size.json`. */
export class Rotation {
  readonly bytesMax: number;
  readonly #path: string;
  readonly #config: RotationConfig;
  readonly #fs: FileSystem;

  constructor(path: string, config: RotationConfig, fs: FileSystem) {
    this.bytesMax = config.max_megabytes * MIB;
    this.#path = path;
    this.#config = config;
    this.#fs = fs;
  }

  /** Renames the file. Never onto another one: two rotations may fall into one millisecond. */
  async moveAway(nowMs: number): Promise<string> {
    for (let ms = nowMs; ; ms++) {
      const target = this.#nameAt(ms);
      if (this.#fs.existsSync(target)) continue;
      await this.#fs.promises.rename(this.#path, target);
      return target;
    }
  }

  /** Deletes rotated files that are too many or too old; returns how many. */
  async prune(nowMs: number): Promise<number> {
    const { max_backups: countMax, max_days: days } = this.#config;
    const folder = dirname(this.#path);
    const backups = (await this.#fs.promises.readdir(folder))
      .flatMap((name) => this.#backup(name))
      .toSorted((a, b) => b.stamp.localeCompare(a.stamp));
    const oldest = days > 0 ? this.#stampOf(nowMs - days * DAY_MS) : '';
    const excess = backups.filter(({ stamp }, i) => (countMax > 0 && i >= countMax) || stamp < oldest);
    for (const { name } of excess) await this.#fs.promises.rm(join(folder, name), { force: true });
    return excess.length;
  }

  #nameAt(ms: number): string {
    const extension = extname(this.#path);
    const stem = this.#path.slice(0, this.#path.length - extension.length);
    return `${stem}-${this.#stampOf(ms)}-size${extension}`;
  }

  /** Sorts as time does. */
  #stampOf(ms: number): string {
    const localMs = this.#config.localtime ? ms - new Date(ms).getTimezoneOffset() * 60_000 : ms;
    return new Date(localMs).toISOString().slice(0, -1).replaceAll(':', '-');
  }

  #backup(name: string): { readonly name: string; readonly stamp: string }[] {
    const extension = extname(this.#path);
    const stem = basename(this.#path, extension);
    if (!name.startsWith(stem) || !name.endsWith(extension)) return [];
    const stamp = STAMP.exec(name.slice(stem.length, name.length - extension.length))?.[1];
    return stamp === undefined ? [] : [{ name, stamp }];
  }
}
