/** Surroundings that a test makes up, for the tests of resource_detection. */
import type { FileSystem } from '#component';
import { LogBatch, resourceAttributes, type Origin } from '#model';
import { FakeClock } from './fake-clock.ts';
import { LogsSink, deliver } from './logs-sink.ts';
import { MemoryStorage } from './memory-storage.ts';
import { createTestHost, type TestHost } from './test-host.ts';
import { DETECTORS } from '../../processors/resource_detection/attributes.ts';
import { ResourceDetection, type ResourceDetectionConfig } from '../../processors/resource_detection/resource-detection.ts';
import type { Surroundings } from '../../processors/resource_detection/surroundings.ts';

export const DEFAULTS: ResourceDetectionConfig = {
  detectors: ['env'],
  override: true,
  timeout: '5s',
  refresh_interval: '0s',
  fail_on_missing_metadata: false,
  attributes: [],
  system: { hostname_sources: ['dns', 'os'], resource_attributes: {} },
  process: { resource_attributes: {} },
  service: { resource_attributes: {} },
  docker: { endpoint: '/var/run/docker.sock', resource_attributes: {} },
  container: { resource_attributes: {} },
  kubernetes: { node_from_env_var: 'K8S_NODE_NAME', resource_attributes: {} },
  ec2: { endpoint: 'http://169.254.169.254', tags: [], tags_from_imds: true, resource_attributes: {} },
  gcp: { endpoint: 'http://metadata.google.internal', resource_attributes: {} },
  azure: { endpoint: 'http://169.254.169.254', tags: [], resource_attributes: {} },
};

/** Everything a detector can find, switched on. */
export function allOf(name: keyof typeof DETECTORS): Record<string, { enabled: boolean }> {
  return Object.fromEntries(Object.keys(DETECTORS[name]).map((attribute) => [attribute, { enabled: true }]));
}

export function files(contents: Readonly<Record<string, string>>): FileSystem {
  const readFileSync = (path: string): string => {
    const text = contents[path];
    if (text === undefined) throw new Error(`no such file ${path}`);
    return text;
  };
  return { readFileSync } as unknown as FileSystem;
}

export const NOWHERE: Surroundings = {
  fs: files({}),
  env: {},
  platform: 'linux',
  arch: 'x64',
  hostname: 'web1',
  release: '6.1.0',
  interfaces: {},
  cname: async () => undefined,
  reverse: async () => undefined,
  output: async () => '',
  ask: () => Promise.reject(new Error('no socket')),
  request: () => Promise.reject(new Error('no network')),
};

interface Rig {
  readonly processor: ResourceDetection;
  readonly sink: LogsSink;
  readonly clock: FakeClock;
  readonly host: TestHost;
}

export function rigFor(
  config: Partial<ResourceDetectionConfig>,
  at: Partial<Surroundings>,
  storage: MemoryStorage = new MemoryStorage(),
): Rig {
  const sink = new LogsSink();
  const clock = new FakeClock();
  const processor = new ResourceDetection({ ...DEFAULTS, ...config }, sink, () => ({ ...NOWHERE, ...at }));
  return { processor, sink, clock, host: createTestHost({ clock, storage }) };
}

export function batchOf(...resources: (Origin | undefined)[]): LogBatch {
  const batch = new LogBatch();
  for (const resource of resources) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, 'body');
    if (resource) batch.resourceOf[row] = batch.addResource(resource);
  }
  deliver(batch);
  return batch;
}

export const resourceAt = (batch: LogBatch, row: number): Origin => batch.resources[batch.resourceOf[row] as number] as Origin;

/** What a record without a resource gets. */
export async function found(config: Partial<ResourceDetectionConfig>, at: Partial<Surroundings>): Promise<Record<string, unknown>> {
  const { processor, host } = rigFor(config, at);
  await processor.start(host);
  const batch = batchOf(undefined);
  await processor.consume(batch);
  await processor.shutdown();
  return resourceAttributes(resourceAt(batch, 0));
}
