import { MetadataService, shortened } from './metadata.ts';
import type { Found, Surroundings } from './surroundings.ts';

const ROOT = '/computeMetadata/v1';
const INSTANCE_GROUP = /^projects\/[^/]+\/(zones|regions)\/([^/]+)\/instanceGroupManagers\/([^/]+)$/;

/** Asks the metadata service of Google Cloud about this machine. Rejects where there is none. */
export async function detectGcp(at: Surroundings, endpoint: string): Promise<Found> {
  const service = new MetadataService(at, endpoint, { 'Metadata-Flavor': 'Google' });
  const { text, headers } = await service.get(`${ROOT}/project/project-id`);
  // Whatever else answers under this address, such as the page of a hotel's network, does not say this.
  if (headers['metadata-flavor'] !== 'Google') {
    throw new RangeError(`${endpoint}: expected the header Metadata-Flavor: Google in the answer, got ${shortened(text)}`);
  }
  const found = { 'cloud.provider': 'gcp', 'cloud.account.id': text.trim() || undefined };
  const machine = await askAbout(service);
  if (machine.clusterLocation) return { ...found, ...clusterOf(machine) };
  return machine.type ? { ...found, ...instanceOf(machine) } : found;
}

interface Machine {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly hostname: string | undefined;
  readonly type: string | undefined;
  readonly zone: string | undefined;
  readonly createdBy: string | undefined;
  readonly clusterName: string | undefined;
  readonly clusterLocation: string | undefined;
}

async function askAbout(service: MetadataService): Promise<Machine> {
  const find = async (name: string): Promise<string | undefined> => (await service.find(`${ROOT}/instance/${name}`)) || undefined;
  const [id, name, hostname, type, zone, createdBy, clusterName, clusterLocation] = await Promise.all([
    find('id'),
    find('name'),
    find('hostname'),
    find('machine-type'),
    find('zone'),
    find('attributes/created-by'),
    find('attributes/cluster-name'),
    find('attributes/cluster-location'),
  ]);
  return { id, name, hostname, type, zone, createdBy, clusterName, clusterLocation };
}

function clusterOf({ id, name, clusterName, clusterLocation = '' }: Machine): Found {
  return {
    'cloud.platform': 'gcp_kubernetes_engine',
    ...placeOf(clusterLocation),
    'host.id': id,
    'host.name': name,
    'k8s.cluster.name': clusterName,
  };
}

function instanceOf({ id, name, hostname, type, zone, createdBy }: Machine): Found {
  const [, kind, location, group] = INSTANCE_GROUP.exec(createdBy ?? '') ?? [];
  return {
    'cloud.platform': 'gcp_compute_engine',
    ...placeOf(lastPart(zone) ?? ''),
    'host.id': id,
    'host.name': name,
    'host.type': lastPart(type),
    'gcp.gce.instance.name': name,
    'gcp.gce.instance.hostname': hostname,
    'gcp.gce.instance_group_manager.name': group,
    'gcp.gce.instance_group_manager.zone': kind === 'zones' ? location : undefined,
    'gcp.gce.instance_group_manager.region': kind === 'regions' ? location : undefined,
  };
}

/** `europe-west6` is a region, `europe-west6-b` a zone of it. */
function placeOf(location: string): Found {
  const parts = location.split('-');
  return {
    'cloud.region': parts.length === 2 || parts.length === 3 ? parts.slice(0, 2).join('-') : undefined,
    'cloud.availability_zone': parts.length === 3 ? location : undefined,
  };
}

/** `projects/1/zones/europe-west6-b` is how the service names a zone. */
function lastPart(path: string | undefined): string | undefined {
  return path?.split('/').at(-1) || undefined;
}
