import { messageOf, type ConfigProblem } from '#component';
import { compilePattern, type KeyValueMatch } from '#operators';

/** Which records are meant. Options of different names must all match. */
export interface MatchConfig {
  match_type: 'strict' | 'regexp';
  regexp?: object;
  attributes?: KeyValueMatch[];
  resources?: KeyValueMatch[];
  libraries?: { name: string; version?: string | null }[];
  log_bodies?: string[];
  log_severity_texts?: string[];
  log_severity_number?: { min: number; match_undefined?: boolean };
}

/** What a schema cannot say about `include` and `exclude`. */
export function checkMatch(path: string, config: MatchConfig): ConfigProblem[] {
  const { attributes = [], resources = [], libraries = [], log_bodies: bodies = [], log_severity_texts: texts = [] } = config;
  const problems: ConfigProblem[] = [];
  const add = (at: string, message: string): void => void problems.push({ path: `${path}.${at}`, message });
  const lists = [attributes, resources, libraries, bodies, texts];
  if (lists.every(({ length }) => length === 0) && !config.log_severity_number) {
    const options = 'attributes, resources, libraries, log_bodies, log_severity_texts, log_severity_number';
    problems.push({ path, message: `expected at least one of ${options}; as it is, it would match nothing in particular` });
  }
  if (config.match_type === 'strict') return problems;
  const checkPattern = (at: string, pattern: string): void => {
    try {
      compilePattern(pattern);
    } catch (problem) {
      add(at, messageOf(problem));
    }
  };
  for (const [name, list] of Object.entries({ attributes, resources })) {
    for (const [i, { key, value }] of list.entries()) {
      if (typeof value === 'string') checkPattern(`${name}.${i}.value`, value);
      else if (value !== undefined && value !== null)
        add(`${name}.${i}.value`, `match_type regexp needs a text for "${key}", got ${JSON.stringify(value)}`);
    }
  }
  for (const [i, { name, version }] of libraries.entries()) {
    checkPattern(`libraries.${i}.name`, name);
    if (version) checkPattern(`libraries.${i}.version`, version);
  }
  for (const [i, body] of bodies.entries()) checkPattern(`log_bodies.${i}`, body);
  for (const [i, text] of texts.entries()) checkPattern(`log_severity_texts.${i}`, text);
  return problems;
}
