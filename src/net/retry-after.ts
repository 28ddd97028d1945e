const DAY_MS = 24 * 3600 * 1000;

/**
 * The wait that a Retry-After header asks for: whole seconds or an HTTP date. Undefined when there is none or it cannot
 * be read. Longer than a day is taken as a day: the sender's clock may be wrong, and data would wait for years.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^[0-9]+$/.test(text)) return Math.min(Number(text) * 1000, DAY_MS);
  // Without a letter it is no date, and Date.parse would find one in many numbers.
  if (!/^[A-Za-z]/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - nowMs), DAY_MS);
}
