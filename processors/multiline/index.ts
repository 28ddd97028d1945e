import { duration, parseDuration, parseSize, size, type ConfigProblem, type ProcessorFactory } from '#component';
import { keyOf } from '#model';
import { compileMatcher, parseCondition, parseField } from '#operators';
import { CombineField } from './combine-field.ts';
import { createRule, type MultilineConfig } from './config.ts';
import { Multiline } from './multiline.ts';

const condition = {
  type: 'string',
  minLength: 1,
  expected: 'a condition such as body matches "^\\\\d{4}-"',
} as const;
const pattern = { type: 'string', minLength: 1 } as const;

export const factory: ProcessorFactory<MultilineConfig> = {
  kind: 'processor',
  type: 'multiline',
  aliases: ['recombine'],
  stability: 'alpha',
  summary: 'Joins the lines of stack traces, and others that belong together, into one record.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      is_first_entry: { ...condition, description: 'Records for which this is true begin a group.' },
      is_last_entry: { ...condition, description: 'Records for which this is true end a group.' },
      line_start_pattern: { ...pattern, description: 'Texts that match this begin a group: a pattern in RE2 syntax.' },
      line_end_pattern: { ...pattern, description: 'Texts that match this end a group.' },
      combine_field: { type: 'string', default: 'body', description: 'The text that is joined: body or an attribute.' },
      combine_with: { type: 'string', default: '\n', description: 'What stands between the texts.' },
      overwrite_with: {
        type: 'string',
        enum: ['oldest', 'newest'],
        default: 'oldest',
        description: 'The record whose time, severity and attributes the joined one has.',
      },
      source_identifier: {
        type: 'string',
        description: 'The attribute that tells sources apart. Default: file, stream, resource and sender.',
      },
      force_flush_period: {
        ...duration,
        default: '1s',
        description: 'A group is sent when its source has been silent for so long.',
      },
      max_batch_size: { type: 'integer', minimum: 1, default: 1000, description: 'Records that one group may have.' },
      max_log_size: { ...size, minimum: 1, default: '1MiB', description: 'Bytes that the joined text may have.' },
      max_unmatched_batch_size: {
        type: 'integer',
        minimum: 0,
        default: 100,
        description: 'Records joined before the first that begins a group. 1 joins none, 0 all.',
      },
      max_sources: {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
        default: 1000,
        description: 'Sources with an open group. The group of the one silent longest is sent for a new one.',
      },
      max_held_bytes: { ...size, minimum: 1, default: '16MiB', description: 'Bytes of all open groups; beyond that the oldest are sent.' },
      unfinished_at_shutdown: {
        type: 'string',
        enum: ['auto', 'flush', 'abandon'],
        default: 'auto',
        description: 'Open groups are sent (flush) or left to the source (abandon). auto leaves those of files, which are read again.',
      },
    },
  },
  check,
  readsIndentation: (config) => {
    const own = EXCLUSIVE.flatMap((name) => config[name] ?? []);
    return own.length === 0 || own.some((text) => WHITE_SPACE.test(text));
  },
  create: (config, _settings, next) => {
    const { source_identifier: identifier } = config;
    const field = identifier === undefined ? undefined : parseField(identifier);
    return new Multiline(
      {
        rule: createRule(config),
        field: config.combine_field,
        separator: config.combine_with,
        isNewestKept: config.overwrite_with === 'newest',
        rowsMax: config.max_batch_size,
        bytesMax: parseSize(config.max_log_size),
        sourcesMax: config.max_sources,
        heldBytesMax: parseSize(config.max_held_bytes),
        identifier: field?.root === 'attributes' && field.path[0] !== undefined ? keyOf(field.path[0]) : undefined,
        flushMs: Math.max(1, parseDuration(config.force_flush_period)),
        unfinished: config.unfinished_at_shutdown,
      },
      next,
    );
  },
};

/** Of a pattern: white space, or all but that, at the beginning of a line. */
const WHITE_SPACE = /\^\W{0,3}(?:\\[sSt]|\\\\[sSt]| )/;
const EXCLUSIVE = ['is_first_entry', 'is_last_entry', 'line_start_pattern', 'line_end_pattern'] as const;

function check(config: MultilineConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = (path: string, action: () => void): void => {
    try {
      action();
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      problems.push({ path, message: problem.message });
    }
  };
  const given = EXCLUSIVE.filter((name) => config[name] !== undefined);
  const [, second] = given;
  if (second) problems.push({ path: second, message: `expected at most one of ${EXCLUSIVE.join(', ')}, got ${given.join(' and ')}` });
  for (const name of EXCLUSIVE) {
    const text = config[name];
    if (text !== undefined) attempt(name, () => void (name.startsWith('is_') ? parseCondition(text) : compileMatcher(text)));
  }
  attempt('combine_field', () => new CombineField(config.combine_field));
  const { source_identifier: identifier } = config;
  if (identifier !== undefined) attempt('source_identifier', () => checkIdentifier(identifier));
  return problems;
}

function checkIdentifier(text: string): void {
  const field = parseField(text);
  const isAttribute = field.root === 'attributes' && field.path.length === 1;
  // The resource always tells sources apart.
  if (!isAttribute && field.root !== 'resource')
    throw new RangeError(`expected an attribute such as attributes["log.file.path"], got "${text}"`);
}
