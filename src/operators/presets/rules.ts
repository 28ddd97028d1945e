import { keyOf, type Key } from '#model';

/** What becomes of one field of a document's format. */
type Rule =
  | 'body'
  | 'time'
  | 'severity'
  /** Under a name that may mean something else: only what is known to be a severity. */
  | 'known_severity'
  | 'trace_id'
  | 'span_id'
  | 'event_name'
  | { readonly to: string }
  /** An attribute of the resource. */
  | { readonly resource: string }
  /** An attribute made of a list of texts. */
  | { readonly lines: string }
  /** Python's tracebacks as structlog writes them: a list of maps. */
  | { readonly tracebacks: string }
  /** A map of which each field has its own rule; others move up. What is no map goes by `else`. */
  | { readonly fields: Rules; readonly else?: Rule };

export interface Rules {
  readonly [name: string]: Rule;
}

/** A rule with its keys looked up. */
export interface Action {
  readonly kind:
    | 'body'
    | 'time'
    | 'severity'
    | 'known_severity'
    | 'trace_id'
    | 'span_id'
    | 'event_name'
    | 'to'
    | 'resource'
    | 'lines'
    | 'tracebacks'
    | 'fields'
    | 'taken';
  readonly key: Key;
  readonly fields: ReadonlyMap<string, Action> | undefined;
  readonly otherwise: Action | undefined;
}

/** Rules by the names of fields. */
export function compileRules(rules: Rules): ReadonlyMap<string, Action> {
  const actions = new Map(Object.entries(rules).map(([name, rule]) => [name, compileRule(rule)]));
  return actions;
}

const NO_KEY = keyOf('');

function compileRule(rule: Rule): Action {
  if (typeof rule === 'string') return { kind: rule, key: NO_KEY, fields: undefined, otherwise: undefined };
  if ('to' in rule) return { kind: 'to', key: keyOf(rule.to), fields: undefined, otherwise: undefined };
  if ('resource' in rule) return { kind: 'resource', key: keyOf(rule.resource), fields: undefined, otherwise: undefined };
  if ('lines' in rule) return { kind: 'lines', key: keyOf(rule.lines), fields: undefined, otherwise: undefined };
  if ('tracebacks' in rule) return { kind: 'tracebacks', key: keyOf(rule.tracebacks), fields: undefined, otherwise: undefined };
  const otherwise = rule.else === undefined ? undefined : compileRule(rule.else);
  return { kind: 'fields', key: NO_KEY, fields: compileRules(rule.fields), otherwise };
}
