import { expect, test } from 'vitest';
import { foundIn, serveMetadata } from '../../test/helpers/metadata-server.ts';
import { allOf } from '../../test/helpers/resource-detection-rig.ts';

const COMPUTE = {
  azEnvironment: 'AzurePublicCloud',
  location: 'westeurope',
  name: 'shop-web-3',
  osProfile: { adminUsername: 'admin', computerName: 'web3' },
  osType: 'Linux',
  resourceGroupName: 'shop-rg',
  subscriptionId: '8d10da13-8125-4ba9-a717-bf7490507b3d',
  tags: 'Team:checkout;cost centre:',
  tagsList: [{ name: 'Team', value: 'checkout' }, { name: 'cost centre', value: '' }, null, { value: 'nameless' }],
  vmId: '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
  vmScaleSetName: 'shop-web',
  vmSize: 'Standard_D4s_v5',
  zone: '2',
};
const USUAL = {
  'cloud.provider': 'azure',
  'cloud.platform': 'azure_vm',
  'cloud.account.id': '8d10da13-8125-4ba9-a717-bf7490507b3d',
  'cloud.region': 'westeurope',
  'host.id': '02aab8a4-74ef-476e-8182-f6d2ba4166a6',
  'host.name': 'web3',
  'azure.vm.name': 'shop-web-3',
  'azure.vm.size': 'Standard_D4s_v5',
  'azure.vm.scaleset.name': 'shop-web',
  'azure.resourcegroup.name': 'shop-rg',
};

const azure = (endpoint: string, more: object = {}): object => ({
  detectors: ['azure'],
  azure: { endpoint, tags: [], resource_attributes: {}, ...more },
});

test('sets what is enabled unless told otherwise, with the header that the service wants', async () => {
  await using server = await serveMetadata((_question, headers) => (headers['metadata'] === 'true' ? JSON.stringify(COMPUTE) : 400));

  expect(await foundIn(azure(server.endpoint))).toEqual({ found: USUAL, warnings: [] });
  expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET /metadata/instance/compute?api-version=2020-09-01&format=json',
  ]);
});

test('sets everything it names when that is enabled, and leaves out what is not', async () => {
  await using server = await serveMetadata(() => JSON.stringify(COMPUTE));
  const resource_attributes = { ...allOf('azure'), 'azure.vm.size': { enabled: false } };

  const { 'azure.vm.size': _size, ...rest } = USUAL;
  expect((await foundIn(azure(server.endpoint, { resource_attributes }))).found).toEqual({ ...rest, 'cloud.availability_zone': '2' });
});

test('leaves out what the service leaves empty; a machine without a name of its own has that of the virtual machine', async () => {
  const compute = { ...COMPUTE, vmScaleSetName: '', zone: '', osProfile: { computerName: '' }, tagsList: 'none' };
  await using server = await serveMetadata(() => JSON.stringify(compute));

  const { 'azure.vm.scaleset.name': _name, ...rest } = USUAL;
  const given = azure(server.endpoint, { resource_attributes: allOf('azure'), tags: ['.*'] });
  expect((await foundIn(given)).found).toEqual({ ...rest, 'host.name': 'shop-web-3' });
});

test('sets the tags of which a pattern matches the name', async () => {
  await using server = await serveMetadata(() => JSON.stringify(COMPUTE));

  expect((await foundIn(azure(server.endpoint, { tags: ['^Team$'] }))).found).toEqual({ ...USUAL, 'azure.tag.Team': 'checkout' });
  expect((await foundIn(azure(server.endpoint, { tags: ['^x', 'c'] }))).found).toEqual({ ...USUAL, 'azure.tag.cost centre': '' });
});

test('the list of attributes can name a tag', async () => {
  await using server = await serveMetadata(() => JSON.stringify(COMPUTE));

  const { found } = await foundIn({ ...azure(server.endpoint, { tags: ['.*'] }), attributes: ['azure.tag.Team', 'host.id'] });

  expect(found).toEqual({ 'azure.tag.Team': 'checkout', 'host.id': USUAL['host.id'] });
});
