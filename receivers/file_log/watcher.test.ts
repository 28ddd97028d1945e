import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { createReceiver } from './harness.ts';
import { RigSink } from './rig.ts';

test('with watch, what the kernel tells is read without waiting for a poll', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-watch-'));
  writeFileSync(join(folder, 'a.log'), 'one\n');
  const clock = new FakeClock(Date.now());
  const sink = new RigSink();
  const receiver = createReceiver({ include: [join(folder, '*.log')], start_at: 'beginning', watch: true, poll_interval: '1h' }, sink);
  await receiver.start(createTestHost({ clock }));
  // A file at rest, in a folder that is watched by now. Time stands still from here on.
  for (let i = 0; i < 10; i++) await clock.advance(3_600_000);
  expect(sink.bodies).toEqual(['one']);

  await vi.waitFor(() => {
    appendFileSync(join(folder, 'a.log'), 'more\n');
    expect(sink.bodies.length).toBeGreaterThan(1);
  }, 5_000);

  await receiver.shutdown(new AbortController().signal);
  rmSync(folder, { recursive: true });
});
