import * as fs from 'node:fs';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { Mounts, networkRoots } from './mounts.ts';

const TABLE = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /mnt/nfs rw,relatime shared:9 - nfs4 server:/x rw
31 22 0:27 / /mnt/with\\040space rw - fuse.sshfs me@there: rw
32 22 0:28 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw
33 22 0:29 / /run rw - tmpfs tmpfs rw
`;

test('finds file systems that may wait for a server in the table of the kernel', () => {
  expect(networkRoots(TABLE)).toEqual(['/mnt/nfs', '/mnt/with space']);
});

test('knows what lies on them, and looks at the table again after a while', async () => {
  const clock = new FakeClock();
  let table = '';
  const mounts = new Mounts({ ...fs, readFileSync: (() => table) as never }, clock);
  expect(mounts.hasNetwork).toBe(false);
  table = TABLE;
  expect(mounts.isNetwork('/mnt/nfs/a.log')).toBe(false);
  await clock.advance(10_000);

  expect(mounts.isNetwork('/mnt/nfs/a.log')).toBe(true);
  expect(mounts.isNetwork('/mnt/nfs2/a.log')).toBe(false);
});

test('counts everything as local where there is no such table', () => {
  const readFileSync = (() => {
    throw new Error('ENOENT');
  }) as never;

  expect(new Mounts({ ...fs, readFileSync }, new FakeClock()).isNetwork('/mnt')).toBe(false);
});
