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
