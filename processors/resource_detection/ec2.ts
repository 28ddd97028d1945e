import type { Clock, Logger } from '#component';
import { MetadataService, StatusError, shortened, withoutSlash } from './metadata.ts';
import { textIn, type Found, type Surroundings } from './surroundings.ts';
import { tagAttributes, tagFilter } from './tags.ts';

const DOCUMENT = '/latest/dynamic/instance-identity/document';
const TAGS = '/latest/meta-data/tags/instance';
const TOKEN_SECONDS = '300';
// The answer with a token may not reach a container, while everything else does: what is left of the time is for that.
const TOKEN_WAIT_MS_MAX = 1000;
// An instance has at most 50 tags of its own, and some of AWS.
const TAGS_MAX = 100;
// Only such names are in the metadata, says EC2. A name of dots would lead elsewhere in it.
const TAG_NAME = /^(?!\.+$)[-\w+=,.@:]+$/;

export interface Ec2Config {
  endpoint: string;
  tags: string[];
}

interface Ec2Settings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeoutMs: number;
  readonly isWanted: (attribute: string) => boolean;
}

/** Asks the metadata service of EC2 about this instance. Rejects where there is none. */
export async function detectEc2(at: Surroundings, config: Ec2Config, settings: Ec2Settings): Promise<Found> {
  const token = await tokenOf(at, config.endpoint, settings);
  const service = new MetadataService(at, config.endpoint, token === undefined ? {} : { 'X-aws-ec2-metadata-token': token });
  const identity = await identityOf(service, token, config.endpoint);
  const [name, tags] = await Promise.all([
    settings.isWanted('host.name') ? service.find('/latest/meta-data/hostname') : undefined,
    config.tags.length > 0 ? tagsOf(service, config.tags, settings.log) : [],
  ]);
  return {
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_ec2',
    'cloud.account.id': textIn(identity, 'accountId'),
    'cloud.region': textIn(identity, 'region'),
    'cloud.availability_zone': textIn(identity, 'availabilityZone'),
    'host.id': textIn(identity, 'instanceId'),
    'host.image.id': textIn(identity, 'imageId'),
    'host.name': name || undefined,
    'host.type': textIn(identity, 'instanceType'),
    ...tagAttributes('ec2.tag.', tags),
  };
}

/** Version 2 of the service wants a token; undefined where there is none to be had, which is version 1. */
async function tokenOf(at: Surroundings, endpoint: string, { clock, timeoutMs }: Ec2Settings): Promise<string | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(Math.min(TOKEN_WAIT_MS_MAX, timeoutMs / 2), () => late.resolve(undefined));
  const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS };
  try {
    const answer = await Promise.race([at.request(`${withoutSlash(endpoint)}/latest/api/token`, { method: 'PUT', headers }), late.promise]);
    if (answer?.status !== 200) return undefined;
    const token = answer.text.trim();
    if (!/^[\x21-\x7e]+$/.test(token)) throw new RangeError(`${endpoint}/latest/api/token: expected a token, got ${shortened(token)}`);
    return token;
  } finally {
    timer.cancel();
  }
}

async function identityOf(service: MetadataService, token: string | undefined, endpoint: string): Promise<object> {
  try {
    return await service.getObject(DOCUMENT, 'instanceId');
  } catch (problem) {
    if (token !== undefined || !(problem instanceof StatusError) || problem.status !== 401) throw problem;
    const advice = ': it wants a token, but none came; in a container, let the instance have an HttpPutResponseHopLimit of 2';
    throw new StatusError(endpoint, problem.status, advice);
  }
}

/** Asks one by one: the service answers only so many questions a second, and other programs ask it, too. */
async function tagsOf(service: MetadataService, patterns: readonly string[], log: Logger): Promise<[string, string][]> {
  const list = await service.find(TAGS);
  if (list === undefined) {
    log.warn('The instance does not give away its tags; let its InstanceMetadataTags be enabled.', { detector: 'ec2' });
    return [];
  }
  const isAskedFor = tagFilter(patterns);
  const names = list.split('\n').filter((name) => TAG_NAME.test(name) && isAskedFor(name));
  const tags: [string, string][] = [];
  for (const name of names.slice(0, TAGS_MAX)) {
    const value = await service.find(`${TAGS}/${name}`);
    if (value !== undefined) tags.push([name, value]);
  }
  return tags;
}
