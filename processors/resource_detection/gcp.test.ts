import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { foundIn, serveMetadata, type Reply } from '../../test/helpers/metadata-server.ts';
import { allOf } from '../../test/helpers/resource-detection-rig.ts';

const MACHINE: Readonly<Record<string, string>> = {
  'project/project-id': 'winter-sky-42',
  'instance/id': '8712345678901234567',
  'instance/name': 'web-7x2k',
  'instance/hostname': 'web-7x2k.europe-west6-b.c.winter-sky-42.internal',
  'instance/machine-type': 'projects/555/machineTypes/e2-standard-4',
  'instance/zone': 'projects/555/zones/europe-west6-b',
  'instance/attributes/created-by': 'projects/555/zones/europe-west6-b/instanceGroupManagers/web',
};
const INSTANCE = {
  'cloud.provider': 'gcp',
  'cloud.platform': 'gcp_compute_engine',
  'cloud.account.id': 'winter-sky-42',
  'cloud.region': 'europe-west6',
  'cloud.availability_zone': 'europe-west6-b',
  'host.id': '8712345678901234567',
  'host.name': 'web-7x2k',
  'host.type': 'e2-standard-4',
  'gcp.gce.instance_group_manager.name': 'web',
  'gcp.gce.instance_group_manager.zone': 'europe-west6-b',
};

const gcp = (endpoint: string, resource_attributes: object = {}): object => ({
  detectors: ['gcp'],
  gcp: { endpoint, resource_attributes },
});

/** Answers as the service does: only to those who say that they know it, and saying that it is the one. */
function serviceWith(values: Readonly<Record<string, string>>): (question: string, headers: IncomingHttpHeaders) => Reply {
  return (question, headers) => {
    if (headers['metadata-flavor'] !== 'Google') return 403;
    const value = values[question.replace('GET /computeMetadata/v1/', '')];
    return value === undefined ? 404 : (response) => void response.setHeader('Metadata-Flavor', 'Google').end(value);
  };
}

describe('a machine', () => {
  test('sets what is enabled unless told otherwise', async () => {
    await using server = await serveMetadata(serviceWith(MACHINE));

    expect(await foundIn(gcp(server.endpoint))).toEqual({ found: INSTANCE, warnings: [] });
  });

  test('sets everything it names when that is enabled, and leaves out what is not', async () => {
    await using server = await serveMetadata(serviceWith(MACHINE));

    const { found } = await foundIn(gcp(server.endpoint, { ...allOf('gcp'), 'host.id': { enabled: false } }));

    const { 'host.id': _id, ...rest } = INSTANCE;
    expect(found).toEqual({
      ...rest,
      'gcp.gce.instance.name': 'web-7x2k',
      'gcp.gce.instance.hostname': 'web-7x2k.europe-west6-b.c.winter-sky-42.internal',
    });
  });

  test('has the region of a group that is not in one zone', async () => {
    const createdBy = 'projects/555/regions/europe-west6/instanceGroupManagers/web';
    await using server = await serveMetadata(serviceWith({ ...MACHINE, 'instance/attributes/created-by': createdBy }));

    const { 'gcp.gce.instance_group_manager.zone': _zone, ...rest } = INSTANCE;
    expect((await foundIn(gcp(server.endpoint))).found).toEqual({ ...rest, 'gcp.gce.instance_group_manager.region': 'europe-west6' });
  });

  test('of another kind, such as Cloud Run, has a project', async () => {
    await using server = await serveMetadata(
      serviceWith({ 'project/project-id': 'winter-sky-42', 'instance/id': '00f1', 'instance/zone': 'projects/555/zones/europe-west6-1' }),
    );

    expect((await foundIn(gcp(server.endpoint))).found).toEqual({ 'cloud.provider': 'gcp', 'cloud.account.id': 'winter-sky-42' });
  });
});

test.each([
  ['a zone', 'europe-west6-b', { 'cloud.availability_zone': 'europe-west6-b' }],
  ['a region', 'europe-west6', {}],
])('a cluster in %s', async (_where, location, zone) => {
  const cluster = { 'instance/attributes/cluster-name': 'shop', 'instance/attributes/cluster-location': location };
  await using server = await serveMetadata(serviceWith({ ...MACHINE, ...cluster }));

  expect((await foundIn(gcp(server.endpoint, allOf('gcp')))).found).toEqual({
    'cloud.provider': 'gcp',
    'cloud.platform': 'gcp_kubernetes_engine',
    'cloud.account.id': 'winter-sky-42',
    'cloud.region': 'europe-west6',
    'host.id': '8712345678901234567',
    'host.name': 'web-7x2k',
    'k8s.cluster.name': 'shop',
    ...zone,
  });
});

test('whatever answers without saying that it is Google is not believed', async () => {
  await using server = await serveMetadata(() => '<html>sign in</html>');

  const { found, warnings } = await foundIn(gcp(server.endpoint));

  expect(found).toEqual({});
  expect(warnings).toEqual([
    expect.stringContaining('expected the header Metadata-Flavor: Google in the answer, got "<html>sign in</html>"'),
  ]);
});

test('a service that is out of order for a moment means no machine, rather than half of one', async () => {
  const service = serviceWith(MACHINE);
  await using server = await serveMetadata((question, headers) => (question.endsWith('/zone') ? 503 : service(question, headers)));

  const { found, warnings } = await foundIn(gcp(server.endpoint));

  expect(found).toEqual({});
  expect(warnings).toEqual([expect.stringContaining('/instance/zone: expected 200, got 503')]);
});
