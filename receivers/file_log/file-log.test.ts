import { appendFileSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogsSink } from '../../test/helpers/logs-sink.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { factory } from './index.ts';

test('reads a file', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fl-'));
  const path = join(dir, 'a.log');
  writeFileSync(path, 'one\ntwo\n');
  const sink = new LogsSink();
  const clock = new FakeClock(Date.now());
  const host = createTestHost({ clock });
  const config: any = JSON.parse(JSON.stringify(defaults(factory.schema)));
  Object.assign(config, { include: [join(dir, '*.log')], start_at: 'beginning' });
  const r = factory.create(config, { id: 'file_log' }, sink);
  await r.start(host);
  await clock.advance(100);
  expect(sink.bodies).toEqual(['one', 'two']);
  appendFileSync(path, 'three\nfou');
  await clock.advance(200);
  expect(sink.bodies).toEqual(['one', 'two', 'three']);
  await clock.advance(1000);
  expect(sink.bodies).toEqual(['one', 'two', 'three', 'fou']);
  renameSync(path, path + '.1');
  writeFileSync(path, 'new\n');
  appendFileSync(path + '.1', 'old\n');
  await clock.advance(400);
  expect(sink.bodies).toEqual(['one', 'two', 'three', 'fou', 'old', 'new']);
  console.log(host.lines);
  await r.shutdown(new AbortController().signal);
});
function defaults(schema: any): any {
  const out: any = {};
  for (const [k, p] of Object.entries<any>(schema.properties)) {
    if ('default' in p) {
      out[k] = p.type === 'object' && p.properties ? { ...defaults(p), ...p.default } : p.default;
    }
  }
  return out;
}
