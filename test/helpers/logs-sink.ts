import { Delivery, RefusedError, type Consumer, type Outcome } from '#component';
import type { AttributeValue, Claim, LogBatch } from '#model';

export interface SunkRecord {
  readonly body: AttributeValue;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly timeMs: number;
  readonly timeNs: number;
  readonly observedMs: number;
  readonly severity: number;
  readonly severityText: string;
  readonly traceId: string;
  readonly spanId: string;
}

export type SinkMode = 'durable' | 'abandon' | 'keep';

/** The end of a pipeline in a test: copies the records out, and settles them at once or when told. */
export class LogsSink implements Consumer {
  readonly mutates = false;
  readonly records: SunkRecord[] = [];
  /** Claims not settled yet (mode `keep`). */
  readonly kept: Claim[] = [];
  mode: SinkMode = 'durable';
  /** While set, `consume` rejects with RefusedError. */
  isRefusing = false;
  batches = 0;

  async consume(batch: LogBatch): Promise<void> {
    if (this.isRefusing) throw new RefusedError('the test says no', { retryAfterMs: 1000 });
    this.batches++;
    for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) this.records.push(recordOf(batch, row));
    for (const claim of batch.claims()) {
      if (this.mode === 'keep') this.kept.push(claim);
      else settle(claim, this.mode === 'durable');
    }
  }

  /** Settles the oldest kept claims. */
  release(claims: number = this.kept.length, isDurable: boolean = true): void {
    for (const claim of this.kept.splice(0, claims)) settle(claim, isDurable);
  }

  get bodies(): AttributeValue[] {
    return this.records.map(({ body }) => body);
  }
}

function settle({ delivery, rows }: Claim, isDurable: boolean): void {
  if (isDurable) delivery.durable(rows);
  else delivery.abandoned(rows);
}

export function recordOf(batch: LogBatch, row: number): SunkRecord {
  return {
    body: batch.body(row),
    attributes: Object.fromEntries(batch.attributesOf(row)),
    timeMs: batch.timeMs[row] as number,
    timeNs: batch.timeNs[row] as number,
    observedMs: batch.observedMs[row] as number,
    severity: batch.severity[row] as number,
    severityText: batch.severityText(row),
    traceId: batch.traceId(row),
    spanId: batch.spanId(row),
  };
}

/** A Delivery for the live rows of a batch, whose outcome a test can await. */
export function deliver(batch: LogBatch, source: number = 1): { delivery: Delivery; outcome: Promise<Outcome> } {
  let resolve: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((done) => (resolve = done));
  const delivery = new Delivery(batch.liveRows, source, (settled) => resolve(settled));
  batch.setDelivery(delivery);
  return { delivery, outcome };
}
