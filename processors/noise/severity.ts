import type { LogBatch } from '#model';

const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** SeverityNumber of a name such as `ERROR` or of a number; undefined for anything else. */
export function parseSeverity(value: number | string): number | undefined {
  if (typeof value === 'number') return value >= 1 && value <= 24 ? value : undefined;
  const [, name = '', step = '1'] = /^([A-Z]+)([2-4])?$/.exec(value.toUpperCase()) ?? [];
  const index = NAMES.indexOf(name);
  return index < 0 ? undefined : index * 4 + Number(step);
}

const SERIOUS = /\b(?:ERROR|ERR|CRITICAL|CRIT|FATAL|SEVERE|ALERT|EMERG(?:ENCY)?|PANIC)\b/i;

/** True when a record that nobody gave a severity speaks of an error. */
export function saysError(batch: LogBatch, row: number): boolean {
  if (batch.severity[row] !== 0) return false;
  return SERIOUS.test(batch.severityText(row)) || SERIOUS.test(batch.bodyText(row));
}
