import { Incidents, type Tell } from './incident.ts';
import type { Raise } from './signal.ts';
import { SourceModel, type Observation } from './source.ts';

const MINUTE_MS = 60_000;
const TICK_MS = 5_000;

export interface EngineOptions {
  readonly warmUpMs: number;
  readonly historyDays: number;
  readonly falseAlarmsPerDay: number;
  readonly noveltyPerDay: number;
  readonly quietMs: number;
  readonly sourcesMax: number;
  readonly templatesMax: number;
  readonly sessionsMax: number;
}

export const ENGINE_DEFAULTS: EngineOptions = {
  warmUpMs: 24 * 3_600_000,
  historyDays: 14,
  falseAlarmsPerDay: 1,
  noveltyPerDay: 3,
  quietMs: 10 * MINUTE_MS,
  sourcesMax: 200,
  templatesMax: 2000,
  sessionsMax: 10_000,
};

/** All detectors over all sources, in event time. Nothing here knows the time of day but from the records. */
export class AnomalyEngine {
  readonly #options: EngineOptions;
  readonly #sources = new Map<string, SourceModel>();
  readonly #incidents: Incidents;
  readonly #raise: Raise;
  #minute = -1;
  #tickAt = 0;

  constructor(options: Partial<EngineOptions>, tell: Tell) {
    this.#options = { ...ENGINE_DEFAULTS, ...options };
    this.#incidents = new Incidents({ quietMs: this.#options.quietMs, openMax: 1000 }, tell);
    this.#raise = (signal) => void this.#incidents.raise(signal);
  }

  observe(source: string, one: Observation): void {
    if (one.timeMs >= this.#tickAt) this.advance(one.timeMs);
    this.#sourceOf(source)?.observe(one, this.#raise);
  }

  /** Event time has come so far. */
  advance(now: number): void {
    if (now < this.#tickAt) return;
    const minute = Math.floor(now / MINUTE_MS);
    if (this.#minute < 0) this.#minute = minute;
    while (this.#minute < minute) {
      for (const source of this.#sources.values()) source.closeMinute(this.#minute, false, this.#raise);
      this.#minute++;
    }
    for (const source of this.#sources.values()) source.tick(now, this.#raise);
    this.#incidents.advance(now);
    this.#tickAt = now - (now % TICK_MS) + TICK_MS;
  }

  close(): void {
    this.#incidents.closeAll();
  }

  #sourceOf(name: string): SourceModel | undefined {
    let source = this.#sources.get(name);
    if (source) return source;
    if (this.#sources.size >= this.#options.sourcesMax) return undefined;
    const { historyDays: daysMax, falseAlarmsPerDay, noveltyPerDay, warmUpMs, templatesMax, sessionsMax } = this.#options;
    source = new SourceModel({ name, daysMax, budget: falseAlarmsPerDay / 20, noveltyPerDay, warmUpMs, templatesMax, sessionsMax });
    this.#sources.set(name, source);
    return source;
  }
}
