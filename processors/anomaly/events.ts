import { describeIncident, type Incident, type Phase } from '#anomaly';
import { Delivery, RefusedError, type Consumer, type Counter, type Host, type Outcome, type Transaction } from '#component';
import { LogBatch, createResource, severityName, type AttributeValue, type Attributes, type Origin } from '#model';

const PREFIX = 'event/';
const EVENT_NAME = 'winnow.anomaly';
const ID_DIGITS = 16;

/** An event as it is stored until somebody downstream has taken responsibility for it. */
interface StoredEvent {
  readonly at: number;
  readonly source: string;
  readonly severity: number;
  readonly body: string;
  readonly attributes: Attributes;
  /** The encoded resource of its source, in base64. Events stored by older versions have none. */
  readonly resource?: string;
}

const NUMBERS: Readonly<Record<Incident['severity'], number>> = { low: 9, medium: 13, high: 17, critical: 21 };

/**
 * Event records on their way out. Each is in storage from the moment it is made until its Delivery settles, so a crash
 * repeats an event rather than losing it.
 */
export class Events {
  readonly #host: Host;
  readonly #next: Consumer;
  readonly #max: number;
  readonly #waiting: [string, StoredEvent][] = [];
  #sequence = 0;
  #sending: Promise<void> | undefined;
  /** Given up because too many waited. */
  dropped = 0;
  readonly #created: Counter;

  constructor(host: Host, next: Consumer, max: number) {
    this.#host = host;
    this.#next = next;
    this.#max = max;
    this.#created = host.metrics.counter('winnow_processor_created_log_records', 'Log records a processor has made.');
    for (const [key, bytes] of host.storage.list(PREFIX)) {
      this.#sequence = Math.max(this.#sequence, Number.parseInt(key.slice(PREFIX.length), 16) + 1);
      this.#waiting.push([key, JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredEvent]);
    }
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** `about` are the attributes of the resource of its source. */
  add(incident: Incident, phase: Phase, about: Attributes): void {
    const event = toEvent(incident, phase, about);
    const key = `${PREFIX}${(this.#sequence++).toString(16).padStart(ID_DIGITS, '0')}`;
    if (this.#waiting.length >= this.#max) {
      const [oldest] = this.#waiting.shift() ?? [];
      this.dropped++;
      if (oldest !== undefined) this.#forget(oldest);
    }
    this.#waiting.push([key, event]);
    this.#publish(event);
    const { storage } = this.#host;
    const transaction = storage.begin();
    storage.put(transaction, key, JSON.stringify(event));
    void storage.commit(transaction);
  }

  /** The event goes on with the records of its pipeline; a receiver may make a source of it as well. */
  #publish({ at: timeMs, severity, body, attributes }: StoredEvent): void {
    const severityText = severityName(severity);
    this.#host.ownRecords?.publish({ kind: 'event', timeMs, severity, severityText, eventName: EVENT_NAME, body, attributes });
  }

  /** Gives away what waits; what is refused waits on. */
  async send(): Promise<void> {
    while (this.#sending) await this.#sending;
    if (this.#waiting.length === 0) return;
    this.#sending = this.#sendAll();
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    const leaving = this.#waiting.splice(0);
    const batch = toBatch(leaving.map(([, event]) => event));
    const keys = leaving.map(([key]) => key);
    batch.setDelivery(new Delivery(keys.length, 0, (outcome, transaction) => this.#settled(keys, outcome, transaction)));
    try {
      await this.#next.consume(batch);
      this.#created.add(keys.length);
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      this.#waiting.unshift(...leaving);
    } finally {
      this.#sending = undefined;
    }
  }

  #settled(keys: readonly string[], { abandoned }: Outcome, within: Transaction | undefined): void {
    // What was given up stays in storage, and is sent again after the next start.
    if (abandoned > 0) return;
    for (const key of keys) this.#forget(key, within);
  }

  #forget(key: string, within?: Transaction): void {
    const { storage } = this.#host;
    const isShared = within !== undefined && storage.owns(within);
    const transaction = isShared ? within : storage.begin();
    storage.delete(transaction, key);
    if (!isShared) void storage.commit(transaction);
  }
}

function toEvent(incident: Incident, phase: Phase, about: Attributes): StoredEvent {
  const { id, source, type, kind, method, severity, start, end, strength } = incident;
  const { description, confidence, affected, window, baseline, impact, recommendations, related } = describeIncident(incident);
  const attributes: Record<string, AttributeValue> = {
    'winnow.anomaly.id': id,
    'winnow.anomaly.phase': phase,
    'winnow.anomaly.type': type,
    'winnow.anomaly.kind': kind,
    'winnow.anomaly.method': method,
    'winnow.anomaly.score': strength,
    'winnow.anomaly.severity': severity,
    'winnow.anomaly.confidence': confidence,
    'winnow.anomaly.description': description,
    'winnow.anomaly.source': source,
    'winnow.anomaly.window': { ...window, start_ms: start, end_ms: end },
    'winnow.anomaly.baseline': { ...baseline },
    'winnow.anomaly.affected': { records: affected.records, components: [...affected.components], traces: [...affected.traces] },
    'winnow.anomaly.impact': { ...impact },
    'winnow.anomaly.recommendations': { ...recommendations },
    'winnow.anomaly.related': [...related],
  };
  const resource = Buffer.from(resourceOf(source, about).encoded).toString('base64');
  const at = phase === 'opened' ? incident.detectedAt : end;
  return { at, source, severity: NUMBERS[severity], body: description, attributes, resource };
}

/** A source without a name of a service is one by itself. */
function resourceOf(source: string, about: Attributes): Origin {
  return createResource(source === '' || about['service.name'] !== undefined ? about : { 'service.name': source, ...about });
}

function toBatch(events: readonly StoredEvent[]): LogBatch {
  const batch = new LogBatch();
  for (const { at, source, severity, body, attributes, resource } of events) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.timeMs[row] = at;
    batch.observedMs[row] = at;
    batch.severity[row] = severity;
    batch.setSeverityText(row, severityName(severity));
    const origin = resource === undefined ? resourceOf(source, {}) : { encoded: Buffer.from(resource, 'base64'), schemaUrl: '' };
    if (origin.encoded.length > 0) batch.resourceOf[row] = batch.addResource(origin);
    batch.setEventName(row, EVENT_NAME);
    for (const [name, value] of Object.entries(attributes)) batch.setAttribute(row, name, value);
  }
  return batch;
}
