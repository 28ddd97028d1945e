import { duration, type ConfigProblem, type ConfigSchema } from '#component';
import { httpServerProblems, httpServerProperties, type HttpServerConfig } from '#net';

interface OtlpHttpServerConfig extends HttpServerConfig {
  logs_url_path: string;
  settle_timeout: string;
}

export interface OtlpConfig {
  protocols: { readonly http: OtlpHttpServerConfig; readonly grpc?: unknown };
}

const httpSchema: ConfigSchema<OtlpHttpServerConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...httpServerProperties('localhost:4318'),
    logs_url_path: {
      type: 'string',
      pattern: '^/',
      expected: 'a path such as "/v1/logs"',
      default: '/v1/logs',
      description: 'Where logs are taken.',
    },
    settle_timeout: {
      ...duration,
      default: '8s',
      description:
        'How long a request waits until its records are on disk or delivered. Then it is answered 503, and the sender repeats it.',
    },
  },
};

export const schema: ConfigSchema<OtlpConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    protocols: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What is spoken.',
      properties: {
        http: { ...httpSchema, default: {}, description: 'OTLP over HTTP, protobuf and JSON.' },
        grpc: { description: 'OTLP over gRPC. Not there yet: a configuration that asks for it is refused.' },
      },
    },
  },
};

export function checkOtlp({ protocols: { http, grpc } }: OtlpConfig): ConfigProblem[] {
  const problems = httpServerProblems(http, 'protocols.http.');
  if (grpc !== undefined) {
    const message = 'gRPC is not there yet; leave it out, and let senders use http/protobuf on port 4318';
    problems.push({ path: 'protocols.grpc', message });
  }
  return problems;
}
