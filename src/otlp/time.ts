// 2^64 - 1 nanoseconds, in July 2554.
const MS_LAST = 18_446_744_073_709;
const NS_LAST = 551_615;

/**
 * True for a time that OTLP has a number for. A record may say that it is of the year 9999: with that in it, backends refuse
 * the whole request as malformed, or read another time.
 */
export function hasTime(ms: number, ns: number): boolean {
  return ms > 0 ? ms < MS_LAST || (ms === MS_LAST && ns <= NS_LAST) : ms === 0 && ns > 0;
}
