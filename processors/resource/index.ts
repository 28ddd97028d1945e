import type { ProcessorFactory } from '#component';
import { attributeActionsSchema, checkAttributeActions } from '#operators';
import { ResourceProcessor, type ResourceConfig } from './resource.ts';

export const factory: ProcessorFactory<ResourceConfig> = {
  kind: 'processor',
  type: 'resource',
  signals: ['logs', 'traces'],
  stability: 'beta',
  summary: 'Sets, copies, deletes, hashes, extracts and converts attributes of the resources of log records.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['attributes'],
    properties: { attributes: attributeActionsSchema },
  },
  check: ({ attributes }) => checkAttributeActions(attributes).map(({ path, message }) => ({ path: `attributes.${path}`, message })),
  create: (config, _settings, next) => new ResourceProcessor(config, next),
};
