import { duration, type ConfigProblem, type ConfigSchema } from '#component';

export interface InternalConfig {
  logs: boolean;
  anomalies: boolean;
  level: 'debug' | 'info' | 'warn' | 'error';
  attributes: Record<string, string>;
  flush_interval: string;
  max_records: number;
}

export const schema: ConfigSchema<InternalConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    logs: { type: 'boolean', default: true, description: "Lines of the agent's own log." },
    anomalies: { type: 'boolean', default: true, description: 'Events of `anomaly` processors, which go on in their own pipelines too.' },
    level: {
      type: 'string',
      enum: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      description: 'The least important lines that are taken; `service.telemetry.logs.level` decides before.',
    },
    attributes: { type: 'object', additionalProperties: { type: 'string' }, default: {}, description: 'Attributes of every record.' },
    flush_interval: { ...duration, default: '200ms', description: 'How long a record may wait for others to share its batch.' },
    max_records: {
      type: 'integer',
      minimum: 1,
      maximum: 60_000,
      default: 1000,
      description: 'Records that wait for the pipeline. What comes when so many wait is dropped and counted.',
    },
  },
};

/** What the schema cannot say. */
export function check({ logs, anomalies }: InternalConfig): ConfigProblem[] {
  return logs || anomalies ? [] : [{ path: 'anomalies', message: 'cannot be false together with "logs": nothing would be left to take' }];
}
