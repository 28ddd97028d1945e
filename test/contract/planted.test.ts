/**
 * Each check of the contract, shown a component that breaks what it checks. A check that finds nothing here would find
 * nothing elsewhere either.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Consumer, Factory, Host, PropertySchema } from '#component';
import { keyOf, LogBatch } from '#model';
import { dedupe, entryOf, exampleRegistry } from '../helpers/example-components.ts';
import { checkFolders, checkReadme, checkTestdata } from './check-documents.ts';
import { checkAccounts, checkAccountsInNeed, checkStartAndStop } from './check-life.ts';
import { checkFacts, checkSchema } from './check-schema.ts';
import { FEEDS, type Subject } from './subject.ts';

const folder = mkdtempSync(join(tmpdir(), 'winnow-planted-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function subject(factory: Factory, files: Readonly<Record<string, string>> = {}): Subject {
  const own = mkdtempSync(join(folder, 'component-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(own, name)), { recursive: true });
    writeFileSync(join(own, name), text);
  }
  return { entry: entryOf(factory), factory, folder: own, deadlineMs: 200 };
}

test('the examples that are changed below keep the contract', async () => {
  for (const entry of exampleRegistry) {
    const example = subject(await entry.load());
    expect(checkFacts(example)).toEqual([]);
  }
  expect(await checkAccountsInNeed(subject(dedupe))).toEqual([]);
  expect(checkSchema(subject(dedupe))).toEqual([]);
  expect(await checkStartAndStop(subject(dedupe))).toEqual([]);
  expect(await checkAccounts(subject(dedupe))).toEqual([]);
});

describe('facts', () => {
  test.each<[string, Partial<Factory>]>([
    ['type', { type: 'other' }],
    ['aliases', { aliases: ['other'] }],
    ['summary', { summary: 'no sentence' }],
  ])('a %s that the registry does not know', (_what, change) => {
    const factory = { ...dedupe, ...change } as Factory;
    expect(checkFacts({ ...subject(dedupe), factory })).toHaveLength(1);
  });
});

describe('schema', () => {
  const withOption = (option: PropertySchema, more: object = {}): Subject =>
    subject({ ...dedupe, schema: { type: 'object', additionalProperties: false, properties: { option }, ...more } } as never);
  const described = { description: 'It is described.' };

  test.each<[string, Subject, string]>([
    ['an option without description', withOption({ type: 'string' }), 'option has no description'],
    [
      'an option of a section without description',
      withOption({ ...described, type: 'object', properties: { inner: { type: 'string' } } }),
      'option.inner has no',
    ],
    [
      'an option of a form without description',
      withOption({ ...described, type: 'array', items: { oneOf: [{ type: 'object', properties: { inner: { type: 'string' } } }] } }),
      'option[].inner has no',
    ],
    ['a default of the wrong type', withOption({ ...described, type: 'integer', default: 'x' }), 'default of option is not valid'],
    ['a default out of bounds', withOption({ ...described, type: 'integer', minimum: 5, default: 1 }), 'default of option is not valid'],
    [
      'a required option with default',
      withOption({ ...described, type: 'string', default: 'x' }, { required: ['option'] }),
      'is required and has a default',
    ],
    [
      'a required option that does not exist',
      withOption({ ...described, type: 'string' }, { required: ['other'] }),
      'other is required and does not exist',
    ],
    ['a keyword nobody knows', withOption({ ...described, type: 'string', minimun: 3 } as PropertySchema), 'not a JSON Schema'],
    [
      'options that are not checked',
      withOption({ ...described, type: 'string' }, { additionalProperties: true }),
      'an unknown option is not refused',
    ],
  ])('%s', (_what, planted, said) => expect(checkSchema(planted).join('\n')).toContain(said));
});

describe('testdata', () => {
  test.each([
    ['a good one that is refused', 'good.yaml', 'max_keys: x', 'good.yaml: '],
    ['a bad one that is accepted', 'bad-1.yaml', '# expect: y\nmax_keys: 1', 'bad-1.yaml is accepted'],
    ['a bad one with another message', 'bad.yaml', '# expect: something else\nmax_keys: x', 'expected "something else"'],
    ['a bad one that expects nothing', 'bad.yaml', 'max_keys: x', 'has no "# expect'],
  ])('%s', async (_what, name, text, said) => {
    expect((await checkTestdata(subject(dedupe, { [`testdata/${name}`]: text }))).join('\n')).toContain(said);
  });

  test('those that are right', async () => {
    const files = {
      'testdata/good.yaml': 'max_keys: 1',
      'testdata/bad.yaml': '# expect: processors.dedupe.max_keys: expected a whole number\nmax_keys: x',
    };
    expect(await checkTestdata(subject(dedupe, files))).toEqual([]);
  });
});

describe('README', () => {
  const right = [
    '# dedupe',
    ...['What it does', 'Example', 'Options', 'Delivery', 'Metrics', 'Limits'].map((heading) => `## ${heading}\n\nText.\n`),
  ]
    .join('\n')
    .replace('## Options\n\nText.', '## Options\n\n<!-- options:start -->\ntable\n<!-- options:end -->');

  test.each([
    ['another title', right.replace('# dedupe', '# other'), 'does not begin with'],
    ['a heading that is missing', right.replace('## Metrics\n\nText.', ''), 'has the headings'],
    [
      'headings in another order',
      right.replace('## Metrics', '## X').replace('## Limits', '## Metrics').replace('## X', '## Limits'),
      'has the headings',
    ],
    ['a heading with nothing under it', right.replace('## Limits\n\nText.', '## Limits\n'), 'says nothing under Limits'],
    ['no place for the options', right.replace('<!-- options:start -->', ''), 'has no place'],
    ['no options', right.replace('\ntable\n', '\n'), 'has no options'],
  ])('%s', (_what, text, said) => expect(checkReadme(subject(dedupe, { 'README.md': text })).join('\n')).toContain(said));

  test('that is missing', () => expect(checkReadme(subject(dedupe)).join('\n')).toContain('is missing'));
  test('that is right', () => expect(checkReadme(subject(dedupe, { 'README.md': right }))).toEqual([]));
});

test('folders: one that is not listed, an entry without folder, a name listed twice', () => {
  mkdirSync(join(folder, 'tree/processors/unlisted'), { recursive: true });
  const other = { ...entryOf(dedupe), type: 'other', aliases: ['dedupe'] };

  expect(checkFolders(join(folder, 'tree'), [entryOf(dedupe), other])).toEqual([
    'processor/unlisted is not in the registry',
    'processor/dedupe has no folder',
    'processor/other has no folder',
    'processor/dedupe is listed twice',
  ]);
});

// ---- life ----

const leaks: Server[] = [];
afterAll(() => {
  for (const server of leaks) server.close();
});

function open(server: Server): Server {
  leaks.push(server);
  return server;
}

const quiet = { start: async (): Promise<void> => {}, shutdown: async (): Promise<void> => {} };

function processor(create: (next: Consumer) => object): Subject {
  const planted = {
    ...dedupe,
    create: (_config: unknown, _settings: unknown, next: Consumer) => ({ ...quiet, mutates: false, ...create(next) }),
  };
  return subject(planted as never);
}

function exporter(consume: Consumer['consume']): Subject {
  const planted = { ...dedupe, kind: 'exporter', create: () => ({ ...quiet, mutates: false, consume }) };
  return subject(planted as never);
}

describe('start and stop', () => {
  const consume = async (): Promise<void> => {};

  test.each<[string, () => object, string]>([
    ['a shutdown that fails without start', () => ({ consume, shutdown: () => Promise.reject(new Error('not started')) }), 'not started'],
    ['a start that fails', () => ({ consume, start: () => Promise.reject(new Error('cannot start')) }), 'cannot start'],
    [
      'a second shutdown that fails',
      () => {
        let shutdowns = 0;
        return {
          consume,
          start: async () => void shutdowns--,
          shutdown: async () => (++shutdowns > 0 ? Promise.reject(new Error('closed twice')) : undefined),
        };
      },
      'closed twice',
    ],
    [
      'a timer that outlives shutdown',
      () => ({ consume, start: async (host: Host) => void host.clock.after(1000, () => {}) }),
      'timers outlive',
    ],
    [
      'a socket that is left open',
      () => ({ consume, start: () => new Promise<void>((ready) => void open(createServer()).listen(0, ready)) }),
      'a TCPServerWrap is open',
    ],
  ])('%s', async (_what, create, said) => expect((await checkStartAndStop(processor(create))).join('\n')).toContain(said));

  test('a socket that is opened by create', async () => {
    const create = (): object => (open(createServer()).listen(0), { consume });
    expect((await checkStartAndStop(processor(create))).join('\n')).toContain('open after create');
  });

  test('a shutdown that hangs', async () => {
    expect((await checkStartAndStop(processor(() => ({ consume, shutdown: () => new Promise(() => {}) })))).join('\n')).toContain(
      'takes longer',
    );
  });
});

/** Keeps what it gets and gives it away at shutdown, as `atShutdown` says. */
function keeper(atShutdown: (kept: LogBatch[], next: Consumer) => Promise<void>): Subject {
  return processor((next) => {
    const kept: LogBatch[] = [];
    return {
      consume: async (batch: LogBatch) => void kept.push(batch.clone(batch.deliveries)),
      shutdown: () => atShutdown(kept.splice(0), next),
    };
  });
}

describe('accounts', () => {
  test.each<[string, Subject, string]>([
    ['a processor that forgets what it holds', keeper(async () => {}), 'settling, after shutdown, takes longer'],
    [
      'a processor that refers to bytes it has given back',
      keeper(async (kept, next) => {
        for (const batch of kept) await next.consume(batch);
      }),
      'did not come out as they went in',
    ],
    [
      'a processor that settles and passes nothing on',
      processor(() => ({ consume: async (batch: LogBatch) => batch.settleDurable() })),
      '21 records did not come out',
    ],
    [
      'a processor that changes bodies',
      processor((next) => ({
        mutates: true,
        consume: (batch: LogBatch) => (batch.setBody(0, 'changed'), next.consume(batch)),
      })),
      '3 records did not come out',
    ],
    [
      'a processor that settles twice',
      processor((next) => ({
        consume: async (batch: LogBatch) => {
          const [claim] = batch.claims();
          await next.consume(batch);
          claim?.delivery.durable(1);
        },
      })),
      'exactly once',
    ],
    ['a processor that never says yes', processor(() => ({ consume: () => new Promise(() => {}) })), 'consume takes longer'],
    ['an exporter that gives up what it could send', exporter(async (batch) => batch.settleAbandoned()), '21 records were abandoned'],
    ['an exporter that fails', exporter(() => Promise.reject(new Error('no refusal'))), 'no refusal'],
  ])('%s', async (_what, planted, said) => expect((await checkAccounts(planted)).join('\n')).toContain(said));

  test('a processor that goes on after shutdown', async () => {
    const late = processor((next) => {
      let clock: Host['clock'] | undefined;
      return {
        start: async (host: Host) => void (clock = host.clock),
        consume: async (batch: LogBatch) => {
          batch.attribute(0, keyOf('any'));
          clock?.after(60_000, () => void next.consume(new LogBatch()));
          await next.consume(batch);
        },
      };
    });

    expect(await checkAccounts(late)).toContain('a batch came after shutdown');
  });

  test('a processor that calls durable what nobody took', async () => {
    const liar = processor((next) => ({ consume: (batch: LogBatch) => next.consume(batch).catch(() => batch.settleDurable()) }));

    expect(await checkAccountsInNeed(liar)).toEqual(['21 records are called durable though nobody took them']);
  });

  test('a processor that forgets what it could not give away', async () => {
    const forgetful = keeper(async (kept, next) => {
      for (const batch of kept) await next.consume(batch).catch(() => {});
    });

    expect((await checkAccountsInNeed(forgetful)).join('\n')).toContain('settling, after shutdown, takes longer');
  });

  test('a receiver that loses lines, and one that repeats what is settled', async () => {
    const receiver = (lines: readonly string[]): Subject => {
      const create = (_config: unknown, _settings: unknown, next: Consumer): object => ({
        ...quiet,
        start: async () => {
          const { deliver } = await import('../helpers/logs-sink.ts');
          const batch = new LogBatch();
          batch.reset(Buffer.from(lines.join('')));
          let start = 0;
          for (const line of lines) {
            batch.addRow(1, start, line.length);
            start += line.length;
          }
          deliver(batch);
          await next.consume(batch);
        },
      });
      return subject({ ...dedupe, kind: 'receiver', type: 'planted', create } as never);
    };
    const all: string[] = [];
    Object.assign(FEEDS, { planted: (_at: unknown, lines: string[]) => void all.splice(0, Infinity, ...lines) });

    await checkAccounts(receiver(['x']));
    expect(await checkAccounts(receiver(all.slice(1)))).toEqual([
      'of 21 lines 20 came, or in another order',
      'of 21 lines that were given up, 20 came again after a restart',
      '20 lines came again although they were settled',
    ]);
    Reflect.deleteProperty(FEEDS, 'planted');
  });
});
