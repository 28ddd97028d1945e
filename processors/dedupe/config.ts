import { parseDuration, type ConfigProblem } from '#component';
import { conditionProblem } from './conditions.ts';
import { parseField } from './field-path.ts';
import { isTimeZone } from './time-text.ts';

/** What the Collector calls this, today and before. */
export const COLLECTOR_NAMES: readonly string[] = ['log_dedup', 'logdedup'];

// Above every severity.
const NONE = 25;
const SEVERITIES: ReadonlyMap<string, number> = new Map(
  Object.entries({ none: NONE, trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 }),
);

/** The number of a name such as ERROR, or of a number; undefined for what is neither. */
function severityOf(value: string | number): number | undefined {
  if (typeof value === 'number') return value >= 1 && value <= 24 ? value : undefined;
  return SEVERITIES.get(value.toLowerCase());
}

/** From which severity on records pass. Unless it is written: ERROR, and under the Collector's name, which knows no such thing, none. */
export function passSeverityOf({ pass_severity: value }: DedupeConfig, id: string): number {
  return severityOf(value ?? (isCollectors(id) ? 'none' : 'error')) ?? NONE;
}

export interface DedupeConfig {
  interval: string;
  by: 'content' | 'template';
  template_variables: number[];
  include_fields: string[];
  exclude_fields: string[];
  conditions: string[];
  pass_severity?: string | number;
  log_count_attribute?: string;
  timezone: string;
  samples: number;
  max_keys: number;
  max_held_bytes: number | string;
  hold_max: string;
  storage?: string;
  encode: 'none' | 'template';
  encode_refresh: string;
}

/** True when the configuration asks for the component under the Collector's name, and so for its behaviour. */
export function isCollectors(id: string): boolean {
  return COLLECTOR_NAMES.includes(id.split('/')[0] ?? '');
}

export function checkDedupe(config: DedupeConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  if (parseDuration(config.interval) <= 0)
    add('interval', `expected more than 0, got "${config.interval}"; without a window nothing is repeated`);
  if (config.include_fields.length > 0 && config.exclude_fields.length > 0) {
    add('exclude_fields', 'expected either include_fields or exclude_fields, got both; leave out one of them');
  }
  if (config.by === 'template' && config.exclude_fields.length > 0) {
    add('exclude_fields', 'goes with by: content; with by: template only the template and include_fields count');
  }
  if (config.by === 'content' && config.template_variables.length > 0) {
    add('template_variables', 'goes with by: template, got by: content');
  }
  for (const option of ['include_fields', 'exclude_fields'] as const) {
    for (const [i, text] of config[option].entries()) {
      const problem = fieldProblem(text, option);
      if (problem !== undefined) add(`${option}.${i}`, problem);
    }
  }
  for (const [i, text] of config.conditions.entries()) {
    const problem = conditionProblem(text);
    if (problem !== undefined) add(`conditions.${i}`, problem);
  }
  if (config.pass_severity !== undefined && severityOf(config.pass_severity) === undefined) {
    add('pass_severity', `expected none, a name such as ERROR or a number from 1 to 24, got "${config.pass_severity}"`);
  }
  if (!isTimeZone(config.timezone)) add('timezone', `expected a name such as "UTC" or "Europe/Berlin", got "${config.timezone}"`);
  if (config.storage === '') add('storage', 'expected the id of a storage extension, got ""');
  return problems;
}

function fieldProblem(text: string, option: 'include_fields' | 'exclude_fields'): string | undefined {
  const field = parseField(text);
  if (!field) return `expected body, body.NAME or attributes.NAME, got "${text}"`;
  if (option === 'exclude_fields' && field.from === 'body' && field.path.length === 0) {
    return 'expected a field of the body such as body.id, got the body itself; use include_fields to name what counts';
  }
  return undefined;
}
