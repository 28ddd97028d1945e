import { expect, test } from 'vitest';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory } from './index.ts';

test('says that it does nothing', async () => {
  const host = createTestHost();
  const extension = factory.create({}, { id: 'pprof/a' });

  await extension.start(host);
  await extension.shutdown(new AbortController().signal);

  expect(host.lines).toHaveLength(1);
  expect(host.lines[0]).toMatchObject({ level: 'warn', facts: { extension: 'pprof/a' } });
});
