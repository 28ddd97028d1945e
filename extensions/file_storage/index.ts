import { duration, type ExtensionFactory } from '#component';
import { FileStorage, checkFileStorageConfig, type FileStorageConfig } from './file-storage.ts';

export const factory: ExtensionFactory<FileStorageConfig> = {
  kind: 'extension',
  type: 'file_storage',
  stability: 'beta',
  summary: 'Keeps positions, queues and held records in a folder, so that a restart goes on where the last run ended.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      directory: {
        type: 'string',
        minLength: 1,
        default: '/var/lib/winnow',
        description: 'The folder. It belongs to one running agent.',
      },
      timeout: {
        ...duration,
        default: '1s',
        description: 'How long to wait at start for another agent to leave the folder.',
      },
      fsync: {
        type: 'boolean',
        default: false,
        description: 'Wait for the disk at every commit: what is settled then survives a loss of power too.',
      },
      create_directory: { type: 'boolean', default: true, description: 'Make the folder if it is missing.' },
      directory_permissions: {
        type: 'string',
        pattern: '^0?[0-7]{3}$',
        expected: 'three octal digits such as "0700"',
        default: '0700',
        description: 'Mode of the folder if it is made.',
      },
      recreate: {
        type: 'boolean',
        default: false,
        description: 'Accepted. A corrupt database is always set aside under another name, and a new one begun.',
      },
      compaction: {
        type: ['object', 'null'],
        additionalProperties: false,
        default: {},
        description: 'Accepted. The database gives free space back by itself, and queues are files of their own.',
        properties: {
          directory: { type: 'string', description: 'Accepted.' },
          on_start: { type: 'boolean', description: 'Accepted.' },
          on_rebound: { type: 'boolean', description: 'Accepted.' },
          rebound_needed_threshold_mib: { type: 'integer', minimum: 0, description: 'Accepted.' },
          rebound_trigger_threshold_mib: { type: 'integer', minimum: 0, description: 'Accepted.' },
          max_transaction_size: { type: 'integer', minimum: 0, description: 'Accepted.' },
          check_interval: { ...duration, description: 'Accepted.' },
          cleanup_on_start: { type: 'boolean', description: 'Accepted.' },
        },
      },
    },
  },
  check: checkFileStorageConfig,
  create: (config, settings) => new FileStorage(config, settings),
};
