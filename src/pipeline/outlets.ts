import {
  touchesOf,
  type Clock,
  type Consumer,
  type Counter,
  type Lending,
  type Metrics,
  type Outlet,
  type Outlets,
  type Part,
} from '#component';
import { Lender } from './lender.ts';
import { Loan } from './loan.ts';
import { offerAll, type OfferingHost } from './offer-all.ts';

/** What one connector feeds, as the graph knows it. */
export interface Fed {
  readonly pipelines: readonly string[];
  /** The way into some of the pipelines, counted and open to taps. */
  enter(pipelines: readonly string[]): Consumer;
  /** False when an exporter behind the pipeline says that it cannot deliver. */
  isUp(pipeline: string): boolean;
  readonly host: OfferingHost & { readonly clock: Clock };
  /** Of the connector. */
  readonly metrics: Pick<Metrics, 'counter' | 'gauge'>;
  readonly fatal: (problem: unknown) => void;
}

/** What the outlets of a connector count together. */
export class OutletBooks {
  /** Rows of a refused copy that were dropped on their way: the batch it was made of has them still, and gives them again. */
  readonly created: Counter;
  readonly abandoned: Counter;
  readonly takenBack: Counter;
  held = 0;

  constructor(metrics: Fed['metrics']) {
    this.created = metrics.counter('winnow_connector_created_log_records', 'Log records a connector has made, or gives once more.');
    this.abandoned = metrics.counter('winnow_connector_abandoned_log_records', 'Log records given back to their source untaken.');
    this.takenBack = metrics.counter(
      'winnow_connector_taken_back_log_records',
      'Log records asked of their source again since the pipeline that took them stayed down.',
    );
    metrics.gauge('winnow_connector_held_log_records', 'Log records that wait for a pipeline that is not up.', () => this.held);
  }
}

/** The pipelines behind one connector. */
export class ConnectorOutlets implements Outlets {
  readonly pipelines: readonly string[];
  readonly #fed: Fed;
  readonly #books: OutletBooks;
  readonly #lenders: Lender[] = [];

  constructor(fed: Fed) {
    this.pipelines = fed.pipelines;
    this.#fed = fed;
    this.#books = new OutletBooks(fed.metrics);
  }

  to(pipelines: readonly string[], lending?: Lending): Outlet {
    const stranger = pipelines.find((id) => !this.pipelines.includes(id));
    if (stranger !== undefined || pipelines.length === 0) {
      throw new RangeError(`expected pipelines that name the connector as a receiver, got "${stranger ?? ''}"`);
    }
    const ids = [...new Set(pipelines)];
    const next = this.#fed.enter(ids);
    const isUp = (): boolean => ids.every((id) => this.#fed.isUp(id));
    const lender = new Lender({ next, isUp, lending, books: this.#books, clock: this.#fed.host.clock, fatal: this.#fed.fatal });
    this.#lenders.push(lender);
    return {
      pipelines: ids,
      mutates: next.mutates,
      touches: touchesOf(next),
      consume: (batch) => next.consume(batch),
      lend: (batch) => lender.lend(batch),
      get isUp() {
        return isUp();
      },
      get isHolding() {
        return lender.isHolding;
      },
    };
  }

  async distribute(parts: readonly Part[]): Promise<void> {
    const offers = parts.map(({ outlet, batch }) => {
      const loan = new Loan(batch);
      return { name: outlet.pipelines.join(', '), consumer: outlet, batch, rows: batch.liveRows, loan };
    });
    const refusal = await offerAll(offers, this.#fed.host);
    if (!refusal) {
      for (const { loan } of offers) loan.given();
      return;
    }
    for (const { batch, rows, loan } of offers) {
      loan.returned();
      this.#books.created.add(rows - batch.liveRows);
    }
    throw refusal;
  }

  /** To be called when the connector has shut down. */
  close(): void {
    for (const lender of this.#lenders) lender.close();
  }
}
