import type { Host, Timer } from '#component';
import type { TemplateMiner } from '#mining';

const PREFIX = 'source/';

/**
 * Keeps what a miner has learned in storage: each source under its own key, written when it has learned something. So that
 * a restart, also one that nobody wanted, finds the same templates under the same ids.
 */
export class Snapshots {
  readonly #host: Host;
  readonly #miner: TemplateMiner;
  readonly #intervalMs: number;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Sources that have a key in storage. */
  readonly #written = new Set<string>();

  constructor(host: Host, miner: TemplateMiner, intervalMs: number) {
    this.#host = host;
    this.#miner = miner;
    this.#intervalMs = intervalMs;
  }

  /** Reads what was written before the last stop. What cannot be read is left out: it is learned again. */
  read(): void {
    for (const [key, value] of this.#host.storage.list(PREFIX)) {
      this.#written.add(key);
      let isRead = false;
      try {
        isRead = this.#miner.restore(value);
      } catch (problem) {
        this.#host.log.warn('Templates in storage could not be read; they are learned anew.', { key, problem: String(problem) });
        continue;
      }
      if (!isRead) this.#host.log.info('Templates in storage are of another version; they are learned anew.', { key });
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#intervalMs <= 0) return;
    this.#timer = this.#host.clock.after(this.#intervalMs, () => {
      this.write(false);
      this.#schedule();
    });
  }

  /** Writes the sources that have learned something, or all that are in use. */
  write(isLast: boolean): void {
    const { storage } = this.#host;
    const transaction = storage.begin();
    const live = new Set<string>();
    let writes = 0;
    for (const source of this.#miner.sources) {
      const key = PREFIX + source.name;
      live.add(key);
      if (!isLast && !source.isChanged) continue;
      source.isChanged = false;
      storage.put(transaction, key, this.#miner.snapshotOf(source));
      this.#written.add(key);
      writes++;
    }
    for (const key of this.#written) {
      if (live.has(key)) continue;
      storage.delete(transaction, key);
      this.#written.delete(key);
      writes++;
    }
    if (writes > 0) this.#writing = this.#writing.then(() => storage.commit(transaction));
  }

  /** A storage that does not answer is not waited for past the deadline: the templates would be learned again. */
  async close(signal?: AbortSignal): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.write(true);
    await Promise.race([this.#writing, aborted(signal)]);
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}
