import { size, type ConfigProblem, type ConfigSchema } from '#component';
import { httpClientProblems, httpClientProperties, unusedHttpClientProperties, parseHttpUrl, type HttpClientConfig } from '#net';
import { checkSendingQueue, retrySchema, sendingQueueSchema, type RetryConfig, type SendingQueueConfig } from '#queue';

export interface LokiConfig extends HttpClientConfig {
  endpoint: string;
  tenant_id: string;
  labels: Record<string, string>;
  labels_from_resource: readonly string[];
  labels_from_attributes: readonly string[];
  level_label: boolean;
  structured_metadata: boolean;
  line: 'body' | 'json';
  distinct_timestamps: boolean;
  request_bytes_max: number | string;
  retry_on_failure: RetryConfig;
  sending_queue: SendingQueueConfig;
}

/** Those that Loki makes labels of when it takes OTLP. */
const RESOURCE_LABELS = [
  'service.name',
  'service.namespace',
  'service.instance.id',
  'deployment.environment',
  'deployment.environment.name',
  'cloud.region',
  'cloud.availability_zone',
  'container.name',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
  'k8s.replicaset.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.cronjob.name',
  'k8s.job.name',
];

export const schema: ConfigSchema<LokiConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint'],
  properties: {
    endpoint: {
      type: 'string',
      minLength: 1,
      description: 'Address of Loki. Without a path, `/loki/api/v1/push` is added.',
      examples: ['http://localhost:3100'],
    },
    tenant_id: { type: 'string', default: '', description: 'Whose records they are, for a Loki of several tenants (`X-Scope-OrgID`).' },
    labels: { type: 'object', additionalProperties: { type: 'string' }, default: {}, description: 'Labels of all records.' },
    labels_from_resource: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: RESOURCE_LABELS,
      description: 'Resource attributes that become labels; what a name may not hold becomes `_`.',
    },
    labels_from_attributes: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Attributes of records that become labels. Each further value is a further stream for Loki to keep.',
    },
    level_label: { type: 'boolean', default: false, description: 'The severity is the label `level`, not structured metadata.' },
    structured_metadata: {
      type: 'boolean',
      default: true,
      description: 'All other attributes go beside the line. Loki knows them from version 2.9 on, and takes them by default from 3.0 on.',
    },
    line: {
      type: 'string',
      enum: ['body', 'json'],
      default: 'body',
      description: 'What a line is: the body of the record, or an object of JSON with all of the record.',
    },
    distinct_timestamps: {
      type: 'boolean',
      default: true,
      description:
        'A record with the same time as the one before in its stream is a nanosecond later. Loki keeps one of several equal lines of equal time.',
    },
    request_bytes_max: {
      ...size,
      minimum: 1024,
      default: '1MiB',
      description: 'Size of a request before compression, unless one record is larger.',
    },
    ...unusedHttpClientProperties,
    ...httpClientProperties,
    retry_on_failure: { ...retrySchema, default: {}, description: 'When and how long to try again.' },
    sending_queue: { ...sendingQueueSchema, default: {}, description: 'The queue between the pipeline and Loki.' },
  },
};

/** What the schema cannot say. */
export function check(config: LokiConfig): ConfigProblem[] {
  const { endpoint, labels } = config;
  const problems: ConfigProblem[] = [];
  if (!parseHttpUrl(endpoint)) {
    const shown = endpoint.includes('@') ? '' : `, got "${endpoint}"`;
    problems.push({ path: 'endpoint', message: `expected an address that begins with http:// or https://${shown}` });
  }
  for (const name of Object.keys(labels)) {
    if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !name.startsWith('__')) continue;
    problems.push({
      path: `labels.${name}`,
      message: 'the name of a label has letters, digits and _, begins with no digit, and not with __',
    });
  }
  return [...problems, ...httpClientProblems(config), ...checkSendingQueue(config.sending_queue)];
}

/** Where to push. The configuration has been checked. */
export function pushUrlOf({ endpoint }: LokiConfig): URL {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/loki/api/v1/push';
  return url;
}
