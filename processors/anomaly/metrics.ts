import type { AnomalyEngine, Incident, Phase } from '#anomaly';
import type { Counter, Metrics } from '#component';
import type { Events } from './events.ts';
import type { Rule } from './rules.ts';

/** Counts of anomalies by type, and how full the bounded things are. */
export class AnomalyMetrics {
  readonly #metrics: Metrics;
  readonly #opened = new Map<string, Counter>();

  constructor(metrics: Metrics, engine: AnomalyEngine, rules: readonly Rule[], events: Events | undefined) {
    this.#metrics = metrics;
    metrics.gauge('winnow_anomaly_open', 'Anomalies that are open.', () => [...engine.openIncidents].length);
    metrics.gauge('winnow_anomaly_sources', 'Sources that are watched.', () => engine.sources);
    metrics.gauge('winnow_anomaly_unwatched_log_records', 'Records of sources beyond sources_max.', () => engine.unwatched);
    metrics.gauge('winnow_anomaly_events_waiting', 'Events not taken by the next component yet.', () => events?.waiting ?? 0);
    metrics.gauge('winnow_anomaly_events_dropped', 'Events given up because too many waited.', () => events?.dropped ?? 0);
    metrics.gauge('winnow_anomaly_rule_failures', 'Records on which a rule has no answer.', () => {
      let sum = 0;
      for (const { unanswered } of rules) sum += unanswered;
      return sum;
    });
  }

  told({ type, severity }: Incident, phase: Phase): void {
    if (phase !== 'opened') return;
    const key = `${type}\n${severity}`;
    let counter = this.#opened.get(key);
    if (!counter) {
      counter = this.#metrics.counter('winnow_anomaly_anomalies', 'Anomalies that began.', { type, severity });
      this.#opened.set(key, counter);
    }
    counter.add(1);
  }
}
