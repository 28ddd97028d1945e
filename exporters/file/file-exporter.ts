import { resolve } from 'node:path';
import { RefusedError, Status, parseDuration, type Counter, type Exporter, type Host, type Settings, type Timer } from '#component';
import type { LogBatch } from '#model';
import { Backups } from './backups.ts';
import { groupByOf, rotationOf, type FileConfig } from './config.ts';
import { createEncoder, type Encoder } from './encode.ts';
import { Grouping } from './grouping.ts';
import { reasonOf } from './reasons.ts';
import { RotationRules } from './rotation.ts';
import type { TargetFile } from './target-file.ts';
import { Targets } from './targets.ts';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5000;
const TELL_AGAIN_MS = 60_000;
const LAST_WRITE_MS = 100;
// A clock that was set is noticed after so long.
const ROTATION_LOOK_MAX_MS = 3600_000;
// Claims that wait for the next fsync are small, but many single records could make many of them.
const UNSYNCED_CLAIMS_MAX = 4096;

/**
 * Writes batches to files, one after the other. `consume` resolves when the batch is written, so nothing is held here
 * but the entry being written. While a file cannot be written, the caller waits: that is the back-pressure.
 */
export class FileExporter implements Exporter {
  readonly mutates = false;
  readonly #config: FileConfig;
  readonly #settings: Settings;
  readonly #path: string;
  readonly #encoder: Encoder;
  #host: Host | undefined;
  #targets: Targets | undefined;
  #grouping: Grouping | undefined;
  #backups: Backups | undefined;
  #sent: Counter | undefined;
  #failed: Counter | undefined;
  #syncTimer: Timer | undefined;
  #rotationTimer: Timer | undefined;
  #rotationAt = Number.POSITIVE_INFINITY;
  /** Files of which the backups were looked after since the start. */
  readonly #tended = new Set<string>();
  /** One after the other: batches, and what is done to the files between them. */
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #mustReopen = false;
  #failingSince: number | undefined;
  #toldAt = 0;
  readonly #deadline = new AbortController();

  constructor(config: FileConfig, settings: Settings) {
    this.#config = config;
    this.#settings = settings;
    this.#path = resolve(config.path);
    this.#encoder = createEncoder(config);
  }

  async start(host: Host): Promise<void> {
    const { metrics } = host;
    this.#host = host;
    this.#sent = metrics.counter('otelcol_exporter_sent_log_records', 'Log records written.');
    this.#failed = metrics.counter(
      'otelcol_exporter_send_failed_log_records',
      'Log records given up at shutdown; their source has them still.',
    );
    const groupBy = groupByOf(this.#config);
    if (groupBy) this.#grouping = new Grouping(host, this.#path, groupBy);
    const targets = this.#createTargets(host, groupBy?.max_open_files ?? 1);
    this.#targets = targets;
    metrics.gauge('winnow_exporter_file_open_files', 'Files that are open.', () => targets.size);
    if (!groupBy) {
      try {
        const target = await targets.get(this.#path);
        await target.open(!this.#config.append && this.#config.rotation === undefined);
      } catch (problem) {
        throw new Error(`${this.#settings.id}: cannot write ${this.#path}: ${reasonOf(problem)}`, { cause: problem });
      }
    }
    process.on('SIGHUP', this.#onHangUp);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#inTurn(() => this.#write(batch));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    process.off('SIGHUP', this.#onHangUp);
    this.#syncTimer?.cancel();
    this.#rotationTimer?.cancel();
    const { promise: deadline, resolve: pass } = Promise.withResolvers<void>();
    const abandon = (): void => {
      this.#deadline.abort();
      pass();
    };
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    const closed = Promise.all([this.#backups?.stop(), this.#inTurn(() => this.#closeAll())]);
    // A write to a network share may hang for good; what it was to settle stays unsettled then.
    const isOver = new AbortController();
    await Promise.race([closed, deadline.then(() => this.#host?.clock.sleep(LAST_WRITE_MS, isOver.signal))]);
    isOver.abort();
    signal.removeEventListener('abort', abandon);
  }

  #createTargets(host: Host, openMax: number): Targets {
    const { create_directory: createsFolder, directory_permissions: mode, fsync, flush_interval: interval } = this.#config;
    const rotation = rotationOf(this.#config);
    const rotations = host.metrics.counter('winnow_exporter_file_rotations', 'Files that were renamed to make way for a new one.');
    if (rotation) this.#backups = new Backups(host, rotation);
    const hasGroupFolders = this.#grouping !== undefined && /\*.*\//.test(this.#path);
    const options = {
      host,
      framing: this.#encoder.framing,
      folderMode: createsFolder || hasGroupFolders ? Number.parseInt(mode, 8) : undefined,
      isSynced: fsync !== 'never',
      checkMs: parseDuration(interval) || 1000,
      rotation: rotation && { rules: new RotationRules(rotation), localtime: rotation.localtime },
      onOpened: (target: TargetFile) => {
        if (!this.#tended.has(target.path)) this.#backups?.tend(target.path);
        this.#tended.add(target.path);
        this.#watchClock(host, target.dueMs);
      },
      onRotated: ({ path }: TargetFile) => {
        rotations.add(1);
        this.#backups?.tend(path);
      },
    };
    return new Targets(options, openMax);
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (!host || this.#isStopped) throw new RefusedError(`${this.#settings.id} is not running`);
    const parts = this.#grouping?.split(batch) ?? [{ path: this.#path, batch }];
    for (const part of parts) await this.#writePart(host, part.path, part.batch);
  }

  async #writePart(host: Host, path: string, batch: LogBatch): Promise<void> {
    for (let from = 0; from < batch.length;) {
      const { bytes, next, rows } = await this.#encoder.encode(batch, from);
      if (rows === 0) break;
      const target = await this.#writtenTo(host, path, bytes);
      if (!target) {
        this.#giveUp(batch, from);
        return;
      }
      this.#sent?.add(rows);
      target.keep(batch.claims(from, next));
      await this.#settleWritten(host, target);
      from = next;
    }
  }

  /** Tries until it is written; undefined when the deadline of the shutdown passed before. */
  async #writtenTo(host: Host, path: string, bytes: Buffer): Promise<TargetFile | undefined> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      try {
        await this.#reopenIfAsked();
        const target = await this.#targets?.get(path);
        await target?.append(bytes);
        this.#tellWorking(host, path);
        return target;
      } catch (problem) {
        this.#tellFailing(host, path, problem);
      }
      await host.clock.sleep(waitMs, this.#deadline.signal);
      if (this.#deadline.signal.aborted) return undefined;
    }
  }

  #giveUp(batch: LogBatch, from: number): void {
    for (const { delivery, rows } of batch.claims(from)) {
      this.#failed?.add(rows);
      delivery.abandoned(rows);
    }
  }

  // ---- between the batches ----

  async #settleWritten(host: Host, target: TargetFile): Promise<void> {
    const { fsync, flush_interval: interval } = this.#config;
    if (fsync === 'never') target.settle();
    else if (fsync === 'always' || target.unsynced >= UNSYNCED_CLAIMS_MAX) await target.sync();
    else if (!this.#isStopped)
      this.#syncTimer ??= host.clock.after(parseDuration(interval) || 1000, () => void this.#inTurn(() => this.#syncAll()));
  }

  async #syncAll(): Promise<void> {
    this.#syncTimer = undefined;
    for (const target of this.#targets?.all() ?? []) await target.sync();
  }

  async #closeAll(): Promise<void> {
    for (const target of this.#targets?.all() ?? []) await target.close();
  }

  /** Rotates by the clock also when nothing is written. */
  #watchClock(host: Host, dueMs: number): void {
    if (dueMs >= this.#rotationAt || !Number.isFinite(dueMs) || this.#isStopped) return;
    this.#rotationTimer?.cancel();
    this.#rotationAt = dueMs;
    const waitMs = Math.min(Math.max(dueMs - host.clock.now(), 0), ROTATION_LOOK_MAX_MS);
    this.#rotationTimer = host.clock.after(waitMs, () => void this.#inTurn(() => this.#rotateDue(host)));
  }

  async #rotateDue(host: Host): Promise<void> {
    this.#rotationAt = Number.POSITIVE_INFINITY;
    for (const target of this.#targets?.all() ?? []) {
      await target.rotateFor(0);
      if (target.isOpen) this.#watchClock(host, Math.max(target.dueMs, host.clock.now() + 1000));
    }
  }

  readonly #onHangUp = (): void => {
    this.#mustReopen = true;
    void this.#inTurn(() => this.#reopenIfAsked());
  };

  /** Whoever rotates files from outside gets new ones under the old names, at once where they were in use. */
  async #reopenIfAsked(): Promise<void> {
    if (!this.#mustReopen || this.#isStopped) return;
    this.#mustReopen = false;
    const inUse = this.#targets?.all().filter(({ isOpen }) => isOpen) ?? [];
    try {
      for (const target of inUse) {
        await target.close();
        await target.open();
      }
      this.#host?.log.info('SIGHUP: files were opened anew.', { files: inUse.length });
    } catch (problem) {
      // The next write tries again, and says more.
      this.#host?.log.warn('SIGHUP: a file could not be opened anew.', { reason: reasonOf(problem) });
    }
  }

  #tellFailing(host: Host, path: string, problem: unknown): void {
    const now = host.clock.monotonic();
    if (this.#failingSince !== undefined && now - this.#toldAt < TELL_AGAIN_MS) return;
    this.#failingSince ??= now;
    this.#toldAt = now;
    const reason = reasonOf(problem);
    const facts = { path, reason, seconds: Math.round((now - this.#failingSince) / 1000) };
    host.log.error('The file cannot be written. Nothing is lost: the sources wait until it can.', facts, problem);
    host.report(Status.recoverable, `cannot write ${path}: ${reason}`);
  }

  #tellWorking(host: Host, path: string): void {
    if (this.#failingSince === undefined) return;
    this.#failingSince = undefined;
    host.log.info('The file can be written again.', { path });
    host.report(Status.ok);
  }
}
