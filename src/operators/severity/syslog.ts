import { SeverityNumber } from '#model';

const { fatal, error, warn, info, debug } = SeverityNumber;
/** By syslog's severity, 0 to 7, as the Collector has them. */
const SEVERITIES = [fatal, error + 2, error + 1, error, warn, info + 1, info, debug];

/** The highest there is: facility 23, severity 7. */
export const SYSLOG_PRIORITY_MAX = 191;

/** The severity number of a priority, the `34` of `<34>`. */
export function severityOfPriority(priority: number): number {
  return SEVERITIES[priority & 7] as number;
}
