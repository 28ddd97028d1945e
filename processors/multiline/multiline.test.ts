import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { Rig, batchOf, join, type Line } from '../../test/helpers/multiline-rig.ts';
import { TRACES } from './traces.ts';

describe('stack traces', () => {
  test.each(Object.entries(TRACES))('of %s become one record each', async (_language, records) => {
    expect(await join(records.flatMap((record) => record.split('\n')))).toEqual(records);
  });

  test.each([
    ['indented text', ['total:', '  a: 1', '  b: 2']],
    ['times that look like frames', ['job started', '  at 10:00 the backup runs']],
    ['an error without a frame', ['2026-01-30 12:00:00 INFO ready', 'Error: no such file', 'next']],
    ['paths', ['/etc/hosts: read', '/usr/bin/x', 'a/b.go:5 changed']],
    ['blank lines', ['a', '', 'b']],
  ])('are not seen in %s', async (_what, lines) => {
    expect(await join(lines)).toEqual(lines);
  });

  test('do not take a log line for part of the trace before it', async () => {
    const lines = ['Traceback (most recent call last):', '  File "a.py", line 1, in f', '2026-01-30 12:00:00 INFO cut off', 'x'];

    expect(await join(lines)).toEqual([lines.slice(0, 2).join('\n'), ...lines.slice(2)]);
  });
});

/**
 * Goal: where batches end makes no difference, and nothing is lost. Method: records of all languages from several
 * sources, their lines shuffled together and cut into batches at random; what comes out for each source is what one
 * batch gives, and the rows of all Deliveries settle once.
 */
describe('any split into batches', () => {
  const record = fc.constantFrom(...Object.values(TRACES).flat());
  const source = fc.array(record, { minLength: 1, maxLength: 6 });
  const world = fc.tuple(fc.array(source, { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.nat(999)));

  /** Takes lines from the sources in turns, as the numbers say. */
  function interleave(sources: readonly (readonly string[])[], numbers: Iterator<number>): Line[] {
    const queues = sources.map((records) => records.flatMap((text) => text.split('\n')));
    const lines: Line[] = [];
    while (queues.some((queue) => queue.length > 0)) {
      const index = Number(numbers.next().value) % queues.length;
      const text = queues[index]?.shift();
      if (text !== undefined) lines.push({ text, source: index + 1 });
    }
    return lines;
  }

  test('gives the same records, and settles each row once', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ([sources, stream]) => {
        const numbers = stream[Symbol.iterator]();
        const lines = interleave(sources, numbers);
        const rig = new Rig();
        await rig.start();
        for (let from = 0; from < lines.length;) {
          const to = from + 1 + (Number(numbers.next().value) % 7);
          await rig.give(lines.slice(from, to));
          from = to;
        }
        await rig.stop();

        const whole = await Promise.all(
          sources.map((_, index) => join(lines.filter(({ source: own }) => own === index + 1).map(({ text }) => text))),
        );
        expect(rig.bodies.toSorted()).toEqual(whole.flat().toSorted());
        expect(rig.settled('durable')).toBe(lines.length);
        expect(rig.settled('abandoned')).toBe(0);
        const merged = rig.host.metric('winnow_processor_merged_log_records');
        expect(rig.bodies.length + merged).toBe(lines.length);
        expect(rig.host.metric('winnow_processor_held_log_records')).toBe(0);
      }),
      { numRuns: Number(process.env['WINNOW_PROPERTY_RUNS'] ?? 200) },
    );
  });

  test('keeps the order of each source', async () => {
    await fc.assert(
      fc.asyncProperty(source, fc.infiniteStream(fc.nat(99)), async (records, stream) => {
        const numbers = stream[Symbol.iterator]();
        const lines = records.flatMap((text, i) => text.split('\n').map((line) => (line === '' ? line : `${line} #${i}`)));
        const rig = new Rig({ line_start_pattern: '^\\S' });
        await rig.start();
        for (let from = 0; from < lines.length;) {
          const to = from + 1 + (Number(numbers.next().value) % 5);
          await rig.give(lines.slice(from, to).map((text) => ({ text, source: 1 })));
          from = to;
        }
        await rig.stop();

        expect(rig.bodies.join('\n')).toBe(lines.join('\n'));
      }),
    );
  });
});

test('a joined record settles all rows it was made of, as it is settled itself', async () => {
  const rig = new Rig();
  rig.sink.mode = 'keep';
  await rig.start();
  await rig.give([{ text: '2026-01-30 12:00:00 ERROR x', source: 1 }]);
  await rig.give([{ text: '\tat a.b(C.java:1)', source: 1 }]);
  await rig.give([{ text: '\tat a.b(C.java:2)', source: 1 }]);
  await rig.give([{ text: '2026-01-30 12:00:01 INFO y', source: 1 }]);

  expect(rig.bodies).toEqual(['2026-01-30 12:00:00 ERROR x\n\tat a.b(C.java:1)\n\tat a.b(C.java:2)']);
  expect(rig.outcomes).toEqual([]);
  rig.sink.release(1, false);
  expect(rig.settled('abandoned')).toBe(3);
});

test('sends a group when its source has been silent', async () => {
  const rig = new Rig();
  await rig.start();
  await rig.give([{ text: 'one', source: 1 }]);
  await rig.clock.advance(600);
  await rig.give([{ text: 'two', source: 2 }]);
  expect(rig.host.metric('winnow_processor_held_log_records')).toBe(2);

  await rig.clock.advance(500);
  expect(rig.bodies).toEqual(['one']);
  await rig.clock.advance(600);

  expect(rig.bodies).toEqual(['one', 'two']);
  await rig.stop();
  expect(rig.clock.pendingTimers).toBe(0);
});

describe('at shutdown', () => {
  test('what is open is sent', async () => {
    const rig = new Rig();
    await rig.start();
    await rig.give([{ text: 'Traceback (most recent call last):', source: 1 }]);
    await rig.stop();

    expect(rig.bodies).toEqual(['Traceback (most recent call last):']);
  });

  test.each([
    ['auto', 1, 0],
    ['abandon', 1, 0],
    ['flush', 0, 1],
  ] as const)('what is open of a file is left to the file: %s', async (unfinished, abandoned, sent) => {
    const rig = new Rig({ unfinished_at_shutdown: unfinished });
    await rig.start();
    await rig.give([{ text: 'Traceback (most recent call last):', source: 1 }], 'a.log');
    await rig.stop();

    expect(rig.bodies).toHaveLength(sent);
    expect(rig.settled('abandoned')).toBe(abandoned);
    expect(rig.settled('durable')).toBe(sent);
  });

  test('what the next one refuses is given up when the deadline has passed', async () => {
    const rig = new Rig();
    await rig.start();
    rig.sink.isRefusing = true;
    const taken = rig.give([
      { text: 'one', source: 1 },
      { text: 'two', source: 1 },
    ]);
    await settleMicrotasks();
    await rig.stop(AbortSignal.abort());
    await taken;

    expect(rig.settled('abandoned')).toBe(2);
    await expect(rig.give([{ text: 'late', source: 1 }])).rejects.toThrow(RefusedError);
  });
});

test('waits while the next one refuses, and loses nothing', async () => {
  const rig = new Rig();
  await rig.start();
  rig.sink.isRefusing = true;
  const taken = rig.give([
    { text: 'one', source: 1 },
    { text: 'two', source: 1 },
  ]);
  await rig.clock.advance(500);
  rig.sink.isRefusing = false;
  await rig.clock.advance(5000);
  await taken;

  expect(rig.bodies).toEqual(['one', 'two']);
});

test('a source that was kept waiting has not been silent', async () => {
  const rig = new Rig();
  await rig.start();
  rig.sink.isRefusing = true;
  const taken = rig.give(['one', 'Error: x'].map((text) => ({ text, source: 1 })));
  await rig.clock.advance(10_000);
  rig.sink.isRefusing = false;
  while (rig.bodies.length === 0) await rig.clock.advance(100);
  await taken;
  await rig.give([{ text: '    at f (a.js:1:1)', source: 1 }]);
  expect(rig.bodies).toEqual(['one']);

  await rig.clock.advance(5000);

  expect(rig.bodies).toEqual(['one', 'Error: x\n    at f (a.js:1:1)']);
  await rig.stop();
  expect(rig.clock.pendingTimers).toBe(0);
});

describe('bounds', () => {
  test('of records cut a group', async () => {
    const lines = ['Error: x', ...Array.from({ length: 5 }, (_, i) => `    at f${i} (a.js:1:1)`)];

    expect((await join(lines, { max_batch_size: 4 })).map((body) => body.split('\n').length)).toEqual([4, 2]);
  });

  test('of bytes cut a group', async () => {
    const lines = ['Error: x', '    at a (b.js:1:1)', '    at a (b.js:1:2)', '    at a (b.js:1:3)'];

    const bodies = await join(lines, { max_log_size: 50 });

    expect(bodies.join('\n')).toBe(lines.join('\n'));
    expect(Math.max(...bodies.map((body) => body.length))).toBeLessThanOrEqual(50);
    expect(bodies).toHaveLength(2);
  });

  test('of sources send the group of the one silent longest', async () => {
    const rig = new Rig({ max_sources: 2 });
    await rig.start();
    for (const source of [1, 2, 3]) await rig.give([{ text: `from ${source}`, source }]);

    expect(rig.bodies).toEqual(['from 1']);
    expect(rig.host.metric('winnow_multiline_cut_groups')).toBe(1);
    await rig.stop();
    expect(rig.bodies).toHaveLength(3);
  });

  test('of bytes held send the oldest groups', async () => {
    const rig = new Rig({ max_held_bytes: 100 });
    await rig.start();
    for (const source of [1, 2, 3]) await rig.give([{ text: String(source).repeat(40), source }]);

    expect(rig.bodies).toEqual(['1'.repeat(40)]);
    await rig.stop();
  });
});

describe("entries of the operator's own", () => {
  test('begin where a pattern matches', async () => {
    const lines = ['left over', '2026 a', ' b', '2027 c', 'd'];

    expect(await join(lines, { line_start_pattern: '^\\d{4} ' })).toEqual(['left over', '2026 a\n b', '2027 c\nd']);
    expect(await join(lines, { is_first_entry: 'body matches "^[0-9]{4} "' })).toEqual(['left over', '2026 a\n b', '2027 c\nd']);
  });

  test('end where a condition is true, and are joined with what is wanted', async () => {
    const lines = ['a\\', 'b\\', 'c', 'd'];

    expect(await join(lines, { is_last_entry: 'not (body endsWith "\\\\")', combine_with: ' + ' })).toEqual(['a\\ + b\\ + c', 'd']);
    expect(await join(lines, { line_end_pattern: '[^\\\\]$', combine_with: '' })).toEqual(['a\\b\\c', 'd']);
  });

  test('do not join more than is allowed before the first', async () => {
    const lines = ['a', 'b', 'c', '1 d', 'e'];

    expect(await join(lines, { line_start_pattern: '^\\d', max_unmatched_batch_size: 1 })).toEqual(['a', 'b', 'c', '1 d\ne']);
    expect(await join(lines, { line_start_pattern: '^\\d', max_unmatched_batch_size: 2 })).toEqual(['a\nb', 'c', '1 d\ne']);
    expect(await join(lines, { line_start_pattern: '^\\d', max_unmatched_batch_size: 0 })).toEqual(['a\nb\nc', '1 d\ne']);
  });

  test('have the attributes of the newest if that is wanted', async () => {
    for (const [overwrite, expected] of [
      ['oldest', 1],
      ['newest', 3],
    ] as const) {
      const rig = new Rig({ line_start_pattern: '^a', overwrite_with: overwrite });
      await rig.start();
      for (const texts of [['a'], ['b', 'c']]) {
        const lines = texts.map((text) => ({ text, source: 1 }));
        const batch = batchOf(lines, (source, outcome) => rig.outcomes.push({ source, outcome }));
        for (let row = 0; row < batch.length; row++) batch.setAttribute(row, 'n', 'abc'.indexOf(texts[row] ?? '') + 1);
        await rig.processor.consume(batch);
      }
      await rig.stop();

      expect(rig.sink.records).toMatchObject([{ body: 'a\nb\nc', attributes: { n: expected } }]);
      expect(rig.settled('durable')).toBe(3);
    }
  });

  test('are told apart by an attribute', async () => {
    const rig = new Rig({
      source_identifier: 'attributes.id',
      is_last_entry: 'attributes.tag == "F"',
      combine_field: 'attributes.log',
      combine_with: '',
    });
    await rig.start();
    const rows = [
      ['x', 'P', '1'],
      ['y', 'P', '2'],
      ['x', 'F', '3'],
      ['y', 'F', '4'],
    ] as const;
    for (const [id, tag, log] of rows) {
      const batch = batchOf([{ text: 'raw', source: Number(log) }], (source, outcome) => rig.outcomes.push({ source, outcome }));
      batch.setAttribute(0, 'id', id);
      batch.setAttribute(0, 'tag', tag);
      batch.setAttribute(0, 'log', log);
      await rig.processor.consume(batch);
    }

    expect(rig.sink.records.map(({ attributes }) => attributes['log'])).toEqual(['13', '24']);
    await rig.stop();
    expect(rig.settled('durable')).toBe(4);
  });
});

test('passes records without a text, which nothing is joined to', async () => {
  const rig = new Rig();
  await rig.start();
  const batch = batchOf(
    ['Error: x', 'map', '    at f (a.js:1:1)'].map((text) => ({ text, source: 1 })),
    (source, outcome) => rig.outcomes.push({ source, outcome }),
  );
  batch.setBody(1, { a: 1 });
  await rig.processor.consume(batch);
  await rig.stop();

  expect(rig.sink.bodies).toEqual(['Error: x', { a: 1 }, '    at f (a.js:1:1)']);
});

test('keeps many sources apart for long', async () => {
  const rig = new Rig({ max_sources: 10_000 });
  await rig.start();
  for (let round = 0; round < 4; round++) {
    const lines = Array.from({ length: 700 }, (_, source) => ({
      text: round === 0 ? 'Error: x' : `    at f${round} (a.js:1:1)`,
      source: source + 1,
    }));
    await rig.give(lines);
  }
  await rig.stop();

  expect(rig.bodies).toHaveLength(700);
  expect(new Set(rig.bodies)).toEqual(new Set(['Error: x\n    at f1 (a.js:1:1)\n    at f2 (a.js:1:1)\n    at f3 (a.js:1:1)']));
  expect(rig.settled('durable')).toBe(2800);
});
