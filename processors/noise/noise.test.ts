import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogBatch, createScope } from '#model';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import type { NoiseConfig } from './config.ts';
import { NoiseProcessor } from './noise.ts';

const DEFAULTS: NoiseConfig = {
  pass_severity: 'ERROR',
  dumps: { action: 'drop', min_length: 200, max_brackets: 3 },
  stack_traces: { action: 'cut' },
  loggers: [],
  logger_attributes: ['logger'],
};

interface Row {
  readonly body: string;
  readonly severity?: number;
  readonly logger?: string;
  readonly scope?: string;
}

async function sift(
  rows: readonly (Row | string)[],
  config: Partial<NoiseConfig> = {},
): Promise<{ bodies: unknown[]; dropped: number; host: TestHost }> {
  const batch = new LogBatch();
  for (const given of rows) {
    const { body, severity = 0, logger, scope } = typeof given === 'string' ? { body: given } : given;
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, body);
    batch.severity[row] = severity;
    if (logger !== undefined) batch.setAttribute(row, 'logger', logger);
    if (scope !== undefined) batch.scopeOf[row] = batch.addScope(createScope(scope));
  }
  const sink = new LogsSink();
  const host = createTestHost();
  const noise = new NoiseProcessor({ ...DEFAULTS, ...config }, sink);
  await noise.start(host);
  const { outcome } = deliver(batch);
  await noise.consume(batch);
  const { dropped } = await outcome;
  return { bodies: sink.bodies, dropped: dropped.get('noise') ?? 0, host };
}

const fill = (text: string, length: number): string => text.padEnd(length, '.');

describe('dumps', () => {
  test.each([
    ['201 characters with four {', fill('{{{{', 201), 1],
    ['201 characters with four [', fill('[[[[', 201), 1],
    ['200 characters with four {', fill('{{{{', 200), 0],
    ['201 characters with three { and three [', fill('{[{[{[', 201), 0],
    ['200 characters of two bytes with four {', `{{{{${'é'.repeat(196)}`, 0],
    ['201 characters of two bytes with four {', `{{{{${'é'.repeat(197)}`, 1],
  ])('of %s', async (_, body, dropped) => {
    expect((await sift([body])).dropped).toBe(dropped);
  });

  test('keep their beginning when cut', async () => {
    const { bodies, dropped, host } = await sift([fill('{{{{', 300)], { dumps: { action: 'cut', min_length: 200, max_brackets: 3 } });

    expect(bodies).toEqual([`${fill('{{{{', 200)}... [cut, 300 bytes]`]);
    expect(dropped).toBe(0);
    expect(host.metric('winnow_noise_cut_log_records', { rule: 'dumps' })).toBe(1);
  });

  test('stay when they are errors, by number or by word', async () => {
    const dump = fill('{{{{', 300);

    const { bodies } = await sift([{ body: dump, severity: 17 }, `ERROR ${dump}`, `{"level":"error"} ${dump}`, `terror ${dump}`]);

    expect(bodies).toHaveLength(3);
  });
});

describe('stack traces', () => {
  const python = [
    'Traceback (most recent call last):',
    '  File "a.py", line 1, in f',
    '    f(x)',
    '    ~^^^',
    '  File "b.py", line 2, in g',
    'ValueError: no',
  ];
  const java = ['java.lang.IllegalStateException: no', '\tat a.B.c(B.java:1)', '\tat a.B.d(B.java:2)', '\t... 12 more'];

  test('line by line keep the first and the last', async () => {
    const { bodies, dropped, host } = await sift(['before', ...python, 'after', ...java, '    indented text']);

    expect(bodies).toEqual(['before', python[0], 'ValueError: no', 'after', java[0], '    indented text']);
    expect(dropped).toBe(7);
    expect(host.metric('winnow_noise_dropped_log_records', { rule: 'stack_traces' })).toBe(7);
  });

  test('in one record keep the first and the last line', async () => {
    const { bodies, dropped } = await sift([python.join('\n'), `${java.join('\n')}\nCaused by: x`, 'two\nlines', 'three\nplain\nlines']);

    expect(bodies).toEqual([
      `${python[0]}\n\t... 4 lines left out ...\nValueError: no`,
      `${java[0]}\n\t... 3 lines left out ...\nCaused by: x`,
      'two\nlines',
      'three\nplain\nlines',
    ]);
    expect(dropped).toBe(0);
  });

  test('of errors stay', async () => {
    const body = python.join('\n');

    expect((await sift([{ body, severity: 17 }])).bodies).toEqual([body]);
    expect((await sift([body], { stack_traces: { action: 'keep' } })).bodies).toEqual([body]);
  });
});

describe('loggers', () => {
  const loggers = [
    { name: 'botocore', below: 'WARN' },
    { name: 'botocore.auth', below: 'DEBUG' },
  ];

  test('are heard from a severity on, by attribute or scope, with what is below them', async () => {
    const rows = [
      { body: 'a', severity: 9, logger: 'botocore.hooks' },
      { body: 'b', severity: 13, logger: 'botocore.hooks' },
      { body: 'c', severity: 5, logger: 'botocore.auth' },
      { body: 'd', severity: 9, logger: 'botocorex' },
      { body: 'e', severity: 9, scope: 'botocore' },
      { body: 'f', logger: 'botocore' },
    ];

    const { bodies, host } = await sift(rows, { loggers });

    expect(bodies).toEqual(['b', 'c', 'd', 'f']);
    expect(host.metric('winnow_noise_dropped_log_records', { rule: 'loggers' })).toBe(2);
  });
});

/**
 * Goal: what goes in comes out or is counted, and no error goes. Method: random rows of parts that matter to the rules,
 * against the rules in the words of document A.
 */
test('drops what the rules say and nothing else', async () => {
  const part = fc.constantFrom(
    '{',
    '[',
    'x',
    ' ',
    'é',
    '  File "a", line 1',
    'ERROR',
    '\tat a(b)',
    '{{{{',
    '[[[['.repeat(3),
    'y'.repeat(190),
  );
  const row = fc.record({
    body: fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    severity: fc.constantFrom(0, 5, 9, 13, 17, 21),
  });
  const isDump = (body: string): boolean => Array.from(body).length > 200 && (body.split('{').length > 4 || body.split('[').length > 4);

  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const expected = rows.filter(({ body, severity }) => severity >= 17 || !isDump(body) || (severity === 0 && /\bERROR\b/.test(body)));

      const { bodies, dropped } = await sift(rows, { stack_traces: { action: 'keep' } });

      expect(bodies).toEqual(expected.map(({ body }) => body));
      expect(dropped).toBe(rows.length - expected.length);
    }),
  );
});
