import * as fs from 'node:fs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { Segments } from './segments.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'winnow-segments-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a segment whose last request is forgotten while it is being closed is removed once, quietly', async () => {
  const { clock, log, lines } = createTestHost();
  const segments = new Segments({ directory, fs, clock, log, isSynced: false, onCorrupt: () => {} });
  await segments.open();
  const places = await segments.append([{ meta: Buffer.from('meta'), body: Buffer.from('body') }]);

  for (const place of places) segments.answered(place);
  const rolled = segments.roll();
  for (const place of places) segments.forgotten(place);
  await rolled;
  await segments.close();

  expect(readdirSync(directory)).toEqual([]);
  expect(lines).toEqual([]);
});

test('leaves the room on the disk that emptying the queue needs', async () => {
  const { clock, log } = createTestHost();
  const disk = { bsize: 1024, blocks: 100 * 1024, bavail: 8 * 1024 };
  const promises = { ...fs.promises, statfs: () => Promise.resolve(disk) } as unknown as typeof fs.promises;
  const segments = new Segments({ directory, fs: { ...fs, promises }, clock, log, isSynced: false, onCorrupt: () => {} });
  await segments.open();
  const entries = [{ meta: Buffer.from('meta'), body: Buffer.from('body') }];

  await expect(segments.append(entries)).rejects.toThrow(/^ENOSPC: 8388608 bytes are left/);
  disk.bavail++;

  expect(await segments.append(entries)).toHaveLength(1);
  await segments.close();
});
