import { SeverityNumber } from '#model';

const { fatal, error, warn, info, debug } = SeverityNumber;
/** By syslog's severity, 0 to 7, as the Collector has them and the parser too. */
const SEVERITIES = [fatal, error + 2, error + 1, error, warn, info + 1, info, debug];
const PRIORITY_MAX = 191;
const DIGITS_MAX = 3;
const LESS = 0x3c;
const GREATER = 0x3e;
const ZERO = 0x30;

/**
 * The severity that the `<34>` before a message says, or 0. Many devices, and Python's `SysLogHandler`, write a priority and
 * then something that no RFC knows: an error among that has to stay one.
 */
export function severityOf(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] !== LESS) return SeverityNumber.unspecified;
  let priority = 0;
  let at = from + 1;
  for (; at < to && at <= from + DIGITS_MAX; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) break;
    priority = priority * 10 + digit;
  }
  const isPriority = at > from + 1 && at < to && bytes[at] === GREATER && priority <= PRIORITY_MAX;
  return isPriority ? (SEVERITIES[priority & 7] as number) : SeverityNumber.unspecified;
}
