import { duration, parseDuration, size, type ConfigProblem, type ConfigSchema, type PropertySchema } from '#component';
import type { AuthConfig } from './auth.ts';
import { tlsServerProblems, tlsServerSchema, type TlsServerConfig } from './tls-server.ts';

export interface CorsConfig {
  allowed_origins: readonly string[];
  allowed_headers: readonly string[];
  max_age: number;
}

/** What every HTTP server of ours can be told; the keys are the Collector's where it has them. */
export interface HttpServerConfig {
  endpoint: string;
  tls?: TlsServerConfig;
  auth?: AuthConfig;
  cors?: CorsConfig;
  max_request_body_size: number | string;
  max_decompressed_body_size: number | string;
  max_pending_size: number | string;
  max_connections: number;
  max_header_size: number | string;
  read_header_timeout: string;
  read_timeout: string;
  idle_timeout: string;
  keep_alives_enabled: boolean;
}

const corsSchema: ConfigSchema<CorsConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['allowed_origins'],
  properties: {
    allowed_origins: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Origins of pages that may send, such as `https://app.example`. A `*` stands for anything.',
    },
    allowed_headers: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description: 'Headers a page may send beside the simple ones and `Content-Type`. `*` allows all.',
    },
    max_age: { type: 'integer', minimum: 0, default: 7200, description: 'Seconds a browser may remember the answer.' },
  },
};

/** The options, for a component's own schema; `endpoint` is where it listens without being told. */
export function httpServerProperties(endpoint: string): { readonly [Key in keyof HttpServerConfig]-?: PropertySchema } {
  return {
    endpoint: {
      type: 'string',
      pattern: ':[0-9]{1,5}$',
      expected: `an address such as "${endpoint}" or "0.0.0.0:${endpoint.split(':').at(-1)}"`,
      default: endpoint,
      description: 'Where to listen. Without a host, as in ":4318", on all addresses.',
    },
    tls: { ...tlsServerSchema, description: 'Speak TLS. Without it the server speaks plain HTTP.' },
    auth: {
      type: 'object',
      additionalProperties: false,
      required: ['authenticator'],
      description: 'Who may send.',
      properties: { authenticator: { type: 'string', minLength: 1, description: 'Extension that decides, by its id.' } },
    },
    cors: { ...corsSchema, description: 'Which web pages may send. Without it no browser sends for a page of another origin.' },
    max_request_body_size: {
      ...size,
      default: '20MiB',
      description: 'Longest body as it comes over the wire; a longer one is answered 413.',
    },
    max_decompressed_body_size: {
      ...size,
      default: '64MiB',
      description: 'Longest body after decompression; a longer one is answered 413.',
    },
    max_pending_size: {
      ...size,
      default: '128MiB',
      description: 'Bytes of all bodies that are read or wait for the pipeline; while there are more, requests are answered 429.',
    },
    max_connections: { type: 'integer', minimum: 1, default: 1024, description: 'Connections at once; others are closed.' },
    max_header_size: { ...size, default: '16KiB', description: 'Longest head of a request; a longer one is answered 431.' },
    read_header_timeout: { ...duration, default: '10s', description: 'How long the head of a request may take to come.' },
    read_timeout: { ...duration, default: '30s', description: 'How long a whole request may take to come; a slower one is answered 408.' },
    idle_timeout: { ...duration, default: '60s', description: 'How long a connection is kept without a request.' },
    keep_alives_enabled: { type: 'boolean', default: true, description: 'Keep connections for further requests.' },
  };
}

/** What the schema cannot say. `path` ends in a dot, or is empty. */
export function httpServerProblems(config: HttpServerConfig, path: string): ConfigProblem[] {
  const problems = config.tls ? tlsServerProblems(config.tls, `${path}tls`) : [];
  if (config.cors?.allowed_origins.length === 0) {
    problems.push({
      path: `${path}cors.allowed_origins`,
      message: 'expected at least one origin, got none; leave out "cors" to allow no page',
    });
  }
  if (parseDuration(config.read_timeout) < parseDuration(config.read_header_timeout)) {
    const message = `expected at least "read_header_timeout" (${config.read_header_timeout}), got "${config.read_timeout}"`;
    problems.push({ path: `${path}read_timeout`, message });
  }
  if (Number(config.endpoint.slice(config.endpoint.lastIndexOf(':') + 1)) > 65_535) {
    problems.push({ path: `${path}endpoint`, message: `expected a port from 0 to 65535, got "${config.endpoint}"` });
  }
  return problems;
}

/** `host:port`, `[::1]:port` or `:port`. */
export function parseEndpoint(endpoint: string): { readonly host: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(endpoint.slice(colon + 1)) };
}

/** True when nobody but this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
