import type { Buffer } from 'node:buffer';
import { RefusedError } from '#component';
import type { Claim, LogBatch } from '#model';

/** A request that a batch makes, and who answers for its rows. */
export interface Draft {
  readonly body: Buffer;
  readonly rows: number;
  readonly claims: readonly Claim[];
}

/** What a writer makes of the live rows from one on; `next` is the first that is not in it, and no `rows` means no more. */
export interface Written {
  readonly body: Buffer;
  readonly next: number;
  readonly rows: number;
}

/** The requests that a batch makes, each written when it is asked for. */
export function* draftsOf(batch: LogBatch, write: (row: number) => Written): Generator<Draft> {
  for (let row = 0; row < batch.length;) {
    const { body, next, rows } = write(row);
    if (rows === 0) return;
    const claims = batch.claims(row, next);
    row = next;
    yield { body, rows, claims };
  }
}

/**
 * Offers the requests of a batch one after the other. When the first is refused nothing of the batch was taken, and the
 * refusal goes to the caller, who still owns it. Later a batch cannot be refused any more: what is not taken then is
 * abandoned, so that its source gives it again.
 */
export async function offerDrafts<Part extends Pick<Draft, 'claims'>>(
  drafts: Iterable<Part>,
  offer: (draft: Part) => Promise<void>,
): Promise<void> {
  let isTaken = false;
  for (const draft of drafts) {
    try {
      await offer(draft);
      isTaken = true;
    } catch (problem) {
      if (!(problem instanceof RefusedError) || !isTaken) throw problem;
      for (const { delivery, rows } of draft.claims) delivery.abandoned(rows);
    }
  }
}
