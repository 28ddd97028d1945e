import { messageOf, type ConfigProblem } from '#component';
import { httpClientProblems, parseHttpUrl, type HttpClientConfig } from '#net';
import { checkSendingQueue, type RetryConfig, type SendingQueueConfig } from '#queue';
import { compileIndexName } from './index-name.ts';

export type MappingMode = 'otel' | 'ecs' | 'agent' | 'bodymap';

/** The Collector's keys for trying again. */
export interface EsRetryConfig {
  enabled: boolean;
  max_retries?: number;
  max_requests?: number;
  initial_interval: string;
  max_interval: string;
  multiplier: number;
  randomization_factor: number;
  max_elapsed_time: string;
  retry_on_status: readonly number[];
}

export interface IndexTemplateConfig {
  enabled: boolean;
  name: string;
  patterns: readonly string[];
  priority: number;
  overwrite: boolean;
  settings: Record<string, unknown>;
}

export interface ElasticsearchConfig extends HttpClientConfig {
  endpoint: string;
  endpoints: readonly string[];
  cloudid: string;
  user: string;
  password: string;
  api_key: string;
  logs_index: string;
  metrics_index?: string;
  traces_index?: string;
  metrics_dynamic_index?: object;
  traces_dynamic_index?: object;
  logs_dynamic_index: { enabled: boolean };
  logs_dynamic_id: { enabled: boolean };
  logs_dynamic_pipeline: { enabled: boolean };
  logstash_format: { enabled: boolean; prefix_separator: string; date_format: string };
  pipeline: string;
  mapping: { mode: MappingMode; allowed_modes?: readonly string[] };
  generated_ids: boolean;
  index_template: IndexTemplateConfig;
  compression: 'gzip' | 'none' | '';
  compression_params: { level: number };
  flush: { bytes: number | string; interval: string };
  num_workers?: number;
  discover: { on_start: boolean; interval: string };
  retry: EsRetryConfig;
  sending_queue: SendingQueueConfig;
}

/** What the schema cannot say. Passwords stay out of the messages. */
export function check(config: ElasticsearchConfig): ConfigProblem[] {
  return [
    ...addressProblems(config),
    ...identityProblems(config),
    ...indexProblems(config),
    ...httpClientProblems(config),
    ...checkSendingQueue(config.sending_queue),
  ];
}

function addressProblems({ endpoint, endpoints, cloudid }: ElasticsearchConfig): ConfigProblem[] {
  const given = Number(endpoint !== '') + Number(endpoints.length > 0) + Number(cloudid !== '');
  if (given !== 1) {
    const got = given === 0 ? 'none of them' : 'more than one';
    return [{ path: 'endpoint', message: `expected one of "endpoint", "endpoints" and "cloudid", got ${got}` }];
  }
  if (cloudid !== '' && !cloudUrlOf(cloudid)) {
    return [{ path: 'cloudid', message: 'expected a cloud id as the console of Elastic Cloud shows it, "name:" and base64' }];
  }
  const problems: ConfigProblem[] = [];
  const addresses = endpoint === '' ? endpoints.map((text, i) => [`endpoints[${i}]`, text] as const) : [['endpoint', endpoint] as const];
  for (const [path, text] of addresses) {
    if (parseHttpUrl(text)) continue;
    const shown = text.includes('@') ? '' : `, got "${text}"`;
    problems.push({ path, message: `expected an address that begins with http:// or https://${shown}` });
  }
  return problems;
}

function identityProblems({ user, password, api_key: apiKey, auth }: ElasticsearchConfig): ConfigProblem[] {
  if (user !== '' && password === '') return [{ path: 'user', message: 'needs "password"' }];
  if (user === '' && password !== '') return [{ path: 'password', message: 'needs "user"' }];
  const given = [user !== '' && 'user', apiKey !== '' && 'api_key', auth && 'auth'].filter(Boolean);
  if (given.length < 2) return [];
  return [{ path: String(given[1]), message: `cannot be given together with "${String(given[0])}"; leave one of them out` }];
}

function indexProblems({ logs_index: index, logstash_format: logstash, index_template: template }: ElasticsearchConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  try {
    compileIndexName(index === '' ? 'x' : index);
  } catch (error) {
    problems.push({ path: 'logs_index', message: messageOf(error) });
  }
  if (logstash.enabled && index === '') {
    problems.push({ path: 'logstash_format', message: 'needs "logs_index", which the date is put behind' });
  }
  if (template.enabled && template.patterns.length === 0 && index.includes('{')) {
    problems.push({
      path: 'index_template.patterns',
      message: 'expected patterns, since "logs_index" has names that are not known before',
    });
  }
  return problems;
}

/** The address inside a cloud id. */
function cloudUrlOf(cloudid: string): URL | undefined {
  const [, encoded = ''] = cloudid.split(':');
  const [host = '', id = ''] = Buffer.from(encoded, 'base64').toString('utf8').split('$');
  return host !== '' && id !== '' ? parseHttpUrl(`https://${id}.${host}`) : undefined;
}

/** Where to send, without user and password. The configuration has been checked. */
export function nodesOf({ endpoint, endpoints, cloudid }: ElasticsearchConfig): URL[] {
  if (cloudid !== '') return [cloudUrlOf(cloudid) as URL];
  return (endpoint === '' ? endpoints : [endpoint]).map((text) => new URL(text));
}

/** The Collector's keys in the queue's words. */
export function retryOf({ retry }: ElasticsearchConfig): RetryConfig {
  const { enabled, initial_interval, max_interval, multiplier, randomization_factor, max_elapsed_time } = retry;
  return { enabled, initial_interval, max_interval, multiplier, randomization_factor, max_elapsed_time };
}
