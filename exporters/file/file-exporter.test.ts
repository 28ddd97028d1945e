import { appendFileSync, existsSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import type { FileSystem } from '#component';
import { createResource, createSharedAttributes } from '#model';
import { readJsonRequest, readRequest } from '#otlp';
import { settleMicrotasks, type FakeClock } from '../../test/helpers/fake-clock.ts';
import { batchOf, bodiesIn, configFor, newPath, started } from '../../test/helpers/file-exporter-rig.ts';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { checkFileConfig } from './config.ts';
import { FileExporter } from './file-exporter.ts';

/** Real files on a disk with room for `room.bytes` more: the write that exceeds it is cut short, as the kernel does it. */
function smallDisk(room: { bytes: number }): FileSystem {
  const open: typeof nodeFs.promises.open = async (...args) => {
    const handle = await nodeFs.promises.open(...args);
    const write = handle.write.bind(handle) as (bytes: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }>;
    const limited = async (bytes: Uint8Array, offset: number = 0, length: number = bytes.length) => {
      if (room.bytes === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const result = await write(bytes, offset, Math.min(length, room.bytes));
      room.bytes -= result.bytesWritten;
      return result;
    };
    return Object.assign(handle, { write: limited });
  };
  return { ...nodeFs, promises: { ...nodeFs.promises, open } };
}

describe('formats', () => {
  test('flat_json is one readable object per record', async () => {
    const { path, send } = await started();
    const batch = batchOf('disk "sda" is full', 'second');
    batch.timeMs[0] = Date.UTC(2026, 0, 30, 14, 39, 6, 711);
    batch.timeNs[0] = 5;
    batch.severity[0] = 17;
    batch.setAttribute(0, 'user.id', 42);
    batch.setAttribute(0, 'tags', ['a', 'b']);
    batch.sharedOf[0] = batch.addShared(createSharedAttributes({ 'log.file.name': 'app.log' }));
    batch.resourceOf[0] = batch.addResource(createResource({ 'service.name': 'shop' }));
    batch.observedMs[1] = Date.UTC(2026, 0, 30);
    batch.setSeverityText(1, 'NOTICE');

    const { durable } = await send(batch);

    expect(durable).toBe(2);
    const [first, second] = readFileSync(path, 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toEqual({
      time: '2026-01-30T14:39:06.711000005Z',
      severity: 'ERROR',
      body: 'disk "sda" is full',
      attributes: { 'log.file.name': 'app.log', 'user.id': 42, tags: ['a', 'b'] },
      resource: { 'service.name': 'shop' },
    });
    expect(JSON.parse(second ?? '')).toEqual({ time: '2026-01-30T00:00:00.000Z', severity: 'NOTICE', body: 'second' });
  });

  test('flat_json has no time where the sender told of none', async () => {
    const { path, send } = await started();

    await send(batchOf('timeless'));

    expect(readFileSync(path, 'utf8')).toBe('{"body":"timeless"}\n');
  });

  test('json is one OTLP request per line', async () => {
    const { path, send } = await started({ format: 'json' });

    await send(batchOf('a', 'b'));
    await send(batchOf('c'));

    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    const read = readJsonRequest(Buffer.from(lines[0] ?? ''));
    expect([read.body(0), read.body(1)]).toEqual(['a', 'b']);
  });

  test.each(['', 'zstd'] as const)('proto is OTLP requests after their length, compression "%s"', async (compression) => {
    const { path, send } = await started({ format: 'proto', compression });

    await send(batchOf('a', 'b'));
    await send(batchOf('c'));

    const bytes = readFileSync(path);
    const bodies: unknown[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 4 + bytes.readUInt32BE(at);
      const message = bytes.subarray(at + 4, end);
      const read = readRequest(compression === 'zstd' ? zstdDecompressSync(message) : message);
      for (let row = 0; row < read.length; row++) bodies.push(read.body(row));
      at = end;
    }
    expect(bodies).toEqual(['a', 'b', 'c']);
  });

  test('leaves out dropped records', async () => {
    const { path, exporter, host } = await started();
    const batch = batchOf('a', 'b', 'c');
    const { outcome } = deliver(batch);
    batch.drop(1, 'test');

    await exporter.consume(batch);

    expect(await outcome).toMatchObject({ durable: 2, dropped: new Map([['test', 1]]) });
    expect(bodiesIn(path)).toEqual(['a', 'c']);
    expect(host.metric('otelcol_exporter_sent_log_records')).toBe(2);
  });
});

describe('the file', () => {
  test('is appended to; a torn last line is closed first', async () => {
    const path = newPath();
    writeFileSync(path, '{"body":"whole"}\n{"body":"to');
    const { send, host } = await started({ path });

    await send(batchOf('next'));

    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"body":"whole"}', '{"body":"to']);
    expect(lines[2]).toContain('"next"');
    expect(host.lines.some(({ message }) => message.includes('torn'))).toBe(true);
  });

  test('a torn last protobuf message is cut off', async () => {
    const first = await started({ format: 'proto' });
    await first.send(batchOf('a'));
    await first.stop();
    const { path } = first;
    const size = statSync(path).size;
    appendFileSync(path, Buffer.from([0, 0, 1, 0, 10, 10]));

    const { send } = await started({ path, format: 'proto' });
    expect(statSync(path).size).toBe(size);
    await send(batchOf('a'));

    expect(statSync(path).size).toBe(2 * size);
  });

  test('is emptied at start only with append: false', async () => {
    const path = newPath();
    writeFileSync(path, '{"body":"old"}\n');
    const { send } = await started({ path, append: false });

    await send(batchOf('new'));

    expect(bodiesIn(path)).toEqual(['new']);
  });

  test('is for its owner alone, in a folder for its owner alone', async () => {
    const path = join(newPath('made'), 'deep', 'out.json');
    await started({ path, create_directory: true });

    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  test('a missing folder is told at start, with the remedy', async () => {
    await expect(started({ path: join(newPath('missing'), 'out.json') })).rejects.toThrow('create_directory: true');
  });

  test('that was moved or deleted is begun anew', async () => {
    const { path, clock, send } = await started();
    await send(batchOf('a'));
    renameSync(path, `${path}.1`);
    await clock.advance(1000);

    await send(batchOf('b'));

    expect(bodiesIn(`${path}.1`)).toEqual(['a']);
    expect(bodiesIn(path)).toEqual(['b']);
  });
});

describe('rotation', () => {
  test('of a file that somebody moved a moment before begins a new one, which is rotated in its turn', async () => {
    const { path, clock, send, host } = await started({ rotation: { max_megabytes: 1 } });
    const filler = 'x'.repeat(600 * 1024);
    await send(batchOf(`0 ${filler}`));
    renameSync(path, `${path}.moved`);
    await clock.advance(10);

    for (let i = 1; i < 4; i++) await send(batchOf(`${i} ${filler}`));

    expect(statSync(path).size).toBeLessThan(1024 * 1024);
    expect(bodiesIn(`${path}.moved`)).toHaveLength(1);
    expect(host.metric('winnow_exporter_file_rotations')).toBe(2);
    expect(host.lines.some(({ message }) => message.includes('cannot be renamed'))).toBe(false);
  });

  test('loses nothing and keeps max_backups files', async () => {
    const { path, clock, send, host } = await started({ rotation: { max_megabytes: 1, max_backups: 2 } });
    const filler = 'x'.repeat(400 * 1024);

    for (let i = 0; i < 9; i++) {
      await send(batchOf(`${i} ${filler}`));
      await clock.advance(1);
    }

    // Two entries of 400 KiB fit into 1 MiB: five files, of which the oldest two have been deleted.
    await vi.waitFor(() => expect(readdirSync(join(path, '..'))).toHaveLength(3));
    const files = readdirSync(join(path, '..')).toSorted();
    expect(files[0]).toMatch(/^out-2026-01-30T12-00-00\.\d{3}-size\.json$/);
    expect(files.flatMap((file) => bodiesIn(join(path, '..', file)).map((body) => String(body).slice(0, 1)))).toEqual([
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
    expect(host.metric('winnow_exporter_file_rotations')).toBe(4);
  });

  test('never renames onto another file', async () => {
    const { path, send } = await started({ rotation: { max_megabytes: 1 } });

    for (let i = 0; i < 4; i++) await send(batchOf(`${i} ${'x'.repeat(700 * 1024)}`));

    expect(readdirSync(join(path, '..'))).toHaveLength(4);
  });

  test('deletes files older than max_days', async () => {
    const path = newPath();
    const old = join(path, '..', 'out-2025-12-01T00-00-00.000-size.json');
    writeFileSync(old, '');
    const other = join(path, '..', 'other-2025-12-01T00-00-00.000-size.json');
    writeFileSync(other, '');
    const { send } = await started({ path, rotation: { max_megabytes: 1, max_days: 7 } });

    for (let i = 0; i < 2; i++) await send(batchOf('x'.repeat(700 * 1024)));

    await vi.waitFor(() => expect(existsSync(old)).toBe(false));
    expect(existsSync(other)).toBe(true);
  });
});

describe('a full disk', () => {
  test('makes the caller wait, says so once a minute, cuts off what was half written, and recovers', async () => {
    const room = { bytes: 150 };
    const { path, clock, host, exporter, send } = await started({ fs: smallDisk(room) });
    await send(batchOf('first'));
    const batch = batchOf('x'.repeat(200), 'y');
    const { outcome, delivery } = deliver(batch);
    let isTaken = false;
    const errors = () => host.lines.filter(({ level }) => level === 'error');

    const taken = exporter.consume(batch).then(() => (isTaken = true));
    await waitFor(() => errors().length === 1, clock);
    expect(isTaken).toBe(false);
    expect(delivery.outstanding).toBe(2);
    expect(bodiesIn(path)).toEqual(['first']);
    await waitFor(() => errors().length === 2, clock);
    expect(errors()[1]?.facts['seconds']).toBeGreaterThanOrEqual(60);
    expect(host.reported.at(-1)).toMatchObject({ status: 'recoverable', message: expect.stringContaining('the disk is full') });
    room.bytes = 1000;
    await clock.advance(5000);
    await waitFor(() => isTaken, clock);
    await taken;

    expect((await outcome).durable).toBe(2);
    expect(bodiesIn(path)).toEqual(['first', 'x'.repeat(200), 'y']);
    expect(host.reported.at(-1)).toMatchObject({ status: 'ok' });
  });

  test('at shutdown what could not be written is abandoned', async () => {
    const { exporter } = await started({ fs: smallDisk({ bytes: 10 }) });
    const batch = batchOf('a', 'b');
    const { outcome } = deliver(batch);
    const deadline = new AbortController();

    const taken = exporter.consume(batch);
    await settleMicrotasks();
    const stopped = exporter.shutdown(deadline.signal);
    deadline.abort();
    await Promise.all([taken, stopped]);

    expect((await outcome).abandoned).toBe(2);
  });
});

describe('fsync', () => {
  test('flush settles once every flush_interval', async () => {
    const { clock, exporter } = await started({ fsync: 'flush' });
    const batch = batchOf('a');
    const { outcome, delivery } = deliver(batch);

    await exporter.consume(batch);
    expect(delivery.outstanding).toBe(1);
    await clock.advance(1000);

    expect((await outcome).durable).toBe(1);
  });

  test('always settles after each write; flush at the latest at shutdown', async () => {
    const always = await started({ fsync: 'always' });
    expect((await always.send(batchOf('a'))).durable).toBe(1);

    const flush = await started({ fsync: 'flush' });
    const batch = batchOf('a');
    const { outcome } = deliver(batch);
    await flush.exporter.consume(batch);
    await flush.stop();

    expect((await outcome).durable).toBe(1);
    expect(flush.clock.pendingTimers).toBe(0);
  });
});

test('shutdown twice, and without start', async () => {
  const { exporter, stop } = await started();

  await stop();
  await stop();
  await new FileExporter(configFor(newPath()), { id: 'file' }).shutdown(new AbortController().signal);

  await expect(exporter.consume(batchOf('late'))).rejects.toThrow('not running');
});

test.each([
  [{ encoding: 'otlp' }, 'encoding'],
  [{ group_by: { enabled: true } }, 'path'],
  [{ path: '/x/*/*', group_by: { enabled: true } }, 'path'],
  [{ path: '/x/*', append: false, group_by: { enabled: true } }, 'append'],
  [{ group_by: { attribute: 'a' } }, 'group_by.enabled'],
  [{ compression: 'zstd' }, 'compression'],
  [{ template: '{boddy}' }, 'template'],
  [{ template: '{body' }, 'template'],
] as const)('%o is refused with its reason', (wrong, path) => {
  expect(checkFileConfig(configFor('/x', wrong)).map((problem) => problem.path)).toEqual([path]);
});

/** Moves the clock on, and leaves the real files the time they take. */
async function waitFor(isDone: () => boolean, clock: FakeClock): Promise<void> {
  await vi.waitFor(
    async () => {
      await clock.advance(1000);
      expect(isDone()).toBe(true);
    },
    { timeout: 10_000, interval: 1 },
  );
}
