import { isAbsolute, resolve } from 'node:path';
import {
  parseDuration,
  messageOf,
  type ConfigProblem,
  type Extension,
  type FileSystem,
  type Host,
  type Settings,
  type StorageClient,
} from '#component';
import { Storage, StorageLockedError } from '#storage';

export interface FileStorageConfig {
  directory: string;
  timeout: string;
  fsync: boolean;
  create_directory: boolean;
  directory_permissions: string;
  recreate: boolean;
  compaction: { [option: string]: unknown } | null;
}

// An agent that is restarted waits for the old one this often; the lock is one call to the kernel.
const LOCK_RETRY_MS = 50;

/**
 * The storage that a `storage:` option names. Opened at start, before any component that uses it; closed at shutdown,
 * after all of them.
 */
export class FileStorage implements Extension {
  readonly directory: string;
  readonly #config: FileStorageConfig;
  readonly #settings: Settings;
  #storage: Storage | undefined;

  constructor(config: FileStorageConfig, settings: Settings) {
    this.directory = resolve(config.directory);
    this.#config = config;
    this.#settings = settings;
  }

  async start(host: Host): Promise<void> {
    this.#prepareDirectory(host.fs);
    this.#storage = await this.#open(host);
    host.log.info('The storage is open.', { directory: this.directory });
  }

  /** What a component sees of this storage. */
  client(component: string): StorageClient {
    if (!this.#storage) throw new Error(`${this.#settings.id}: the storage ${this.directory} is not open`);
    return this.#storage.client(component);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const storage = this.#storage;
    this.#storage = undefined;
    await storage?.close(signal);
  }

  async #open(host: Host): Promise<Storage> {
    const { log, clock, metrics } = host;
    const giveUpAt = clock.monotonic() + parseDuration(this.#config.timeout);
    for (;;) {
      try {
        return await Storage.open(this.directory, { log, clock, metrics, synchronous: this.#config.fsync ? 'full' : 'normal' });
      } catch (problem) {
        if (!(problem instanceof StorageLockedError) || clock.monotonic() >= giveUpAt) throw problem;
      }
      await clock.sleep(LOCK_RETRY_MS);
    }
  }

  #prepareDirectory(fs: FileSystem): void {
    if (fs.existsSync(this.directory)) return;
    const where = `${this.#settings.id}: directory ${this.directory}`;
    if (!this.#config.create_directory) throw new Error(`${where}: does not exist; make it, or set create_directory: true`);
    const mode = Number.parseInt(this.#config.directory_permissions, 8);
    try {
      fs.mkdirSync(this.directory, { recursive: true, mode });
      // The mode given to mkdir is cut by the umask.
      fs.chmodSync(this.directory, mode);
    } catch (problem) {
      const reason = messageOf(problem);
      throw new Error(`${where}: cannot be made: ${reason}; make it and give it to the user of this process`, { cause: problem });
    }
  }
}

export function checkFileStorageConfig(config: FileStorageConfig): ConfigProblem[] {
  if (isAbsolute(config.directory)) return [];
  const message = `expected an absolute path, got "${config.directory}"; a relative one would depend on where the agent is started`;
  return [{ path: 'directory', message }];
}
