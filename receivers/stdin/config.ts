import { duration, size, type ConfigSchema, type PropertySchema } from '#component';
import { operatorsSchema, type OperatorConfig } from '#operators';

export interface StdinConfig {
  on_end: 'stop_agent' | 'wait';
  max_log_size: number | string;
  attributes: Record<string, string>;
  resource: Record<string, string>;
  operators: OperatorConfig[];
  flush_interval: string;
  max_batch_records: number;
  max_batch_size: number | string;
}

const texts: PropertySchema = { type: 'object', additionalProperties: { type: 'string' }, default: {} };

export const schema: ConfigSchema<StdinConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    on_end: {
      type: 'string',
      enum: ['stop_agent', 'wait'],
      default: 'stop_agent',
      description: 'What follows the end of the input, once every record is delivered or on disk: the agent stops, or goes on.',
    },
    max_log_size: { ...size, minimum: 1, default: '1MiB', description: 'Longest line. A longer one becomes several records.' },
    attributes: { ...texts, description: 'Attributes of every record.' },
    resource: { ...texts, description: 'Attributes of the resource.' },
    operators: operatorsSchema,
    flush_interval: { ...duration, default: '100ms', description: 'How long a line may wait for others to share its batch.' },
    max_batch_records: { type: 'integer', minimum: 1, maximum: 60_000, default: 8192, description: 'Records in one batch.' },
    max_batch_size: { ...size, minimum: 1, default: '1MiB', description: 'Bytes of lines in one batch. Two batches are held at most.' },
  },
};
