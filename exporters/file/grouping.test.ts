import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createResource, type LogBatch } from '#model';
import { readJsonRequest } from '#otlp';
import { settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { batchOf, bodiesIn, newPath, started } from '../../test/helpers/file-exporter-rig.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { segmentOf } from './grouping.ts';

/** One record for each `[value, body]`, the value as a log attribute unless it is empty. */
function grouped(...records: readonly (readonly [string, string])[]): LogBatch {
  const batch = batchOf(...records.map(([, body]) => body));
  for (const [row, [value]] of records.entries()) if (value !== '') batch.setAttribute(row, 'category', value);
  return batch;
}

const BY_CATEGORY = { enabled: true, attribute: 'category' } as const;

describe('group_by', () => {
  test('writes each record to the file of its value, in order, and settles each once', async () => {
    const path = newPath('*.jsonl');
    const { send } = await started({ path, group_by: BY_CATEGORY });
    const { durable } = await send(grouped(['web', '1'], ['db', '2'], ['web', '3'], ['', '4'], ['db', '5']));
    await send(grouped(['db', '6']));

    expect(durable).toBe(5);
    const folder = dirname(path);
    expect(readdirSync(folder).toSorted()).toEqual(['_.jsonl', 'db.jsonl', 'web.jsonl']);
    expect(bodiesIn(join(folder, 'web.jsonl'))).toEqual(['1', '3']);
    expect(bodiesIn(join(folder, 'db.jsonl'))).toEqual(['2', '5', '6']);
    expect(bodiesIn(join(folder, '_.jsonl'))).toEqual(['4']);
    expect(statSync(join(folder, 'web.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('passes over dropped records', async () => {
    const path = newPath('*.jsonl');
    const { exporter } = await started({ path, group_by: BY_CATEGORY });
    const batch = grouped(['a', '1'], ['b', '2'], ['a', '3'], ['b', '4']);
    const { outcome } = deliver(batch);
    batch.drop(0, 'test');
    batch.drop(3, 'test');

    await exporter.consume(batch);

    expect(await outcome).toMatchObject({ durable: 2, dropped: new Map([['test', 2]]) });
    expect(bodiesIn(path.replace('*', 'a'))).toEqual(['3']);
    expect(bodiesIn(path.replace('*', 'b'))).toEqual(['2']);
  });

  test('takes the resource attribute of the Collector, and makes the folders of the values', async () => {
    const path = newPath(join('*', 'app.json'));
    const { send } = await started({ path, format: 'json', group_by: { enabled: true } });
    const batch = batchOf('one', 'two');
    batch.resourceOf[0] = batch.addResource(createResource({ 'fileexporter.path_segment': 'shop' }));
    batch.resourceOf[1] = batch.addResource(createResource({ 'fileexporter.path_segment': '../till' }));

    await send(batch);

    const folder = dirname(dirname(path));
    expect(readdirSync(folder).toSorted()).toEqual(['%2E.%2Ftill', 'shop']);
    expect(statSync(join(folder, 'shop')).mode & 0o777).toBe(0o700);
    expect(readJsonRequest(readFileSync(join(folder, 'shop', 'app.json'))).body(0)).toBe('one');
  });

  test('keeps no more than max_open_files open and goes on where a closed one ended', async () => {
    const path = newPath('*.jsonl');
    const { exporter, host } = await started({ path, group_by: { ...BY_CATEGORY, max_open_files: 2 }, fsync: 'flush' });
    const batches = Array.from({ length: 10 }, (_, i) => grouped([`v${i % 4}`, String(i)]));
    const deliveries = batches.map((batch) => deliver(batch).delivery);

    for (const batch of batches) await exporter.consume(batch);

    // What is closed is written to the disk and settled before; the two that are open wait for the flush.
    expect(deliveries.map(({ outstanding }) => outstanding)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(host.metric('winnow_exporter_file_open_files')).toBe(2);
    expect(bodiesIn(path.replace('*', 'v1'))).toEqual(['1', '5', '9']);
  });

  test('has no more than max_files files; further values share the fallback file', async () => {
    const path = newPath('*.jsonl');
    const { send, host } = await started({ path, group_by: { ...BY_CATEGORY, max_files: 2, fallback: 'other' } });

    for (let i = 0; i < 5; i++) await send(grouped([`v${i}`, String(i)]));

    expect(readdirSync(dirname(path)).toSorted()).toEqual(['other.jsonl', 'v0.jsonl', 'v1.jsonl']);
    expect(bodiesIn(path.replace('*', 'other'))).toEqual(['2', '3', '4']);
    expect(host.metric('winnow_exporter_file_overflow_values')).toBe(3);
    expect(host.lines.filter(({ message }) => message.includes('max_files'))).toHaveLength(1);
  });

  test('a value that names a folder or a link goes to the fallback file', async () => {
    const path = newPath('*');
    const folder = dirname(path);
    mkdirSync(join(folder, 'taken'));
    symlinkSync('/dev/null', join(folder, 'link'));
    const { send } = await started({ path, group_by: BY_CATEGORY });

    await send(grouped(['taken', '1'], ['link', '2'], ['free', '3']));

    expect(bodiesIn(join(folder, '_'))).toEqual(['1', '2']);
    expect(bodiesIn(join(folder, 'free'))).toEqual(['3']);
  });

  test('a value that looks like the backup of another file is not deleted as one', async () => {
    const path = newPath('*.jsonl');
    const rotation = { max_megabytes: 1, max_backups: 1, max_days: 1 };
    const { send, host } = await started({ path, group_by: BY_CATEGORY, rotation });
    await send(grouped(['app-2020-01-01T00-00-00.000-size', 'kept']));

    for (let i = 0; i < 4; i++) await send(grouped(['app', 'x'.repeat(700 * 1024)]));
    while (host.metric('winnow_exporter_file_backups_deleted') < 2) await new Promise((resolve) => setImmediate(resolve));

    expect(bodiesIn(path.replace('*', 'app-2020-01-01%5400-00-00.000-size'))).toEqual(['kept']);
  });
});

test('what could not be written at shutdown is abandoned, for every file', async () => {
  const path = newPath('*.jsonl');
  const { exporter } = await started({ path, group_by: BY_CATEGORY });
  // Nothing can be made where the folder was.
  rmSync(dirname(path), { recursive: true });
  const batch = grouped(['a', '1'], ['b', '2'], ['a', '3']);
  const { outcome } = deliver(batch);
  const deadline = new AbortController();

  const taken = exporter.consume(batch);
  await settleMicrotasks();
  const stopped = exporter.shutdown(deadline.signal);
  deadline.abort();
  await Promise.all([taken, stopped]);

  expect(await outcome).toMatchObject({ abandoned: 3, durable: 0 });
});

describe('a value in a path', () => {
  const anyValue = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.stringMatching(/^[./\\%~*a-c\0\n]{1,12}$/),
    fc.constantFrom('.', '..', '../..', '/etc/passwd', 'a/../../b', '\0', '%2E%2E', 'C:\\x', '...', '\uD800'),
  );

  test('never leaves its place, and is a name that every file system takes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        fc.pre(value !== '');
        const segment = segmentOf(value);
        expect(join(`${sep}logs`, segment)).toBe(`${sep}logs${sep}${segment}`);
        expect(basename(segment)).toBe(segment);
        expect(segment.startsWith('.')).toBe(false);
        expect(segment).not.toMatch(/[\0\n/\\*:]/);
        expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(128);
      }),
      { numRuns: 2000 },
    );
  });

  test('shares its file with no other value', () => {
    fc.assert(
      fc.property(anyValue, anyValue, (a, b) => {
        // Lone surrogates are one and the same character in UTF-8.
        fc.pre(a.toWellFormed() !== b.toWellFormed());
        expect(segmentOf(a)).not.toBe(segmentOf(b));
      }),
      { numRuns: 2000 },
    );
  });

  test('reads as it is when it is harmless', () => {
    expect(segmentOf('shop-api_v1.2')).toBe('shop-api_v1.2');
    expect(segmentOf('Käse')).toBe('Käse');
    expect(segmentOf('a b')).toBe('a%20b');
  });
});
