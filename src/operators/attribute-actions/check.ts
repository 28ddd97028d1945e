import { messageOf, type ConfigProblem } from '#component';
import { compilePattern } from '../regex/pattern.ts';
import { ActionName, actionNameOf, type ActionConfig, type ActionNameText } from './config.ts';

type Option = keyof ActionConfig;

const SOURCES = ['value', 'default_value', 'from_attribute', 'from_context'] as const;
const CONVERTED_TYPES = new Set(['int', 'double', 'string']);

/** Options that an action looks at, beside `action`. Any other is a mistake, as in the Collector. */
const OPTIONS: Readonly<Record<ActionNameText, readonly Option[]>> = {
  insert: ['key', ...SOURCES],
  update: ['key', ...SOURCES],
  upsert: ['key', ...SOURCES],
  delete: ['key', 'pattern'],
  hash: ['key', 'pattern'],
  extract: ['key', 'pattern'],
  convert: ['key', 'converted_type'],
};

/** What a schema cannot say about a list of actions. Paths begin with the index in the list. */
export function checkAttributeActions(configs: readonly ActionConfig[]): ConfigProblem[] {
  return configs.flatMap((config, index) =>
    checkAction(config).map(({ path, message }) => ({ path: path === '' ? String(index) : `${index}.${path}`, message })),
  );
}

function checkAction(config: ActionConfig): ConfigProblem[] {
  const name = actionNameOf(config);
  if (!name) {
    const known = Object.values(ActionName).join(', ');
    return [{ path: 'action', message: `"${config.action}" is not an action; expected one of ${known}` }];
  }
  const problems: ConfigProblem[] = [];
  for (const option of Object.keys(config).filter(isOption)) {
    if (isSet(config[option]) && !OPTIONS[name].includes(option)) {
      problems.push({ path: option, message: `${name} does not use "${option}"; remove it` });
    }
  }
  return [...problems, ...checkRequired(config, name)];
}

function checkRequired(config: ActionConfig, name: ActionNameText): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (path: string, message: string): void => void problems.push({ path, message });
  const takesPattern = name === 'delete' || name === 'hash';
  if (takesPattern && config.key === undefined && config.pattern === undefined) add('', `${name} needs "key" or "pattern"`);
  if (!takesPattern && config.key === undefined) add('', `${name} needs "key"`);
  if (OPTIONS[name].includes('value')) checkSource(config, name, add);
  if (name === 'extract' && config.pattern === undefined) add('', 'extract needs "pattern"');
  if (OPTIONS[name].includes('pattern') && config.pattern !== undefined) checkPattern(config.pattern, name, add);
  if (name === 'convert' && !CONVERTED_TYPES.has(config.converted_type ?? '')) {
    add(
      'converted_type',
      `expected int, double or string, got ${config.converted_type === undefined ? 'nothing' : `"${config.converted_type}"`}`,
    );
  }
  return problems;
}

type Add = (path: string, message: string) => void;

function checkSource(config: ActionConfig, name: string, add: Add): void {
  if (config.from_context !== undefined) {
    add('from_context', 'receivers pass no request context on, so that it would never have a value; use value or from_attribute');
  }
  const given = ['value', 'from_attribute', 'from_context'].filter((option) => isOption(option) && isSet(config[option]));
  if (given.length > 1) add('', `${name} takes one source of its value, got ${given.join(' and ')}`);
  if (given.length === 0 && !isSet(config.default_value)) add('', `${name} needs "value" or "from_attribute"`);
}

function checkPattern(pattern: string, name: string, add: Add): void {
  try {
    const { names, hasUnnamedGroups } = compilePattern(pattern);
    if (name !== 'extract') return;
    if (hasUnnamedGroups) add('pattern', `every group needs a name, such as (?P<name>…), or none at all: (?:…); got "${pattern}"`);
    else if (names.length === 0) add('pattern', `expected at least one named group, such as (?P<name>…), got "${pattern}"`);
  } catch (problem) {
    add('pattern', messageOf(problem));
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isOption(name: string): name is Option {
  return name !== 'action';
}
