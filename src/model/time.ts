/** The last whole millisecond that OTLP has a number for: 2^64 nanoseconds since 1970, in July 2554. */
export const TIME_MS_MAX = 18_446_744_073_708;

// The latest moment that a Date can hold. What is later comes of a broken clock or a broken line; it must not end whoever
// writes it.
const DATE_MS_MAX = 8.64e15;

/** A time in RFC 3339, in UTC: to the millisecond, or to the nanosecond when `ns`, those beyond the millisecond, are there. */
export function utcText(ms: number, ns: number = 0): string {
  const text = new Date(Math.max(-DATE_MS_MAX, Math.min(ms, DATE_MS_MAX))).toISOString();
  return ns === 0 ? text : `${text.slice(0, -1)}${String(ns).padStart(6, '0')}Z`;
}
