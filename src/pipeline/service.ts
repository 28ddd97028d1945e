import { ConfigError, Status, messageOf, type StorageClient } from '#component';
import { buildGraph, type Graph, type Instance } from './graph.ts';
import { isStorageExtension, nameOf, type Environment, type StorageExtension } from './host.ts';
import type { GraphPlan } from './plan.ts';

export interface OpenStorage extends StorageExtension {
  close(signal?: AbortSignal): Promise<void>;
}

export interface ServiceSettings extends Omit<Environment, 'storageFor'> {
  /** Opens the storage of the agent. Not called when the configuration lists a storage extension: then that one serves. */
  openStorage(): Promise<OpenStorage>;
  /** Called during a stop when all that is left are extensions and storage. */
  onDrained?(): Promise<void>;
  /** How long a stop may take before what is still held is given up. */
  readonly shutdownTimeoutMs: number;
}

/** A component could not start. What had started before it has been stopped again. */
export class StartError extends Error {
  readonly code = 'WINNOW_CANNOT_START';
  readonly component: string;

  constructor(component: string, cause: unknown) {
    super(`${component}: ${messageOf(cause)}`, { cause });
    this.name = 'StartError';
    this.component = component;
  }
}

// Time for a component to give up what it holds once the deadline has passed. After that it is left behind.
const GIVE_UP_MS = 2_000;

/**
 * The running agent: starts its components downstream first, stops them upstream first, so that each can hand on what
 * it holds. Extensions start first and stop last, since others lean on them.
 */
export class Service {
  readonly #settings: ServiceSettings;
  readonly #environment: Environment;
  readonly #graph: Graph;
  readonly #deadline: AbortController = new AbortController();
  readonly #started: Instance[] = [];
  #storage: OpenStorage | undefined;
  #storageExtension: StorageExtension | undefined;
  #isReady = false;
  #stopping: Promise<void> | undefined;

  constructor(plan: GraphPlan, settings: ServiceSettings) {
    this.#settings = settings;
    // Not spread: a getter of the settings would be read once and for all.
    const { clock, random, fs, log, metrics, statuses, ownRecords, isRehearsal } = settings;
    const storageFor = (component: string): StorageClient => this.#storageFor(component);
    const fatal = (problem: unknown): void => settings.fatal(problem);
    this.#environment = { clock, random, fs, log, metrics, statuses, ownRecords, isRehearsal, storageFor, fatal };
    this.#graph = buildGraph(plan, this.#environment, this.#deadline.signal);
    for (const { component } of this.#graph.extensions) {
      if (isStorageExtension(component)) this.#storageExtension ??= component;
    }
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Where one may look at what passes. */
  get tapPoints(): Graph['tapPoints'] {
    return this.#graph.tapPoints;
  }

  /** Where the agent keeps its state; known once extensions have started. */
  get storageDirectory(): string {
    const directory = (this.#storageExtension ?? this.#storage)?.directory;
    if (directory === undefined) throw new Error('the storage is opened by start');
    return directory;
  }

  /** Rejects with ConfigError or StartError after stopping what had started. */
  async start(): Promise<void> {
    const { extensions, exporters, between, receivers } = this.#graph;
    if (!this.#storageExtension) this.#storage = await this.#settings.openStorage();
    // Other extensions may want storage when they start.
    const storagesFirst = extensions.toSorted((a, b) => Number(isStorageExtension(b.component)) - Number(isStorageExtension(a.component)));
    try {
      for (const instance of [...storagesFirst, ...exporters, ...between, ...receivers]) await this.#startOne(instance);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#isReady = true;
  }

  /** Stops everything; resolves when it has stopped, or some seconds after the deadline. Never rejects. Safe twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #startOne(instance: Instance): Promise<void> {
    const { identity, component, host } = instance;
    // Listed before it has started: what a failed start left open is released by its shutdown.
    this.#started.push(instance);
    const { statuses } = this.#environment;
    const name = nameOf(identity);
    try {
      await component.start(host);
    } catch (error) {
      host.report(Status.permanent, messageOf(error));
      if (error instanceof ConfigError) throw error;
      throw new StartError(name, error);
    }
    // It may have said already how it is, for instance that its destination does not answer.
    if (statuses.get(name)?.status === Status.starting) host.report(Status.ok);
  }

  async #stop(): Promise<void> {
    this.#isReady = false;
    const { clock } = this.#environment;
    const timer = clock.after(this.#settings.shutdownTimeoutMs, () => this.#deadline.abort());
    const { extensions, exporters, between, receivers } = this.#graph;
    await this.#shutdownAll(receivers);
    for (const instance of between.toReversed()) await this.#shutdown(instance);
    await this.#shutdownAll(exporters);
    await this.#settings.onDrained?.();
    const storagesLast = extensions
      .toReversed()
      .toSorted((a, b) => Number(isStorageExtension(a.component)) - Number(isStorageExtension(b.component)));
    for (const extension of storagesLast) await this.#shutdown(extension);
    await this.#storage?.close(this.#deadline.signal);
    timer.cancel();
    if (this.#deadline.signal.aborted) {
      this.#environment.log.warn('The shutdown deadline has passed; what was still held is given up and read again after a start.', {
        timeout_ms: this.#settings.shutdownTimeoutMs,
      });
    }
  }

  async #shutdownAll(instances: readonly Instance[]): Promise<void> {
    await Promise.all(instances.map((instance) => this.#shutdown(instance)));
  }

  async #shutdown(instance: Instance): Promise<void> {
    if (!this.#started.includes(instance)) return;
    const { component, host } = instance;
    const over = new AbortController();
    try {
      const isDone = await Promise.race([component.shutdown(this.#deadline.signal).then(() => true), this.#patience(over.signal)]);
      if (!isDone) host.log.error('Component did not stop in time and is left behind.');
    } catch (error) {
      host.log.error('Component could not stop cleanly.', {}, error);
    }
    over.abort();
    host.metrics.close();
    if (this.#environment.statuses.get(nameOf(instance.identity))?.status !== Status.permanent) host.report(Status.stopped);
  }

  /** Resolves to false some time after the deadline. */
  async #patience(over: AbortSignal): Promise<boolean> {
    const { signal } = this.#deadline;
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        for (const each of [signal, over]) each.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    await this.#environment.clock.sleep(GIVE_UP_MS, over);
    return false;
  }

  #storageFor(component: string): StorageClient {
    const storage = this.#storageExtension ?? this.#storage;
    if (!storage) throw new Error(`${component}: storage is not open yet`);
    return storage.client(component);
  }
}
