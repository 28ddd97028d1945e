import { Buffer } from 'node:buffer';
import {
  Delivery,
  offerUntilTaken,
  parseDuration,
  type Consumer,
  type Counter,
  type Host,
  type OwnRecord,
  type Receiver,
  type Timer,
} from '#component';
import { createResource, createScope, LogBatch, SeverityNumber, ValueType, type Origin } from '#model';
import type { InternalConfig } from './config.ts';

const NO_BYTES = Buffer.alloc(0);
const LEVELS: Readonly<Record<InternalConfig['level'], number>> = {
  debug: SeverityNumber.debug,
  info: SeverityNumber.info,
  warn: SeverityNumber.warn,
  error: SeverityNumber.error,
};

/**
 * Makes records of what the agent says of itself.
 *
 * It never holds the agent up: who says something only has it noted, and what the pipeline does not take in time is
 * dropped and counted. What this receiver and its own pipelines say the host leaves out.
 */
export class InternalReceiver implements Receiver {
  readonly #config: InternalConfig;
  readonly #next: Consumer;
  readonly #deadline = new AbortController();
  readonly #batch = new LogBatch();
  #waiting: OwnRecord[] = [];
  #host: Host | undefined;
  #resource: Origin | undefined;
  #dropped: Counter | undefined;
  #lost: Counter | undefined;
  #unsubscribe: (() => void) | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;

  constructor(config: InternalConfig, next: Consumer) {
    this.#config = config;
    this.#next = next;
  }

  async start(host: Host): Promise<void> {
    const { metrics, ownRecords } = host;
    this.#host = host;
    this.#dropped = metrics.counter('winnow_internal_dropped_log_records', 'Records dropped because too many waited for the pipeline.');
    this.#lost = metrics.counter('winnow_internal_lost_log_records', 'Records the pipeline gave up; nobody says them again.');
    if (!ownRecords) return;
    this.#resource = createResource(ownRecords.resource);
    this.#unsubscribe = ownRecords.subscribe((record) => this.#note(record));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    if (signal.aborted) this.#deadline.abort();
    else signal.addEventListener('abort', () => this.#deadline.abort(), { once: true });
    this.#timer?.cancel();
    this.#send();
    await this.#sending;
  }

  /** Called in the middle of anything, so nothing but a note is made here. */
  #note(record: OwnRecord): void {
    const { logs, anomalies, level, max_records: max, flush_interval: interval } = this.#config;
    const isWanted = record.kind === 'event' ? anomalies : logs && record.severity >= LEVELS[level];
    if (!isWanted || !this.#host) return;
    if (this.#waiting.length >= max) {
      this.#dropped?.add(1);
      return;
    }
    this.#waiting.push(record);
    if (this.#waiting.length === 1 && !this.#sending) this.#timer = this.#host.clock.after(parseDuration(interval), () => this.#send());
  }

  #send(): void {
    const host = this.#host;
    if (!host || this.#sending || this.#waiting.length === 0) return;
    this.#sending = this.#sendAll(host)
      .catch((problem: unknown) => host.fatal(problem))
      .finally(() => (this.#sending = undefined));
  }

  async #sendAll(host: Host): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#fill(this.#waiting.splice(0), host.clock.now());
      batch.setDelivery(new Delivery(batch.liveRows, 0, ({ abandoned }) => abandoned > 0 && this.#lost?.add(abandoned)));
      await offerUntilTaken(batch, { next: this.#next, host, signal: this.#deadline.signal });
    }
  }

  #fill(records: readonly OwnRecord[], nowMs: number): LogBatch {
    const batch = this.#batch;
    batch.reset(NO_BYTES);
    const resource = this.#resource ? batch.addResource(this.#resource) : 0;
    const scope = batch.addScope(SCOPE);
    const own = Object.entries(this.#config.attributes);
    for (const { timeMs, severity, severityText, eventName, body, attributes } of records) {
      const row = batch.addRow(ValueType.none, 0, 0);
      batch.setBody(row, body);
      batch.timeMs[row] = timeMs;
      batch.observedMs[row] = nowMs;
      batch.severity[row] = severity;
      batch.setSeverityText(row, severityText);
      batch.resourceOf[row] = resource;
      batch.scopeOf[row] = scope;
      if (eventName !== '') batch.setEventName(row, eventName);
      for (const [name, value] of [...Object.entries(attributes), ...own]) batch.setAttribute(row, name, value);
    }
    return batch;
  }
}

const SCOPE = createScope('winnow');
