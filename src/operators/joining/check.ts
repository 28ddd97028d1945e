import { attemptsInto, type ConfigProblem } from '#component';
import { parseCondition } from '../expression/parse.ts';
import { parseField } from '../field.ts';
import { compileMatcher } from '../regex/compile.ts';
import { CombineField } from './combine-field.ts';
import type { JoiningConfig } from './config.ts';

/** At most one of these may be given. */
export const JOINING_RULES = ['is_first_entry', 'is_last_entry', 'line_start_pattern', 'line_end_pattern'] as const;

/** What a schema cannot say about the options. */
export function checkJoining(config: Partial<JoiningConfig>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = attemptsInto(problems);
  const given = JOINING_RULES.filter((name) => config[name] !== undefined);
  const [, second] = given;
  if (second) problems.push({ path: second, message: `expected at most one of ${JOINING_RULES.join(', ')}, got ${given.join(' and ')}` });
  for (const name of JOINING_RULES) {
    const text = config[name];
    if (text !== undefined) attempt(name, () => (name.startsWith('is_') ? parseCondition(text) : compileMatcher(text)));
  }
  const { combine_field: field } = config;
  if (field !== undefined) attempt('combine_field', () => new CombineField(field));
  const { source_identifier: identifier } = config;
  if (identifier !== undefined) attempt('source_identifier', () => checkIdentifier(identifier));
  return problems;
}

function checkIdentifier(text: string): void {
  const field = parseField(text);
  const isAttribute = field.root === 'attributes' && field.path.length === 1;
  // The resource always tells sources apart.
  if (!isAttribute && field.root !== 'resource')
    throw new RangeError(`expected an attribute such as attributes["log.file.path"], got "${text}"`);
}
