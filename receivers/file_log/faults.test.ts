import * as fs from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { FileSystem } from '#component';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

let rigs: Rig[] = [];

afterEach(async () => {
  for (const rig of rigs) await rig.remove();
  rigs = [];
});

function createRig(config: Partial<FileLogConfig> = {}, filesystem?: FileSystem): Rig {
  const rig = new Rig(config, filesystem);
  rigs.push(rig);
  return rig;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

// ---- files that cannot be read ----

test('a file that may not be read is told once, with the user and the remedy, and read when it may', async () => {
  let isForbidden = true;
  const openSync: typeof fs.openSync = (path, flags, mode) => {
    if (isForbidden && String(path).endsWith('a.log')) throw failure('EACCES');
    return fs.openSync(path, flags, mode);
  };
  const rig = createRig({}, { ...fs, openSync });
  rig.append('a.log', 'secret\n');
  rig.append('b.log', 'open\n');
  await rig.start();
  await rig.pass(5_000);
  const errors = rig.host.lines.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toMatch(/^file_log: cannot read .*a\.log: permission denied for user ".+"; add it to the group/);
  isForbidden = false;
  await rig.until(() => rig.sink.bodies.length === 2);

  expect(rig.sink.bodies).toEqual(['open', 'secret']);
  expect(rig.host.lines.at(-1)?.message).toBe('A file can be read again.');
});

test('an error while reading is told once and tried again, less and less often', async () => {
  let failures = 0;
  let isBroken = false;
  const readSync = (descriptor: number, buffer: Buffer, at: number, length: number, position: number): number => {
    if (isBroken) {
      failures++;
      throw failure('EIO');
    }
    return fs.readSync(descriptor, buffer, at, length, position);
  };
  const rig = createRig({}, { ...fs, readSync: readSync as typeof fs.readSync });
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(100);
  isBroken = true;
  rig.append('a.log', 'two\n');
  await rig.pass(10_000);
  expect(failures).toBeGreaterThan(3);
  expect(failures).toBeLessThan(20);
  expect(rig.host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  isBroken = false;
  await rig.until(() => rig.sink.bodies.length === 2, 40_000);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
});

test('a file that vanishes between the look and the open is no fault', async () => {
  const openSync: typeof fs.openSync = (path, flags, mode) => {
    if (String(path).endsWith('a.log')) throw failure('ENOENT');
    return fs.openSync(path, flags, mode);
  };
  const rig = createRig({}, { ...fs, openSync });
  rig.append('a.log', 'one\n');
  rig.append('b.log', 'two\n');
  await rig.start();
  await rig.pass(2_000);

  expect(rig.sink.bodies).toEqual(['two']);
  expect(rig.host.lines).toEqual([]);
});

test('empty files are followed and cost nothing', async () => {
  const rig = createRig();
  rig.append('a.log', '');
  await rig.start();
  await rig.pass(1_000);
  rig.append('a.log', 'one\n');
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one']);
});

test('a file that went before it was read to its end is told with the number of bytes', async () => {
  const rig = createRig({ max_unsettled_bytes: 1, read_chunk_size: 4096 });
  rig.sink.isHolding = true;
  rig.append('a.log', 'x\n'.repeat(10_000));
  await rig.start();
  await rig.pass(200);
  fs.truncateSync(rig.path('a.log'));
  await rig.pass(1_000);

  expect(rig.host.lines.some(({ level, message }) => level === 'error' && message.startsWith('A file went before'))).toBe(true);
  expect(rig.host.metric('winnow_file_log_lost_bytes')).toBeGreaterThan(10_000);
});

// ---- many files, large files ----

test('5,000 files at once are all read, with a bounded number open', { timeout: 60_000 }, async () => {
  const rig = createRig({ max_concurrent_files: 50 });
  for (let i = 0; i < 5_000; i++) rig.append(`${i}.log`, `first ${i}\n`);
  await rig.start();
  await rig.until(() => rig.sink.bodies.length >= 5_000);
  let open = rig.host.metric('otelcol_fileconsumer_open_files');
  for (let i = 0; i < 5_000; i += 7) rig.append(`${i}.log`, `second ${i}\n`);
  await rig.until(() => {
    open = Math.max(open, rig.host.metric('otelcol_fileconsumer_open_files'));
    return rig.sink.bodies.length >= 5_715;
  });

  expect(new Set(rig.sink.bodies).size).toBe(5_715);
  expect(rig.sink.bodies).toHaveLength(5_715);
  expect(open).toBeLessThanOrEqual(50);
  // Small files share batches.
  expect(rig.sink.batches).toBeLessThan(200);
});

test('a noisy file starves nobody', async () => {
  const rig = createRig({ read_chunk_size: 4096 });
  rig.append('a.log', 'noise noise noise\n'.repeat(20_000));
  rig.append('b.log', 'quiet\n');
  await rig.start();
  await rig.pass(1_000);

  const quiet = rig.sink.bodies.indexOf('quiet');
  expect(quiet).toBeGreaterThanOrEqual(0);
  expect(quiet).toBeLessThan(1_000);
});

// ---- back-pressure ----

test('reading pauses at the bound of bytes, exactly, and goes on when some are safe', async () => {
  const rig = createRig({ read_chunk_size: 4096, max_unsettled_bytes: 10_000 });
  rig.sink.isHolding = true;
  rig.append('a.log', '123456789\n'.repeat(10_000));
  await rig.start();
  await rig.pass(5_000);
  // 4,090 bytes a piece, or a few less: the bytes before the position are read along. The third piece crosses the bound.
  expect(rig.sink.held).toHaveLength(3);
  expect(rig.host.metric('winnow_file_log_pinned_bytes')).toBeLessThan(10_000 + 4096);
  expect(rig.host.metric('winnow_file_log_unsettled_deliveries')).toBe(3);
  rig.sink.settle(0, true);
  await rig.pass(50);
  expect(rig.sink.held).toHaveLength(3);
  rig.sink.isHolding = false;
  rig.sink.release();
  await rig.until(() => rig.sink.bodies.length === 10_000);

  expect(rig.sink.bodies).toHaveLength(10_000);
});

test('reading pauses at the bound of Deliveries', async () => {
  const rig = createRig({ read_chunk_size: 4096, max_unsettled_deliveries: 2 });
  rig.sink.isHolding = true;
  rig.append('a.log', '123456789\n'.repeat(10_000));
  await rig.start();
  await rig.pass(5_000);

  expect(rig.sink.held).toHaveLength(2);
});

test('rotation is seen while reading pauses, so nothing is lost to names nobody asked for', async () => {
  const rig = createRig({ max_unsettled_deliveries: 1 });
  rig.sink.isHolding = true;
  rig.append('a.log', 'one\n');
  await rig.start();
  for (const line of ['two', 'three', 'four']) {
    await rig.pass(400);
    fs.renameSync(rig.path('a.log'), rig.path(`a.log.${line}`));
    rig.append('a.log', `${line}\n`);
  }
  await rig.pass(400);
  expect(rig.sink.given).toHaveLength(1);
  rig.sink.isHolding = false;
  rig.sink.release();
  await rig.until(() => rig.sink.bodies.length === 4);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three', 'four']);
});

test('a refused batch is offered again, as it was read', async () => {
  const rig = createRig();
  rig.sink.isRefusing = true;
  rig.sink.mutates = true;
  rig.append('a.log', 'one\n');
  rig.append('b.log', 'two\n');
  await rig.start();
  await rig.pass(10_000);
  rig.sink.isRefusing = false;
  await rig.until(() => rig.sink.bodies.length === 2, 60_000);

  expect(rig.sink.bodies).toEqual(['one', 'two']);
  expect(rig.host.metric('winnow_file_log_unsettled_deliveries')).toBe(0);
  expect(rig.host.metric('winnow_file_log_pinned_bytes')).toBe(0);
});

test('a refused batch is kept over a shutdown', async () => {
  const rig = createRig();
  rig.sink.isRefusing = true;
  rig.append('a.log', 'one\n');
  await rig.start();
  await rig.pass(1_000);
  await rig.stop();
  rig.sink.isRefusing = false;
  await rig.start();
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['one']);
});

test('refused records are dropped and counted when that is asked for', async () => {
  const rig = createRig({ retry_on_failure: { enabled: false, initial_interval: '1s', max_interval: '30s', max_elapsed_time: '0s' } });
  rig.sink.isRefusing = true;
  rig.append('a.log', 'one\ntwo\n');
  await rig.start();
  await rig.pass(400);

  expect(rig.host.metric('winnow_file_log_refused_for_good')).toBe(2);
  expect(rig.host.metric('winnow_file_log_offset_bytes')).toBe(8);
});

// ---- network mounts ----

test('a mount that hangs holds up neither other files nor the shutdown', async () => {
  const rig: Rig = createRig(
    {},
    createHangingFs(() => rig.path('mount')),
  );
  fs.mkdirSync(rig.path('mount'));
  rig.append('mount/far.log', 'far\n');
  rig.append('near.log', 'near\n');
  await rig.start({ include: [rig.path('*.log'), rig.path('mount/*.log')] });
  await rig.pass(1_000);
  rig.append('near.log', 'still near\n');
  await rig.pass(400);

  expect(rig.sink.bodies).toEqual(['near', 'still near']);
  await rig.stop();
});

test('files on a network mount are read through the pool', async () => {
  const rig: Rig = createRig(
    {},
    createMountedFs(() => rig.path('mount')),
  );
  fs.mkdirSync(rig.path('mount'));
  rig.append('mount/far.log', 'one\n');
  await rig.start({ include: [rig.path('mount/*.log')] });
  await rig.until(() => rig.sink.bodies.length === 1);
  rig.append('mount/far.log', 'two\n');
  await rig.until(() => rig.sink.bodies.length === 2);
  fs.renameSync(rig.path('mount/far.log'), rig.path('mount/far.log.1'));
  rig.append('mount/far.log.1', 'three\n');
  rig.append('mount/far.log', 'four\n');
  await rig.until(() => rig.sink.bodies.length === 4);

  expect(rig.sink.bodies).toEqual(['one', 'two', 'three', 'four']);
});

/** A file system whose table of mounts says that a folder is on NFS; calls that would block on it are an error. */
function createMountedFs(mount: () => string): FileSystem {
  const check = (path: unknown): void => {
    if (String(path).startsWith(mount())) throw new Error(`a blocking call on a network mount: ${String(path)}`);
  };
  return {
    ...fs,
    readFileSync: ((path: string, options: never) =>
      path === '/proc/self/mountinfo' ? `1 1 0:1 / ${mount()} rw - nfs4 server:/x rw\n` : fs.readFileSync(path, options)) as never,
    statSync: ((path: string, options: never) => (check(path), fs.statSync(path, options))) as never,
    openSync: ((path: string, flags: never) => (check(path), fs.openSync(path, flags))) as never,
    readdirSync: ((path: string, options: never) => (check(path), fs.readdirSync(path, options))) as never,
  };
}

function createHangingFs(mount: () => string): FileSystem {
  const hangs = (path: unknown): boolean => String(path).startsWith(mount());
  const mounted = createMountedFs(mount);
  return {
    ...mounted,
    promises: {
      ...fs.promises,
      stat: ((path: string) => (hangs(path) ? new Promise(() => {}) : fs.promises.stat(path))) as never,
      readdir: ((path: string, options: never) => (hangs(path) ? new Promise(() => {}) : fs.promises.readdir(path, options))) as never,
    },
  };
}

// ---- records that end the process ----

test('a record that ends the process three times is put aside, and all others are delivered', async () => {
  const rig = createRig();
  const lines = Array.from({ length: 100 }, (_, i) => (i === 57 ? 'poison' : `line ${i}`));
  rig.append('a.log', `${lines.join('\n')}\n`);
  let crashes = 0;
  for (let run = 0; run < 8; run++) {
    const { sink } = rig;
    const consume = sink.consume.bind(sink);
    sink.consume = async (batch) => {
      for (let row = 0; row < batch.length; row++) if (batch.body(row) === 'poison') throw new TypeError('a bug');
      return consume(batch);
    };
    await rig.start();
    await rig.pass(500);
    if (rig.host.fatals.length === 0) break;
    crashes++;
    await rig.crash();
  }

  expect(crashes).toBe(3);
  expect(rig.sink.bodies).toEqual(lines.filter((line) => line !== 'poison'));
  const letters = fs.readFileSync(`${rig.host.storage.directory('dead-letter')}/file_log.jsonl`, 'utf8');
  expect(JSON.parse(letters)).toMatchObject({ reason: 'poison', body: 'poison\n' });
  expect(rig.host.metric('winnow_file_log_dead_letters')).toBe(1);
});
