import { duration, type ConfigProblem, type ConfigSchema, type ProcessorFactory, type PropertySchema } from '#component';
import { DETECTORS, type DetectorName } from './attributes.ts';
import { ResourceDetection, type ResourceDetectionConfig } from './resource-detection.ts';
import { checkTags } from './tags.ts';

/** `resource_attributes` of a detector: each attribute can be switched on and off. */
function attributesOf(name: DetectorName): PropertySchema {
  const properties = Object.entries(DETECTORS[name]).map(([attribute, { isEnabled, meaning }]) => [
    attribute,
    {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: meaning,
      properties: { enabled: { type: 'boolean', default: isEnabled, description: 'Whether it is set.' } },
    },
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Which attributes are set.',
    properties: Object.fromEntries(properties) as Record<string, PropertySchema>,
  };
}

function section(name: DetectorName, description: string, more: Record<string, PropertySchema> = {}): PropertySchema {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    description,
    properties: { ...more, resource_attributes: attributesOf(name) },
  };
}

function endpoint(address: string): PropertySchema {
  return {
    type: 'string',
    pattern: '^http://[^\\s/?#@]+(/[^\\s?#]*)?$',
    expected: `an address such as "${address}"`,
    default: address,
    description: 'Address of the metadata service. It is asked directly, whatever proxies the environment names.',
  };
}

function tags(attribute: string): PropertySchema {
  return {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: `Tags to set, as ${attribute}: patterns in RE2 syntax, one of which matches the name.`,
  };
}

const schema: ConfigSchema<ResourceDetectionConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    detectors: {
      type: 'array',
      items: { type: 'string', enum: ['env', ...Object.keys(DETECTORS)] },
      minItems: 1,
      uniqueItems: true,
      default: ['env'],
      description: 'What to look at. Of several that know an attribute the first one counts.',
    },
    override: {
      type: 'boolean',
      default: true,
      description: 'Whether attributes that a resource has already are replaced. At a gateway this would rename the hosts of others.',
    },
    timeout: { ...duration, default: '5s', description: 'A detector that takes longer has found nothing.' },
    refresh_interval: { ...duration, default: '0s', description: 'How often all of it is found out again. 0: once, at the start.' },
    fail_on_missing_metadata: {
      type: 'boolean',
      default: false,
      description: 'Whether the agent refuses to start when a detector fails. Otherwise it warns.',
    },
    attributes: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Only these attributes are set. None listed: all that are enabled.',
    },
    system: section('system', 'The host and its operating system.', {
      hostname_sources: {
        type: 'array',
        items: { type: 'string', enum: ['dns', 'os', 'cname', 'lookup'] },
        minItems: 1,
        default: ['dns', 'os'],
        description:
          'Where host.name comes from; the first that knows it counts. os: the kernel; dns: the hosts file, else the canonical name, else the name of the address; cname and lookup: the last two alone.',
      },
    }),
    process: section('process', 'This agent as a process.'),
    service: section('service', 'What OTEL_SERVICE_NAME and its kin say.'),
    docker: section('docker', 'The host of the Docker daemon, asked through its socket.', {
      endpoint: { type: 'string', minLength: 1, default: '/var/run/docker.sock', description: 'The socket of the daemon.' },
    }),
    container: section('container', 'The container this agent runs in, by control groups (v1 and v2) and mounts.'),
    kubernetes: section('kubernetes', 'The pod this agent runs in, by its environment and its mounts.', {
      node_from_env_var: { type: 'string', minLength: 1, default: 'K8S_NODE_NAME', description: 'Variable with the name of the node.' },
    }),
    ec2: section('ec2', 'The instance of Amazon EC2, by its metadata service.', {
      endpoint: endpoint('http://169.254.169.254'),
      tags: tags('ec2.tag.NAME'),
      tags_from_imds: {
        type: 'boolean',
        enum: [true],
        default: true,
        expected: 'true, because tags come out of the metadata service and not from the API of EC2',
        description: 'Tags come out of the metadata service, which the instance has to allow by InstanceMetadataTags.',
      },
    }),
    gcp: section('gcp', 'The machine of Google Cloud, or its cluster, by its metadata service.', {
      endpoint: endpoint('http://metadata.google.internal'),
    }),
    azure: section('azure', 'The virtual machine of Azure, by its metadata service.', {
      endpoint: endpoint('http://169.254.169.254'),
      tags: tags('azure.tag.NAME'),
    }),
  },
};

function check({ ec2, gcp, azure }: ResourceDetectionConfig): ConfigProblem[] {
  const problems = [...checkTags('ec2.tags', ec2.tags), ...checkTags('azure.tags', azure.tags)];
  for (const [name, { endpoint: address }] of Object.entries({ ec2, gcp, azure })) {
    if (!URL.canParse(address)) problems.push({ path: `${name}.endpoint`, message: `expected an address, got "${address}"` });
  }
  return problems;
}

export const factory: ProcessorFactory<ResourceDetectionConfig> = {
  kind: 'processor',
  type: 'resource_detection',
  aliases: ['resourcedetection'],
  signals: ['logs', 'traces'],
  stability: 'alpha',
  summary: 'Finds out host, operating system, process, container, pod and cloud, and adds them to every resource.',
  schema,
  check,
  create: (config, _settings, next) => new ResourceDetection(config, next),
};
