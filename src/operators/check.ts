import { attemptsInto, type ConfigProblem } from '#component';
import { createOperator } from './chain.ts';
import type { EmbeddedConfig, OperatorConfig, RecombineConfig } from './config.ts';
import { Add } from './edits.ts';
import { parseCondition } from './expression/parse.ts';
import { Failures } from './failures.ts';
import { parseField } from './field.ts';
import { isFormat } from './formats/create.ts';
import { checkJoining, JOINING_RULES } from './joining/check.ts';
import { planOf } from './plan.ts';
import { compileRegex } from './regex/compile.ts';
import { createSeverityMap } from './severity/mapping.ts';
import { Timestamp } from './time/timestamp.ts';

/** Options that hold a field, and whether a bare `attributes` or `resource` makes sense there. */
const FIELD_OPTIONS: Readonly<Record<string, { readonly isRootAllowed: boolean }>> = {
  parse_from: { isRootAllowed: false },
  parse_to: { isRootAllowed: true },
  field: { isRootAllowed: true },
  from: { isRootAllowed: false },
  to: { isRootAllowed: true },
  body: { isRootAllowed: false },
};

/** What a schema cannot say about a list of operators. Paths begin with the index in the list. */
export function checkOperators(configs: readonly OperatorConfig[]): ConfigProblem[] {
  const found = configs.flatMap((config, index) =>
    checkOperator(config).map(({ path, message }) => ({ path: path === '' ? String(index) : `${index}.${path}`, message })),
  );
  return [...planOf(configs).problems, ...found];
}

function checkOperator(config: OperatorConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = attemptsInto(problems);
  const condition = config.if;
  if (condition !== undefined && condition !== '') attempt('if', () => parseCondition(condition));
  checkFields(config, '', attempt);
  const fields = config.type === 'retain' ? config.fields : [];
  for (const [at, field] of fields.entries()) attempt(`fields.${at}`, () => parseField(field));
  if (config.type === 'regex_parser') attempt('regex', () => compileRegex(config.regex));
  if (config.type === 'router')
    for (const [at, { expr }] of (config.routes ?? []).entries()) attempt(`routes.${at}.expr`, () => parseCondition(expr));
  if (config.type === 'recombine') problems.push(...checkRecombine(config));
  if (config.type === 'filter') attempt('expr', () => parseCondition(config.expr));
  if (config.type === 'add') attempt('value', () => void new Add({ ...config, field: 'body' }));
  const embedded: EmbeddedConfig =
    config.type === 'time_parser'
      ? { timestamp: config }
      : config.type === 'severity_parser'
        ? { severity: config }
        : config.type === 'json_parser' || config.type === 'regex_parser' || isFormat(config)
          ? config
          : {};
  const at = (name: string, part: string): string =>
    config.type === 'time_parser' || config.type === 'severity_parser' ? part : `${name}.${part}`;
  if (embedded.timestamp) {
    const timestamp = embedded.timestamp;
    if (timestamp.location)
      attempt(at('timestamp', 'location'), () => new Timestamp({ layout: '%Y', parse_from: 'body', location: timestamp.location ?? '' }));
    attempt(
      at('timestamp', 'layout'),
      () => new Timestamp({ layout: timestamp.layout ?? '', layout_type: timestamp.layout_type ?? 'strptime', parse_from: 'body' }),
    );
  }
  if (embedded.severity) {
    const severity = embedded.severity;
    attempt(at('severity', 'mapping'), () => createSeverityMap(severity));
  }
  // Whatever the checks above have not thought of.
  if (problems.length === 0) attempt('', () => createOperator(config, new Failures('', config.type, 'send')));
  return problems;
}

type Attempt = ReturnType<typeof attemptsInto>;

/** Checks every option that is a field, also in the blocks inside. */
function checkFields(config: object, path: string, attempt: Attempt): void {
  for (const [name, value] of Object.entries(config)) {
    const here = path === '' ? name : `${path}.${name}`;
    const option = Object.hasOwn(FIELD_OPTIONS, name) ? FIELD_OPTIONS[name] : undefined;
    if (option && typeof value === 'string') attempt(here, () => checkField(value, option.isRootAllowed));
    else if (
      typeof value === 'object' &&
      value !== null &&
      ['timestamp', 'severity', 'trace', 'scope_name', 'trace_id', 'span_id', 'trace_flags'].includes(name)
    ) {
      checkFields(value, here, attempt);
    }
  }
}

function checkField(text: string, isRootAllowed: boolean): void {
  const field = parseField(text);
  if (isRootAllowed || field.root === 'body' || field.path.length > 0) return;
  throw new RangeError(`expected one field such as ${field.root}.name, got "${text}"`);
}

function checkRecombine(config: RecombineConfig): ConfigProblem[] {
  const problems = checkJoining(config);
  if (JOINING_RULES.some((name) => config[name] !== undefined)) return problems;
  return [...problems, { path: 'is_first_entry', message: `expected one of ${JOINING_RULES.join(', ')}` }];
}
