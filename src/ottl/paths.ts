import { hint } from '../config/suggest.ts';
import type { Reference, Segment } from './ast.ts';
import type { Compilation, Expression, Fields, Path } from './expression.ts';
import { LOG_FIELDS } from './log-fields.ts';
import { ORIGIN_FIELDS } from './origin-fields.ts';

/** Prefixes of each context's own fields, and what else can be reached from there. */
const RESOURCE: Fields = ORIGIN_FIELDS.resource;
const SCOPE: Fields = ORIGIN_FIELDS.scope;
const OUTER = { resource: RESOURCE, scope: SCOPE, instrumentation_scope: SCOPE } as const;
const OWN = { log: LOG_FIELDS, scope: SCOPE, resource: RESOURCE } as const;

/** Other signals' contexts, for a message that says why there is nothing. */
const ELSEWHERE: ReadonlySet<string> = new Set(['span', 'spanevent', 'metric', 'datapoint', 'exemplar', 'profile', 'otelcol']);

/** Finds the field that a path names. `compileKey` makes values of the keys in brackets. */
export function resolvePath(node: Reference, compilation: Compilation, compileKey: (key: Segment['keys'][number]) => Expression): Path {
  const [first, ...rest] = node.segments;
  if (!first) return compilation.fail(node.at, 'expected a path');
  const { context } = compilation;
  const prefixed = prefixFields(first, context);
  if (prefixed && rest.length === 0) return compilation.fail(first.at, `expected a field behind "${first.name}": ${namesOf(prefixed)}`);
  if (!prefixed && ELSEWHERE.has(first.name)) return compilation.fail(first.at, `"${first.name}" does not exist in logs`);
  if (prefixed && first.keys.length > 0)
    return compilation.fail(first.at, `"${first.name}" takes no key; expected a field such as ${first.name}.attributes`);
  const segments = prefixed ? rest : node.segments;
  const name = segments.map((segment) => segment.name).join('.');
  const fields: Fields = prefixed ?? OWN[context];
  const make = fields.get(name);
  if (!make) {
    const known = prefixed ? [...fields.keys()] : [...fields.keys(), ...Object.keys(OUTER).map((outer) => `${outer}.attributes`)];
    return compilation.fail(node.at, `"${name}" is no field${prefixed ? ` of ${first.name}` : ''}${hint(name, known, 'fields')}`);
  }
  const inner = segments.slice(0, -1).find(({ keys }) => keys.length > 0);
  if (inner) return compilation.fail(inner.at, `keys may only stand at the end of a path`);
  const steps = (segments.at(-1)?.keys ?? []).map(compileKey);
  return make(compilation.source.slice(node.at, node.end), steps, compilation);
}

function prefixFields({ name }: Segment, context: Compilation['context']): Fields | undefined {
  if (name === context) return OWN[context];
  if (name === 'resource') return RESOURCE;
  if (context !== 'resource' && (name === 'scope' || name === 'instrumentation_scope')) return SCOPE;
  return undefined;
}

function namesOf(fields: Fields): string {
  return [...fields.keys()].join(', ');
}
