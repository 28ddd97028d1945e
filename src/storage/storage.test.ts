import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { Storage, StorageLockedError } from './index.ts';

let directory: string;
let clock: FakeClock;
let host: TestHost;

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'winnow-storage-')), 'state');
  clock = new FakeClock();
  host = createTestHost({ clock });
});

afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function open(synchronous: 'normal' | 'full' = 'normal'): Promise<Storage> {
  return Storage.open(directory, { log: host.log, metrics: host.metrics, clock, synchronous });
}

function put(storage: Storage, key: string, value: string, after: () => void = () => {}): Promise<void> {
  const client = storage.client('test');
  const transaction = client.begin();
  client.put(transaction, key, value);
  transaction.afterCommit(after);
  return client.commit(transaction);
}

/** Resolves when it is committed. */
async function keep(storage: Storage, key: string, value: string): Promise<void> {
  const committed = put(storage, key, value);
  await clock.advance(10);
  await committed;
}

function read(storage: Storage, key: string): string | undefined {
  const value = storage.client('test').get(key);
  return value && Buffer.from(value).toString();
}

for (const synchronous of ['normal', 'full'] as const) {
  test(`remembers what was committed, also in the next life (${synchronous})`, async () => {
    const first = await open(synchronous);
    const committed = put(first, 'position', '42');
    await first.close();
    await committed;

    const second = await open(synchronous);

    expect(read(second, 'position')).toBe('42');
    await second.close();
  });
}

test('tells of a queue on disk that nobody has any more, and of no other', async () => {
  const first = await open();
  for (const name of ['exporter:gone', 'exporter:there']) {
    const client = first.client(name);
    const transaction = client.begin();
    client.put(transaction, 'queue/item/0000000000000001', '{}');
    void client.commit(transaction);
  }
  await first.close();

  const second = await open();
  second.client('exporter:there').directory('queue');
  await clock.advance(10_000);

  const lines = host.lines.filter(({ level }) => level === 'error');
  expect(lines).toHaveLength(1);
  expect(lines[0]?.message).toContain('no exporter of this configuration has');
  expect(lines[0]?.facts).toMatchObject({ queue: 'exporter:gone', requests: 1 });
  await second.close();
});

test('tells of counted records whose processor nobody has any more, and of no others', async () => {
  const first = await open();
  for (const name of ['processor:dedupe/gone', 'processor:dedupe']) {
    const client = first.client(name);
    const transaction = client.begin();
    client.put(transaction, 'r/1', '{}');
    void client.commit(transaction);
  }
  await first.close();

  const second = await open();
  second.client('processor:dedupe');
  await clock.advance(10_000);

  const lines = host.lines.filter(({ level }) => level === 'error');
  expect(lines.map(({ facts }) => facts)).toEqual([expect.objectContaining({ processor: 'processor:dedupe/gone', groups: 1 })]);
  await second.close();
});

test('lists keys with a prefix in byte order, each component its own', async () => {
  const storage = await open();
  const other = storage.client('other');
  const transaction = other.begin();
  other.put(transaction, 'b/0', 'not ours');
  void other.commit(transaction);
  for (const key of ['b/2', 'a', 'b/10', 'c', 'b/é', 'b/😀']) void put(storage, key, key);
  await clock.advance(5);

  const keys = [...storage.client('test').list('b/')].map(([key]) => key);

  expect(keys).toEqual(['b/10', 'b/2', 'b/é', 'b/😀']);
  await storage.close();
});

test('commits in the order of the calls and acts only after the commit', async () => {
  const storage = await open();
  const order: string[] = [];
  const first = put(storage, 'k', '1', () => order.push(`first ${read(storage, 'k')}`)).then(() => order.push('first resolved'));
  const second = put(storage, 'k', '2', () => order.push(`second ${read(storage, 'k')}`)).then(() => order.push('second resolved'));
  expect(read(storage, 'k')).toBeUndefined();

  await clock.advance(5);
  await Promise.all([first, second]);

  // One commit carried both, so the first action already sees the value of the second.
  expect(order).toEqual(['first 2', 'second 2', 'first resolved', 'second resolved']);
  await storage.close();
});

test('keeps a value although the caller uses its buffer again', async () => {
  const storage = await open();
  const client = storage.client('test');
  const value = Buffer.from('before');
  const transaction = client.begin();
  client.put(transaction, 'k', value);
  const committed = client.commit(transaction);
  value.write('after!');

  await storage.close();
  await committed;

  const again = await open();
  expect(read(again, 'k')).toBe('before');
  await again.close();
});

test('lets nobody but the owner read folder and files', async () => {
  const storage = await open();
  void put(storage, 'k', 'v');
  await clock.advance(5);

  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(storage.client('otlp_http/us').directory('queue')).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(directory)) {
    const { mode } = statSync(join(directory, name));
    expect([name, mode & 0o077]).toEqual([name, 0]);
  }
  await storage.close();
});

test('refuses a folder in which another agent works, and says which and what to do', async () => {
  const storage = await open();

  const second = open();

  await expect(second).rejects.toThrow(StorageLockedError);
  await expect(open()).rejects.toThrow('in use by another file_storage of this agent; give each a folder of its own');
  writeFileSync(join(directory, 'winnow.pid'), '1\n');
  await expect(open()).rejects.toThrow('process id 1; stop it, or give this agent a folder of its own');
  await storage.close();
  await (await open()).close();
});

test('says where, why and what to do when the folder cannot be used', async () => {
  writeFileSync(join(directory, '..', 'file'), '');

  const opened = Storage.open(join(directory, '..', 'file', 'state'), { log: host.log, clock });

  await expect(opened).rejects.toThrow(
    /^storage .*file\/state: cannot be opened: .*; make sure that the folder belongs to the user with id \d+/,
  );
});

test('takes the folder of an agent that was killed', async () => {
  const script = `
    import { Storage } from ${JSON.stringify(fileURLToPath(new URL('index.ts', import.meta.url)))};
    const log = { debug() {}, info() {}, warn() {}, error() {}, with() { return log; } };
    const clock = { now: Date.now, monotonic: () => performance.now(), after: (ms, run) => { const t = setTimeout(run, ms); return { cancel: () => clearTimeout(t) }; },
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };
    const storage = await Storage.open(${JSON.stringify(directory)}, { log, clock });
    const client = storage.client('test');
    const tx = client.begin(); client.put(tx, 'k', 'from the dead'); await client.commit(tx);
    // Still referred to, or the collector would close it and let go of the lock.
    console.log('ready'); setInterval(() => storage, 1000);`;
  const child = spawn(process.execPath, ['--conditions=winnow-source', '--input-type=module-typescript', '-e', script]);
  await once(child.stdout, 'data');
  await expect(open()).rejects.toThrow(`process id ${child.pid}`);

  child.kill('SIGKILL');
  await once(child, 'exit');

  const storage = await open();
  expect(read(storage, 'k')).toBe('from the dead');
  await storage.close();
});

test('sets a file that is no database aside and begins a new one', async () => {
  await (await open()).close();
  writeFileSync(join(directory, 'winnow.db'), 'this was a database once, before the power went');

  const storage = await open();
  void put(storage, 'k', 'v');
  await clock.advance(5);

  expect(read(storage, 'k')).toBe('v');
  const aside = readdirSync(directory).filter((name) => name.includes('.corrupt-'));
  expect(aside).toHaveLength(1);
  expect(readFileSync(join(directory, aside[0] ?? ''), 'utf8')).toContain('before the power went');
  expect(host.metric('winnow_storage_corrupt_files')).toBe(1);
  expect(host.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  await storage.close();
});

test('finds damage inside a database at start', async () => {
  const first = await open();
  for (let i = 0; i < 200; i++) void put(first, `key ${i}`, 'x'.repeat(500));
  await first.close();
  const path = join(directory, 'winnow.db');
  const bytes = readFileSync(path);
  bytes.fill(0xff, 3 * 4096, 6 * 4096);
  writeFileSync(path, bytes);

  const second = await open();

  expect(host.metric('winnow_storage_corrupt_files')).toBe(1);
  expect(read(second, 'key 1')).toBeUndefined();
  await second.close();
});

test('goes on with a new database when damage shows while it runs, and loses no commit', async () => {
  const first = await open();
  // More than the 2 MiB that SQLite keeps in memory, so that it has to look at the file.
  for (let i = 0; i < 600; i++) void put(first, `key ${i}`, 'x'.repeat(8_000));
  await first.close();
  const storage = await open();
  // Written in place, as a failing disk does.
  const bytes = readFileSync(join(directory, 'winnow.db'));
  bytes.fill(0xff, 2 * 4096);
  writeFileSync(join(directory, 'winnow.db'), bytes, { flag: 'r+' });

  const committed = Array.from({ length: 600 }, (_, i) => put(storage, `key ${i}`, 'after the damage'));
  await clock.advance(10_000);
  await Promise.all(committed);

  expect(read(storage, 'key 0')).toBe('after the damage');
  expect(read(storage, 'key 599')).toBe('after the damage');
  expect(host.metric('winnow_storage_corrupt_files')).toBe(1);
  await storage.close();
});

test.each(['the folder', 'the database'])('puts back what it remembers when somebody removes %s under it', async (what) => {
  const first = await open();
  const folder = first.client('test').directory('queue');
  await keep(first, 'one', '1');
  rmSync(what === 'the folder' ? directory : join(directory, 'winnow.db'), { recursive: true });
  await keep(first, 'two', '2');
  await clock.advance(61_000);
  await keep(first, 'three', '3');

  expect(existsSync(folder)).toBe(true);
  expect(statSync(join(directory, 'winnow.db')).mode & 0o777).toBe(0o600);
  await expect(open()).rejects.toBeInstanceOf(StorageLockedError);
  expect(host.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
    expect.stringContaining('is there again'),
  ]);
  await clock.advance(120_000);
  await first.close();
  const second = await open();
  expect(['one', 'two', 'three'].map((key) => read(second, key))).toEqual(['1', '2', '3']);
  await second.close();
});

test('leaves a folder alone that another agent has made anew', async () => {
  const first = await open();
  await keep(first, 'key', 'first');
  rmSync(directory, { recursive: true });
  const second = await open();
  await keep(second, 'key', 'second');
  await clock.advance(61_000);
  await first.close();

  expect(existsSync(join(directory, 'winnow.db-wal'))).toBe(true);
  expect(host.lines.some(({ message }) => message.startsWith('Another database lies'))).toBe(true);
  await expect(open()).rejects.toBeInstanceOf(StorageLockedError);
  await second.close();
  const third = await open();
  expect(read(third, 'key')).toBe('second');
  await third.close();
});

test('closes twice, and refuses commits afterwards', async () => {
  const storage = await open();
  const client = storage.client('test');
  const transaction = client.begin();
  await storage.close();
  await storage.close();

  await expect(client.commit(transaction)).rejects.toThrow('storage is closed');
  expect(existsSync(join(directory, 'winnow.pid'))).toBe(false);
});
