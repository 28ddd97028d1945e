import { MetadataService } from './metadata.ts';
import { textIn, type Found, type Surroundings } from './surroundings.ts';
import { tagAttributes, tagFilter } from './tags.ts';

// Later versions add what users hand to their machines, which may be secret and is not wanted.
const PATH = '/metadata/instance/compute?api-version=2020-09-01&format=json';

export interface AzureConfig {
  endpoint: string;
  tags: string[];
}

/** Asks the metadata service of Azure about this virtual machine. Rejects where there is none. */
export async function detectAzure(at: Surroundings, { endpoint, tags }: AzureConfig): Promise<Found> {
  const compute = await new MetadataService(at, endpoint, { Metadata: 'true' }).getObject(PATH, 'vmId');
  return {
    'cloud.provider': 'azure',
    'cloud.platform': 'azure_vm',
    'cloud.account.id': textIn(compute, 'subscriptionId'),
    'cloud.region': textIn(compute, 'location'),
    'cloud.availability_zone': textIn(compute, 'zone'),
    'host.id': textIn(compute, 'vmId'),
    'host.name': textIn(objectIn(compute, 'osProfile'), 'computerName') ?? textIn(compute, 'name'),
    'azure.vm.name': textIn(compute, 'name'),
    'azure.vm.size': textIn(compute, 'vmSize'),
    'azure.vm.scaleset.name': textIn(compute, 'vmScaleSetName'),
    'azure.resourcegroup.name': textIn(compute, 'resourceGroupName'),
    ...tagAttributes('azure.tag.', wantedTags(objectIn(compute, 'tagsList'), tags)),
  };
}

function wantedTags(list: object, patterns: readonly string[]): [string, string][] {
  const isAskedFor = tagFilter(patterns);
  const tags: [string, string][] = [];
  for (const tag of Object.values(list) as unknown[]) {
    const name = typeof tag === 'object' && tag !== null ? textIn(tag, 'name') : undefined;
    if (name !== undefined && isAskedFor(name)) tags.push([name, textIn(tag as object, 'value') ?? '']);
  }
  return tags;
}

function objectIn(values: object, name: string): object {
  const value: unknown = Object.entries(values).find(([key]) => key === name)?.[1];
  return typeof value === 'object' && value !== null ? value : {};
}
