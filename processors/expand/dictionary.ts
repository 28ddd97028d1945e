import type { Host, StorageClient, Transaction } from '#component';
import { PLACEHOLDER } from '#mining';

const KEY = 't/';

/** The templates that senders have defined, in memory and in storage. */
export class Dictionary {
  readonly #host: Host;
  readonly #storage: StorageClient;
  readonly #max: number;
  /** Defined longest ago first. */
  readonly #templates = new Map<string, { readonly text: string; readonly parts: readonly Uint8Array[] }>();
  #transaction: Transaction | undefined;
  /** Resolves when all that was written is in storage. */
  written: Promise<void> = Promise.resolve();

  constructor(host: Host, storage: StorageClient, max: number) {
    this.#host = host;
    this.#storage = storage;
    this.#max = max;
    for (const [key, text] of storage.list(KEY)) this.#remember(key.slice(KEY.length), Buffer.from(text).toString('utf8'));
  }

  get size(): number {
    return this.#templates.size;
  }

  partsOf(id: string): readonly Uint8Array[] | undefined {
    return this.#templates.get(id)?.parts;
  }

  define(id: string, text: string): void {
    const known = this.#templates.get(id);
    if (known?.text === text) {
      this.#templates.delete(id);
      this.#templates.set(id, known);
      return;
    }
    this.#transaction ??= this.#storage.begin();
    this.#storage.put(this.#transaction, KEY + id, text);
    this.#remember(id, text);
  }

  /** Writes what is new. */
  write(): void {
    if (!this.#transaction) return;
    const written = this.#storage.commit(this.#transaction).catch((problem: unknown) => this.#host.fatal(problem));
    this.#transaction = undefined;
    this.written = Promise.all([this.written, written]).then(() => {});
  }

  #remember(id: string, text: string): void {
    this.#templates.delete(id);
    this.#templates.set(id, { text, parts: text.split(PLACEHOLDER).map((part) => Buffer.from(part, 'utf8')) });
    if (this.#templates.size <= this.#max) return;
    const [oldest = ''] = this.#templates.keys();
    this.#templates.delete(oldest);
    this.#transaction ??= this.#storage.begin();
    this.#storage.delete(this.#transaction, KEY + oldest);
  }
}
