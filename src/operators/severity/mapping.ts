import { SeverityNumber } from '#model';
import type { SeverityConfig, SeverityValue } from '../config.ts';

const NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const STEPS = [1, 2, 3, 4];
// A range is written out value by value; a larger one is a mistake.
const RANGE_MAX = 100_000;

/** The severity that a mapping's key or the OpenTelemetry names stand for; undefined when it is none. */
function severityOf(name: string): number | undefined {
  const match = /^(trace|debug|info|warn|error|fatal)([2-4]?)$/i.exec(name);
  if (match) {
    const first = NAMES.find((own) => own === match[1]?.toLowerCase());
    return first && SeverityNumber[first] + (match[2] ? Number(match[2]) - 1 : 0);
  }
  const number = /^\d{1,2}$/.test(name) ? Number(name) : Number.NaN;
  return number >= 1 && number <= 24 ? number : undefined;
}

/** Severities by lower-case text: the preset's, with the mapping over them. Throws RangeError. */
export function createSeverityMap({ preset = 'default', mapping = {} }: SeverityConfig): ReadonlyMap<string, number> {
  const map = new Map<string, number>();
  if (preset !== 'none') {
    for (let severity = 1; severity <= 24; severity++) map.set(String(severity), severity);
    for (const name of NAMES) addSteps(map, name, SeverityNumber[name]);
    if (preset === 'default') {
      addSteps(map, 'warning', SeverityNumber.warn);
      addSteps(map, 'err', SeverityNumber.error);
    }
  }
  for (const [name, values] of Object.entries(mapping)) {
    const severity = severityOf(name);
    if (severity === undefined) throw new RangeError(`expected a severity such as info, warn2 or fatal, or 1 to 24, got "${name}"`);
    for (const value of Array.isArray(values) ? values : [values]) addValue(map, value, severity);
  }
  return map;
}

function addSteps(map: Map<string, number>, name: string, first: number): void {
  for (const step of STEPS) map.set(step === 1 ? name : `${name}${step}`, first + step - 1);
}

function addValue(map: Map<string, number>, value: SeverityValue, severity: number): void {
  if (typeof value === 'object') {
    const [min, max] = value.min <= value.max ? [value.min, value.max] : [value.max, value.min];
    if (max - min > RANGE_MAX) throw new RangeError(`a range of more than ${RANGE_MAX} values: ${min} to ${max}`);
    for (let number = min; number <= max; number++) map.set(String(number), severity);
    return;
  }
  const hundreds = /^([2-5])xx$/.exec(String(value));
  if (!hundreds) {
    map.set(String(value).toLowerCase(), severity);
    return;
  }
  const first = Number(hundreds[1]) * 100;
  for (let number = first; number < first + 100; number++) map.set(String(number), severity);
}
