import { describe, expect, test } from 'vitest';
import { cloudRig, foundIn, serveMetadata, type Reply } from '../../test/helpers/metadata-server.ts';

const PUT_TOKEN = 'PUT /latest/api/token';
const IDENTITY = {
  accountId: '210987654321',
  architecture: 'arm64',
  availabilityZone: 'eu-central-1b',
  imageId: 'ami-0f00ba4',
  instanceId: 'i-0123456789abcdef0',
  instanceType: 'm7g.large',
  privateIp: '10.1.2.3',
  region: 'eu-central-1',
  kernelId: null,
};
const ANSWERS: Readonly<Record<string, Reply>> = {
  [PUT_TOKEN]: 'AQAEAHF3bWlzdA==',
  'GET /latest/dynamic/instance-identity/document': JSON.stringify(IDENTITY, null, 2),
  'GET /latest/meta-data/hostname': 'ip-10-1-2-3.eu-central-1.compute.internal',
};
const TAGS: Readonly<Record<string, Reply>> = {
  'GET /latest/meta-data/tags/instance': 'Name\nteam\naws:autoscaling:groupName\n..\n../iam/info\nempty',
  'GET /latest/meta-data/tags/instance/Name': 'web 1',
  'GET /latest/meta-data/tags/instance/team': 'shop',
  'GET /latest/meta-data/tags/instance/empty': (response) => void response.end(),
};
const ALL = {
  'cloud.provider': 'aws',
  'cloud.platform': 'aws_ec2',
  'cloud.account.id': '210987654321',
  'cloud.region': 'eu-central-1',
  'cloud.availability_zone': 'eu-central-1b',
  'host.id': 'i-0123456789abcdef0',
  'host.image.id': 'ami-0f00ba4',
  'host.name': 'ip-10-1-2-3.eu-central-1.compute.internal',
  'host.type': 'm7g.large',
};

const ec2 = (endpoint: string, more: object = {}): object => ({
  detectors: ['ec2'],
  ec2: { endpoint, tags: [], tags_from_imds: true, resource_attributes: {}, ...more },
});

describe('version 2 of the service', () => {
  test('sets everything, and shows a token with each question', async () => {
    await using server = await serveMetadata((question) => ANSWERS[question]);

    const { found, warnings } = await foundIn(ec2(`${server.endpoint}/`));

    expect(found).toEqual(ALL);
    expect(warnings).toEqual([]);
    const [first, ...others] = server.asked;
    expect(first).toMatchObject({ method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' } });
    expect(others.map(({ headers }) => headers['x-aws-ec2-metadata-token'])).toEqual(['AQAEAHF3bWlzdA==', 'AQAEAHF3bWlzdA==']);
  });

  test('leaves out what is disabled, and does not ask for a name that nobody wants', async () => {
    await using server = await serveMetadata((question) => ANSWERS[question]);
    const resource_attributes = { 'host.name': { enabled: false }, 'cloud.account.id': { enabled: false } };

    const { found } = await foundIn(ec2(server.endpoint, { resource_attributes }));

    const { 'host.name': _name, 'cloud.account.id': _account, ...rest } = ALL;
    expect(found).toEqual(rest);
    expect(server.asked.some(({ url }) => url.endsWith('/hostname'))).toBe(false);
  });

  test('goes without a name that the service does not have', async () => {
    await using server = await serveMetadata((question) => (question.endsWith('/hostname') ? 404 : ANSWERS[question]));

    const { 'host.name': _name, ...rest } = ALL;
    expect((await foundIn(ec2(server.endpoint))).found).toEqual(rest);
  });
});

describe('version 1 of the service', () => {
  test.each([403, 404, 405])('is asked without a token when that is refused with %d', async (status) => {
    await using server = await serveMetadata((question) => (question === PUT_TOKEN ? status : ANSWERS[question]));

    const { found, warnings } = await foundIn(ec2(server.endpoint));

    expect(found).toEqual(ALL);
    expect(warnings).toEqual([]);
    expect(server.asked.some(({ headers }) => 'x-aws-ec2-metadata-token' in headers)).toBe(false);
  });

  test.each([
    ['5s', 1000],
    ['600ms', 300],
  ])('is asked when no token has come, with a timeout of %s after %d ms', async (timeout, waitMs) => {
    await using server = await serveMetadata((question) => (question === PUT_TOKEN ? () => {} : ANSWERS[question]));
    const { processor, host, clock, attributes, warnings } = cloudRig({ ...ec2(server.endpoint), timeout });

    const started = processor.start(host);
    await server.whenAsked('/latest/api/token');
    await clock.advance(waitMs - 1);
    expect(server.asked).toHaveLength(1);
    await clock.advance(1);
    await started;

    expect(await attributes()).toEqual(ALL);
    expect(warnings()).toEqual([]);
    await server.whenGivenUp;
    expect(clock.pendingTimers).toBe(0);
  });

  test('says what to change when the service insists on a token that does not come', async () => {
    await using server = await serveMetadata((question) => (question === PUT_TOKEN ? () => {} : 401));
    const { processor, host, clock, warnings } = cloudRig(ec2(server.endpoint));

    const started = processor.start(host);
    await server.whenAsked('/latest/api/token');
    await clock.advance(1000);
    await started;

    expect(warnings()).toEqual([expect.stringMatching(/expected 200, got 401: .*HttpPutResponseHopLimit of 2$/)]);
  });
});

describe('tags', () => {
  test('sets those of which a pattern matches the name', async () => {
    await using server = await serveMetadata((question) => ANSWERS[question] ?? TAGS[question]);

    const { found } = await foundIn(ec2(server.endpoint, { tags: ['^Name$', '^(?i)TE', '^empty$'] }));

    expect(found).toEqual({ ...ALL, 'ec2.tag.Name': 'web 1', 'ec2.tag.team': 'shop', 'ec2.tag.empty': '' });
  });

  test('asks for nothing but tags, whatever their names are', async () => {
    await using server = await serveMetadata((question) => ANSWERS[question] ?? TAGS[question]);

    await foundIn(ec2(server.endpoint, { tags: ['.*'] }));

    const others = server.asked.map(({ method, url }) => `${method} ${url}`).filter((question) => !(question in ANSWERS));
    const root = 'GET /latest/meta-data/tags/instance';
    expect(others).toEqual([root, `${root}/Name`, `${root}/team`, `${root}/aws:autoscaling:groupName`, `${root}/empty`]);
  });

  test('warns when the instance does not give them away, and sets the rest', async () => {
    await using server = await serveMetadata((question) => ANSWERS[question]);

    const { found, warnings } = await foundIn(ec2(server.endpoint, { tags: ['.*'] }));

    expect(found).toEqual(ALL);
    expect(warnings).toEqual(['The instance does not give away its tags; let its InstanceMetadataTags be enabled.']);
  });
});

test('where there is no instance, nothing is said of tags', async () => {
  await using server = await serveMetadata(() => 404);

  expect((await foundIn(ec2(server.endpoint, { tags: ['.*'] }))).warnings).toEqual([
    expect.stringContaining('document: expected 200, got 404'),
  ]);
});

test.each([
  ['a page in place of a token', { [PUT_TOKEN]: '<html>\nsign in</html>' }, /expected a token, got "<html>/],
  [
    'a page in place of the document',
    { 'GET /latest/dynamic/instance-identity/document': '<html>' },
    /expected an object with "instanceId", got "<html>"/,
  ],
  ['the document of something else', { 'GET /latest/dynamic/instance-identity/document': '{"id":1}' }, /got "\{\\"id\\":1\}"/],
])('%s means no instance', async (_what, answers, reason) => {
  await using server = await serveMetadata((question) => new Map<string, Reply>(Object.entries({ ...ANSWERS, ...answers })).get(question));

  const { found, warnings } = await foundIn(ec2(server.endpoint));

  expect(found).toEqual({});
  expect(warnings).toEqual([expect.stringMatching(reason)]);
});
