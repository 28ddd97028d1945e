import { touchesOf, type Outlet, type Outlets, type Part } from '#component';
import { LogBatch, appendRows, type Claim } from '#model';
import type { Destination } from './destination.ts';

type Delivery = Claim['delivery'];

/** Which way each row of a batch goes: an index into `destinations`. Rows that were dropped before have any. */
export interface Sorted {
  readonly destinations: readonly Destination[];
  readonly wayOf: Uint16Array;
}

export interface Divided {
  readonly parts: readonly Part[];
  /** Who answers for the rows that nobody takes, by destination. */
  readonly lost: readonly { readonly destination: Destination; readonly claim: Claim }[];
  /** How many more rows the parts have than were taken from the batch, since some go to several pipelines. */
  readonly copies: number;
}

/** Rows that go the same way and have the same Delivery. */
interface Lot {
  readonly destination: Destination;
  readonly delivery: Delivery;
  rows: number;
}

/** The rows of one part: who answers for which, and a 1 for each row of the batch that is not among them. */
interface Rows {
  readonly deliveries: Delivery[];
  readonly deliveryOf: Uint16Array;
  readonly mask: Uint8Array;
}

const NO_BYTES = Buffer.alloc(0);
const DELIVERIES = 65_536;
// One part is on its way, and a few more where several pipelines end in the connector.
const SPARES_MAX = 4;

/**
 * Makes a part for each pipeline, its rows in their order: a view of the batch, or a copy where the pipeline edits. Where
 * rows go to several pipelines, their Delivery is forked, as in a fan-out.
 */
export class Divider {
  /** True when one of the pipelines edits records. */
  readonly edits: boolean;
  /** True when one of those that get views looks into records, which then have to be decoded before. */
  readonly reads: boolean;
  readonly #ways: ReadonlyMap<string, { readonly outlet: Outlet; readonly spares: LogBatch[] }>;
  /** The batch at hand, as the maker of a part sees it. */
  readonly #view = new LogBatch();

  constructor(outlets: Outlets) {
    this.#ways = new Map(outlets.pipelines.map((id) => [id, { outlet: outlets.to([id]), spares: [] }]));
    this.edits = [...this.#ways.values()].some(({ outlet }) => outlet.mutates);
    this.reads = [...this.#ways.values()].some(({ outlet }) => !outlet.mutates && touchesOf(outlet) === 'reads');
  }

  divide(batch: LogBatch, { destinations, wayOf }: Sorted): Divided {
    const lots: Lot[] = [];
    const lotOf = lotsOf(batch, { destinations, wayOf }, lots);
    const forks = lots.map(({ delivery, destination, rows }) => {
      const { length } = destination.pipelines;
      return length > 0 ? delivery.fork(length, rows) : [];
    });
    const isTaken = new Set(destinations.flatMap(({ pipelines }) => pipelines));
    const parts: Part[] = [];
    for (const [pipeline, { outlet, spares }] of this.#ways) {
      if (!isTaken.has(pipeline)) continue;
      const own = lots.map(({ delivery, destination }, i) => forks[i]?.[destination.pipelines.indexOf(pipeline)] ?? delivery);
      const mask = maskOf(batch, { destinations, wayOf }, pipeline);
      const spare = spares.pop() ?? new LogBatch();
      const rows = { deliveries: own, deliveryOf: lotOf, mask };
      parts.push({ outlet, batch: outlet.mutates ? this.#copy(batch, rows, spare) : sieve(batch, rows, spare) });
    }
    const lost = lots.filter(({ destination }) => destination.pipelines.length === 0);
    const copies = lots.reduce((sum, { destination, rows }) => sum + rows * Math.max(0, destination.pipelines.length - 1), 0);
    return { parts, lost: lost.map(({ destination, delivery, rows }) => ({ destination, claim: { delivery, rows } })), copies };
  }

  #copy(batch: LogBatch, rows: Rows, spare: LogBatch): LogBatch {
    spare.reset(NO_BYTES);
    appendRows(spare, sieve(batch, rows, this.#view));
    return spare;
  }

  /** Parts that nobody refers to any more. */
  giveBack(parts: readonly Part[]): void {
    for (const { outlet, batch } of parts) {
      const spares = this.#ways.get(outlet.pipelines[0] ?? '')?.spares;
      if (spares && spares.length < SPARES_MAX) spares.push(batch);
    }
  }
}

/** A view of the batch in which the rows of others look dropped. */
function sieve(batch: LogBatch, { deliveries, deliveryOf, mask }: Rows, spare: LogBatch): LogBatch {
  const view = batch.view([...batch.deliveries], spare);
  view.isDropped = batch.isDropped.slice();
  // Without Deliveries, dropping a row settles nothing: in another part it is alive.
  view.deliveries = [];
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) view.drop(row, '');
  view.deliveries = deliveries;
  view.deliveryOf = deliveryOf;
  return view;
}

/** Fills in `lots`; says for each row in which it is. */
function lotsOf(batch: LogBatch, { destinations, wayOf }: Sorted, lots: Lot[]): Uint16Array {
  const { length, isDropped, deliveryOf, deliveries } = batch;
  const lotOf = new Uint16Array(length);
  const known = new Map<number, number>();
  let lastId = -1;
  let last = 0;
  for (let row = 0; row < length; row++) {
    if (isDropped[row] === 1) continue;
    const way = wayOf[row] as number;
    const delivery = deliveryOf[row] as number;
    const id = way * DELIVERIES + delivery;
    if (id !== lastId) {
      last =
        known.get(id) ??
        lots.push({ destination: destinations[way] as Destination, delivery: deliveries[delivery] as Delivery, rows: 0 }) - 1;
      known.set(id, last);
      lastId = id;
    }
    (lots[last] as Lot).rows++;
    lotOf[row] = last;
  }
  return lotOf;
}

/** 1 for every row that does not go to the pipeline. */
function maskOf({ length, isDropped }: LogBatch, { destinations, wayOf }: Sorted, pipeline: string): Uint8Array {
  const isOther = destinations.map(({ pipelines }) => (pipelines.includes(pipeline) ? 0 : 1));
  const mask = new Uint8Array(length);
  for (let row = 0; row < length; row++) mask[row] = isDropped[row] === 1 ? 1 : (isOther[wayOf[row] as number] as number);
  return mask;
}
