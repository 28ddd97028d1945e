import {
  ConfigError,
  type Clock,
  type FileSystem,
  type Host,
  type Kind,
  type Logger,
  type OwnRecords,
  type RecordOrigin,
  type StatusName,
  type StorageClient,
} from '#component';
import type { Signal } from '#model';
import type { MetricsRegistry, MetricsScope } from '../telemetry/metrics.ts';
import type { Statuses } from './statuses.ts';

/** What all components of one agent have in common. */
export interface Environment {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fs: FileSystem;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly statuses: Statuses;
  readonly ownRecords?: OwnRecords | undefined;
  readonly isRehearsal?: boolean | undefined;
  /** The storage of a component without a `storage:` option. */
  storageFor(component: string): StorageClient;
  fatal(problem: unknown): void;
}

/** Which component it is. */
export interface Identity {
  readonly kind: Kind;
  readonly id: string;
  readonly pipeline: string | undefined;
}

/** What an extension offers whose id may stand in a `storage:` option. */
export interface StorageExtension {
  readonly directory: string;
  client(component: string): StorageClient;
}

export function isStorageExtension(extension: unknown): extension is StorageExtension {
  const isObject = typeof extension === 'object' && extension !== null;
  return isObject && 'client' in extension && typeof extension.client === 'function' && 'directory' in extension;
}

/** One name for each instance: `receiver:file_log/app`, `processor:batch@logs`. */
export function nameOf({ kind, id, pipeline }: Identity): string {
  return pipeline === undefined ? `${kind}:${id}` : `${kind}:${id}@${pipeline}`;
}

/** The Host of one component, and what the graph needs of it. */
export class ComponentHost implements Host {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fs: FileSystem;
  readonly log: Logger;
  readonly metrics: MetricsScope;
  readonly fatal: (problem: unknown) => void;
  readonly ownRecords?: OwnRecords;
  readonly isRehearsal: boolean;
  readonly #environment: Environment;
  readonly #identity: Identity;
  readonly #extensions: ReadonlyMap<string, unknown>;
  #storage: StorageClient | undefined;

  /** What `isDownstream` of this component says is not told to it. */
  constructor(
    environment: Environment,
    identity: Identity,
    extensions: ReadonlyMap<string, unknown>,
    isDownstream: (origin: RecordOrigin) => boolean = () => false,
  ) {
    this.clock = environment.clock;
    this.random = environment.random;
    this.fs = environment.fs;
    this.log = environment.log.with({ component: identity.id, kind: identity.kind, pipeline: identity.pipeline });
    this.metrics = environment.metrics.scope(labelsOf(identity));
    this.fatal = (problem) => environment.fatal(problem);
    this.isRehearsal = environment.isRehearsal ?? false;
    this.#environment = environment;
    this.#identity = identity;
    this.#extensions = extensions;
    if (environment.ownRecords) this.ownRecords = asHeardBy(identity, environment.ownRecords, isDownstream);
  }

  get storage(): StorageClient {
    this.#storage ??= this.#environment.storageFor(nameOf(this.#identity));
    return this.#storage;
  }

  storageOf(extensionId: string): StorageClient {
    return this.#find('storage', extensionId, isStorageExtension).client(nameOf(this.#identity));
  }

  extension<T>(id: string, isCapable: (extension: unknown) => extension is T): T {
    return this.#find('extension', id, isCapable);
  }

  report(status: StatusName, message?: string, signal?: Signal): void {
    const { statuses } = this.#environment;
    const name = nameOf(this.#identity);
    const before = statuses.get(name);
    if (signal) statuses.setFor(name, signal, { status, message });
    else statuses.set(name, status, message);
    const after = statuses.get(name);
    // What went wrong the component has said itself, better than a status can.
    if (before?.status !== after?.status) this.log.debug('Status has changed.', { status: after?.status, reason: after?.message });
  }

  statuses(): ReturnType<Host['statuses']> {
    return this.#environment.statuses.all;
  }

  #find<T>(what: string, id: string, isCapable: (extension: unknown) => extension is T): T {
    const { kind, id: own } = this.#identity;
    const path = `${kind}s.${own}`;
    if (!this.#extensions.has(id)) {
      const listed = [...this.#extensions.keys()].join(', ') || 'none';
      throw new ConfigError([{ path, message: `${what} "${id}" is not listed in service.extensions; listed: ${listed}` }]);
    }
    const extension = this.#extensions.get(id);
    if (isCapable(extension)) return extension;
    throw new ConfigError([{ path, message: `extension "${id}" cannot serve as ${what} here` }]);
  }
}

/** What is published says who did so. */
function asHeardBy(identity: Identity, records: OwnRecords, isDownstream: (origin: RecordOrigin) => boolean): OwnRecords {
  return {
    resource: records.resource,
    publish: (record) => records.publish({ ...record, origin: identity }),
    subscribe: (listener) =>
      records.subscribe((record) => {
        if (!record.origin || !isDownstream(record.origin)) listener(record);
      }),
  };
}

function labelsOf({ kind, id, pipeline }: Identity): Record<string, string> {
  return pipeline === undefined ? { [kind]: id } : { [kind]: id, pipeline };
}
