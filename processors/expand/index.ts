import type { ProcessorFactory } from '#component';
import { Expand, type ExpandConfig } from './expand.ts';

export const factory: ProcessorFactory<ExpandConfig> = {
  kind: 'processor',
  type: 'expand',
  stability: 'alpha',
  summary: 'Restores log records that dedupe has written as template and variables.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_templates: {
        type: 'integer',
        minimum: 1,
        default: 65_536,
        description: 'Templates remembered, over a restart too. Beyond, the one that was defined longest ago is forgotten.',
      },
      storage: {
        type: 'string',
        description: 'The file_storage extension that keeps the templates, such as `file_storage/main`, instead of the default one.',
      },
    },
  },
  check: ({ storage }) => (storage === '' ? [{ path: 'storage', message: 'expected the id of a storage extension, got ""' }] : []),
  create: (config, _settings, next) => new Expand(config, next),
};
