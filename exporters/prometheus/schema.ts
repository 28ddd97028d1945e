import type { ConfigSchema } from '#component';
import { seriesProperties } from '#series';
import type { PrometheusConfig } from './config.ts';

export const schema: ConfigSchema<PrometheusConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    endpoint: {
      type: 'string',
      pattern: ':[0-9]{1,5}$',
      expected: 'an address such as "localhost:9464" or "0.0.0.0:9464"',
      default: 'localhost:9464',
      description: 'Where to listen. Without a host, as in ":9464", on all addresses.',
    },
    path: {
      type: 'string',
      pattern: '^/',
      expected: 'a path such as "/metrics"',
      default: '/metrics',
      description: 'The path that is answered; others are 404.',
    },
    const_labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Labels that each series gets.',
    },
    ...seriesProperties,
    enable_open_metrics: {
      type: 'boolean',
      default: true,
      description: 'Answer in OpenMetrics, with exemplars, where the scraper asks for it.',
    },
    target_info: { type: 'boolean', default: true, description: 'Tell the attributes of each resource in target_info.' },
  },
};
