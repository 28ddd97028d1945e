import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadFiles, loadText, PIPELINE, problemsOf } from '../../test/helpers/load-text.ts';
import { mergeNodes } from './merge.ts';
import { nodeOf, toPlain } from './node.ts';
import { createFixedSource } from './place.ts';

const at = { source: createFixedSource('here', 0), offset: 0 };
const merge = (below: unknown, above: unknown): unknown => toPlain(mergeNodes(nodeOf(below, at), nodeOf(above, at)));

describe('the later source', () => {
  test.each([
    ['adds keys', { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ['wins', { a: 1 }, { a: 2 }, { a: 2 }],
    ['is merged into maps at every depth', { a: { b: { c: 1 }, d: 2 } }, { a: { b: { e: 3 } } }, { a: { b: { c: 1, e: 3 }, d: 2 } }],
    ['replaces lists', { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ['replaces a map by an explicit null', { a: { b: 1 } }, { a: null }, { a: null }],
    ['replaces a map by text', { a: { b: 1 } }, { a: 'x' }, { a: 'x' }],
    ['keeps a map under an empty one', { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
  ])('%s', (_what, below, above, merged) => expect(merge(below, above)).toEqual(merged));
});

// Sections stay sections and values values, as in a schema: what a list replaces in between is gone in one grouping only.
const section = fc.letrec<{ node: object }>((tie) => ({
  node: fc.record(
    {
      a: fc.integer(),
      b: fc.array(fc.integer(), { maxLength: 2 }),
      c: fc.option(tie('node'), { nil: {}, maxDepth: 3 }),
      d: fc.option(tie('node'), { nil: {}, maxDepth: 3 }),
    },
    { requiredKeys: [] },
  ),
})).node;

/**
 * Goal: the order of sources is all that matters, not how they are grouped. Method: the algebra of merging, on arbitrary
 * trees over few keys, so that they collide.
 */
test('merging is associative, idempotent, and an empty source changes nothing', () => {
  fc.assert(
    fc.property(section, section, section, (a, b, c) => {
      expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
      expect(merge(a, a)).toEqual(a);
      expect(merge(a, {})).toEqual(a);
      expect(merge({}, a)).toEqual(a);
    }),
  );
});

describe('sources', () => {
  const base = `receivers: { file_log: { include: [a, b] } }\nexporters: { debug: }\nprocessors: { dedupe: { interval: 1s } }${PIPELINE}`;

  test('are merged in their order, and --set wins over all', async () => {
    const config = await loadFiles(
      { 'base.yaml': base, 'more.yaml': 'receivers: { file_log: { include: [c], poll_interval: 2s } }' },
      {
        sources: ['base.yaml', 'file:more.yaml', 'env:MORE', 'yaml:processors::dedupe::interval: 4s'],
        sets: ['processors.dedupe.max_keys=9', 'receivers::file_log::start_at=beginning'],
        env: { MORE: 'processors: { dedupe: { interval: 3s, max_keys: 3 } }' },
      },
    );

    expect(config.receivers.get('file_log')?.config).toMatchObject({ include: ['c'], poll_interval: '2s', start_at: 'beginning' });
    expect(config.processors.get('dedupe')?.config).toMatchObject({ interval: '4s', max_keys: 9 });
  });

  test('may reset a component to its defaults by naming it without options', async () => {
    const config = await loadFiles({ 'a.yaml': base, 'b.yaml': 'processors:\n  dedupe:\n' }, { sources: ['a.yaml', 'b.yaml'] });

    expect(config.processors.get('dedupe')?.config).toMatchObject({ interval: '10s' });
  });

  test.each([
    [{ sources: [] }, 'no configuration was given; name one with --config <file>'],
    [{ sources: ['nowhere.yaml'] }, 'cannot read the configuration nowhere.yaml: there is no such file'],
    [{ sources: ['.'] }, 'cannot read the configuration .: it is a folder; name a file in it'],
    [{ sources: ['env:NOT_SET'] }, '--config env:NOT_SET: the environment variable NOT_SET is not set'],
    [{ sources: ['https://a/b'] }, '--config https://a/b: expected a path or one of file:, env:, yaml:, got "https:"'],
    [{ sets: ['a.b'] }, '--set a.b: expected key=value such as processors.batch.timeout=2s'],
    [{ sets: ['a..b=1'] }, '--set a..b=1: expected key=value such as processors.batch.timeout=2s'],
  ])('%j is refused with a reason', async (options, said) => {
    expect(await problemsOf(loadText(base, options))).toContain(said);
  });

  test('a file that is not UTF-8 is refused with the line, since its names would be others', async () => {
    const files = { 'a.yaml': Buffer.from(`# ok\n# caf\xe9\n${base}`, 'latin1'), 'b.yaml': Buffer.from(`\u{FEFF}${base}`, 'utf16le') };

    expect(await problemsOf(loadFiles(files))).toEqual([
      'cannot read the configuration a.yaml: line 2 is not UTF-8; save the file as UTF-8',
    ]);
    expect(await problemsOf(loadFiles(files, { sources: ['b.yaml'] }))).toEqual([
      'cannot read the configuration b.yaml: line 1 is not UTF-8; save the file as UTF-8',
    ]);
  });

  test('a value that is too odd for YAML is named by its --set', async () => {
    expect(await problemsOf(loadText(base, { sets: ['processors.dedupe.interval="x'] }))).toEqual([
      '--set processors.dedupe.interval: a closing quote is missing',
    ]);
  });
});
