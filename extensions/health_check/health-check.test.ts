import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Status, type StatusName } from '#component';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { HealthCheck, type HealthCheckConfig } from './health-check.ts';

const started: HealthCheck[] = [];

afterEach(async () => {
  for (const healthCheck of started.splice(0)) await healthCheck.shutdown();
});

async function start(config: Partial<HealthCheckConfig> = {}) {
  const statuses = new Map<string, { status: StatusName; message: string | undefined; since: number }>();
  const healthCheck = new HealthCheck({ endpoint: 'localhost:0', path: '/', ...config });
  started.push(healthCheck);
  await healthCheck.start({ ...createTestHost(), statuses: () => statuses });
  const report = (name: string, status: StatusName, message?: string): void => void statuses.set(name, { status, message, since: 0 });
  const get = (path = '/'): Promise<Response> => fetch(`http://localhost:${healthCheck.port}${path}`);
  return { healthCheck, report, get };
}

test('answers 200 while all components work or mend themselves', async () => {
  const { report, get } = await start();
  report('receiver:file_log', Status.ok);
  report('exporter:otlp_http', Status.recoverable, 'the backend does not answer');

  const response = await get();

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ status: 'Server available', upSince: '2026-01-30T12:00:00.000Z' });
});

test.for([Status.starting, Status.permanent, Status.stopped])('answers 503 and names the component that is %s', async (status) => {
  const { report, get } = await start();
  report('receiver:file_log', Status.ok);
  report('exporter:otlp_http', status, '401 Unauthorized');

  const response = await get();

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ component: 'exporter:otlp_http', state: status, reason: '401 Unauthorized' });
});

test('answers its own path and texts where configured', async () => {
  const { report, get } = await start({ path: '/health', response_body: { healthy: 'up', unhealthy: 'down' } });

  expect((await get('/')).status).toBe(404);
  expect(await (await get('/health?from=probe')).text()).toBe('up');

  report('exporter:otlp_http', Status.permanent);
  const response = await get('/health');
  expect([response.status, await response.text()]).toEqual([503, 'down']);
});

test('refuses anything but GET and HEAD', async () => {
  const { healthCheck } = await start();

  const response = await fetch(`http://localhost:${healthCheck.port}/`, { method: 'POST', body: 'x' });

  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('does not start when its port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : 0;

  const starting = new HealthCheck({ endpoint: `127.0.0.1:${port}`, path: '/' }).start(createTestHost());

  await expect(starting).rejects.toThrow('EADDRINUSE');
  other.close();
});

test('stops safely twice and without a start', async () => {
  const healthCheck = new HealthCheck({ endpoint: 'localhost:0', path: '/' });

  await healthCheck.shutdown();
  await healthCheck.start(createTestHost());
  await healthCheck.shutdown();
  await healthCheck.shutdown();

  expect(healthCheck.port).toBe(0);
});
