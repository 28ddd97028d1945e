import type { ConfigProblem, ProcessorFactory, PropertySchema } from '#component';
import type { RedactConfig } from './config.ts';
import { problemOf } from './patterns.ts';
import { COLLECTOR_TYPE, RedactProcessor } from './redact.ts';
import { RULES, type RuleFacts } from './rules.ts';

const texts = (description: string): PropertySchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  default: [],
  description,
});

const ruleSwitch = ({ finds, isDefault }: RuleFacts): PropertySchema => ({
  enum: [true, false, 'mask', 'hash'],
  description: `${finds} ${isDefault ? 'On' : 'Off'} unless said otherwise.`,
});

const action = { type: 'string', enum: ['mask', 'hash'] } as const;

export const factory: ProcessorFactory<RedactConfig> = {
  kind: 'processor',
  type: 'redact',
  aliases: [COLLECTOR_TYPE],
  stability: 'beta',
  summary: 'Masks or hashes secrets and personal data in bodies, attributes and nested values.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      action: { ...action, default: 'mask', description: 'What happens to what is found: a mask, or a keyed hash (HMAC-SHA-256).' },
      mask: {
        type: 'string',
        description:
          'What stands where a value was; "{rule}" in it is the name of the rule. `[REDACTED]`, and `****` under the name redaction.',
      },
      hash_key: {
        type: 'string',
        secret: true,
        default: '',
        description: 'Key of the hashes. Empty: a random one at each start, so that hashes are equal within one run only.',
      },
      hash_digits: { type: 'integer', minimum: 8, maximum: 64, default: 16, description: 'Hexadecimal digits of a hash.' },
      hashes_max: { type: 'integer', minimum: 1, default: 1000, description: 'Hashes in one record. What is found beyond them is masked.' },
      rules: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Built-in rules: true, false, or an action of their own. Under the name redaction all are off.',
        properties: Object.fromEntries(Object.entries(RULES).map(([name, facts]) => [name, ruleSwitch(facts)])),
      },
      keys: texts("More names that say secret, such as `ssn`. Letters' case and `_`, `-`, `.` do not matter; `user.ssn` is one too."),
      patterns: {
        type: 'array',
        default: [],
        description: 'Patterns of your own. They look at the text as the built-in rules leave it.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'pattern'],
          properties: {
            name: { type: 'string', minLength: 1, description: 'Name of the rule, in the metric and in the mask.' },
            pattern: { type: 'string', minLength: 1, description: 'What to redact, in RE2 syntax.' },
            action: { ...action, description: 'An action of its own.' },
          },
        },
      },
      allow: texts('Patterns in RE2 syntax. A value that was found and matches one of them stays.'),
      allow_all_keys: {
        type: 'boolean',
        description: 'False removes attributes that are not in allowed_keys. True, and false under the name redaction.',
      },
      allowed_keys: texts('Attributes that stay when allow_all_keys is false.'),
      ignored_keys: texts('Attributes that are neither removed nor looked at.'),
      ignored_key_patterns: texts('The same by patterns in RE2 syntax, for the options of the Collector.'),
      redact_all_types: {
        type: 'boolean',
        default: false,
        description: 'Whether blocked_values and blocked_key_patterns look at numbers, booleans, lists and maps as texts.',
      },
      blocked_key_patterns: texts('Patterns in RE2 syntax. Attributes whose name matches are masked as a whole.'),
      blocked_values: texts('Patterns in RE2 syntax. What matches is masked, in attributes and bodies.'),
      allowed_values: texts('Patterns in RE2 syntax. Values that match are left alone by blocked_values and blocked_key_patterns.'),
      hash_function: {
        type: 'string',
        enum: ['', 'md5', 'sha1', 'sha3', 'hmac-sha256', 'hmac-sha512'],
        default: '',
        description: 'Instead of the mask, the hash of what blocked_values and blocked_key_patterns found.',
      },
      hmac_key: { type: 'string', secret: true, default: '', description: 'Key of the two hmac functions.' },
      summary: {
        type: 'string',
        enum: ['debug', 'info', 'silent'],
        default: 'silent',
        description: 'Attributes that tell what the options of the Collector did: names and counts (debug), counts (info) or nothing.',
      },
    },
  },
  check: (config) => [...checkPatterns(config)],
  create: (config, settings, next) => new RedactProcessor(config, settings, next),
};

const PATTERN_OPTIONS = ['allow', 'ignored_key_patterns', 'blocked_key_patterns', 'blocked_values', 'allowed_values'] as const;

function* checkPatterns(config: RedactConfig): Generator<ConfigProblem> {
  for (const [i, { pattern }] of config.patterns.entries()) yield* problemAt(`patterns.${i}.pattern`, pattern);
  for (const option of PATTERN_OPTIONS) for (const [i, pattern] of config[option].entries()) yield* problemAt(`${option}.${i}`, pattern);
  const isKeyed = config.hash_function.startsWith('hmac-');
  if (isKeyed && config.hmac_key === '')
    yield {
      path: 'hmac_key',
      message: `expected a key, since hash_function is ${config.hash_function}; as it is, anybody could make the hashes`,
    };
}

function* problemAt(path: string, pattern: string): Generator<ConfigProblem> {
  const message = problemOf(pattern);
  if (message !== undefined) yield { path, message };
}
