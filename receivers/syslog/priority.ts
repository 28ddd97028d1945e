import { SeverityNumber } from '#model';
import { severityOfPriority, SYSLOG_PRIORITY_MAX } from '#operators';

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
  const isPriority = at > from + 1 && at < to && bytes[at] === GREATER && priority <= SYSLOG_PRIORITY_MAX;
  return isPriority ? severityOfPriority(priority) : SeverityNumber.unspecified;
}
