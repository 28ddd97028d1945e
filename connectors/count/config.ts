import type { ConfigProblem } from '#component';
import { Environment, OttlMistake, checkOttl, compileValue } from '#ottl';

export interface CountedAttributeConfig {
  key: string;
  value?: string;
  default_value?: string | number | boolean;
}

export interface CountedConfig {
  description?: string;
  conditions: string[];
  attributes: CountedAttributeConfig[];
}

export interface CountConfig {
  logs?: Record<string, CountedConfig>;
  spans?: object;
  spanevents?: object;
  metrics?: object;
  datapoints?: object;
  profiles?: object;
}

/** What is counted when nothing is said: everything, under the Collector's name. */
export const DEFAULT_COUNTS: Readonly<Record<string, CountedConfig>> = {
  'log.record.count': { conditions: [], attributes: [] },
};

/** What a schema cannot say. */
export function checkCount({ logs = {} }: CountConfig): ConfigProblem[] {
  return Object.entries(logs).flatMap(([name, counted]) => checkCounted(name, counted));
}

function checkCounted(name: string, { conditions, attributes }: CountedConfig): ConfigProblem[] {
  // Names have dots, so they stand in quotes.
  const path = `logs[${JSON.stringify(name)}]`;
  const problems: ConfigProblem[] = checkOttl({ conditions, statements: [] }, 'log').map((problem) => ({
    path: `${path}.${problem.path}`,
    message: problem.message,
  }));
  for (const [i, { key, value }] of attributes.entries()) {
    if (attributes.findIndex((other) => other.key === key) < i) {
      problems.push({ path: `${path}.attributes.${i}.key`, message: `"${key}" is listed twice; remove one of them` });
    }
    if (value === undefined) continue;
    try {
      compileValue(value, { environment: new Environment() });
    } catch (problem) {
      if (!(problem instanceof OttlMistake)) throw problem;
      problems.push({ path: `${path}.attributes.${i}.value`, message: problem.message });
    }
  }
  return problems;
}
