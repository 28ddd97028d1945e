import { dirname } from 'node:path';
import type { Host } from '#component';
import type { Claim } from '#model';
import { freeBackupPath } from './backup-names.ts';
import type { Framing } from './encode.ts';
import { OutputFile } from './output-file.ts';
import { reasonOf } from './reasons.ts';
import type { RotationRules } from './rotation.ts';

const ROTATION_RETRY_MS = 60_000;

export interface TargetOptions {
  readonly host: Host;
  readonly framing: Framing;
  /** Mode of a folder that is made when it is missing; undefined when none is. */
  readonly folderMode: number | undefined;
  /** The name of a new file reaches the disk, too. */
  readonly isSynced: boolean;
  /** How often to look whether the file is still in its place. */
  readonly checkMs: number;
  readonly rotation: { readonly rules: RotationRules; readonly localtime: boolean } | undefined;
  readonly onOpened: (target: TargetFile) => void;
  readonly onRotated: (target: TargetFile) => void;
}

/** A path that is written to: the file now under it, what of it is not on the disk yet, and when it makes way for a new one. */
export class TargetFile {
  readonly path: string;
  readonly #options: TargetOptions;
  #file: OutputFile | undefined;
  #unsynced: Claim[] = [];
  #checkedAt = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  #rotateAgainAt = 0;

  constructor(path: string, options: TargetOptions) {
    this.path = path;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Claims that wait for the disk. */
  get unsynced(): number {
    return this.#unsynced.length;
  }

  /** When the file is to be rotated by the clock. */
  get dueMs(): number {
    return this.#dueMs;
  }

  async open(mustTruncate: boolean = false): Promise<OutputFile> {
    if (this.#file) return this.#file;
    const { host, framing, folderMode, isSynced, rotation } = this.#options;
    if (folderMode !== undefined) this.#makeFolder(folderMode);
    const file = await OutputFile.open(this.path, { fs: host.fs, framing, mustTruncate });
    this.#file = file;
    if (file.tornBytes > 0)
      host.log.warn('The last entry of the file was torn; it was closed or cut off.', { path: this.path, bytes: file.tornBytes });
    const now = host.clock.now();
    this.#dueMs = rotation?.rules.dueMs(file.begunMs || now, file.writtenMs || now) ?? Number.POSITIVE_INFINITY;
    this.#checkedAt = host.clock.monotonic();
    if (isSynced && file.size === 0) await this.#syncFolder();
    this.#options.onOpened(this);
    return file;
  }

  /** Rejects when not all of it could be written; then nothing of it stays. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#noticeMoved();
    await this.open();
    await this.rotateFor(bytes.length);
    const file = await this.open();
    await file.append(bytes);
  }

  /** Who is to be told when what was written is safe. */
  keep(claims: readonly Claim[]): void {
    this.#unsynced.push(...claims);
  }

  /** Settles all that was written before, as safe in the kernel. */
  settle(): void {
    for (const { delivery, rows } of this.#unsynced.splice(0)) delivery.durable(rows);
  }

  /** Settles all that was written before. What the disk did not take is abandoned: a second fsync would hide the loss. */
  async sync(): Promise<void> {
    if (this.#unsynced.length === 0) return;
    try {
      await this.#file?.sync();
      this.settle();
    } catch (problem) {
      let records = 0;
      for (const { delivery, rows } of this.#unsynced.splice(0)) {
        records += rows;
        delivery.abandoned(rows);
      }
      const facts = { path: this.path, records };
      const message = 'The disk did not take what was written. The sources of these records give them again after a restart.';
      this.#options.host.log.error(message, facts, problem);
    }
  }

  async close(): Promise<void> {
    await this.sync();
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Moves the file away when its time has come or `bytes` more would be too many; the next write opens a new one. */
  async rotateFor(bytes: number): Promise<void> {
    const { host, rotation } = this.#options;
    const file = this.#file;
    if (!rotation || !file) return;
    const isDue = host.clock.now() >= this.#dueMs;
    if (file.size === 0) {
      if (isDue) this.#dueMs = rotation.rules.dueMs(host.clock.now(), host.clock.now());
      return;
    }
    const now = host.clock.monotonic();
    if ((!isDue && file.size + bytes <= rotation.rules.bytesMax) || now < this.#rotateAgainAt) return;
    await this.sync();
    // What lies under the path may be another file by now, or none: renaming that would say nothing of this one's size.
    if (await this.#leaveMoved(file)) return;
    try {
      const target = freeBackupPath(this.path, host.clock.now(), { fs: host.fs, localtime: rotation.localtime });
      await host.fs.promises.rename(this.path, target);
    } catch (problem) {
      this.#rotateAgainAt = now + ROTATION_RETRY_MS;
      const facts = { path: this.path, reason: reasonOf(problem) };
      host.log.warn('The file is to be rotated but cannot be renamed; it grows on, and renaming is tried again in a minute.', facts);
      return;
    }
    // A crash here leaves no file under the path; the next start makes one.
    await this.close();
    this.#options.onRotated(this);
  }

  async #noticeMoved(): Promise<void> {
    const { host, checkMs } = this.#options;
    const now = host.clock.monotonic();
    if (!this.#file || now - this.#checkedAt < checkMs) return;
    this.#checkedAt = now;
    await this.#leaveMoved(this.#file);
  }

  /** Somebody who moves or deletes the file does not take later records with it. */
  async #leaveMoved(file: OutputFile): Promise<boolean> {
    if (await file.isInPlace()) return false;
    this.#options.host.log.warn('The file was moved or deleted; a new one is begun.', { path: this.path });
    await this.close();
    return true;
  }

  #makeFolder(mode: number): void {
    const { fs } = this.#options.host;
    const folder = dirname(this.path);
    if (fs.existsSync(folder)) return;
    fs.mkdirSync(folder, { recursive: true, mode });
    // The mode given to mkdir is cut by the umask.
    fs.chmodSync(folder, mode);
  }

  /** A file whose name is lost with the power is lost with it. */
  async #syncFolder(): Promise<void> {
    const handle = await this.#options.host.fs.promises.open(dirname(this.path), 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
