import type { ConfigProblem } from '#component';
import { createOperator, operatorIds } from './chain.ts';
import type { EmbeddedConfig, OperatorConfig } from './config.ts';
import { toAttributeValue } from './edits.ts';
import { parseCondition } from './expression/parse.ts';
import { Failures } from './failures.ts';
import { parseField } from './field.ts';
import { isFormat } from './formats/create.ts';
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
  const ids = operatorIds(configs);
  return configs.flatMap((config, index) => {
    const found = checkOperator(config, ids, index);
    return found.map(({ path, message }) => ({ path: path === '' ? String(index) : `${index}.${path}`, message }));
  });
}

function checkOperator(config: OperatorConfig, ids: readonly string[], index: number): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = (path: string, action: () => void): void => {
    try {
      action();
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      problems.push({ path, message: problem.message });
    }
  };
  checkFlow(config, ids, index, problems);
  const condition = config.if;
  if (condition !== undefined && condition !== '') attempt('if', () => parseCondition(condition));
  checkFields(config, '', attempt);
  const fields = config.type === 'retain' ? config.fields : [];
  for (const [at, field] of fields.entries()) attempt(`fields.${at}`, () => parseField(field));
  if (config.type === 'regex_parser') attempt('regex', () => compileRegex(config.regex));
  if (config.type === 'filter') attempt('expr', () => parseCondition(config.expr));
  if (config.type === 'add') attempt('value', () => toAttributeValue(config.value));
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

type Attempt = (path: string, action: () => void) => void;

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

function checkFlow(config: OperatorConfig, ids: readonly string[], index: number, problems: ConfigProblem[]): void {
  const { output } = config;
  if (output === undefined) return;
  const outputs = typeof output === 'string' ? [output] : output;
  const next = ids[index + 1];
  if (next !== undefined && outputs.length === 1 && outputs[0] === next) return;
  const expected = next === undefined ? 'nothing, since this is the last operator' : `"${next}", the next operator`;
  problems.push({
    path: 'output',
    message: `records go from each operator to the next; expected ${expected}, got "${outputs.join(', ')}"; remove "output"`,
  });
}
