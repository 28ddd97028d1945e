import type { ExtensionFactory } from '#component';
import { HealthCheck, type HealthCheckConfig } from './health-check.ts';

export const factory: ExtensionFactory<HealthCheckConfig> = {
  kind: 'extension',
  type: 'health_check',
  stability: 'beta',
  summary: 'Answers over HTTP whether all components work, for load balancers, orchestrators and monitoring.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      endpoint: {
        type: 'string',
        pattern: ':[0-9]{1,5}$',
        expected: 'an address such as "localhost:13133" or "0.0.0.0:13133"',
        default: 'localhost:13133',
        description: 'Where to listen. Without a host, as in ":13133", on all addresses.',
      },
      path: {
        type: 'string',
        pattern: '^/',
        expected: 'a path such as "/health"',
        default: '/',
        description: 'The path that is answered; others are 404.',
      },
      response_body: {
        type: 'object',
        additionalProperties: false,
        description: 'Texts to answer instead of JSON.',
        properties: {
          healthy: { type: 'string', default: '', description: 'With 200. Empty: JSON.' },
          unhealthy: { type: 'string', default: '', description: 'With 503. Empty: JSON.' },
        },
      },
      check_collector_pipeline: {
        type: 'object',
        additionalProperties: false,
        description: 'Accepted for the Collector, which does not use it either: components tell their status themselves.',
        properties: {
          enabled: { type: 'boolean', default: false, description: 'Not used.' },
          interval: { type: 'string', default: '5m', description: 'Not used.' },
          exporter_failure_threshold: { type: 'integer', default: 5, description: 'Not used.' },
        },
      },
    },
  },
  create: (config) => new HealthCheck(config),
};
