import type { LogBatch } from '#model';
import type { Consumer } from './component.ts';
import { RefusedError } from './errors.ts';
import type { Host } from './host.ts';

// How long to wait after a refusal that does not say: at first, and at most.
const WAIT_FIRST_MS = 100;
const WAIT_MAX_MS = 5000;

interface Offering {
  readonly next: Consumer;
  readonly host: Host;
  /** Aborted when the deadline of the shutdown has passed. */
  readonly signal: AbortSignal;
}

/** Offers a batch until it is taken. When the deadline passes first, its rows are abandoned: whoever can gives them again. */
export async function offerUntilTaken(batch: LogBatch, { next, host, signal }: Offering): Promise<void> {
  let waitMs = WAIT_FIRST_MS;
  for (let refusals = 0; ; refusals++) {
    try {
      await next.consume(batch);
      if (refusals > 0) host.log.info('A batch that had been refused was taken.', { refusals, rows: batch.liveRows });
      return;
    } catch (problem) {
      if (!(problem instanceof RefusedError)) throw problem;
      if (refusals === 0) {
        const facts = { rows: batch.liveRows, reason: problem.message };
        host.log.warn('A batch was refused; it is kept and offered again. Meanwhile the source waits.', facts);
      }
      await host.clock.sleep(problem.retryAfterMs ?? waitMs, signal);
      waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
    }
    if (signal.aborted) break;
  }
  host.log.warn('A refused batch was abandoned at shutdown; a source that can gives it again after the next start.', {
    rows: batch.liveRows,
  });
  batch.settleAbandoned();
}
