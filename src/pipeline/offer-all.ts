import { RefusedError, prepare, type Clock, type Consumer } from '#component';
import type { LogBatch } from '#model';
import { backoffMs } from './backoff.ts';

export interface Offer {
  readonly name: string;
  readonly consumer: Consumer;
  readonly batch: LogBatch;
}

export interface OfferingHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborts when what is not taken yet has to be given up. */
  readonly deadline: AbortSignal;
  /** Called each time one refuses while another has taken. */
  onLagging(name: string, refusal: RefusedError): void;
}

/**
 * Offers batches that belong together, at once, each to its consumer. Resolves when all are taken, or with the refusal
 * when all are refused and none was taken: then whoever asked keeps everything. When only some are refused, the others
 * must not come again, so those are offered until they are taken.
 */
export async function offerAll(offers: readonly Offer[], host: OfferingHost): Promise<RefusedError | undefined> {
  const round = new Round(offers.length);
  await Promise.all(offers.map((offer) => offerOne(offer, host, round)));
  return round.refusal;
}

async function offerOne({ name, consumer, batch }: Offer, host: OfferingHost, round: Round): Promise<void> {
  const { clock, random, deadline } = host;
  for (let attempt = 0; ; attempt++) {
    const refusal = await tryConsume(consumer, batch);
    if (!refusal) {
      round.take();
      return;
    }
    round.refuse(refusal);
    if (round.refusal) return;
    if (round.isTaken) host.onLagging(name, refusal);
    await clock.sleep(backoffMs(attempt, refusal.retryAfterMs, random), AbortSignal.any([deadline, round.ended]));
    if (round.refusal) return;
    if (deadline.aborted) {
      batch.settleAbandoned();
      round.take();
      return;
    }
    round.retry();
  }
}

/** What has been said to one batch. It is refused as a whole when all refuse and none has taken it. */
class Round {
  refusal: RefusedError | undefined;
  isTaken = false;
  #open: number;
  #ending: AbortController | undefined;

  constructor(offers: number) {
    this.#open = offers;
  }

  /** Aborts when the batch is refused as a whole. */
  get ended(): AbortSignal {
    this.#ending ??= new AbortController();
    return this.#ending.signal;
  }

  take(): void {
    this.isTaken = true;
  }

  refuse(refusal: RefusedError): void {
    if (--this.#open > 0 || this.isTaken) return;
    this.refusal = refusal;
    this.#ending?.abort();
  }

  retry(): void {
    this.#open++;
  }
}

async function tryConsume(consumer: Consumer, batch: LogBatch): Promise<RefusedError | undefined> {
  prepare(batch, consumer);
  try {
    await consumer.consume(batch);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}
