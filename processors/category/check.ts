import { attemptsInto, type ConfigProblem } from '#component';
import { compileCondition } from '#ottl';
import type { CategoryConfig } from './category.ts';
import type { RuleConfig } from './rule-config.ts';

/** What the schema cannot say. */
export function checkRules(config: CategoryConfig): ConfigProblem[] {
  const problems = config.rules.flatMap((rule, i) =>
    checkRule(rule).map(({ path, message }) => ({ path: path === '' ? `rules.${i}` : `rules.${i}.${path}`, message })),
  );
  if (config.rules.length === 0 && config.preset === 'none' && config.default === '') {
    problems.push({ path: '', message: 'expected rules, a preset or a default, got none; as it is, no record would get a category' });
  }
  return problems;
}

function checkRule({ category, ...conditions }: RuleConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (Object.keys(conditions).length === 0) {
    problems.push({ path: '', message: 'expected a condition; for what no other rule matches use the option "default"' });
  }
  const isCaptured = [conditions.loggers, conditions.services, conditions.paths].some((patterns) =>
    patterns?.some((one) => one.includes('*')),
  );
  if (/\{[1-9]\}/.test(category) && !isCaptured) {
    problems.push({
      path: 'category',
      message: `"${category}" takes a part of a pattern, but no pattern in loggers, services or paths has a *`,
    });
  }
  const condition = conditions.if;
  if (condition !== undefined) attemptsInto(problems)('if', () => compileCondition(condition));
  return problems;
}
