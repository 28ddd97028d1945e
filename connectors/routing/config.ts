import type { ConfigProblem } from '#component';
import { checkOttl, type ErrorMode } from '#ottl';

export const CONTEXTS = ['resource', 'scope', 'log'] as const;
type RouteContext = (typeof CONTEXTS)[number];

/** Exactly one of `condition`, `statement` and `categories`. */
export interface RouteConfig {
  context: RouteContext;
  condition?: string;
  statement?: string;
  categories?: string[];
  action: 'move' | 'copy';
  pipelines: string[];
}

export interface RoutingConfig {
  table: RouteConfig[];
  default_pipelines: string[];
  error_mode: ErrorMode;
  category_attribute: string;
  match_once?: boolean;
}

const ROUTE = /^\s*route\s*\(\s*\)(?:\s+where\s+([^]*))?$/;

/** The condition of a route in OTTL; undefined when it takes everything, or goes by category. */
export function conditionOf({ condition, statement }: RouteConfig): string | undefined {
  return condition ?? ROUTE.exec(statement ?? '')?.[1];
}

/** What a schema cannot say. */
export function checkRouting({ table }: RoutingConfig): ConfigProblem[] {
  return table.flatMap((route, i) => checkRoute(route, `table.${i}`));
}

function checkRoute(route: RouteConfig, path: string): ConfigProblem[] {
  const { condition, statement, categories, context } = route;
  const given = Object.entries({ condition, statement, categories }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length !== 1) {
    return [{ path, message: `expected one of condition, statement, categories, got ${given.join(' and ') || 'nothing'}` }];
  }
  if (statement !== undefined && !ROUTE.test(statement)) {
    const message = 'expected "route()" or "route() where …"; records are edited by the processor transform';
    return [{ path: `${path}.statement`, message }];
  }
  const text = conditionOf(route);
  if (text === undefined) return [];
  const option = condition === undefined ? 'statement' : 'condition';
  const problems = checkOttl({ conditions: [text], statements: [] }, context);
  return problems.map(({ message }) => ({ path: `${path}.${option}`, message: withHint(message, hintFor(context, text)) }));
}

/** An excerpt of the text follows the first line. */
function withHint(message: string, hint: string): string {
  const [first = '', ...excerpt] = message.split('\n');
  return [first + hint, ...excerpt].join('\n');
}

/** The default context is the Collector's, and not what one first thinks of with logs. */
function hintFor(context: RouteContext, text: string): string {
  if (context === 'log' || checkOttl({ conditions: [text], statements: [] }, 'log').length > 0) return '';
  return `; with "context: log" it could be asked of each record`;
}

/** The pipelines a configuration names. */
export function pipelinesOf({ table, default_pipelines: others }: RoutingConfig): { path: string; pipeline: string }[] {
  const routed = table.flatMap(({ pipelines }, i) => pipelines.map((pipeline, k) => ({ path: `table.${i}.pipelines.${k}`, pipeline })));
  return [...routed, ...others.map((pipeline, i) => ({ path: `default_pipelines.${i}`, pipeline }))];
}
