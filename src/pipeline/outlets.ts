import { RefusedError, type Consumer, type Counter, type Metrics, type Outlet, type Outlets, type Part, type Timer } from '#component';
import { LogBatch, appendRows } from '#model';
import { forkDeliveries } from './fan-out.ts';
import { offerAll, type OfferingHost } from './offer-all.ts';

/** What one connector feeds, as the graph knows it. */
export interface Fed {
  readonly pipelines: readonly string[];
  /** The way into some of the pipelines, counted and open to taps. */
  enter(pipelines: readonly string[]): Consumer;
  /** False when an exporter behind the pipeline says that it cannot deliver. */
  isUp(pipeline: string): boolean;
  readonly host: OfferingHost;
  /** Of the connector. */
  readonly metrics: Pick<Metrics, 'counter' | 'gauge'>;
  fatal(problem: unknown): void;
}

/** The pipelines behind one connector. */
export class ConnectorOutlets implements Outlets {
  readonly pipelines: readonly string[];
  readonly #fed: Fed;
  readonly #loans: Loans;
  readonly #outlets = new Map<string, PipelineOutlet>();

  constructor(fed: Fed) {
    this.pipelines = fed.pipelines;
    this.#fed = fed;
    this.#loans = new Loans(fed);
  }

  to(pipelines: readonly string[]): Outlet {
    const stranger = pipelines.find((id) => !this.pipelines.includes(id));
    if (stranger !== undefined || pipelines.length === 0) {
      throw new RangeError(`expected pipelines that name the connector as a receiver, got "${stranger ?? ''}"`);
    }
    const ids = [...new Set(pipelines)].toSorted();
    const key = ids.join('\n');
    let outlet = this.#outlets.get(key);
    if (!outlet) this.#outlets.set(key, (outlet = new PipelineOutlet(ids, this.#fed, this.#loans)));
    return outlet;
  }

  async distribute(parts: readonly Part[]): Promise<void> {
    const offers = parts.map(({ outlet, batch }) => {
      // Of forks, since a part that is refused in the end may have lost rows on its way, and those come again.
      batch.deliveries = forkDeliveries(batch, 1)[0] ?? [];
      return { name: outlet.pipelines.join(', '), consumer: outlet, batch };
    });
    const refusal = await offerAll(offers, this.#fed.host);
    if (!refusal) return;
    for (const { batch } of parts) this.#loans.givenTwice(batch);
    throw refusal;
  }
}

class PipelineOutlet implements Outlet {
  readonly pipelines: readonly string[];
  readonly mutates: boolean;
  readonly #fed: Fed;
  readonly #loans: Loans;
  readonly #next: Consumer;
  readonly #spares: LogBatch[] = [];
  #lent = 0;

  constructor(pipelines: readonly string[], fed: Fed, loans: Loans) {
    this.pipelines = pipelines;
    this.#fed = fed;
    this.#loans = loans;
    this.#next = fed.enter(pipelines);
    this.mutates = this.#next.mutates;
  }

  get isUp(): boolean {
    return this.#lent === 0 && this.#areExportersUp();
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#next.consume(batch);
  }

  lend(batch: LogBatch): Promise<void> {
    if (batch.liveRows === 0) return Promise.resolve();
    const copy = this.#copyOf(batch);
    return new Promise((resolve, reject) => {
      let isLent = false;
      let timer: Timer;
      const look = (): void => {
        if (this.#areExportersUp()) {
          timer = this.#fed.host.clock.after(LOOK_MS, look);
          return;
        }
        isLent = true;
        this.#lent++;
        this.#loans.lent(copy);
        resolve();
      };
      timer = this.#fed.host.clock.after(LOOK_MS, look);
      const over = (end: () => void): void => {
        timer.cancel();
        if (isLent) {
          this.#lent--;
          this.#loans.returned(copy);
        }
        end();
      };
      this.#next.consume(copy).then(
        () =>
          over(() => {
            if (this.#spares.length < SPARES_MAX) this.#spares.push(copy);
            resolve();
          }),
        (problem: unknown) =>
          over(() => {
            if (isLent) this.#loans.refused(copy, problem);
            else {
              this.#loans.givenTwice(copy);
              reject(problem instanceof Error ? problem : new Error(String(problem)));
            }
          }),
      );
    });
  }

  #areExportersUp(): boolean {
    return this.pipelines.every((id) => this.#fed.isUp(id));
  }

  #copyOf(batch: LogBatch): LogBatch {
    const copy = this.#spares.pop() ?? new LogBatch();
    copy.reset(NO_BYTES);
    appendRows(copy, batch);
    copy.deliveries = forkDeliveries(copy, 1)[0] ?? [];
    return copy;
  }
}

/** How long a batch may wait for an outlet that is not up before its caller is let go. */
const LOOK_MS = 250;
// One batch is usually on its way; a few more come when several sources feed the connector.
const SPARES_MAX = 4;
const NO_BYTES = Buffer.alloc(0);

/** Counts what is with the outlets of a connector though its callers were let go, and what became of it. */
class Loans {
  readonly #fed: Fed;
  readonly #created: Counter;
  readonly #abandoned: Counter;
  readonly #rows = new Map<LogBatch, number>();

  constructor(fed: Fed) {
    this.#fed = fed;
    const { metrics } = fed;
    this.#created = metrics.counter('winnow_connector_created_log_records', 'Log records a connector has made, or gives once more.');
    this.#abandoned = metrics.counter('winnow_connector_abandoned_log_records', 'Log records given back to their source.');
    metrics.gauge('winnow_connector_held_log_records', 'Log records that wait for a pipeline that is not up.', () => {
      let rows = 0;
      for (const own of this.#rows.values()) rows += own;
      return rows;
    });
  }

  lent(copy: LogBatch): void {
    this.#rows.set(copy, copy.length);
  }

  returned(copy: LogBatch): void {
    this.#rows.delete(copy);
  }

  /** Its caller has gone on, so the source has to give the rows again. */
  refused(copy: LogBatch, problem: unknown): void {
    if (!(problem instanceof RefusedError)) {
      this.#fed.fatal(problem);
      return;
    }
    this.#abandoned.add(copy.liveRows);
    copy.settleAbandoned();
  }

  /** Rows of a refused copy that were dropped on their way and counted there; the batch it was copied from has them still. */
  givenTwice(copy: LogBatch): void {
    const rows = copy.length - copy.liveRows;
    if (rows > 0) this.#created.add(rows);
  }
}
