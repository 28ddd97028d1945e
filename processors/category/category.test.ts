import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { LogBatch, createResource, createScope, createSharedAttributes, type AttributeValue } from '#model';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { buildBatch, rowSpec, saidByRow } from '../../test/helpers/row-arbitrary.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { Category, type CategoryConfig } from './category.ts';
import { checkRules } from './check.ts';
import type { RuleConfig } from './rule-config.ts';

const DEFAULTS: CategoryConfig = {
  rules: [],
  preset: 'none',
  default: '',
  attribute: 'winnow.category',
  override: false,
  logger_attributes: ['logger'],
};

interface Line {
  readonly body?: AttributeValue;
  readonly path?: string;
  readonly service?: string;
  readonly scope?: string;
  readonly severity?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

function batchOf(lines: readonly Line[]): LogBatch {
  const batch = new LogBatch();
  for (const { body = 'body', path, service, scope, severity = 9, attributes = {} } of lines) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    if (path !== undefined) batch.sharedOf[row] = batch.addShared(createSharedAttributes({ 'log.file.path': path }));
    if (service !== undefined) batch.resourceOf[row] = batch.addResource(createResource({ 'service.name': service }));
    if (scope !== undefined) batch.scopeOf[row] = batch.addScope(createScope(scope));
    for (const [key, value] of Object.entries(attributes)) batch.setAttribute(row, key, value);
  }
  deliver(batch);
  return batch;
}

async function categoriesOf(config: Partial<CategoryConfig>, lines: readonly Line[]): Promise<unknown[]> {
  const sink = new LogsSink();
  const processor = new Category({ ...DEFAULTS, ...config }, sink);
  await processor.start(createTestHost());
  await processor.consume(batchOf(lines));
  return sink.records.map(({ attributes }) => attributes[config.attribute ?? 'winnow.category']);
}

describe('a rule', () => {
  test('all of its conditions must hold, of a list one entry; the first rule wins', async () => {
    const rules = [
      { category: 'both', services: ['shop*', 'till'], keywords: ['pay'] },
      { category: 'service', services: ['shop*'] },
    ];

    const found = await categoriesOf({ rules, default: 'else' }, [
      { service: 'shop-eu', body: 'did Pay.' },
      { service: 'shop', body: 'payment' },
      { service: 'till', body: 'payment' },
      { service: 'till', body: 'PAY' },
      { body: 'pay' },
    ]);

    expect(found).toEqual(['both', 'service', 'else', 'both', 'else']);
  });

  test('matches paths, whole or by the name of the file, and takes the name out of it', async () => {
    const rules = [
      { category: '{1}', paths: ['com.plexapp.agents.*.log*'] },
      { category: 'host-{2}', paths: ['/var/*/host?/*.txt'] },
    ];

    const found = await categoriesOf({ rules }, [
      { path: '/logs/com.plexapp.agents.aebn.log' },
      { path: '/logs/com.plexapp.agents.imdb.x.log.3' },
      { path: '/var/a/b/host7/app.txt' },
      { path: '/var/a/host/app.txt' },
    ]);

    expect(found).toEqual(['aebn', 'imdb.x', 'host-app', undefined]);
  });

  test('matches loggers by scope, else by attribute', async () => {
    const rules = [{ category: 'db', loggers: ['sql.*'] }];

    const found = await categoriesOf({ rules }, [
      { scope: 'sql.engine' },
      { attributes: { logger: 'sql.pool' } },
      { scope: 'web', attributes: { logger: 'sql.pool' } },
      {},
    ]);

    expect(found).toEqual(['db', 'db', undefined, undefined]);
  });

  test('matches attributes, own and shared, by name and by value', async () => {
    const rules = [
      { category: 'value', attributes: ['kind=a', 'kind=b'] },
      { category: 'name', attributes: ['kind', 'log.file.path=/x'] },
    ];

    const found = await categoriesOf({ rules }, [
      { attributes: { kind: 'b' } },
      { attributes: { kind: 1 } },
      { path: '/x' },
      { path: '/y' },
    ]);

    expect(found).toEqual(['value', 'name', 'name', undefined]);
  });

  test('matches severity and a condition in OTTL', async () => {
    const rules: RuleConfig[] = [
      { category: 'bad', severity: 'WARN', if: 'attributes["user"] != nil' },
      { category: 'text', if: 'IsMatch(body, "^id=")' },
    ];

    const found = await categoriesOf({ rules }, [
      { severity: 13, attributes: { user: 'x' } },
      { severity: 12, attributes: { user: 'x' } },
      { body: 'id=7' },
    ]);

    expect(found).toEqual(['bad', undefined, 'text']);
  });

  test('finds keywords as whole words, in any case, also inside nested bodies and beside signs', async () => {
    const rules = [
      { category: 'word', keywords: ['tool'] },
      { category: 'sign', keywords: ['<end>', 'über'] },
    ];

    const found = await categoriesOf({ rules }, [
      { body: 'toolbar retool' },
      { body: 'the TOOL' },
      { body: '"tool":1' },
      { body: { message: 'a tool' } },
      { body: 'x<END>y' },
      { body: 'sehr über' },
      { body: 'tool_name' },
      { body: '' },
    ]);

    expect(found).toEqual([undefined, 'word', 'word', 'word', 'sign', 'sign', undefined, undefined]);
  });
});

describe('a category that is there already', () => {
  test('stays, unless override', async () => {
    const lines = [{ attributes: { 'winnow.category': 'old' } }, {}];

    expect(await categoriesOf({ default: 'new' }, lines)).toEqual(['old', 'new']);
    expect(await categoriesOf({ default: 'new', override: true }, lines)).toEqual(['new', 'new']);
  });
});

describe('presets', () => {
  test('llm_os: each of the six by field, file, attribute and words', async () => {
    const found = await categoriesOf({ preset: 'llm_os' }, [
      { attributes: { category: 'tool', user_input: 'x' } },
      { path: '/home/u/.llm_os/logs/user_interactions.log' },
      { path: '/home/u/.llm_os/logs/performance.log.2' },
      { path: 'security.log' },
      { scope: 'llm_os.llm' },
      { attributes: { tool_name: 'list_directory', success: true } },
      { attributes: { provider: 'groq', prompt_tokens: 150 } },
      { attributes: { resource: '/etc/passwd', action: 'read', allowed: false } },
      { attributes: { operation: 'initialize_router', duration_ms: 12.5 } },
      { attributes: { user_input: 'list files' } },
      { body: 'Permission denied: /etc/shadow' },
      { body: 'MCP tool failed' },
      { body: 'component started' },
    ]);

    expect(found.join()).toBe('tool,user,performance,security,llm,tool,llm,security,performance,user,security,tool,system');
  });

  test('plugin_logs: the agent in the name of its file; own rules come first', async () => {
    const config = { preset: 'plugin_logs', rules: [{ category: 'errors', severity: 'ERROR' }] } as const;
    const path = '/PMS Plugin Logs/com.plexapp.agents.aebn.log';

    expect(await categoriesOf({ ...config, rules: [...config.rules] }, [{ path }, { path, severity: 17 }, { path: '/other.log' }])).toEqual(
      ['aebn', 'errors', undefined],
    );
  });
});

test('a condition that cannot be answered does not hold, and is counted', async () => {
  const sink = new LogsSink();
  const processor = new Category({ ...DEFAULTS, rules: [{ category: 'x', if: 'Substring(body, 50, 10) == "x"' }], default: 'else' }, sink);
  const host = createTestHost();
  await processor.start(host);

  await processor.consume(batchOf([{ body: 'short' }, { body: 'short' }]));

  expect(sink.records.map(({ attributes }) => attributes['winnow.category'])).toEqual(['else', 'else']);
  expect(host.metric('winnow_category_condition_failures')).toBe(2);
  expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('mistakes are found before the start', () => {
  const problemsOf = (rules: RuleConfig[]): string[] =>
    checkRules({ ...DEFAULTS, rules }).map(({ path, message }) => `${path}: ${message}`);

  expect(problemsOf([])).toEqual([': expected rules, a preset or a default, got none; as it is, no record would get a category']);
  expect(problemsOf([{ category: 'x' }])[0]).toContain('rules.0: expected a condition');
  expect(problemsOf([{ category: '{1}', paths: ['a.log'] }])[0]).toContain('rules.0.category: "{1}" takes a part');
  expect(problemsOf([{ category: 'x', if: 'body ===' }])[0]).toContain('rules.0.if: ');
});

test('a batch that was refused keeps its categories', async () => {
  const sink = new LogsSink();
  const processor = new Category({ ...DEFAULTS, default: 'x' }, sink);
  const batch = batchOf([{}]);

  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  sink.isRefusing = false;
  await processor.consume(batch);

  expect(sink.records.map(({ attributes }) => attributes)).toEqual([{ 'winnow.category': 'x' }]);
});

/** Goal: nothing but the category changes, on any row. Method: random rows, compared with what they said before. */
test('rows in = rows out, the same but for their category', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rowSpec, { minLength: 1, maxLength: 30 }), async (specs) => {
      const batch = buildBatch(specs);
      const { outcome } = deliver(batch);
      for (const [row, { isDropped }] of specs.entries()) if (isDropped) batch.drop(row, 'test');
      const before = specs.map((_, row) => saidByRow(batch, row) as { attributes: Map<string, AttributeValue> });
      const processor = new Category({ ...DEFAULTS, rules: [{ category: 'has a', attributes: ['a'] }], default: 'else' }, new LogsSink());

      await processor.consume(batch);

      for (const [row, said] of before.entries()) {
        const expected = batch.isDropped[row] === 1 ? undefined : said.attributes.has('a') ? 'has a' : 'else';
        const now = saidByRow(batch, row) as { attributes: Map<string, AttributeValue> };
        expect(now.attributes.get('winnow.category')).toBe(expected);
        now.attributes.delete('winnow.category');
        expect(now).toEqual(said);
      }
      const { durable, dropped } = await outcome;
      expect(durable + (dropped.get('test') ?? 0)).toBe(specs.length);
    }),
  );
});
