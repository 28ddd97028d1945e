import { isInt, isList, isMap, type Value } from '../value.ts';

type Rule = (value: Value) => boolean;

/** Compiles `{"level": [{"equals": […]}, {"range": {"min": 1, "max": 2}}, {"range": "2xx"}]}`; undefined when it is no such map. */
export function parseSeverityMapping(mapping: Value): ((value: Value) => Value) | undefined {
  if (!isMap(mapping)) return undefined;
  const levels: { level: string; rules: Rule[] }[] = [];
  for (const [level, criteria] of Object.entries(mapping)) {
    if (!isList(criteria)) return undefined;
    const rules = criteria.map(ruleOf);
    if (rules.includes(undefined)) return undefined;
    levels.push({ level, rules: rules.filter((rule) => rule !== undefined) });
  }
  return (value) => levels.find(({ rules }) => rules.some((rule) => rule(value)))?.level ?? null;
}

function ruleOf(criterion: Value): Rule | undefined {
  if (!isMap(criterion)) return undefined;
  const { equals = null, range = null } = criterion;
  if (isList(equals)) return (value) => typeof value === 'string' && equals.includes(value);
  const bounds = typeof range === 'string' ? placeholder(range) : isMap(range) ? range : undefined;
  const { min, max } = bounds ?? {};
  if (!isInt(min) || !isInt(max)) return undefined;
  return (value) => isInt(value) && value >= min && value <= max;
}

function placeholder(text: string): { readonly min: number; readonly max: number } | undefined {
  const hundreds = /^([2-5])xx$/.exec(text)?.[1];
  return hundreds === undefined ? undefined : { min: Number(hundreds) * 100, max: Number(hundreds) * 100 + 99 };
}
