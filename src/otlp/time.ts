import { TIME_MS_MAX } from '#model';

// What is left of 2^64 nanoseconds behind the last whole millisecond.
const MS_LAST = TIME_MS_MAX + 1;
const NS_LAST = 551_615;

/**
 * True for a time that OTLP has a number for. A record may say that it is of the year 9999: with that in it, backends refuse
 * the whole request as malformed, or read another time.
 */
export function hasTime(ms: number, ns: number): boolean {
  return ms > 0 ? ms < MS_LAST || (ms === MS_LAST && ns <= NS_LAST) : ms === 0 && ns > 0;
}
