import { basename, dirname, extname, join } from 'node:path';
import type { FileSystem } from '#component';

const STAMP = /^-(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3})(?:-size)?$/;
const SUFFIX = /(\.gz|\.zst)?(\.tmp)?$/;
const SUFFIXES = ['', '.gz', '.zst'];

/** A file that another one has become: `app.json` → `app-2026-01-30T12-00-00.000-size.json`, later with `.gz` behind. */
export interface Backup {
  readonly path: string;
  /** Sorts as time does. */
  readonly stamp: string;
  readonly isCompressed: boolean;
  /** Half of a compressed one, left by a crash. */
  readonly isUnfinished: boolean;
}

export interface Naming {
  readonly fs: FileSystem;
  readonly localtime: boolean;
}

/** A name that neither a file nor its compressed form has: two rotations may fall into one millisecond. */
export function freeBackupPath(path: string, nowMs: number, { fs, localtime }: Naming): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  for (let ms = nowMs; ; ms++) {
    const target = `${stem}-${stampOf(ms, localtime)}-size${extension}`;
    if (!SUFFIXES.some((suffix) => fs.existsSync(target + suffix))) return target;
  }
}

/** All backups of a file, newest first. */
export async function backupsOf(path: string, fs: FileSystem): Promise<Backup[]> {
  const folder = dirname(path);
  const extension = extname(path);
  const stem = basename(path, extension);
  const names = await fs.promises.readdir(folder);
  return names
    .flatMap((name) => {
      const plain = name.replace(SUFFIX, '');
      if (!plain.startsWith(stem) || !plain.endsWith(extension)) return [];
      const stamp = STAMP.exec(plain.slice(stem.length, plain.length - extension.length))?.[1];
      if (stamp === undefined) return [];
      const isUnfinished = name.endsWith('.tmp');
      return [{ path: join(folder, name), stamp, isCompressed: !isUnfinished && name !== plain, isUnfinished }];
    })
    .toSorted((a, b) => b.stamp.localeCompare(a.stamp));
}

export function stampOf(ms: number, isLocal: boolean): string {
  const localMs = isLocal ? ms - new Date(ms).getTimezoneOffset() * 60_000 : ms;
  return new Date(localMs).toISOString().slice(0, -1).replaceAll(':', '-');
}
