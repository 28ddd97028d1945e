import { EditOnce, parseDuration, type Consumer, type Counter, type Host, type Processor, type Settings } from '#component';
import { keyOf, type Key, type LogBatch } from '#model';
import { severityOf, type PassSeverity } from '#operators';
import { AdaptiveShares } from './adaptive.ts';
import { Decision, RANDOMNESS, THRESHOLD } from './decision.ts';
import { ALWAYS, thresholdOf } from './threshold.ts';

export interface SampleConfig {
  sampling_percentage?: number;
  mode: 'hash_seed' | 'proportional' | 'equalizing';
  hash_seed: number;
  attribute_source: 'traceID' | 'record';
  from_attribute: string;
  sampling_priority: string;
  fail_closed: boolean;
  sampling_precision: number;
  fallback?: 'random' | 'none';
  pass_severity: PassSeverity;
  target_records_per_second?: number;
  key: string[];
  adjust_interval: string;
  max_keys: number;
}

/** The one reason under which records are settled here. */
const REASON = 'sampled';

/** Drops the records that are not in the sample, and writes on the others what share they stand for. Holds none. */
export class Sample implements Processor {
  readonly mutates = true;
  readonly #config: SampleConfig;
  readonly #isCollectors: boolean;
  readonly #editing: EditOnce;
  readonly #passSeverity: number;
  readonly #priority: Key | undefined;
  readonly #adaptive: AdaptiveShares | undefined;
  #decision: Decision | undefined;
  #host: Host | undefined;
  #dropped: Counter | undefined;
  #sampled: Counter | undefined;
  #notSampled: Counter | undefined;

  constructor(config: SampleConfig, { id }: Settings, next: Consumer) {
    this.#config = config;
    this.#isCollectors = id.startsWith('probabilistic_sampler');
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#passSeverity = severityOf(config.pass_severity);
    this.#priority = config.sampling_priority === '' ? undefined : keyOf(config.sampling_priority);
    if (config.target_records_per_second !== undefined) {
      this.#adaptive = new AdaptiveShares({
        key: config.key,
        perSecond: config.target_records_per_second,
        intervalMs: Math.max(1, parseDuration(config.adjust_interval)),
        maxKeys: config.max_keys,
        precision: config.sampling_precision,
      });
    }
  }

  async start(host: Host): Promise<void> {
    const config = this.#config;
    const { metrics } = host;
    const settings = {
      mode: config.mode,
      percentage: config.sampling_percentage ?? 100,
      seed: config.hash_seed,
      precision: config.sampling_precision,
      isTraceIdUsed: config.attribute_source === 'traceID',
      fromAttribute: config.from_attribute,
      isRandomElse: (config.fallback ?? (this.#isCollectors ? 'none' : 'random')) === 'random',
      isFailClosed: config.fail_closed,
    };
    this.#decision = new Decision(settings, host.random);
    this.#dropped = metrics.counter('winnow_processor_dropped_log_records', 'Log records dropped on purpose.', { reason: REASON });
    const help = 'Log records that the sampler has looked at.';
    this.#sampled = metrics.counter('otelcol_processor_probabilistic_sampler_count_logs_sampled', help, { sampled: 'true' });
    this.#notSampled = metrics.counter('otelcol_processor_probabilistic_sampler_count_logs_sampled', help, { sampled: 'false' });
    if (this.#adaptive) metrics.gauge('winnow_sample_keys', 'Keys that are remembered.', () => this.#adaptive?.keys ?? 0);
    this.#host = host;
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #edit(batch: LogBatch): void {
    const decision = this.#decision;
    const host = this.#host;
    if (!decision || !host) return;
    this.#adaptive?.begin(batch, host.clock.now());
    const before = batch.liveRows;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1 || (batch.severity[row] as number) >= this.#passSeverity) continue;
      if (this.#isTaken(batch, row, decision)) this.#mark(batch, row, decision);
      else batch.drop(row, REASON);
    }
    this.#adaptive?.end();
    const dropped = before - batch.liveRows;
    this.#dropped?.add(dropped);
    this.#notSampled?.add(dropped);
    this.#sampled?.add(batch.liveRows);
  }

  #isTaken(batch: LogBatch, row: number, decision: Decision): boolean {
    const wanted = this.#adaptive?.thresholdOf(row) ?? ALWAYS;
    const priority = this.#priority && batch.attribute(row, this.#priority);
    if (typeof priority !== 'number') return decision.passes(batch, row, wanted);
    const threshold = thresholdOf(priority / 100, this.#config.sampling_precision);
    return decision.passesPriority(batch, row, threshold);
  }

  /** A record of which all pass stands for itself alone and needs no mark. */
  #mark(batch: LogBatch, row: number, { threshold, isExplicit, randomness }: Decision): void {
    if (!threshold || threshold === ALWAYS) return;
    batch.setAttribute(row, THRESHOLD, threshold.text);
    if (isExplicit) batch.setAttribute(row, RANDOMNESS, randomness.toString());
  }
}
