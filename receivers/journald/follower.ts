import type { ChildProcess } from 'node:child_process';
import { parseSize, type Host } from '#component';
import { LineCutter } from '#net';
import { argumentsOf, type JournaldConfig, type Place } from './config.ts';

export interface FollowerSettings {
  readonly config: JournaldConfig;
  readonly host: Host;
  readonly place: () => Place;
  /** A line without its end, valid during the call. A promise means: wait before the next. */
  readonly take: (line: Buffer) => Promise<void> | undefined;
  readonly onTooLong: () => void;
  /** Before the stream begins anew: resolves when nothing of the last one is under way. */
  readonly rewind: (signal: AbortSignal) => Promise<void>;
}

const PAUSE_FIRST_MS = 1000;
const PAUSE_MAX_MS = 30_000;
/** A run that lasts so long was a good one. */
const GOOD_RUN_MS = 60_000;
const KILL_AFTER_MS = 3000;
const COMPLAINT_MAX = 500;

/**
 * Runs journalctl, again when it ends. Reading from its pipe is what makes it wait.
 *
 * With --follow it shows entries of this boot only: what was written before a reboot, after the last look, would never
 * come. So each time it is first run without, to tell what is there.
 */
export class Follower {
  readonly #settings: FollowerSettings;
  readonly #stopped = new AbortController();
  #mustRewind = false;
  #child: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(settings: FollowerSettings) {
    this.#settings = settings;
  }

  /** Rejects when the program cannot be run at all. */
  async start(): Promise<void> {
    const child = await this.#spawn(false);
    this.#running = this.#run(child);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#end();
    await this.#running;
  }

  /** Reads from the last settled entry on. */
  again(): void {
    this.#mustRewind = true;
    this.#end();
  }

  #end(): void {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGTERM');
    // What it still wants to write would keep it alive.
    child.stdout?.destroy();
  }

  async #run(first: ChildProcess): Promise<void> {
    const { host, rewind } = this.#settings;
    const { clock } = host;
    const { signal } = this.#stopped;
    let pauseMs = PAUSE_FIRST_MS;
    for (let child: ChildProcess | undefined = first; !signal.aborted;) {
      const began = clock.monotonic();
      if (child) await this.#readOn(child);
      if (signal.aborted) return;
      if (clock.monotonic() - began > GOOD_RUN_MS) pauseMs = PAUSE_FIRST_MS;
      host.report('recoverable', 'journalctl has ended; it is started again');
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2);
      await rewind(signal);
      if (signal.aborted) return;
      this.#mustRewind = false;
      child = await this.#trySpawn(false);
      if (child) host.report('ok');
    }
  }

  /** Reads what is there, and then what comes, until journalctl ends before its time. */
  async #readOn(first: ChildProcess): Promise<void> {
    const hasToldAll = await this.#read(first, false);
    if (!hasToldAll || this.#mustRewind || this.#stopped.signal.aborted) return;
    const child = await this.#trySpawn(true);
    if (child) await this.#read(child, true);
  }

  async #trySpawn(isFollowing: boolean): Promise<ChildProcess | undefined> {
    try {
      return await this.#spawn(isFollowing);
    } catch (problem) {
      this.#settings.host.log.error('journalctl cannot be run; trying again.', {}, problem);
      return undefined;
    }
  }

  #spawn(isFollowing: boolean): Promise<ChildProcess> {
    const { config, place } = this.#settings;
    const { spawn } = process.getBuiltinModule('node:child_process');
    const path = config.journalctl_path;
    return new Promise((resolve, reject) => {
      const child = spawn(path, argumentsOf(config, place(), isFollowing), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LC_ALL: 'C' },
      });
      this.#child = child;
      child.once('spawn', () => {
        child.off('error', fail);
        resolve(child);
      });
      const fail = (cause: Error): void => {
        reject(new Error(`cannot run ${path}: ${cause.message}; install systemd or set "journalctl_path"`, { cause }));
      };
      child.once('error', fail);
    });
  }

  /** Resolves when the program has ended and all it wrote is taken: true when it had no more to tell. */
  async #read(child: ChildProcess, isFollowing: boolean): Promise<boolean> {
    const { clock, log } = this.#settings.host;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.on('error', (problem) => log.warn('journalctl could not be told to stop.', { reason: problem.message }));
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(0, COMPLAINT_MAX)));
    if (child.stdout) await this.#takeAll(child.stdout);
    const timer = clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'));
    if (this.#stopped.signal.aborted) this.#end();
    await ended;
    timer.cancel();
    if (this.#stopped.signal.aborted) return false;
    // With a pattern that matches nothing it ends with 1, and no word.
    if (!isFollowing && (child.exitCode === 0 || (child.exitCode === 1 && complaint === ''))) return true;
    const facts = { exit_code: child.exitCode ?? undefined, signal: child.signalCode ?? undefined, stderr: complaint.trim() || undefined };
    log.warn('journalctl has ended; it is started again.', facts);
    return false;
  }

  async #takeAll(stdout: NodeJS.ReadableStream): Promise<void> {
    const { config, take, onTooLong } = this.#settings;
    const cutter = new LineCutter(parseSize(config.max_log_size));
    let isTooLong = false;
    try {
      for await (const chunk of stdout) {
        for (const { bytes, from, to, isCut } of cutter.push(chunk as Buffer)) {
          const isRest = isTooLong;
          isTooLong = isCut;
          if (isCut || isRest) {
            if (!isRest) onTooLong();
            continue;
          }
          const room = to > from ? take(bytes.subarray(from, to)) : undefined;
          if (room) await room;
          if (this.#stopped.signal.aborted) return;
        }
      }
    } catch {
      // The pipe was closed from this side. A line that was cut off is read again.
    }
  }
}
