import { Delivery, type Connector, type Counter, type Host, type Outlet, type Outlets, type Touches } from '#component';
import { LogBatch, SeverityNumber, createScope, keyOf, type Claim } from '#model';
import { Environment, OttlFailures } from '#ottl';
import { DEFAULT_COUNTS, type CountConfig } from './config.ts';
import { Tally } from './tally.ts';

const NAME = keyOf('winnow.count.name');
const VALUE = keyOf('winnow.count.value');
const SCOPE = createScope('winnow.count');
const NO_BYTES = Buffer.alloc(0);

/**
 * Counts the records of each batch and gives on a record for each count.
 *
 *   batch of n records ─▶ tallies ─▶ batch of k counts ─▶ delivered ─▶ the n records are settled
 *
 * It keeps nothing from one batch to the next. A count answers for the records that it counts, so what a crash repeats
 * was not counted before.
 */
export class Count implements Connector {
  // What is given on is another batch.
  readonly mutates = false;
  readonly touches: Touches;
  readonly #outlet: Outlet;
  readonly #environment = new Environment();
  readonly #failures = new OttlFailures('count');
  readonly #tallies: readonly Tally[];
  #host: Host | undefined;
  #created: Counter | undefined;
  #merged: Counter | undefined;

  constructor({ logs = DEFAULT_COUNTS }: CountConfig, outlets: Outlets) {
    this.#outlet = outlets.to(outlets.pipelines);
    this.#tallies = Object.entries(logs).map(([name, config]) => new Tally(name, config, this.#environment, this.#failures));
    this.touches = this.#tallies.some(({ reads }) => reads) ? 'reads' : 'rows';
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#environment.start(host);
    this.#failures.start(host);
    this.#created = host.metrics.counter('winnow_connector_created_log_records', 'Log records a connector has made, or gives once more.');
    this.#merged = host.metrics.counter('winnow_connector_merged_log_records', 'Log records that went into counts.');
  }

  async consume(batch: LogBatch): Promise<void> {
    const claims = batch.claims();
    const rows = batch.liveRows;
    this.#environment.beginBatch();
    const counts = this.#count(batch);
    this.#failures.report();
    const records = counts.length;
    if (records === 0) settle(claims, false);
    else {
      const source = claims[0]?.delivery.source ?? 0;
      counts.setDelivery(new Delivery(records, source, ({ abandoned }, transaction) => settle(claims, abandoned > 0, transaction)));
      await this.#outlet.consume(counts);
      this.#created?.add(records);
    }
    this.#merged?.add(rows);
  }

  async shutdown(): Promise<void> {
    this.#failures.flush();
  }

  #count(batch: LogBatch): LogBatch {
    const counts = new LogBatch();
    counts.reset(NO_BYTES);
    const now = this.#host?.clock.now() ?? 0;
    for (const tally of this.#tallies) {
      for (const { resource, attributes, records } of tally.count(batch)) {
        const row = counts.addRow(0, 0, 0);
        counts.setBody(row, tally.name);
        counts.timeMs[row] = now;
        counts.observedMs[row] = now;
        counts.severity[row] = SeverityNumber.info;
        counts.resourceOf[row] = counts.addResource(resource);
        counts.scopeOf[row] = counts.addScope(SCOPE);
        for (const [key, value] of attributes) counts.setAttribute(row, key, value);
        counts.setAttribute(row, NAME, tally.name);
        counts.setAttribute(row, VALUE, records);
      }
    }
    return counts;
  }
}

/** Counts that were dropped on purpose have been delivered as far as their records are concerned. */
function settle(claims: readonly Claim[], isAbandoned: boolean, transaction?: Parameters<Delivery['durable']>[1]): void {
  for (const { delivery, rows } of claims) {
    if (isAbandoned) delivery.abandoned(rows);
    else delivery.durable(rows, transaction);
  }
}
