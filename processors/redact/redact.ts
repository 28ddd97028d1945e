import { EditOnce, type Consumer, type Counter, type Host, type Processor, type Settings } from '#component';
import type { LogBatch } from '#model';
import { BatchRedactor } from './batch-redactor.ts';
import { CollectorRedactor } from './collector-redactor.ts';
import { CollectorRules } from './collector-rules.ts';
import type { RedactConfig } from './config.ts';
import { TextRedactor } from './text-redactor.ts';

/** The Collector's name for a processor that does this job. Its defaults are the Collector's then. */
export const COLLECTOR_TYPE = 'redaction';

/** Takes secrets and personal data out of records. Drops nothing, holds nothing. */
export class RedactProcessor implements Processor {
  readonly mutates = true;
  readonly #text: TextRedactor;
  readonly #batches: BatchRedactor;
  readonly #collector: CollectorRedactor | undefined;
  readonly #editing: EditOnce;
  #counters: readonly Counter[] = [];
  #removed: Counter | undefined;
  #masked: Counter | undefined;

  constructor(config: RedactConfig, settings: Settings, next: Consumer) {
    const isCollectors = settings.id.split('/')[0] === COLLECTOR_TYPE;
    this.#text = new TextRedactor(config, { mask: isCollectors ? '****' : '[REDACTED]', withRules: !isCollectors });
    this.#batches = new BatchRedactor(this.#text);
    const rules = new CollectorRules(config, !isCollectors);
    this.#collector = rules.isActive ? new CollectorRedactor(rules) : undefined;
    this.#editing = new EditOnce(next, (batch) => this.#redact(batch));
  }

  async start({ metrics }: Host): Promise<void> {
    const counter = (rule: string): Counter =>
      metrics.counter('winnow_redact_redactions', 'Values that were masked, hashed or removed, by rule.', { rule });
    this.#counters = this.#text.names.map(counter);
    if (!this.#collector) return;
    this.#removed = counter('allowed_keys');
    this.#masked = counter('blocked_values');
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {}

  #redact(batch: LogBatch): void {
    if (!this.#text.isIdle) this.#batches.redact(batch);
    this.#collector?.redact(batch);
    const { counts } = this.#text;
    for (let rule = 0; rule < counts.length; rule++) {
      if (counts[rule] === 0) continue;
      this.#counters[rule]?.add(counts[rule] as number);
      counts[rule] = 0;
    }
    if (!this.#collector) return;
    this.#removed?.add(this.#collector.removed);
    this.#masked?.add(this.#collector.masked);
    this.#collector.removed = this.#collector.masked = 0;
  }
}
