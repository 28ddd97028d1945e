import { attemptsInto, duration, type ConfigProblem, type ProcessorFactory, type PropertySchema } from '#component';
import { compileCondition } from '#ottl';
import { AnomalyProcessor } from './anomaly.ts';
import type { AnomalyConfig } from './config.ts';

const names = (description: string, defaults: readonly string[]): PropertySchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: defaults,
  description,
});

const atMost = (description: string, value: number): PropertySchema => ({ type: 'integer', minimum: 1, default: value, description });

export const factory: ProcessorFactory<AnomalyConfig> = {
  kind: 'processor',
  type: 'anomaly',
  stability: 'alpha',
  summary: 'Tags records that are abnormal, and emits one event record for each anomaly.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      dry_run: {
        type: 'boolean',
        default: false,
        description: 'Learns and tells in log and metrics what it would have done; records pass as they are, no events are emitted.',
      },
      warm_up: { ...duration, default: '24h', description: 'How long a source is only learned, in event time.' },
      false_alarms_per_day: {
        type: 'number',
        exclusiveMinimum: 0,
        default: 0.2,
        description: 'Alarms by chance that each source may cost a day. All thresholds follow from it.',
      },
      novelty_per_day: {
        type: 'number',
        minimum: 0,
        default: 3,
        description: 'Where more templates than this turn up new each day, a single new one is no alarm; several lines of it still are.',
      },
      history_days: { type: 'integer', minimum: 2, maximum: 60, default: 14, description: 'Days of counts per minute that are kept.' },
      quiet: { ...duration, default: '10m', description: 'An anomaly is over when nothing pointed to it for so long, in event time.' },
      source_attributes: names(
        'Attributes of the record or its resource; the first that is there names the source. Without any, all records are one source.',
        ['service.name', 'log.file.path', 'log.file.name'],
      ),
      session_attributes: names('Attributes that name the session or workflow of a record; else its trace id does.', ['session.id']),
      duration_attributes: names('Attributes that hold a duration, in any unit that does not change.', [
        'duration_ms',
        'metrics.duration_ms',
      ]),
      rules: {
        type: 'array',
        default: [],
        description: 'Anomalies by your own conditions.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'condition'],
          properties: {
            name: { type: 'string', minLength: 1, description: 'Names the rule in events.' },
            condition: { type: 'string', minLength: 1, description: 'An OTTL condition on the record.' },
            count: { type: 'integer', minimum: 1, default: 1, description: 'So many records that meet it are an anomaly.' },
            within: { ...duration, default: '1m', description: 'Within this time, in event time.' },
            type: {
              type: 'string',
              enum: ['volume', 'pattern', 'sequence', 'timing', 'content'],
              default: 'pattern',
              description: 'The type its anomalies have.',
            },
          },
        },
      },
      sources_max: atMost('Sources that are watched. Records of others pass untagged and are counted.', 100),
      templates_max: atMost('Templates remembered for each source. The one not seen for longest is forgotten first.', 2000),
      sessions_max: atMost('Sessions open at once in each source. The oldest is taken as ended.', 10_000),
      events_max: atMost('Events that wait to be taken by the next component. The oldest is given up and counted.', 1000),
      snapshot_interval: { ...duration, default: '5m', description: 'How often what was learned is written to storage.' },
    },
  },
  check,
  create: (config, settings, next) => new AnomalyProcessor(config, settings, next),
};

function check(config: AnomalyConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = attemptsInto(problems);
  const seen = new Set<string>();
  for (const [i, { name, condition }] of config.rules.entries()) {
    if (seen.has(name)) problems.push({ path: `rules.${i}.name`, message: `"${name}" is the name of two rules` });
    seen.add(name);
    attempt(`rules.${i}.condition`, () => compileCondition(condition));
  }
  return problems;
}
