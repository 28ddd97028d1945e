import { AssertionError } from 'node:assert';
import type { Connector, Counter, Host, Outlets, Touches } from '#component';
import type { LogBatch } from '#model';
import { Environment, OttlFailures, type ErrorMode } from '#ottl';
import type { RoutingConfig } from './config.ts';
import { Destination } from './destination.ts';
import { Divider, type Divided, type Sorted } from './divider.ts';
import { createRoute, type Route } from './route.ts';

/** Why a record is gone: no route took it and there are no default pipelines, or a condition failed under `propagate`. */
type Reason = 'unrouted' | 'ottl_error';

/**
 * Divides each batch between pipelines.
 *
 *   batch ─▶ all rows one way ─────────▶ the batch itself
 *        └─▶ some here, some there ─┬──▶ a part
 *                                   └──▶ a part
 *
 * Parts have their share of the batch's Deliveries. They are taken together: see `Outlets.distribute`.
 */
export class Routing implements Connector {
  readonly mutates: boolean;
  readonly touches: Touches;
  readonly #outlets: Outlets;
  readonly #routes: readonly Route[];
  readonly #mode: ErrorMode;
  readonly #environment = new Environment();
  readonly #failures = new OttlFailures('routing');
  readonly #nowhere: Destination;
  readonly #failed: Destination;
  readonly #default: readonly string[];
  readonly #divider: Divider;
  #dropped: Readonly<Record<Reason, Counter>> | undefined;
  #created: Counter | undefined;
  #host: Host | undefined;
  #hasWarned = false;

  constructor(config: RoutingConfig, outlets: Outlets) {
    this.#outlets = outlets;
    this.#mode = config.error_mode;
    this.#default = config.default_pipelines;
    this.#routes = config.table.map((route) => createRoute(route, config.category_attribute, this.#environment));
    this.#nowhere = new Destination([], outlets);
    this.#failed = new Destination([], outlets);
    this.#divider = new Divider(outlets);
    // A batch that goes one way as a whole is given on as it is.
    this.mutates = this.#divider.edits;
    this.touches = this.#divider.reads || this.#routes.some(({ isOfRecord }) => isOfRecord) ? 'reads' : 'rows';
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#environment.start(host);
    this.#failures.start(host);
    const counter = (reason: Reason): Counter =>
      host.metrics.counter('winnow_connector_dropped_log_records', 'Log records dropped on purpose.', { reason });
    this.#dropped = { unrouted: counter('unrouted'), ottl_error: counter('ottl_error') };
    this.#created = host.metrics.counter('winnow_connector_created_log_records', 'Log records a connector has made, or gives once more.');
  }

  async consume(batch: LogBatch): Promise<void> {
    const sorted = this.#sort(batch);
    const [only] = sorted.destinations;
    if (!only) return;
    if (sorted.destinations.length === 1 && only.pipelines.length > 0) {
      await only.outlet.consume(batch);
      return;
    }
    const divided = this.#divider.divide(batch, sorted);
    if (divided.parts.length > 0) await this.#outlets.distribute(divided.parts);
    this.#divider.giveBack(divided.parts);
    this.#created?.add(divided.copies);
    this.#drop(divided.lost);
  }

  async shutdown(): Promise<void> {
    this.#failures.flush();
  }

  #sort(batch: LogBatch): Sorted {
    this.#environment.beginBatch();
    for (const route of this.#routes) route.begin();
    const wayOf = new Uint16Array(batch.length);
    const destinations: Destination[] = [];
    let last: Destination | undefined;
    let way = 0;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const destination = this.#destinationOf(batch, row);
      if (destination !== last) {
        way = destinations.indexOf(destination);
        if (way < 0) way = destinations.push(destination) - 1;
        last = destination;
      }
      wayOf[row] = way;
    }
    this.#failures.report();
    return { destinations, wayOf };
  }

  #destinationOf(batch: LogBatch, row: number): Destination {
    let destination = this.#nowhere;
    for (let i = 0; i < this.#routes.length; i++) {
      const route = this.#routes[i] as Route;
      try {
        if (!route.test(batch, row)) continue;
      } catch (problem) {
        if (problem instanceof AssertionError) throw problem;
        const isFatal = this.#mode === 'propagate';
        // Told as a failure that is passed over: what is dropped is counted here.
        this.#failures.add(batch, row, { mode: isFatal ? 'ignore' : this.#mode, expression: route.text, problem });
        if (isFatal) return this.#failed;
        continue;
      }
      destination = destination.with(i, route.pipelines);
      if (!route.isCopy) return destination;
    }
    return this.#default.length > 0 ? destination.with(this.#routes.length, this.#default) : destination;
  }

  #drop(lost: Divided['lost']): void {
    let unrouted = 0;
    for (const { destination, claim } of lost) {
      const reason: Reason = destination === this.#failed ? 'ottl_error' : 'unrouted';
      claim.delivery.dropped(claim.rows, reason);
      this.#dropped?.[reason].add(claim.rows);
      if (reason === 'unrouted') unrouted += claim.rows;
    }
    if (this.#hasWarned || unrouted === 0) return;
    this.#hasWarned = true;
    this.#host?.log.warn('Records that no route takes are dropped; name default_pipelines to keep them.', { rows: unrouted });
  }
}
