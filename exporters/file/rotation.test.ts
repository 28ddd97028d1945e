import { existsSync, readFileSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { batchOf, bodiesIn, newPath, started } from '../../test/helpers/file-exporter-rig.ts';
import { rotationOf, type RotationConfig } from './config.ts';
import { RotationRules } from './rotation.ts';

const HOUR_MS = 3600_000;
const BIG = 'x'.repeat(700 * 1024);

function backupsBeside(path: string): string[] {
  return readdirSync(dirname(path))
    .filter((name) => name !== basename(path))
    .toSorted();
}

function rules(options: Partial<RotationConfig>): RotationRules {
  const config = rotationOf({ rotation: options } as Parameters<typeof rotationOf>[0]);
  if (!config) throw new Error('there is a rotation');
  return new RotationRules(config);
}

describe('rotation by the clock', () => {
  test('at a time of day, also when nothing is written then', async () => {
    // The clock starts at noon, UTC.
    const { path, clock, send } = await started({ rotation: { at: ['13:00', '00:30'] } });
    await send(batchOf('before one'));

    await clock.advance(HOUR_MS - 1);
    expect(backupsBeside(path)).toEqual([]);
    await clock.advance(1);
    await vi.waitFor(() => expect(backupsBeside(path)).toHaveLength(1));
    await send(batchOf('after one'));
    await clock.advance(12 * HOUR_MS);
    await vi.waitFor(() => expect(backupsBeside(path)).toHaveLength(2));

    expect(backupsBeside(path).map((name) => bodiesIn(join(dirname(path), name)))).toEqual([['before one'], ['after one']]);
  });

  test('a file whose time came while nobody was there is rotated at the next write', async () => {
    const path = newPath();
    writeFileSync(path, '{"body":"yesterday"}\n');
    const yesterday = new Date('2026-01-29T20:00:00Z');
    utimesSync(path, yesterday, yesterday);
    const { send } = await started({ path, rotation: { at: ['00:00'] } });

    await send(batchOf('today'));

    expect(bodiesIn(path)).toEqual(['today']);
    expect(bodiesIn(join(dirname(path), String(backupsBeside(path)[0])))).toEqual(['yesterday']);
  });

  test('by age, counted from the begin of the file', async () => {
    const { path, clock, send } = await started({ rotation: { max_age: '90m' } });
    await send(batchOf('a'));
    await clock.advance(HOUR_MS);
    await send(batchOf('b'));
    await clock.advance(HOUR_MS);
    await send(batchOf('c'));

    const [backup, ...rest] = backupsBeside(path);
    expect(rest).toEqual([]);
    expect(bodiesIn(join(dirname(path), String(backup)))).toEqual(['a', 'b']);
    expect(bodiesIn(path)).toEqual(['c']);
  });

  test('an empty file is left alone', async () => {
    const { path, clock } = await started({ rotation: { max_age: '1h', at: ['15:00'] } });

    await clock.advance(30 * HOUR_MS);

    expect(backupsBeside(path)).toEqual([]);
  });

  test('knows the next time of day, over midnight and in local time', () => {
    const at = (text: string): number => new Date(text).getTime();
    expect(rules({ at: ['06:00', '18:00'] }).dueMs(0, at('2026-03-01T17:59:59Z'))).toBe(at('2026-03-01T18:00:00Z'));
    expect(rules({ at: ['06:00', '18:00'] }).dueMs(0, at('2026-03-01T18:00:00Z'))).toBe(at('2026-03-02T06:00:00Z'));
    expect(rules({ at: ['06:00'], localtime: true }).dueMs(0, at('2026-03-01T05:59:00'))).toBe(at('2026-03-01T06:00:00'));
    expect(rules({}).dueMs(0, at('2026-03-01T17:59:59Z'))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('compression of backups', () => {
  test.each([
    ['gzip', '.gz', gunzipSync],
    ['zstd', '.zst', zstdDecompressSync],
  ] as const)('%s: what was rotated is compressed, and nothing else is left of it', async (compression, suffix, decompress) => {
    const { path, send, host } = await started({ rotation: { max_megabytes: 1, compression } });

    for (let i = 0; i < 3; i++) await send(batchOf(`${i} ${BIG}`));
    await vi.waitFor(() => expect(host.metric('winnow_exporter_file_backups_compressed')).toBe(2));

    const names = backupsBeside(path);
    expect(names).toHaveLength(2);
    const first = names.map((name) => JSON.parse(decompress(readFileSync(join(dirname(path), name))).toString()) as { body: string });
    expect(first.map(({ body }) => body.slice(0, 1))).toEqual(['0', '1']);
    expect(names.every((name) => name.endsWith(`.json${suffix}`))).toBe(true);
  });

  test('after a crash in the middle, the next start finishes it', async () => {
    const path = newPath();
    const stem = join(dirname(path), 'out-2026-01-29T00-00-00.000-size.json');
    const done = join(dirname(path), 'out-2026-01-28T00-00-00.000-size.json');
    writeFileSync(stem, '{"body":"a"}\n');
    writeFileSync(`${stem}.gz.tmp`, 'half');
    // It died between the renaming of the compressed file and the deletion of the plain one.
    writeFileSync(done, '{"body":"b"}\n');
    writeFileSync(`${done}.gz`, 'whole');

    await started({ path, rotation: { compression: 'gzip' } });

    await vi.waitFor(() => expect(backupsBeside(path)).toEqual([`${basename(done)}.gz`, `${basename(stem)}.gz`]));
    expect(gunzipSync(readFileSync(`${stem}.gz`)).toString()).toBe('{"body":"a"}\n');
    expect(readFileSync(`${done}.gz`, 'utf8')).toBe('whole');
  });

  test('compressed backups count for max_backups', async () => {
    const path = newPath();
    const old = join(dirname(path), 'out-2026-01-01T00-00-00.000-size.json.gz');
    writeFileSync(old, '');
    const { send, host } = await started({ path, rotation: { max_megabytes: 1, max_backups: 1, compression: 'gzip' } });

    for (let i = 0; i < 2; i++) await send(batchOf(BIG));
    await vi.waitFor(() => expect(host.metric('winnow_exporter_file_backups_compressed')).toBe(1));

    expect(existsSync(old)).toBe(false);
    expect(backupsBeside(path)).toHaveLength(1);
  });
});

describe('SIGHUP', () => {
  test('begins a new file at once when another program has moved the old one', async () => {
    const { path, send, host } = await started();
    await send(batchOf('a'));
    renameSync(path, `${path}.1`);

    // As the signal arrives, without asking the test runner's own process to hang up.
    process.emit('SIGHUP', 'SIGHUP');
    await vi.waitFor(() => expect(existsSync(path)).toBe(true));
    await send(batchOf('b'));

    expect(bodiesIn(`${path}.1`)).toEqual(['a']);
    expect(bodiesIn(path)).toEqual(['b']);
    expect(host.lines.some(({ message }) => message.includes('SIGHUP'))).toBe(true);
  });

  test('is listened to between start and shutdown only', async () => {
    const before = process.listenerCount('SIGHUP');
    const { stop } = await started();
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);

    await stop();

    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});
