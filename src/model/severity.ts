/** opentelemetry.proto.logs.v1.SeverityNumber. The names of the other steps are made of these: INFO2 is INFO + 1. */
export const SeverityNumber = { unspecified: 0, trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** `INFO`, `WARN2`, …; empty for 0 and for what is not a severity. */
export function severityName(severity: number): string {
  if (!(severity >= 1 && severity <= 24)) return '';
  const step = (severity - 1) % 4;
  return `${NAMES[Math.floor((severity - 1) / 4)]}${step === 0 ? '' : step + 1}`;
}
