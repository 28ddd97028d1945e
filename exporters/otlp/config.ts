import { duration, type ConfigProblem, type ConfigSchema } from '#component';
import { httpClientProblems, httpClientProperties, tlsClientSchema, type HttpClientConfig } from '#net';
import { otlpExportProblems, otlpExportProperties, type OtlpExportConfig } from '#otlp-export';
import { targetOf } from './target.ts';

export interface KeepaliveConfig {
  time: string;
  timeout: string;
  permit_without_stream: boolean;
}

/** What gRPC shares with HTTP. */
type Shared = Pick<HttpClientConfig, 'timeout' | 'headers' | 'auth' | 'tls'>;

export interface OtlpConfig extends Shared, OtlpExportConfig {
  endpoint: string;
  authority: string;
  keepalive?: KeepaliveConfig;
  balancer_name: string;
  wait_for_ready: boolean;
  read_buffer_size: number;
  write_buffer_size: number;
}

const unused = (what: string): string => `Accepted and without effect: ${what}`;
const { timeout, headers, auth } = httpClientProperties;

export const schema: ConfigSchema<OtlpConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint'],
  properties: {
    endpoint: {
      type: 'string',
      minLength: 1,
      description:
        '`host:port` of the backend, with TLS unless `tls.insecure` is set. `http://` or `https://` before it decide that instead.',
      examples: ['localhost:4317'],
    },
    ...otlpExportProperties,
    timeout: { ...timeout, default: '5s' },
    headers: { ...headers, description: 'Metadata for each call. Values are never shown.' },
    auth,
    authority: { type: 'string', default: '', description: 'The name of the backend to give instead of that of the endpoint.' },
    tls: {
      ...tlsClientSchema,
      default: {},
      description: 'How TLS is spoken.',
      properties: {
        ...tlsClientSchema.properties,
        insecure: { type: 'boolean', default: false, description: 'Speak no TLS, when the endpoint does not say.' },
      },
    },
    keepalive: {
      type: 'object',
      additionalProperties: false,
      description: 'Ask the backend from time to time whether it is still there. Without it, `timeout` tells.',
      properties: {
        time: { ...duration, default: '10s', description: 'How often, at least 1s.' },
        timeout: { ...duration, default: '20s', description: 'How long to wait for the answer before the connection is given up.' },
        permit_without_stream: { type: 'boolean', default: false, description: 'Ask also while no request is under way.' },
      },
    },
    balancer_name: {
      type: 'string',
      default: '',
      description: unused('there is one connection, to one address; a lost one is made anew.'),
    },
    wait_for_ready: { type: 'boolean', default: false, description: unused('requests wait in the queue.') },
    read_buffer_size: { type: 'integer', minimum: 0, default: 0, description: unused('Node sizes its buffers itself.') },
    write_buffer_size: { type: 'integer', minimum: 0, default: 524_288, description: unused('bodies are sent from where they are.') },
  },
};

/** What the schema cannot say. Metadata and passwords stay out of the messages. */
export function check(config: OtlpConfig): ConfigProblem[] {
  return [...endpointProblems(config), ...httpClientProblems({ ...config, proxy_url: '' }), ...otlpExportProblems(config)];
}

function endpointProblems(config: OtlpConfig): ConfigProblem[] {
  if (targetOf(config)) return [];
  const shown = config.endpoint.includes('@') ? '' : `, got "${config.endpoint}"`;
  return [{ path: 'endpoint', message: `expected "host:port", such as "localhost:4317"${shown}` }];
}
