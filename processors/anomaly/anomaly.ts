import { AnomalyEngine, type Incident, type Phase } from '#anomaly';
import { EditOnce, parseDuration, type Consumer, type Host, type Processor, type Settings, type Timer } from '#component';
import { Double, EMPTY_ORIGIN, keyOf, type LogBatch } from '#model';
import type { AnomalyConfig } from './config.ts';
import { Events } from './events.ts';
import { AnomalyMetrics } from './metrics.ts';
import { RowReader } from './row-reader.ts';
import { Rule } from './rules.ts';
import { Snapshots } from './snapshots.ts';
import { SourceResources } from './source-resources.ts';

const TYPE = keyOf('winnow.anomaly.type');
const METHOD = keyOf('winnow.anomaly.method');
const SCORE = keyOf('winnow.anomaly.score');
const SEVERITY = keyOf('winnow.anomaly.severity');
const ID = keyOf('winnow.anomaly.id');
const TICK_MS = 5_000;
// Event time is moved on by the clock only while records are about as new as the clock: a backlog is not silence.
const LIVE_MS = 60_000;

/**
 * Watches the records that pass. Those that are abnormal by themselves get tags; what they and their counts amount to
 * becomes event records of its own. Nothing is held or dropped.
 */
export class AnomalyProcessor implements Processor {
  readonly mutates: boolean;
  readonly #config: AnomalyConfig;
  readonly #next: Consumer;
  readonly #engine: AnomalyEngine;
  readonly #reader: RowReader;
  readonly #rules: readonly Rule[];
  readonly #resources: SourceResources;
  readonly #editing: EditOnce;
  #host: Host | undefined;
  #events: Events | undefined;
  #metrics: AnomalyMetrics | undefined;
  #snapshots: Snapshots | undefined;
  #timer: Timer | undefined;
  /** The last records were about as new as the clock. */
  #isLive = false;
  #isStopped = false;

  constructor(config: AnomalyConfig, _settings: Settings, next: Consumer) {
    this.#config = config;
    this.#next = next;
    this.mutates = !config.dry_run;
    this.#reader = new RowReader(config);
    this.#resources = new SourceResources(config.sources_max);
    this.#rules = config.rules.map((rule) => new Rule(rule));
    this.#engine = new AnomalyEngine(
      {
        warmUpMs: parseDuration(config.warm_up),
        historyDays: config.history_days,
        falseAlarmsPerDay: config.false_alarms_per_day,
        noveltyPerDay: config.novelty_per_day,
        quietMs: parseDuration(config.quiet),
        sourcesMax: config.sources_max,
        templatesMax: config.templates_max,
        sessionsMax: config.sessions_max,
      },
      (incident, phase) => this.#tell(incident, phase),
    );
    this.#editing = new EditOnce(next, (batch) => this.#watch(batch));
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    if (!this.#config.dry_run) this.#events = new Events(host, this.#next, this.#config.events_max);
    this.#metrics = new AnomalyMetrics(host.metrics, this.#engine, this.#rules, this.#events);
    this.#snapshots = new Snapshots(host, this.#engine, parseDuration(this.#config.snapshot_interval));
    this.#snapshots.restore();
    this.#resources.restore(host);
    this.#isStopped = false;
    this.#arm();
  }

  async consume(batch: LogBatch): Promise<void> {
    await this.#editing.consume(batch);
    await this.#events?.send();
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (signal.aborted) return;
    await this.#events?.send();
    await this.#snapshots?.write();
    this.#snapshots = undefined;
  }

  #watch(batch: LogBatch): void {
    const now = this.#host?.clock.now() ?? 0;
    const reader = this.#reader;
    const engine = this.#engine;
    const resources = this.#resources;
    let newest = 0;
    reader.begin();
    const isTagging = !this.#config.dry_run;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const source = reader.read(batch, row, now);
      resources.note(source, batch.resources[batch.resourceOf[row] as number] ?? EMPTY_ORIGIN);
      const at = reader.observation.timeMs;
      if (at > newest) newest = at;
      let incident = engine.observe(source, reader.observation);
      for (const rule of this.#rules) incident = rule.observe(batch, row, { source, at, engine }) ?? incident;
      if (incident && isTagging) tag(batch, row, incident);
    }
    if (newest > 0) this.#isLive = Math.abs(now - newest) < LIVE_MS;
  }

  #tell(incident: Incident, phase: Phase): void {
    const { id, source, type, kind, severity } = incident;
    this.#metrics?.told(incident, phase);
    if (this.#config.dry_run)
      this.#host?.log.info('An anomaly would have been told.', { anomaly: id, phase, source, type, kind, severity });
    else this.#events?.add(incident, phase, this.#resources.of(source));
  }

  #arm(): void {
    this.#timer = this.#host?.clock.after(TICK_MS, () => void this.#tick());
  }

  /** Time passes without records too: silence is seen, and incidents end. */
  async #tick(): Promise<void> {
    const now = this.#host?.clock.now() ?? 0;
    if (this.#isLive) this.#engine.advance(now);
    try {
      await this.#events?.send();
      await this.#snapshots?.writeIfDue();
    } catch (problem) {
      this.#host?.fatal(problem);
    }
    if (!this.#isStopped) this.#arm();
  }
}

function tag(batch: LogBatch, row: number, { id, type, method, strength, severity }: Incident): void {
  batch.setAttribute(row, TYPE, type);
  batch.setAttribute(row, METHOD, method);
  batch.setAttribute(row, SCORE, new Double(Math.round(strength * 1000) / 1000));
  batch.setAttribute(row, SEVERITY, severity);
  batch.setAttribute(row, ID, id);
}
