import { duration, messageOf, type ConfigProblem, type ProcessorFactory } from '#component';
import { KEY_PART_FORMS, checkPassSeverity, parseKeyPart, passSeverity } from '#operators';
import { Sample, type SampleConfig } from './sample.ts';

export const factory: ProcessorFactory<SampleConfig> = {
  kind: 'processor',
  type: 'sample',
  aliases: ['probabilistic_sampler'],
  stability: 'alpha',
  summary: 'Lets a share of the records pass, by trace, attribute or chance, fixed or adapted to a target rate, and never drops errors.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      sampling_percentage: {
        type: 'number',
        minimum: 0,
        description: 'Share of the records that passes, in percent; from 100 on all of them. This or target_records_per_second is needed.',
      },
      mode: {
        type: 'string',
        enum: ['hash_seed', 'proportional', 'equalizing'],
        default: 'hash_seed',
        description:
          'hash_seed decides by a hash; proportional by the random bits of the trace id, whatever was sampled before; equalizing takes into account what was sampled before.',
      },
      hash_seed: {
        type: 'integer',
        minimum: 0,
        maximum: 4_294_967_295,
        default: 0,
        description: 'Goes into the hash. Agents of one tier need the same seed, tiers one behind the other different ones.',
      },
      attribute_source: {
        type: 'string',
        enum: ['traceID', 'record'],
        default: 'traceID',
        description: 'What decides: the trace id, or where a record has none from_attribute; or from_attribute alone.',
      },
      from_attribute: {
        type: 'string',
        default: '',
        description: 'Attribute whose value decides: records with equal values share their fate.',
      },
      sampling_priority: {
        type: 'string',
        default: '',
        description: 'Attribute with the percentage of this very record: 0 never passes, from 100 on it always does.',
      },
      fail_closed: {
        type: 'boolean',
        default: false,
        description: 'Whether records that nothing decides about are dropped. The Collector drops them unless told otherwise.',
      },
      sampling_precision: {
        type: 'integer',
        minimum: 1,
        maximum: 14,
        default: 4,
        description: 'Hex digits of the attribute sampling.threshold.',
      },
      fallback: {
        type: 'string',
        enum: ['random', 'none'],
        description:
          'What decides about a record without trace id and attribute: chance or nothing. Default random, as probabilistic_sampler none.',
      },
      pass_severity: passSeverity,
      target_records_per_second: {
        type: 'number',
        exclusiveMinimum: 0,
        description:
          'The share is adapted so that each key has about so many records a second. With sampling_percentage the smaller share counts.',
      },
      key: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: `What makes up the key of the target rate: ${KEY_PART_FORMS}. Without any, all records share one rate.`,
      },
      adjust_interval: {
        ...duration,
        default: '10s',
        description: 'How often the share is adapted. The first record of a key in each interval passes.',
      },
      max_keys: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        default: 10_000,
        description: 'Keys remembered at once. A key that was forgotten begins as a new one.',
      },
    },
  },
  check,
  create: (config, settings, next) => new Sample(config, settings, next),
};

function check(config: SampleConfig): ConfigProblem[] {
  const problems = checkPassSeverity(config.pass_severity);
  const { sampling_percentage: percentage, target_records_per_second: target, key } = config;
  if (percentage === undefined && target === undefined) {
    problems.push({ path: '', message: 'expected sampling_percentage or target_records_per_second, got neither' });
  }
  if (config.attribute_source === 'record' && config.from_attribute === '') {
    problems.push({ path: 'from_attribute', message: 'expected the name of an attribute, since attribute_source is record' });
  }
  if (target === undefined && key.length > 0) {
    problems.push({ path: 'key', message: 'has no meaning without target_records_per_second' });
  }
  for (const [i, text] of key.entries()) {
    try {
      parseKeyPart(text);
    } catch (problem) {
      problems.push({ path: `key.${i}`, message: messageOf(problem) });
    }
  }
  return problems;
}
