import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'winnow-rehearsal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CONFIG = `
receivers: { file_log: { include: [/var/log/app-*.log] } }
processors:
  batch: { timeout: '\${env:TIMEOUT:-1s}' }
  attributes: { actions: [{ key: team, value: shop, action: upsert }] }
exporters: { debug: {} }
service: { pipelines: { logs: { receivers: [file_log], processors: [attributes, batch], exporters: [debug] } } }
`;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(tests: string, { config = CONFIG, args = [] as string[] } = {}): Promise<Outcome> {
  writeFileSync(join(folder, 'config.yaml'), config);
  writeFileSync(join(folder, 'tests.yaml'), tests);
  let out = '';
  let err = '';
  const shell = { env: {}, cwd: folder, isTerminal: false, version: '0', exit: () => {} };
  const code = await runCommandLine(['test', 'config.yaml', 'tests.yaml', ...args], {
    ...shell,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, out, err };
}

/** One test of these steps. */
const steps = (...lines: readonly string[]): string =>
  ['tests:', '  - name: it', '    steps:', ...lines.map((line) => `      - ${line}`)].join('\n');

describe('what passes', () => {
  test.each<[string, string[]]>([
    ['records in their order', ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect: [{ body: a }, { body: b }]']],
    ['records in any order', ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect_any_order: [{ body: b }, { body: a }]']],
    ['some of them', ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect_some: [{ body: b }]']],
    ['their number', ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect_count: 2']],
    [
      'nothing before the clock moves',
      ['send: [{ body: a }]', 'advance: 999ms', 'expect_nothing: true', 'advance: 1ms', 'expect: [{ body: a }]'],
    ],
    [
      'every field',
      [
        'send: [{ body: { a: [1] }, severity: warn2, time: "+1m", attributes: { x: 1.5 }, resource: { service.name: s }, scope: lib, trace_id: 0123456789abcdef0123456789abcdef, span_id: 0123456789abcdef, event_name: started }]',
        'advance: 1s',
        'expect: [{ body: { a: [1] }, severity: WARN2, severity_text: warn2, time: "2026-01-30T12:01:00Z", observed_time: "2026-01-30T12:00:00Z", attributes: { x: 1.5, team: shop }, resource: { service.name: s }, scope: lib, trace_id: 0123456789abcdef0123456789abcdef, span_id: 0123456789abcdef, event_name: started }]',
      ],
    ],
    [
      'matchers',
      [
        'send: [{ body: took 12 ms, attributes: { n: 5, l: [a, b] } }]',
        'advance: 1s',
        "expect: [{ body: { $matches: '^took [0-9]+', $contains: ms }, attributes: { n: { $at_least: 5, $at_most: 5 }, l: { $contains: b }, x: { $exists: false } } }]",
      ],
    ],
    [
      'one record for each expectation, not the first that fits',
      ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect_any_order: [{ body: { $exists: true } }, { body: a }]'],
    ],
    [
      'a metric',
      [
        'send: [{ body: a }]',
        'advance: 1s',
        'expect_count: 1',
        "expect_metric: { name: winnow_pipeline_passed_log_records, value: '>= 1' }",
      ],
    ],
    ['what a stop flushes', ['send: [{ body: a }]', 'stop: true', 'expect: [{ body: a }]']],
    ['what a restart flushes', ['send: [{ body: a }]', 'restart: true', 'expect: [{ body: a }]']],
    ['that a kill loses what was held in memory', ['send: [{ body: a }]', 'kill: true', 'advance: 1h', 'expect_nothing: true']],
    [
      'lines through the receiver',
      ['lines: [a, b]', 'advance: 1s', 'expect: [{ body: a, attributes: { log.file.name: app-test.log } }, { body: b }]'],
    ],
    [
      'lines of one text, in a file',
      [
        '{ lines: "a\\nb\\n", file: /var/log/app-1.log }',
        'advance: 1s',
        'expect: [{ body: a, attributes: { log.file.name: app-1.log } }, { body: b }]',
      ],
    ],
    ['nothing dropped', ['send: [{ body: a }]', 'advance: 1s', 'expect_count: 1', 'expect_dropped: {}']],
  ])('%s', async (_what, lines) => {
    expect(await run(steps(...lines))).toEqual({ code: 0, out: 'ok   it\n\n1 passed\n', err: '' });
  });

  test('a memory limiter passes all, whatever this process takes', async () => {
    const limiter = 'memory_limiter: { check_interval: 1s, limit_mib: 101, spike_limit_mib: 20 }';
    const config = CONFIG.replace('processors:\n', `processors:\n  ${limiter}\n`).replace('[attributes,', '[memory_limiter, attributes,');
    // Of this process, above the limit.
    const held = Buffer.alloc(110 * 1024 * 1024, 1);

    expect(await run(steps('send: [{ body: a }]', 'advance: 1s', 'expect_count: 1'), { config })).toMatchObject({ code: 0, err: '' });
    expect(held.length).toBeLessThan(process.memoryUsage.rss());
  });

  test('variables of the file reach the configuration', async () => {
    const text = `env: { TIMEOUT: 5s }\n${steps('send: [{ body: a }]', 'advance: 4s', 'expect_nothing: true', 'advance: 1s', 'expect_count: 1')}`;

    expect((await run(text)).code).toBe(0);
  });
});

describe('what fails says where, and how it differs', () => {
  test.each<[string, string[], string[]]>([
    [
      'another value',
      ['send: [{ body: a, severity: INFO }]', 'advance: 1s', 'expect: [{ body: b, severity: ERROR, attributes: { team: pay } }]'],
      [
        'tests.yaml:6:9: step 3: expected 1 record, 1 came',
        'closest is what came as number 1',
        'body',
        '- expected "b"',
        '+ came     "a"',
        '- expected "ERROR"',
        '+ came     "INFO"',
        'attributes["team"]',
      ],
    ],
    [
      'the closest of several',
      ['send: [{ body: a, severity: INFO }, { body: b, severity: ERROR }]', 'advance: 1s', 'expect_some: [{ body: c, severity: ERROR }]'],
      ['closest is what came as number 2', '+ came     "b"'],
    ],
    [
      'one that did not come',
      ['send: []', 'expect: [{ body: a }]'],
      ['expected 1 record, 0 came', 'record 1 did not come: - {"body":"a"}'],
    ],
    [
      'one too many',
      ['send: [{ body: a }, { body: b, severity: WARN }]', 'advance: 1s', 'expect: [{ body: a }]'],
      ['expected 1 record, 2 came', '+ WARN "b" {"team":"shop"}'],
    ],
    [
      'another order',
      ['send: [{ body: a }, { body: b }]', 'advance: 1s', 'expect: [{ body: b }, { body: a }]'],
      ['the records came in another order'],
    ],
    ['something instead of nothing', ['send: [{ body: a }]', 'advance: 1s', 'expect_nothing: true'], ['expected nothing, 1 came']],
    ['another number', ['send: [{ body: a }]', 'advance: 1s', 'expect_count: 3'], ['expected 3 records, 1 came']],
    [
      'nothing dropped',
      ['send: [{ body: a }]', 'advance: 1s', 'expect_count: 1', 'expect_dropped: { filtered: 1 }'],
      ['expected dropped {"filtered":1}, got {}'],
    ],
    [
      'nothing refused',
      ['send: [{ body: a }]', 'expect_refused: true', 'advance: 1s', 'expect_count: 1'],
      ['expected the records to be refused, they were taken'],
    ],
    ['another value of a metric', ['expect_metric: { name: winnow_pipeline_passed_log_records, value: 1 }'], ['to be 1, it is 0']],
    ['a metric that does not exist', ['expect_metric: { name: no_such_metric, value: 1 }'], ['there is no such metric']],
    [
      'records nobody looked at',
      ['expect_nothing: true', 'send: [{ body: a }]', 'advance: 1s'],
      ['1 record came out that no step looked at', '+ "a"'],
    ],
  ])('%s', async (_what, lines, said) => {
    const { code, out } = await run(steps(...lines));

    expect(code).toBe(1);
    for (const text of said) expect(out).toContain(text);
    expect(out).toContain('1 failed, 0 passed');
  });

  test('as JSON', async () => {
    const { code, out } = await run(steps('send: [{ body: a }]', 'advance: 1s', 'expect: [{ body: b }]'), { args: ['--json'] });

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      passed: 0,
      failed: 1,
      tests: [
        {
          file: 'tests.yaml',
          name: 'it',
          position: 'tests.yaml:2:5',
          failures: [
            {
              step: 3,
              position: 'tests.yaml:6:9',
              misses: [{ number: 1, closest: { number: 1, differences: [{ field: 'body', expected: '"b"', actual: '"a"' }] } }],
            },
          ],
        },
      ],
    });
  });
});

describe('what cannot run is refused with its place', () => {
  test.each<[string, string, string]>([
    [
      'a step that does not exist',
      steps('sent: []', 'expect_nothing: true'),
      'tests.yaml:4:9: tests[0].steps[0]: "sent" is not an option; did you mean "send"?',
    ],
    [
      'two actions in a step',
      steps('{ advance: 1s, expect_nothing: true }'),
      'expected one action or expectation, got advance, expect_nothing',
    ],
    ['no action', steps('{}', 'expect_nothing: true'), 'expected one action or expectation, got none'],
    ['a test that cannot fail', steps('advance: 1s'), 'expected at least one expectation'],
    ['an action after a stop', steps('stop: true', 'advance: 1s', 'expect_nothing: true'), 'only expectations may follow "stop"'],
    [
      'a wrong severity',
      steps('send: [{ severity: loud }]', 'expect_count: 1'),
      'expected a severity such as INFO, WARN2 or 17, got "loud"',
    ],
    ['a wrong time', steps('send: [{ time: "+soon" }]', 'expect_count: 1'), 'expected a time such as'],
    ['a matcher that does not exist', steps('expect: [{ body: { $match: a } }]'), '"$match" is not a matcher; did you mean "$matches"?'],
    ['a file without lines', steps('{ advance: 1s, file: /a }', 'expect_nothing: true'), '"file" says where "lines" are appended'],
    [
      'two tests of one name',
      `${steps('expect_nothing: true')}\n  - name: it\n    steps: [{ expect_nothing: true }]`,
      'is the name of two tests',
    ],
    [
      'a pipeline that does not exist',
      steps('expect_nothing: true').replace('name: it', 'name: it\n    pipeline: logs/x'),
      'pipeline "logs/x" is not defined; defined: logs',
    ],
    ['no YAML', 'tests: [', 'tests.yaml:1:'],
    ['an empty file', '', 'expected a list of maps'],
  ])('%s', async (_what, text, said) => {
    const { code, err } = await run(text);

    expect(err).toContain(said);
    expect(code).toBe(2);
  });

  test('a wrong configuration', async () => {
    const { code, err } = await run(steps('expect_nothing: true'), { config: CONFIG.replace('batch:', 'botch:') });

    expect(code).toBe(2);
    expect(err).toContain('"botch" is not a processor type');
  });

  test('a file that is not there, no file at all, and a name no test has', async () => {
    const { code, err } = await run(steps('expect_nothing: true'), { args: ['missing.yaml'] });
    const filtered = await run(steps('expect_nothing: true'), { args: ['--filter', 'other'] });

    expect(code).toBe(2);
    expect(err).toContain('cannot read the tests in missing.yaml');
    expect(filtered).toMatchObject({ code: 2, err: 'winnow: no test has "other" in its name\n' });
  });
});

test('the same seed gives the same run, whatever the time of day', async () => {
  const tests = steps('send: [{ body: a }]', 'advance: 1s', 'expect: [{ observed_time: "2020-02-02T02:02:02Z" }]').replace(
    'name: it',
    'name: it\n    start: 2020-02-02T02:02:02Z\n    seed: 7',
  );

  const outcomes = [await run(tests), await run(tests)];

  expect(outcomes).toEqual([{ code: 0, out: 'ok   it\n\n1 passed\n', err: '' }, outcomes[0]]);
});
