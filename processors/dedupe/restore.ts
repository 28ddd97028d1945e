import type { Host } from '#component';
import type { Ledger } from './ledger.ts';
import type { DedupeMetrics } from './metrics.ts';
import type { Outbox } from './outbox.ts';

export interface Restoring {
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly metrics: DedupeMetrics;
}

/**
 * Puts what an earlier run has left in storage into the outbox; true when there is something to send. Windows do not go on over a
 * restart: what was counted is summed up, and the next of its key is a first one again.
 */
export function restore(host: Host, { ledger, outbox, metrics }: Restoring): boolean {
  const windows = ledger.restore();
  if (windows.length === 0) return false;
  let records = 0;
  for (const window of windows) {
    records += window.count;
    outbox.add(window);
  }
  metrics.restored.add(records);
  host.log.info('Records counted before the last stop are summed up.', { windows: windows.length, records });
  return true;
}
