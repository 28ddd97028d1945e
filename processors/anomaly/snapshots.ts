import type { AnomalyEngine } from '#anomaly';
import { messageOf, type Host } from '#component';

const PREFIX = 'baseline/';

/** Keeps what was learned in storage. A crash forgets at most what was learned since the last time. */
export class Snapshots {
  readonly #host: Host;
  readonly #engine: AnomalyEngine;
  readonly #intervalMs: number;
  #at: number;

  constructor(host: Host, engine: AnomalyEngine, intervalMs: number) {
    this.#host = host;
    this.#engine = engine;
    this.#intervalMs = intervalMs;
    this.#at = host.clock.monotonic();
  }

  restore(): void {
    const parts: [string, string][] = [];
    for (const [key, bytes] of this.#host.storage.list(PREFIX)) parts.push([key.slice(PREFIX.length), Buffer.from(bytes).toString('utf8')]);
    if (parts.length === 0) return;
    try {
      if (this.#engine.restore(parts)) return;
      this.#host.log.warn('Baselines of another version are not taken up; sources are learned anew.');
    } catch (problem) {
      this.#host.log.warn('Stored baselines cannot be read; sources are learned anew.', { reason: messageOf(problem) });
    }
  }

  async writeIfDue(): Promise<void> {
    if (this.#host.clock.monotonic() - this.#at >= this.#intervalMs) await this.write();
  }

  /** One transaction a part, so that a large one does not hold up the storage of everybody else. */
  async write(): Promise<void> {
    this.#at = this.#host.clock.monotonic();
    const { storage } = this.#host;
    for (const [key, text] of this.#engine.snapshot()) {
      const transaction = storage.begin();
      storage.put(transaction, PREFIX + key, text);
      await storage.commit(transaction);
    }
  }
}
