import { Incidents, type Incident, type Tell } from './incident.ts';
import type { Raise, Signal } from './signal.ts';
import { SourceModel, type Observation, type SourceState } from './source.ts';

const MINUTE_MS = 60_000;
const TICK_MS = 5_000;
// A jump of time by more than this is a gap in what we were given, not silence of a service.
const GAP_MINUTES_MAX = 24 * 60;
// How many tests share the false alarms of a source.
const TESTS = 16;
const VERSION = 1;

export interface EngineOptions {
  /** How long a source is only learned. */
  readonly warmUpMs: number;
  readonly historyDays: number;
  /** By chance, a day and source. */
  readonly falseAlarmsPerDay: number;
  /** Where more templates than this are new each day, a new one alone is no alarm. */
  readonly noveltyPerDay: number;
  readonly quietMs: number;
  readonly sourcesMax: number;
  readonly templatesMax: number;
  readonly sessionsMax: number;
  readonly incidentsMax: number;
}

export const ENGINE_DEFAULTS: EngineOptions = {
  warmUpMs: 24 * 3_600_000,
  historyDays: 14,
  falseAlarmsPerDay: 0.2,
  noveltyPerDay: 3,
  quietMs: 10 * MINUTE_MS,
  sourcesMax: 100,
  templatesMax: 2000,
  sessionsMax: 10_000,
  incidentsMax: 1000,
};

/**
 * All detectors over all sources. Time is the time of the records: the engine knows no clock, so the same records give the
 * same anomalies however fast they come. Everything it holds is bounded by its options.
 */
export class AnomalyEngine {
  readonly #options: EngineOptions;
  readonly #sources = new Map<string, SourceModel>();
  readonly #incidents: Incidents;
  readonly #raise: Raise;
  #minute = -1;
  #tickAt = 0;
  #found: Incident | undefined;
  /** The source of the last record. */
  #last: SourceModel | undefined;
  /** Records of sources beyond `sourcesMax`. */
  unwatched = 0;

  constructor(options: Partial<EngineOptions>, tell: Tell) {
    this.#options = { ...ENGINE_DEFAULTS, ...options };
    this.#incidents = new Incidents({ quietMs: this.#options.quietMs, openMax: this.#options.incidentsMax }, tell);
    this.#raise = (signal) => {
      const incident = this.#incidents.raise(signal);
      if (incident && signal.isWaning !== true && (!this.#found || incident.strength > this.#found.strength)) this.#found = incident;
    };
  }

  get sources(): number {
    return this.#sources.size;
  }

  get openIncidents(): Iterable<Incident> {
    return this.#incidents.open;
  }

  /** Learns one record and judges it; the incident it belongs to, if it is part of one by itself. */
  observe(source: string, one: Observation): Incident | undefined {
    if (one.timeMs >= this.#tickAt) this.advance(one.timeMs);
    const model = source === this.#last?.name ? this.#last : (this.#sources.get(source) ?? this.#create(source));
    this.#last = model;
    if (!model) {
      this.unwatched++;
      return undefined;
    }
    this.#found = undefined;
    model.observe(one, this.#raise);
    return this.#found;
  }

  /** What somebody else has found, such as a rule. */
  raise(signal: Signal): Incident | undefined {
    return this.#incidents.raise(signal);
  }

  /** Event time has come so far. */
  advance(now: number): void {
    if (now < this.#tickAt) return;
    const minute = Math.floor(now / MINUTE_MS);
    if (this.#minute < 0 || minute - this.#minute > GAP_MINUTES_MAX) this.#minute = minute;
    while (this.#minute < minute) {
      for (const source of this.#sources.values()) {
        source.closeMinute(this.#minute, false, this.#raise);
        if (source.isUnusual) this.#incidents.confirm(source.name);
      }
      this.#minute++;
    }
    for (const source of this.#sources.values()) source.tick(now, this.#raise);
    this.#incidents.advance(now);
    this.#tickAt = now - (now % TICK_MS) + TICK_MS;
  }

  /** Closes what is open. */
  close(): void {
    this.#incidents.closeAll();
  }

  /** All that was learned, part by part: `clock`, and one for each source. */
  *snapshot(): Generator<readonly [string, string]> {
    yield ['clock', JSON.stringify({ version: VERSION, minute: this.#minute, tickAt: this.#tickAt, incidents: this.#incidents.save() })];
    for (const source of this.#sources.values()) yield [`source/${source.name}`, JSON.stringify(source.save())];
  }

  /** Takes up where a snapshot was taken; false when it is of another version and nothing was taken up. */
  restore(parts: Iterable<readonly [string, string]>): boolean {
    const all = new Map(parts);
    const clock = all.get('clock');
    if (clock === undefined) return false;
    const { version, minute, tickAt, incidents } = JSON.parse(clock) as ClockState;
    if (version !== VERSION) return false;
    this.#minute = minute;
    this.#tickAt = tickAt;
    this.#incidents.load(incidents);
    for (const [key, text] of all) {
      if (key.startsWith('source/')) this.#create(key.slice('source/'.length))?.load(JSON.parse(text) as SourceState);
    }
    return true;
  }

  #create(name: string): SourceModel | undefined {
    if (this.#sources.size >= this.#options.sourcesMax) return undefined;
    const { historyDays: daysMax, falseAlarmsPerDay, noveltyPerDay, warmUpMs, templatesMax, sessionsMax } = this.#options;
    const budget = falseAlarmsPerDay / TESTS;
    const source = new SourceModel({ name, daysMax, budget, noveltyPerDay, warmUpMs, templatesMax, sessionsMax });
    this.#sources.set(name, source);
    return source;
  }
}

interface ClockState {
  readonly version: number;
  readonly minute: number;
  readonly tickAt: number;
  readonly incidents: ReturnType<Incidents['save']>;
}
