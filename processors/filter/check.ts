import { messageOf, type ConfigProblem } from '#component';
import { compilePattern } from '#operators';
import { checkOttl } from '#ottl';
import { groupsOf, type FilterConfig, type MatchConfig } from './config.ts';

/** What a schema cannot say. */
export function checkFilter(config: FilterConfig): ConfigProblem[] {
  const { logs = {} } = config;
  const problems: ConfigProblem[] = [];
  if ((logs.include || logs.exclude) && (logs.log_record || logs.resource)) {
    const message = 'include and exclude cannot stand beside log_record and resource; write them as conditions in log_record';
    problems.push({ path: 'logs', message });
  }
  for (const { path, conditions, context } of groupsOf(config)) {
    for (const { path: inner, message } of checkOttl({ conditions, statements: [] }, context)) {
      const isOne = /^log_conditions\.\d+$/.test(path);
      problems.push({ path: isOne ? path : `${path}.${inner.split('.')[1] ?? ''}`, message });
    }
  }
  if (logs.include) problems.push(...checkMatch('logs.include', logs.include));
  if (logs.exclude) problems.push(...checkMatch('logs.exclude', logs.exclude));
  return problems;
}

function checkMatch(path: string, config: MatchConfig): ConfigProblem[] {
  const { resource_attributes: resources = [], record_attributes: attributes = [], severity_texts: texts = [], bodies = [] } = config;
  const isOfTexts = [resources, attributes, texts, bodies].some(({ length }) => length > 0);
  if (!isOfTexts && !config.severity_number) {
    const options = 'resource_attributes, record_attributes, severity_texts, bodies, severity_number';
    return [{ path, message: `expected at least one of ${options}; as it is, it would match nothing in particular` }];
  }
  if (isOfTexts && !config.match_type) return [{ path: `${path}.match_type`, message: 'expected strict or regexp, got nothing' }];
  return config.match_type === 'regexp' ? checkPatterns(path, config) : [];
}

function checkPatterns(path: string, config: MatchConfig): ConfigProblem[] {
  const { resource_attributes: resources = [], record_attributes: attributes = [], severity_texts: texts = [], bodies = [] } = config;
  const problems: ConfigProblem[] = [];
  const check = (at: string, pattern: unknown): void => {
    if (pattern === undefined || pattern === null) return;
    if (typeof pattern !== 'string') {
      problems.push({ path: `${path}.${at}`, message: `match_type regexp needs a text, got ${JSON.stringify(pattern)}` });
      return;
    }
    try {
      compilePattern(pattern);
    } catch (problem) {
      problems.push({ path: `${path}.${at}`, message: messageOf(problem) });
    }
  };
  for (const [i, { value }] of resources.entries()) check(`resource_attributes.${i}.value`, value);
  for (const [i, { value }] of attributes.entries()) check(`record_attributes.${i}.value`, value);
  for (const [i, text] of texts.entries()) check(`severity_texts.${i}`, text);
  for (const [i, body] of bodies.entries()) check(`bodies.${i}`, body);
  return problems;
}
