import { dirname, resolve } from 'node:path';
import { RefusedError, Status, parseDuration, type Counter, type Exporter, type Host, type Settings, type Timer } from '#component';
import type { Claim, LogBatch } from '#model';
import { rotationOf, type FileConfig } from './config.ts';
import { createEncoder, type Encoder } from './encode.ts';
import { OutputFile } from './output-file.ts';
import { Rotation } from './rotation.ts';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5000;
const LAST_WRITE_MS = 100;
const ROTATION_RETRY_MS = 60_000;
// Claims that wait for the next fsync are small, but many single records could make many of them.
const UNSYNCED_CLAIMS_MAX = 4096;

/**
 * Writes batches to a file, one after the other. `consume` resolves when the batch is in the file, so nothing is held
 * here but the entry being written. While the file cannot be written, the caller waits: that is the back-pressure.
 */
export class FileExporter implements Exporter {
  readonly mutates = false;
  readonly #config: FileConfig;
  readonly #settings: Settings;
  readonly #path: string;
  readonly #encoder: Encoder;
  readonly #checkMs: number;
  #host: Host | undefined;
  #file: OutputFile | undefined;
  #rotation: Rotation | undefined;
  #sent: Counter | undefined;
  #failed: Counter | undefined;
  #rotations: Counter | undefined;
  #checkedAt = 0;
  #rotateAgainAt = 0;
  #unsynced: Claim[] = [];
  #timer: Timer | undefined;
  /** One after the other: batches, and writing to the disk between them. */
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #isFailing = false;
  readonly #deadline = new AbortController();

  constructor(config: FileConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#path = resolve(config.path);
    this.#encoder = createEncoder(config);
    this.#checkMs = parseDuration(config.flush_interval) || 1000;
  }

  async start(host: Host): Promise<void> {
    const { metrics, fs } = host;
    this.#host = host;
    this.#sent = metrics.counter('otelcol_exporter_sent_log_records', 'Log records written.');
    this.#failed = metrics.counter(
      'otelcol_exporter_send_failed_log_records',
      'Log records given up at shutdown; their source has them still.',
    );
    this.#rotations = metrics.counter('winnow_exporter_file_rotations', 'Files that were renamed because they had grown enough.');
    const rotation = rotationOf(this.#config);
    if (rotation) this.#rotation = new Rotation(this.#path, rotation, fs);
    try {
      if (this.#config.create_directory) this.#makeDirectory(host);
      await this.#open(host, !this.#config.append && !rotation);
    } catch (problem) {
      throw new Error(`${this.#settings.id}: cannot write ${this.#path}: ${reasonOf(problem)}`, { cause: problem });
    }
    this.#checkedAt = host.clock.monotonic();
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#inTurn(() => this.#write(batch));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { promise: deadline, resolve: pass } = Promise.withResolvers<void>();
    const abandon = (): void => {
      this.#deadline.abort();
      pass();
    };
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    const closed = this.#inTurn(async () => {
      await this.#sync();
      await this.#closeFile();
    });
    // A write to a network share may hang for good; what it was to settle stays unsettled then.
    const isOver = new AbortController();
    await Promise.race([closed, deadline.then(() => this.#host?.clock.sleep(LAST_WRITE_MS, isOver.signal))]);
    isOver.abort();
    signal.removeEventListener('abort', abandon);
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (!host || this.#isStopped) throw new RefusedError(`${this.#settings.id} is not running`);
    await this.#noticeMoved(host);
    for (let from = 0; from < batch.length;) {
      const { bytes, next, rows } = await this.#encoder.encode(batch, from);
      if (rows === 0) break;
      if (!(await this.#appendUntilWritten(host, bytes))) {
        this.#giveUp(batch, from);
        return;
      }
      this.#sent?.add(rows);
      this.#unsynced.push(...batch.claims(from, next));
      await this.#settleWritten(host);
      from = next;
    }
  }

  /** False when the deadline of the shutdown passed before. */
  async #appendUntilWritten(host: Host, bytes: Buffer): Promise<boolean> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        await this.#rotateFor(host, bytes.length);
        const file = this.#file ?? (await this.#open(host, false));
        await file.append(bytes);
        if (this.#isFailing) this.#tellRecovered(host);
        return true;
      } catch (problem) {
        this.#tellFailing(host, problem);
      }
      await host.clock.sleep(waitMs, this.#deadline.signal);
      if (this.#deadline.signal.aborted) return false;
    }
  }

  #giveUp(batch: LogBatch, from: number): void {
    for (const { delivery, rows } of batch.claims(from)) {
      this.#failed?.add(rows);
      delivery.abandoned(rows);
    }
  }

  // ---- safety ----

  async #settleWritten(host: Host): Promise<void> {
    const { fsync } = this.#config;
    if (fsync === 'never') this.#settle();
    else if (fsync === 'always' || this.#unsynced.length >= UNSYNCED_CLAIMS_MAX) await this.#sync();
    else this.#timer ??= host.clock.after(this.#checkMs, () => void this.#inTurn(() => this.#syncOnTime()));
  }

  async #syncOnTime(): Promise<void> {
    this.#timer = undefined;
    await this.#sync();
  }

  /** Settles all that was written before. What the disk did not take is abandoned: a second fsync would hide the loss. */
  async #sync(): Promise<void> {
    if (this.#unsynced.length === 0) return;
    try {
      await this.#file?.sync();
      this.#settle();
    } catch (problem) {
      let records = 0;
      for (const { delivery, rows } of this.#unsynced.splice(0)) {
        records += rows;
        delivery.abandoned(rows);
      }
      const facts = { path: this.#path, records };
      this.#host?.log.error(
        'The disk did not take what was written. The sources of these records give them again after a restart.',
        facts,
        problem,
      );
    }
  }

  #settle(): void {
    for (const { delivery, rows } of this.#unsynced.splice(0)) delivery.durable(rows);
  }

  // ---- the file ----

  async #open(host: Host, mustTruncate: boolean): Promise<OutputFile> {
    const file = await OutputFile.open(this.#path, { fs: host.fs, framing: this.#encoder.framing, mustTruncate });
    if (file.tornBytes > 0)
      host.log.warn('The last entry of the file was torn; it was closed or cut off.', { path: this.#path, bytes: file.tornBytes });
    this.#file = file;
    return file;
  }

  #makeDirectory({ fs }: Host): void {
    const folder = dirname(this.#path);
    if (fs.existsSync(folder)) return;
    const mode = Number.parseInt(this.#config.directory_permissions, 8);
    fs.mkdirSync(folder, { recursive: true, mode });
    // The mode given to mkdir is cut by the umask.
    fs.chmodSync(folder, mode);
  }

  /** Moves the file away when `bytes` more would be too many; the next write opens a new one. */
  async #rotateFor(host: Host, bytes: number): Promise<void> {
    const rotation = this.#rotation;
    const file = this.#file;
    const now = host.clock.monotonic();
    if (!rotation || !file || file.size === 0 || file.size + bytes <= rotation.bytesMax || now < this.#rotateAgainAt) return;
    await this.#sync();
    try {
      await rotation.moveAway(host.clock.now());
    } catch (problem) {
      this.#rotateAgainAt = now + ROTATION_RETRY_MS;
      const facts = { path: this.#path, reason: reasonOf(problem) };
      host.log.warn('The file is large enough but cannot be renamed; it grows on, and renaming is tried again in a minute.', facts);
      return;
    }
    // A crash here leaves no file under the path; the next start makes one.
    await this.#closeFile();
    this.#rotations?.add(1);
    try {
      await rotation.prune(host.clock.now());
    } catch (problem) {
      host.log.warn('Rotated files that are too many or too old could not be deleted.', { path: this.#path, reason: reasonOf(problem) });
    }
  }

  /** Somebody who moves or deletes the file does not take later records with it. */
  async #noticeMoved(host: Host): Promise<void> {
    const now = host.clock.monotonic();
    if (now - this.#checkedAt < this.#checkMs || !this.#file) return;
    this.#checkedAt = now;
    if (await this.#file.isInPlace()) return;
    host.log.warn('The file was moved or deleted; a new one is begun.', { path: this.#path });
    await this.#sync();
    await this.#closeFile();
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #tellFailing(host: Host, problem: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const reason = reasonOf(problem);
    host.log.error('The file cannot be written. Nothing is lost: the sources wait until it can.', { path: this.#path, reason }, problem);
    host.report(Status.recoverable, `cannot write ${this.#path}: ${reason}`);
  }

  #tellRecovered(host: Host): void {
    this.#isFailing = false;
    host.log.info('The file can be written again.', { path: this.#path });
    host.report(Status.ok);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota is used up; make room or raise it',
  EACCES: 'permission denied; let the user of this process write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'the folder does not exist; make it, or set create_directory: true',
  EISDIR: 'it is a folder; name a file',
};

function reasonOf(problem: unknown): string {
  if (!(problem instanceof Error)) return String(problem);
  const code = 'code' in problem && typeof problem.code === 'string' ? problem.code : '';
  return REASONS[code] ?? problem.message;
}
