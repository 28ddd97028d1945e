import type { ConfigProblem } from '#component';
import type { OperatorConfig } from './config.ts';

/** Behind the last operator: the record leaves the list. */
export const END = -1;

/** Which operators each one of a list gives its records to. Operators are named by their place in the list. */
export interface Plan {
  readonly ids: readonly string[];
  /** For each operator those it may give to. A router has one for each route, and one for records that no route takes. */
  readonly outputs: readonly (readonly number[])[];
  /** The operators, each before all it may give to. */
  readonly order: readonly number[];
  /** True when each gives to the one behind it, as in most lists. */
  readonly isLine: boolean;
  readonly problems: readonly ConfigProblem[];
}

/** Reads `output` of all operators, and the routes of routers. */
export function planOf(configs: readonly OperatorConfig[]): Plan {
  const ids = operatorIds(configs);
  const problems: ConfigProblem[] = [];
  const behind = (index: number): number => (index + 1 < configs.length ? index + 1 : END);
  const outputs = configs.map((config, index) => {
    const resolve = (output: string | readonly string[] | undefined, path: string, otherwise: number): number => {
      if (output === undefined) return otherwise;
      const [name, second] = typeof output === 'string' ? [output] : output;
      const at = name === undefined ? otherwise : ids.indexOf(name);
      if (second !== undefined) problems.push({ path, message: `a record goes to one operator; expected one id, got ${String(output)}` });
      else if (at < 0) {
        const others = ids.filter((_, other) => other !== index).join(', ') || 'there is none';
        problems.push({ path, message: `expected the id of another operator (${others}), got "${name}"` });
      }
      return at;
    };
    if (config.type !== 'router') return [resolve(config.output, `${index}.output`, behind(index))];
    return [
      ...(config.routes ?? []).map(({ output }, route) => resolve(output, `${index}.routes.${route}.output`, END)),
      resolve(config.default, `${index}.default`, END),
    ];
  });
  const isLine = configs.every(({ type }, index) => type !== 'router' && outputs[index]?.[0] === behind(index));
  const { order, circle } = sorted(outputs);
  if (circle.length > 0 && problems.length === 0) {
    const at = circle.indexOf(Math.min(...circle));
    const way = [...circle.slice(at), ...circle.slice(0, at + 1)];
    const [first = 0] = way;
    const option = configs[first]?.type === 'router' ? 'routes' : 'output';
    problems.push({ path: `${first}.${option}`, message: `records would go in a circle: ${way.map((index) => ids[index]).join(' → ')}` });
  }
  return { ids, outputs, order, isLine, problems };
}

/** The ids of the operators: the type where none is given, with a number where one is taken. */
function operatorIds(configs: readonly OperatorConfig[]): string[] {
  const taken = new Set<string>();
  return configs.map(({ id, type }) => {
    const wanted = id ?? type;
    let name = wanted;
    for (let number = 1; taken.has(name); number++) name = `${wanted}${number}`;
    taken.add(name);
    return name;
  });
}

/** The operators so that each stands before those it gives to, else as in the list; or some that give to each other in a circle. */
function sorted(outputs: readonly (readonly number[])[]): { readonly order: number[]; readonly circle: number[] } {
  const order: number[] = [];
  const isDone = new Set<number>();
  const way: number[] = [];
  const visit = (index: number): number[] => {
    if (index === END || isDone.has(index)) return [];
    const at = way.indexOf(index);
    if (at >= 0) return way.slice(at);
    way.push(index);
    for (const next of (outputs[index] ?? []).toReversed()) {
      const circle = visit(next);
      if (circle.length > 0) return circle;
    }
    way.pop();
    isDone.add(index);
    order.unshift(index);
    return [];
  };
  for (let index = outputs.length - 1; index >= 0; index--) {
    const circle = visit(index);
    if (circle.length > 0) return { order, circle };
  }
  return { order, circle: [] };
}
