import type { ConfigProblem, ReceiverFactory } from '#component';
import { httpServerProblems } from '#net';
import type { HttpConfig } from './config.ts';
import { HttpReceiver } from './http-receiver.ts';
import { schema } from './schema.ts';

export const factory: ReceiverFactory<HttpConfig> = {
  kind: 'receiver',
  type: 'http',
  stability: 'beta',
  summary: 'Takes log records over HTTP: JSON, lines, and what Elasticsearch, Loki and Splunk clients send.',
  schema,
  check,
  create: (config, settings, next) => new HttpReceiver(config, settings, next),
};

function check(config: HttpConfig): ConfigProblem[] {
  const problems = httpServerProblems(config, '');
  const seen = new Set<string>();
  for (const [index, { path }] of config.paths.entries()) {
    if (path.includes('?')) problems.push({ path: `paths[${index}].path`, message: `expected a path without a query, got "${path}"` });
    if (seen.has(path)) problems.push({ path: `paths[${index}].path`, message: `"${path}" is listed twice` });
    seen.add(path);
  }
  if (config.paths.length === 0 && config.dialects.length === 0) {
    problems.push({ path: 'paths', message: 'expected at least one path or one of "dialects", got neither' });
  }
  return problems;
}
