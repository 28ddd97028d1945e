import { RefusedError, parseDuration, type Connector, type Counter, type Host, type Outlets, type Settings } from '#component';
import type { LogBatch } from '#model';
import { Level } from './level.ts';

export interface FailoverConfig {
  priority_levels: string[][];
  retry_interval: string;
  take_back_after: string;
  retry_gap?: string;
  max_retries?: number;
}

// Somebody may be up again by then; asking costs little.
const RETRY_AFTER_MS = 1000;

/**
 * Gives each batch to the first level that can deliver it.
 *
 *   batch ─▶ level 1: up? ─▶ lend ─▶ taken
 *               │              └─▶ refused, or down meanwhile
 *               └─▶ level 2: … ─▶ nobody is up: whoever has room ─▶ nobody has: refused
 *
 * A level is down while one of its exporters says so. What it has taken by then is in its queue, which goes on trying;
 * after a while the sources are asked for it again, since a source cannot pass over records that nobody settles.
 */
export class Failover implements Connector {
  // Levels are given copies.
  readonly mutates = false;
  readonly touches = 'rows';
  readonly #id: string;
  readonly #levels: readonly Level[];
  #host: Host | undefined;
  #current: Level | undefined;
  #changes: Counter | undefined;

  constructor(config: FailoverConfig, { id }: Settings, outlets: Outlets) {
    this.#id = id;
    const retryMs = parseDuration(config.retry_interval);
    const takeBackMs = parseDuration(config.take_back_after);
    this.#levels = config.priority_levels.map((pipelines, i) => {
      const lending = { takeBackMs, mayTakeBack: () => this.#levels.some((level, k) => k !== i && level.isUp) };
      return new Level(outlets.to(pipelines, takeBackMs > 0 ? lending : undefined), retryMs);
    });
  }

  get isUp(): boolean {
    return this.#levels.some(({ isUp }) => isUp);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#current = this.#levels[0];
    for (const level of this.#levels) level.start(host.clock);
    this.#changes = host.metrics.counter('winnow_connector_failover_changes', 'Times another level was taken.');
    const level = (): number => (this.#current ? this.#levels.indexOf(this.#current) + 1 : 0);
    host.metrics.gauge('winnow_connector_failover_level', 'The level that has taken the last records; 1 is the preferred one.', level);
  }

  async consume(batch: LogBatch): Promise<void> {
    const host = this.#host;
    if (!host) throw new RefusedError(`${this.#id} is not running`);
    let refusal: RefusedError | undefined;
    const tried = new Set<Level>();
    // Whoever is up comes first; a level that is down may still have room in a queue on disk, and be up before the others.
    for (const wants of [(level: Level) => level.isWorthTrying(host.clock.monotonic()), (level: Level) => level.hasRoom]) {
      for (const level of this.#levels) {
        if (tried.has(level) || !wants(level)) continue;
        tried.add(level);
        const problem = await level.offer(batch, host.clock);
        if (!problem) {
          this.#uses(level, refusal?.message);
          return;
        }
        refusal ??= problem;
      }
    }
    throw refusal ?? new RefusedError(`${this.#id}: no level can deliver, and none has room`, { retryAfterMs: RETRY_AFTER_MS });
  }

  async shutdown(): Promise<void> {
    this.#host = undefined;
  }

  #uses(level: Level, refusal: string | undefined): void {
    const before = this.#current;
    if (before === level || !before) return;
    this.#current = level;
    this.#changes?.add(1);
    const isWorse = this.#levels.indexOf(level) > this.#levels.indexOf(before);
    const facts = { from: before.name, to: level.name, reason: refusal };
    if (isWorse) this.#host?.log.warn('A level cannot deliver; the next one takes the records.', facts);
    else this.#host?.log.info('A preferred level takes the records again.', facts);
  }
}
