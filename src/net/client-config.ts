import { duration, type ConfigProblem, type PropertySchema } from '#component';
import type { AuthConfig } from './auth.ts';
import { headerProblems, headersSchema, type HeadersConfig } from './client-headers.ts';
import { proxyProblems } from './proxy.ts';
import { tlsClientSchema, tlsProblems, type TlsClientConfig } from './tls-client.ts';

/** What every HTTP client of ours can be told; the keys are the Collector's. */
export interface HttpClientConfig {
  timeout: string;
  headers: HeadersConfig;
  auth?: AuthConfig;
  tls: TlsClientConfig;
  proxy_url: string;
}

/** The options, for a component's own schema. */
export const httpClientProperties: { readonly [Key in keyof HttpClientConfig]-?: PropertySchema } = {
  timeout: { ...duration, default: '30s', description: 'For one attempt, from connecting to the end of the answer. `0s` means none.' },
  headers: { ...headersSchema, description: 'Headers for each request, also in place of our own. Values are never shown.' },
  auth: {
    type: 'object',
    additionalProperties: false,
    required: ['authenticator'],
    properties: { authenticator: { type: 'string', minLength: 1, description: 'The id of the extension.' } },
    description: 'The extension that identifies us to the backend.',
  },
  tls: { ...tlsClientSchema, default: {}, description: 'How TLS is spoken to `https://` addresses.' },
  proxy_url: {
    type: 'string',
    default: '',
    description: 'HTTP proxy to go through. Without it `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment count.',
  },
};

const unused = {
  description: 'Accepted and without effect: connections are kept as long as the server keeps them, and as many as there are requests.',
} as const;

/** What the Collector's clients can be told besides. The exporter `otlp_http` heeds some of these. */
export const unusedHttpClientProperties: Readonly<Record<string, PropertySchema>> = {
  max_conns_per_host: { type: 'integer', ...unused },
  max_idle_conns: { type: 'integer', ...unused },
  max_idle_conns_per_host: { type: 'integer', ...unused },
  idle_conn_timeout: { ...duration, ...unused },
  disable_keep_alives: { type: 'boolean', ...unused },
  read_buffer_size: { type: 'integer', ...unused },
  write_buffer_size: { type: 'integer', ...unused },
  force_attempt_http2: { type: 'boolean', ...unused },
  http2_read_idle_timeout: { ...duration, ...unused },
  http2_ping_timeout: { ...duration, ...unused },
};

/** What the schema cannot say. Header values and passwords stay out of the messages. */
export function httpClientProblems({ headers, proxy_url: proxyUrl, tls }: HttpClientConfig): ConfigProblem[] {
  return [...headerProblems(headers), ...proxyProblems(proxyUrl), ...tlsProblems(tls)];
}
