import { duration, type ConnectorFactory } from '#component';
import { Failover, type FailoverConfig } from './failover.ts';

export const factory: ConnectorFactory<FailoverConfig> = {
  kind: 'connector',
  type: 'failover',
  signals: ['logs', 'traces'],
  stability: 'alpha',
  summary: 'Gives log records to the first of several pipelines that can deliver them.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['priority_levels'],
    properties: {
      priority_levels: {
        type: 'array',
        minItems: 1,
        items: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
        expected: 'a list of lists of pipelines such as [[logs/first], [logs/second]]',
        description: 'Levels, the preferred one first. All pipelines of a level get all records.',
      },
      retry_interval: {
        ...duration,
        default: '10m',
        description:
          'A level that has refused, or that stays down, is tried again after this time. One whose exporters say that they deliver again is used at once.',
      },
      take_back_after: {
        ...duration,
        default: '30s',
        description:
          'When a level has been down for so long, sources are asked again for the records it has taken and not delivered, and another level gets them. They may arrive twice. 0s: never.',
      },
      retry_gap: { ...duration, deprecated: true, description: 'It has no effect: levels are tried by themselves.' },
      max_retries: { type: 'integer', minimum: 0, deprecated: true, description: 'It has no effect: a level is never given up.' },
    },
  },
  check: ({ priority_levels: levels }) => {
    const named = levels.flatMap((level, i) => level.map((pipeline, k) => ({ pipeline, path: `priority_levels.${i}.${k}` })));
    const again = named.filter(({ pipeline }, i) => named.findIndex((other) => other.pipeline === pipeline) < i);
    return again.map(({ pipeline, path }) => ({ path, message: `"${pipeline}" is in a level already; remove it here` }));
  },
  pipelinesOf: ({ priority_levels: levels }) =>
    levels.flatMap((level, i) => level.map((pipeline, k) => ({ pipeline, path: `priority_levels.${i}.${k}` }))),
  create: (config, settings, outlets) => new Failover(config, settings, outlets),
};
