import { parseDuration, type ConfigProblem } from '#component';
import { checkOperators } from '#operators';
import type { FileLogConfig } from './config.ts';
import { findEncoding } from './encoding.ts';
import { GlobError, parseGlob } from './glob.ts';
import { Ordering } from './ordering.ts';
import { compileMultiline } from './patterns.ts';

/** What the schema cannot say. Paths are relative to the component. */
export function checkFileLog(config: FileLogConfig): readonly ConfigProblem[] {
  return [
    ...checkGlobs('include', config.include),
    ...checkGlobs('exclude', config.exclude),
    ...checkMultiline(config),
    ...checkEncoding(config),
    ...checkOrdering(config),
    ...checkRest(config),
    ...checkOperators(config.operators).map(({ path, message }) => ({ path: `operators.${path}`, message })),
  ];
}

function checkGlobs(option: string, globs: readonly string[]): ConfigProblem[] {
  return globs.flatMap((glob, index) => attempt(`${option}.${index}`, () => parseGlob(glob)));
}

function checkMultiline({ multiline, encoding }: FileLogConfig): ConfigProblem[] {
  if (!multiline) return [];
  const { line_start_pattern: start, line_end_pattern: end } = multiline;
  if ((start === '') === (end === '')) {
    const came = start === '' ? 'neither' : 'both';
    return [{ path: 'multiline', message: `expected one of line_start_pattern and line_end_pattern, got ${came}` }];
  }
  if (encoding.toLowerCase() === 'nop') {
    return [{ path: 'multiline', message: 'encoding "nop" has no lines; remove "multiline" or name the encoding of the files' }];
  }
  const path = start === '' ? 'multiline.line_end_pattern' : 'multiline.line_start_pattern';
  return attempt(path, () => compileMultiline(start || end));
}

function checkEncoding({ encoding }: FileLogConfig): ConfigProblem[] {
  if (findEncoding(encoding)) return [];
  const message = `expected an encoding such as "utf-8", "utf-16le", "latin1", "windows-1252" or "nop", got "${encoding}"`;
  return [{ path: 'encoding', message }];
}

function checkOrdering({ ordering_criteria: criteria }: FileLogConfig): ConfigProblem[] {
  if (!criteria) return [];
  const problems: ConfigProblem[] = [];
  for (const option of ['regex', 'group_by'] as const) {
    const text = criteria[option];
    if (text) problems.push(...attempt(`ordering_criteria.${option}`, () => new Ordering({ top_n: 1, sort_by: [], regex: text })));
  }
  for (const [index, rule] of criteria.sort_by.entries()) {
    const path = `ordering_criteria.sort_by.${index}`;
    if (rule.sort_type === 'mtime') continue;
    if (!criteria.regex) problems.push({ path, message: `sort_type "${rule.sort_type}" needs ordering_criteria.regex with a named group` });
    if (!rule.regex_key) problems.push({ path: `${path}.regex_key`, message: 'expected the name of a group of ordering_criteria.regex' });
    else if (criteria.regex && !criteria.regex.includes(`<${rule.regex_key}>`)) {
      problems.push({ path: `${path}.regex_key`, message: `ordering_criteria.regex has no group named "${rule.regex_key}"` });
    }
    if (rule.sort_type === 'timestamp' && !rule.layout) {
      problems.push({ path: `${path}.layout`, message: 'expected a strptime layout such as "%Y%m%d", which sort_type "timestamp" needs' });
    }
  }
  return problems;
}

function checkRest(config: FileLogConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.delete_after_read && config.start_at === 'end') {
    problems.push({ path: 'delete_after_read', message: 'a file begun at its end is never read; set start_at to "beginning"' });
  }
  if (config.header) {
    problems.push({ path: 'header', message: 'header lines are not supported; remove "header" and parse them with operators' });
  }
  if (config.acquire_fs_lock) {
    problems.push({ path: 'acquire_fs_lock', message: 'file locks are not supported; remove "acquire_fs_lock"' });
  }
  if (config.storage === '') problems.push({ path: 'storage', message: 'expected the id of a storage extension, got ""' });
  if (parseDuration(config.poll_interval) <= 0) {
    problems.push({ path: 'poll_interval', message: `expected more than 0, got "${config.poll_interval}"` });
  }
  return problems;
}

function attempt(path: string, action: () => unknown): ConfigProblem[] {
  try {
    action();
    return [];
  } catch (problem) {
    if (problem instanceof GlobError || problem instanceof RangeError || problem instanceof SyntaxError) {
      return [{ path, message: problem.message }];
    }
    throw problem;
  }
}
