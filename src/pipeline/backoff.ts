const FIRST_MS = 50;
const LONGEST_MS = 5_000;

/**
 * How long to wait before a refused batch is offered again: what the refusing one asked for, else doubling from 50 ms,
 * in both cases about 5 s at most, since whoever refuses does not say when it has room again. Up to half is added at
 * random, so that branches that were refused together do not come back together.
 */
export function backoffMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  const ms = Math.min(retryAfterMs ?? FIRST_MS * 2 ** Math.min(attempt, 10), LONGEST_MS);
  return ms * (1 + random() / 2);
}
