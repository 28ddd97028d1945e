import { SeverityNumber } from '#model';

export type Level = 'debug' | 'info' | 'warn' | 'error';

const BY_NAME: Readonly<Record<string, Level>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  // The Collector's levels above error. Nothing here is louder than an error.
  dpanic: 'error',
  panic: 'error',
  fatal: 'error',
  critical: 'error',
};

/** A level by the name that `LOG_LEVEL` or `service.telemetry.logs.level` gives it, in any case. */
export function parseLevel(name: string): Level | undefined {
  return Object.hasOwn(BY_NAME, name.toLowerCase()) ? BY_NAME[name.toLowerCase()] : undefined;
}

export function severityOf(level: Level): number {
  return SeverityNumber[level];
}
