import { duration, type ConnectorFactory } from '#component';
import { RoundRobin, type RoundRobinConfig } from './round-robin.ts';

export const factory: ConnectorFactory<RoundRobinConfig> = {
  kind: 'connector',
  type: 'round_robin',
  aliases: ['roundrobin'],
  signals: ['logs', 'traces'],
  stability: 'alpha',
  summary: 'Shares batches out between pipelines, one after the other, leaving out those that cannot deliver.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      take_back_after: {
        ...duration,
        default: '30s',
        description:
          'When a pipeline has been down for so long, sources are asked again for the records it has taken and not delivered, and the others get them. They may arrive twice. 0s: never.',
      },
    },
  },
  create: (config, settings, outlets) => new RoundRobin(config, settings, outlets),
};
