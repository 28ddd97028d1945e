import { duration, type ConfigProblem, type ConfigSchema } from '#component';
import { httpServerProblems, httpServerProperties, type HttpServerConfig } from '#net';
import { grpcServerProblems, grpcServerSchema, type GrpcServerConfig } from './grpc-config.ts';

export interface OtlpHttpServerConfig extends HttpServerConfig {
  logs_url_path: string;
  traces_url_path: string;
  settle_timeout: string;
}

export interface OtlpConfig {
  protocols: { readonly http?: OtlpHttpServerConfig; readonly grpc?: GrpcServerConfig };
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
    traces_url_path: {
      type: 'string',
      pattern: '^/',
      expected: 'a path such as "/v1/traces"',
      default: '/v1/traces',
      description: 'Where traces are taken, if a pipeline of traces names the receiver.',
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
      default: { http: {} },
      description: 'What is spoken: those that are named, or HTTP when `protocols` is left out.',
      properties: {
        http: { ...httpSchema, description: 'OTLP over HTTP, protobuf and JSON.' },
        grpc: { ...grpcServerSchema, description: 'OTLP over gRPC.' },
      },
    },
  },
};

export function checkOtlp({ protocols: { http, grpc } }: OtlpConfig): ConfigProblem[] {
  const problems = http ? httpServerProblems(http, 'protocols.http.') : [];
  if (grpc) problems.push(...grpcServerProblems(grpc, 'protocols.grpc.'));
  if (!http && !grpc) problems.push({ path: 'protocols', message: 'expected "http", "grpc" or both, got none; leave it out for HTTP' });
  return problems;
}
