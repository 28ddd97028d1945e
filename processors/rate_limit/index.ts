import { duration, size, messageOf, type ConfigProblem, type ProcessorFactory } from '#component';
import { KEY_PART_FORMS, checkPassSeverity, parseKeyPart, passSeverity } from '#operators';
import { RateLimit, type RateLimitConfig } from './rate-limit.ts';

export const factory: ProcessorFactory<RateLimitConfig> = {
  kind: 'processor',
  type: 'rate_limit',
  stability: 'alpha',
  summary: 'Lets each key have so many records or bytes a second, and counts the others on the next record let through.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      key: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description: `What makes up a key: ${KEY_PART_FORMS}. Without any, all records share one budget.`,
      },
      records_per_second: {
        type: 'number',
        exclusiveMinimum: 0,
        description: 'Records a key may have each second. This or bytes_per_second is needed.',
      },
      burst: {
        type: 'integer',
        minimum: 1,
        description: 'Records a key may have at once after it was silent. By default those of one second, at least one.',
      },
      bytes_per_second: { ...size, minimum: 1, description: 'Bytes of bodies and attributes a key may have each second.' },
      burst_bytes: {
        ...size,
        minimum: 1,
        description: 'Bytes a key may have at once after it was silent. By default those of one second.',
      },
      pass_severity: passSeverity,
      time: {
        type: 'string',
        enum: ['event', 'arrival'],
        default: 'event',
        description: "Whose seconds count: the records' own, so that a backlog is treated as it would have been, or those of the clock.",
      },
      max_keys: {
        type: 'integer',
        minimum: 1,
        maximum: 1_000_000,
        default: 10_000,
        description: 'Keys remembered at once. For a new one the key that had no record for longest is forgotten, its count is not.',
      },
      summary_interval: {
        ...duration,
        default: '60s',
        description: 'A count that no record could carry for this long goes out in a record of its own.',
      },
      summary_max: {
        type: 'integer',
        minimum: 1,
        default: 1000,
        description: 'Records of that kind in one interval. What is beyond goes out as one sum.',
      },
    },
  },
  check,
  create: (config, settings, next) => new RateLimit(config, settings, next),
};

function check(config: RateLimitConfig): ConfigProblem[] {
  const problems = checkPassSeverity(config.pass_severity);
  if (config.records_per_second === undefined && config.bytes_per_second === undefined) {
    problems.push({ path: '', message: 'expected records_per_second or bytes_per_second, got neither' });
  }
  if (config.records_per_second === undefined && config.burst !== undefined) {
    problems.push({ path: 'burst', message: 'has no meaning without records_per_second' });
  }
  if (config.bytes_per_second === undefined && config.burst_bytes !== undefined) {
    problems.push({ path: 'burst_bytes', message: 'has no meaning without bytes_per_second' });
  }
  for (const [i, text] of config.key.entries()) {
    try {
      parseKeyPart(text);
    } catch (problem) {
      problems.push({ path: `key.${i}`, message: messageOf(problem) });
    }
  }
  return problems;
}
