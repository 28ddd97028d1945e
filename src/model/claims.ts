import type { Delivery } from '#component';
import type { LogBatch } from './log-batch.ts';

/** Some rows, in order, that one Delivery answers for. */
export interface Claim {
  readonly delivery: Delivery;
  readonly rows: number;
}

export function claimsOf({ deliveries, deliveryOf, isDropped }: LogBatch, from: number, to: number): Claim[] {
  const claims: Claim[] = [];
  let current = -1;
  let rows = 0;
  const close = (): void => {
    if (rows > 0) claims.push({ delivery: deliveries[current] as Delivery, rows });
  };
  for (let row = from; row < to; row++) {
    if (isDropped[row] === 1) continue;
    const index = deliveryOf[row] as number;
    if (index !== current) {
      close();
      current = index;
      rows = 0;
    }
    rows++;
  }
  close();
  return claims;
}
