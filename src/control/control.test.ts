import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TapPoints } from '../pipeline/tap-points.ts';
import { NoAgentError, requestStatus, serveControl, socketPathOf, type ControlServer, type StatusReport } from './index.ts';

let folder: string;
const servers: ControlServer[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'winnow-control-'))));
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true });
});

const REPORT: StatusReport = {
  version: '1.2.3',
  pid: 1,
  uptime_seconds: 2,
  is_ready: true,
  config: ['/etc/winnow/config.yaml'],
  generation: 1,
  storage: '/var/lib/winnow',
  memory_rss_bytes: 3,
  components: {},
  books: { receivers: [], pipelines: [], connectors: [], exporters: [] },
  queues: [],
  files: [],
};

async function serve(directory: string): Promise<ControlServer> {
  const server = await serveControl(
    socketPathOf(directory),
    () => REPORT,
    () => new TapPoints(),
  );
  servers.push(server);
  return server;
}

test('answers the status on a socket of the owner alone', async () => {
  const { path } = await serve(folder);

  expect(path).toBe(join(folder, 'winnow.sock'));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await requestStatus(folder)).toEqual(REPORT);
});

test('takes the place of a socket that a killed agent has left behind', async () => {
  writeFileSync(socketPathOf(folder), '');

  await serve(folder);

  expect(await requestStatus(folder)).toEqual(REPORT);
});

test('does not take the socket of an agent that answers', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(socketPathOf(folder), listening));

  await expect(serve(folder)).rejects.toThrow('another agent answers');

  await new Promise((closed) => other.close(closed));
});

test('says that no agent runs when nobody listens', async () => {
  await expect(requestStatus(folder)).rejects.toThrow(NoAgentError);
});

test('a folder too deep for a socket is served as well', async () => {
  const deep = join(folder, 'd'.repeat(120));
  mkdirSync(deep);

  const { path } = await serve(deep);

  expect(path.length).toBeLessThan(104);
  expect(await requestStatus(deep)).toEqual(REPORT);
});
