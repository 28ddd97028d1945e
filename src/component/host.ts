import type * as nodeFs from 'node:fs';
import type { Signal } from '#model';
import type { OwnRecords } from './own-records.ts';
import type { StorageClient } from './storage.ts';

/** Facts of a log line. Values are plain; names follow the semantic conventions where those have one. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** The agent's own log. The message is a constant sentence; what varies is a fact. */
export interface Logger {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts, problem?: unknown): void;
  with(facts: Facts): Logger;
}

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount: number): void;
  readonly value: number;
}

export interface Histogram {
  observe(value: number): void;
}

/** The agent's own metrics. Labels are fixed when an instrument is made; `component` labels are added by the host. */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter;
  /** `read` is called at each scrape, until the component has shut down. */
  gauge(name: string, help: string, read: () => number, labels?: Labels): void;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}

export interface Timer {
  cancel(): void;
}

/** Time as a component sees it; a test or `winnow test` moves it by hand. */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back. */
  monotonic(): number;
  /** Runs once. The timer alone does not keep the process alive. */
  after(ms: number, action: () => void): Timer;
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const Status = { starting: 'starting', ok: 'ok', recoverable: 'recoverable', permanent: 'permanent', stopped: 'stopped' } as const;
export type StatusName = (typeof Status)[keyof typeof Status];

export type FileSystem = typeof nodeFs;

/** Everything a component may reach beyond its config and its neighbours. */
export interface Host {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly fs: FileSystem;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly storage: StorageClient;
  /** The storage of a `file_storage` extension named in a `storage:` option. Throws ConfigError when there is none. */
  storageOf(extensionId: string): StorageClient;
  /** A started extension that offers `capability`, for instance an authenticator. Throws ConfigError when there is none. */
  extension<T>(id: string, isCapable: (extension: unknown) => extension is T): T;
  /** What the agent says of itself. Missing where it says nothing, as on the virtual clock of `winnow test`. */
  readonly ownRecords?: OwnRecords;
  /** True on the virtual clock of `winnow test`, where what this process takes of the machine says nothing. */
  readonly isRehearsal?: boolean;
  /** Shown by `winnow status` and the health check. `recoverable` mends itself, `permanent` needs a human. With a signal it is said of that one. */
  report(status: StatusName, message?: string, signal?: Signal): void;
  /** Every component's status, for extensions that tell it. */
  statuses(): ReadonlyMap<string, { readonly status: StatusName; readonly message: string | undefined; readonly since: number }>;
  /** A broken invariant: ends the process with exit code 70 after telling why. */
  fatal(problem: unknown): void;
}
