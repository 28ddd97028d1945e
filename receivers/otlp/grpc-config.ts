import { duration, parseDuration, size, type ConfigProblem, type ConfigSchema } from '#component';
import { tlsServerProblems, tlsServerSchema, type AuthConfig, type TlsServerConfig } from '#net';

interface ServerParametersConfig {
  max_connection_idle: string;
  max_connection_age: string;
  max_connection_age_grace: string;
  time: string;
  timeout: string;
}

interface EnforcementPolicyConfig {
  min_time: string;
  permit_without_stream: boolean;
}

interface KeepaliveConfig {
  server_parameters: ServerParametersConfig;
  enforcement_policy?: EnforcementPolicyConfig;
}

/** The keys are the Collector's where it has them. */
export interface GrpcServerConfig {
  endpoint: string;
  transport: string;
  tls?: TlsServerConfig;
  auth?: AuthConfig;
  max_recv_msg_size_mib: number;
  max_concurrent_streams: number;
  max_pending_size: number | string;
  max_connections: number;
  read_timeout: string;
  settle_timeout: string;
  keepalive: KeepaliveConfig;
}

const serverParameters: ConfigSchema<ServerParametersConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    max_connection_idle: {
      ...duration,
      default: '5m',
      description: 'How long a connection is kept without a request. `0s` means for ever.',
    },
    max_connection_age: {
      ...duration,
      default: '0s',
      description: 'How long a connection is used at most, give or take a tenth. `0s` means for ever.',
    },
    max_connection_age_grace: {
      ...duration,
      default: '0s',
      description: 'How long requests under way may take after that. `0s` means for ever.',
    },
    time: { ...duration, default: '2h', description: 'Ask a connection whether it is still alive after this time.' },
    timeout: { ...duration, default: '20s', description: 'How long the answer to that may take; then the connection is closed.' },
  },
};

const enforcementPolicy: ConfigSchema<EnforcementPolicyConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    min_time: { ...duration, default: '5m', description: 'Taken for compatibility; nobody is cut off for asking too often.' },
    permit_without_stream: { type: 'boolean', default: false, description: 'Taken for compatibility; senders may always ask.' },
  },
};

export const grpcServerSchema: ConfigSchema<GrpcServerConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      pattern: ':[0-9]{1,5}$',
      expected: 'an address such as "localhost:4317" or "0.0.0.0:4317"',
      default: 'localhost:4317',
      description: 'Where to listen. Without a host, as in ":4317", on all addresses.',
    },
    transport: { type: 'string', enum: ['tcp'], default: 'tcp', description: 'What carries it; there is only `tcp`.' },
    tls: { ...tlsServerSchema, description: 'Speak TLS. Without it the server speaks plain HTTP/2.' },
    auth: {
      type: 'object',
      additionalProperties: false,
      required: ['authenticator'],
      description: 'Who may send.',
      properties: { authenticator: { type: 'string', minLength: 1, description: 'Extension that decides, by its id.' } },
    },
    max_recv_msg_size_mib: {
      type: 'integer',
      minimum: 1,
      maximum: 1024,
      default: 16,
      description: 'Longest message, before and after decompression; a longer one is answered RESOURCE_EXHAUSTED.',
    },
    max_concurrent_streams: { type: 'integer', minimum: 1, default: 100, description: 'Requests at once over one connection.' },
    max_pending_size: {
      ...size,
      default: '128MiB',
      description: 'Bytes of all messages that wait for the pipeline; while there are more, requests are answered UNAVAILABLE.',
    },
    max_connections: { type: 'integer', minimum: 1, default: 1024, description: 'Connections at once; others are closed.' },
    read_timeout: {
      ...duration,
      default: '30s',
      description: 'How long a request may take to come; a slower one is answered DEADLINE_EXCEEDED.',
    },
    settle_timeout: {
      ...duration,
      default: '8s',
      description:
        'How long a request waits until its records are on disk or delivered. Then it is answered UNAVAILABLE, and the sender repeats it.',
    },
    keepalive: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How long connections live.',
      properties: {
        server_parameters: { ...serverParameters, default: {}, description: 'What this server does.' },
        enforcement_policy: { ...enforcementPolicy, description: 'What senders must not do.' },
      },
    },
  },
};

/** What the schema cannot say. `path` ends in a dot. */
export function grpcServerProblems(config: GrpcServerConfig, path: string): ConfigProblem[] {
  const problems = config.tls ? tlsServerProblems(config.tls, `${path}tls`) : [];
  if (Number(config.endpoint.slice(config.endpoint.lastIndexOf(':') + 1)) > 65_535) {
    problems.push({ path: `${path}endpoint`, message: `expected a port from 0 to 65535, got "${config.endpoint}"` });
  }
  if (parseDuration(config.read_timeout) === 0) {
    problems.push({ path: `${path}read_timeout`, message: 'expected more than 0s, got 0s; a sender could keep a request open for ever' });
  }
  return problems;
}
