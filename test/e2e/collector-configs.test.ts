/**
 * Configurations as they are written for the Collector run here unchanged and mean the same. Each one below uses a set
 * of forms that published configurations use (the words are ours), in the two files beside this one. Compared are the values that take effect, with the
 * Collector's defaults where nothing is written; deviations stand in `OURS`. Each also gets a typo, and the message must
 * name the place, what was expected and what to write.
 */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatEffective } from '../../src/config/index.ts';
import { registry } from '../../src/registry.ts';
import { loadText, problemsOf } from '../helpers/load-text.ts';
import { WITH_OPERATORS } from './collector-configs.operators.ts';
import { PIPELINES } from './collector-configs.pipelines.ts';

function valueAt(config: unknown, path: string): unknown {
  // Ids and attribute names may hold dots nowhere in these paths but at their end.
  let value = config;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

describe.for(Object.entries({ ...PIPELINES, ...WITH_OPERATORS }))('%s', ([, { text, env = {}, means, typos }]) => {
  test('is valid and means what it says', async () => {
    const config = await loadText(text, { registry, env });

    const effective: unknown = parse(formatEffective(config, { defaults: true }));
    expect(Object.fromEntries(Object.keys(means).map((path) => [path, valueAt(effective, path)]))).toEqual(means);
  });

  test.for(typos)('with %s as %s it says where and what', async ([from, to, message]) => {
    const problems = await problemsOf(loadText(text.replace(from, to), { registry, env }));

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^config\/winnow\.yaml:\d+:\d+: [a-z][\w./[\]]*: /);
    expect(problems[0]).toContain(message);
  });
});
