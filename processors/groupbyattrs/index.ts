import type { ProcessorFactory } from '#component';
import { GroupByAttrs, type GroupByAttrsConfig } from './group-by-attrs.ts';

export const factory: ProcessorFactory<GroupByAttrsConfig> = {
  kind: 'processor',
  type: 'groupbyattrs',
  stability: 'alpha',
  summary: 'Moves attributes from log records to their resource and puts records of the same resource together.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      keys: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        uniqueItems: true,
        default: [],
        description: 'Attributes that move to the resource. Without any, records are only put together by resource and scope.',
      },
      max_groups: {
        type: 'integer',
        minimum: 1,
        maximum: 65_000,
        default: 10_000,
        description: 'Resources remembered at once. One that comes again after it was forgotten is made again, equal to the first.',
      },
    },
  },
  create: (config, _settings, next) => new GroupByAttrs(config, next),
};
