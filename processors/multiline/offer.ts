import { RefusedError, type Consumer, type Host } from '#component';
import type { LogBatch } from '#model';

const WAIT_FIRST_MS = 100;
const WAIT_MAX_MS = 5000;

interface Offering {
  readonly next: Consumer;
  readonly host: Host;
  /** Aborted when the deadline of the shutdown has passed. */
  readonly signal: AbortSignal;
}

/** Offers a batch until it is taken. When the deadline passes first, its rows are abandoned: their sources have them still. */
export async function offerUntilTaken(batch: LogBatch, { next, host, signal }: Offering): Promise<void> {
  let waitMs = WAIT_FIRST_MS;
  while (!signal.aborted) {
    try {
      await next.consume(batch);
      return;
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      if (waitMs === WAIT_FIRST_MS) {
        const facts = { rows: batch.liveRows, reason: problem.message };
        host.log.warn('A batch was refused; it is kept and offered again. Meanwhile the source waits.', facts);
      }
      await host.clock.sleep(problem.retryAfterMs ?? waitMs, signal);
      waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
    }
  }
  batch.settleAbandoned();
}
