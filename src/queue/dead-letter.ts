import { dirname, join } from 'node:path';
import { parseSize, type FileSystem, type Host } from '#component';
import type { DeadLetterConfig } from './config.ts';
import type { Payload } from './payload.ts';

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;

export interface DeadLetterSettings {
  readonly exporter: string;
  readonly config: DeadLetterConfig;
  /** Folder of the file when the configuration names none. Asked for at the first letter. */
  readonly directory: () => string;
  /** Behind the name of the file, where an exporter has several: each turns its own over. */
  readonly suffix?: string;
  readonly host: Host;
}

/**
 * A file for what the backend refuses for good: one JSON object a line, with the request body in base64, so that it can be
 * looked at and sent again by hand.
 *
 * Two files of half the allowed size take turns: when one is full it replaces the older one.
 */
export class DeadLetter {
  readonly #settings: DeadLetterSettings;
  readonly #fs: FileSystem;
  readonly #bytesMax: number;
  readonly #recordsMax: number;
  #path: string | undefined;
  #bytes = 0;
  #records = 0;
  /** One letter after the other, or two at once might both find the file full. */
  #last: Promise<void> = Promise.resolve();

  constructor(settings: DeadLetterSettings) {
    this.#settings = settings;
    this.#fs = settings.host.fs;
    this.#bytesMax = parseSize(settings.config.max_size) / 2;
    this.#recordsMax = Math.floor(settings.config.max_records / 2);
  }

  /** Returns the file's path, or nothing when the letter could not be kept. Never rejects. */
  async write(payload: Payload, reason: string): Promise<string | undefined> {
    if (!this.#settings.config.enabled) return undefined;
    const { exporter, host } = this.#settings;
    const { body, contentType, encoding, rows } = payload;
    const time = new Date(host.clock.now()).toISOString();
    const line = JSON.stringify({ time, exporter, reason, rows, content_type: contentType, encoding, body: body.toString('base64') });
    const written = this.#last.then(() => this.#append(`${line}\n`));
    this.#last = written.catch(() => {});
    try {
      await written;
      return this.#path;
    } catch (problem) {
      host.log.error('A dead letter cannot be written.', { exporter, path: this.#path, rows }, problem);
      return undefined;
    }
  }

  async #append(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (bytes > this.#bytesMax) {
      throw new RangeError(`a letter of ${bytes} bytes does not fit; raise dead_letter.max_size, now ${2 * this.#bytesMax}`);
    }
    const path = (this.#path ??= await this.#open());
    const { appendFile, rename } = this.#fs.promises;
    if (this.#bytes + bytes > this.#bytesMax || this.#records + 1 > this.#recordsMax) {
      await rename(path, `${path}.1`);
      this.#bytes = 0;
      this.#records = 0;
    }
    await appendFile(path, line, { mode: OWNER_ONLY_FILE });
    this.#bytes += bytes;
    this.#records++;
  }

  async #open(): Promise<string> {
    const { config, directory, suffix = '' } = this.#settings;
    const path = (config.path ?? join(directory(), 'dead-letter.ndjson')) + suffix;
    await this.#fs.promises.mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
    const content = await this.#fs.promises.readFile(path).catch(() => Buffer.alloc(0));
    this.#bytes = content.length;
    for (const byte of content) if (byte === 0x0a) this.#records++;
    return path;
  }
}
