import http from 'node:http';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '#component';
import { cloudRig, foundIn, serveMetadata } from '../../test/helpers/metadata-server.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { rigFor } from '../../test/helpers/resource-detection-rig.ts';

const CLOUDS = ['ec2', 'gcp', 'azure'] as const;
const AZURE_ANSWER = '{"vmId":"02aab8a4"}';

const at = (endpoint: string): object => ({
  ec2: { endpoint, tags: [], tags_from_imds: true, resource_attributes: {} },
  gcp: { endpoint, resource_attributes: {} },
  azure: { endpoint, tags: [], resource_attributes: {} },
});

describe.each(CLOUDS)('without its cloud, %s has found nothing and the agent starts', (cloud) => {
  test('because nobody listens', async () => {
    const server = await serveMetadata(() => undefined);
    await server[Symbol.asyncDispose]();

    const { found, warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });

    expect(found).toEqual({});
    expect(warnings).toEqual([expect.stringMatching(/^A detector has found nothing\. http:\/\/127.*ECONNREFUSED/)]);
  });

  test.each([400, 403, 404, 500])('because something else answers with %d', async (status) => {
    await using server = await serveMetadata(() => status);

    const { found, warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });

    expect(found).toEqual({});
    expect(warnings).toEqual([expect.stringContaining(`expected 200, got ${status}`)]);
  });

  test.each([
    ['garbage', '\u0000\u0001garbage'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
  ])('because something else answers %s', async (_what, text) => {
    await using server = await serveMetadata(() => (response) => void response.end(text));

    const { found, warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });

    expect(found).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test('because something else sends it elsewhere, where it does not go', async () => {
    await using server = await serveMetadata(() => (response) => void response.writeHead(302, { location: '/elsewhere' }).end());

    const { warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });

    expect(warnings).toEqual([expect.stringContaining('expected 200, got 302')]);
    expect(server.asked.some(({ url }) => url === '/elsewhere')).toBe(false);
  });

  test('because an answer has no end', async () => {
    await using server = await serveMetadata(() => (response) => {
      const more = (): void => {
        while (response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    });

    const { found, warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });
    await server.whenGivenUp;

    expect(found).toEqual({});
    expect(warnings).toEqual([expect.stringContaining('the answer is longer than 262144 bytes')]);
  });

  test('because an answer breaks off', async () => {
    await using server = await serveMetadata(() => (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    });

    const { found, warnings } = await foundIn({ detectors: [cloud], ...at(server.endpoint) });

    expect(found).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test('unless a missing one is to keep the agent from starting', async () => {
    await using server = await serveMetadata(() => 404);
    const { processor, host } = cloudRig({ detectors: [cloud], fail_on_missing_metadata: true, ...at(server.endpoint) });

    await expect(processor.start(host)).rejects.toBeInstanceOf(ConfigError);
  });
});

test('all of them are asked at the same time and given up after one timeout', async () => {
  await using server = await serveMetadata(() => () => {});
  const { processor, host, clock, attributes, warnings } = cloudRig({
    detectors: [...CLOUDS, 'process'],
    timeout: '800ms',
    ...at(server.endpoint),
  });

  const started = processor.start(host);
  await server.whenAsked('/latest/api/token');
  await server.whenAsked('/computeMetadata/v1/project/project-id');
  await server.whenAsked('/metadata/instance/compute?api-version=2020-09-01&format=json');
  await clock.advance(800);
  await started;
  await server.whenGivenUp;

  expect(warnings()).toEqual(Array.from(CLOUDS, () => 'A detector has found nothing. no answer within 800ms'));
  expect(await attributes()).toMatchObject({ 'process.pid': process.pid });
  expect(clock.pendingTimers).toBe(0);
});

test('a shutdown ends what is still asked', async () => {
  await using server = await serveMetadata(() => () => {});
  const { processor, host } = cloudRig({ detectors: ['azure'], ...at(server.endpoint) });

  const started = processor.start(host);
  await server.whenAsked('/metadata/instance/compute?api-version=2020-09-01&format=json');
  await processor.shutdown();

  await server.whenGivenUp;
  await expect(started).resolves.toBeUndefined();
});

test('no proxy is asked, whatever the environment of Node says', async () => {
  await using server = await serveMetadata(() => AZURE_ANSWER);
  await using proxy = await serveMetadata(() => 502);
  const usual = http.globalAgent;
  http.globalAgent = new http.Agent({ proxyEnv: { http_proxy: proxy.endpoint } });

  try {
    expect((await foundIn({ detectors: ['azure'], ...at(server.endpoint) })).found).toMatchObject({ 'host.id': '02aab8a4' });
    expect(proxy.asked).toEqual([]);
    await new Promise((resolve) => http.get(server.endpoint, resolve));
    expect(proxy.asked).toHaveLength(1);
  } finally {
    http.globalAgent = usual;
  }
});

test('a rehearsal asks nobody', async () => {
  const { processor } = rigFor({ detectors: [...CLOUDS], fail_on_missing_metadata: true }, {});

  await expect(processor.start({ ...createTestHost(), isRehearsal: true })).resolves.toBeUndefined();
});
