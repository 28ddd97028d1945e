import { duration, type PropertySchema } from '#component';

const anyMap: PropertySchema = { type: 'object' };

const written: Readonly<Record<string, PropertySchema>> = {
  body: { description: 'Text, number, list or map.' },
  attributes: { ...anyMap, description: 'Attributes of the record.' },
  resource: { ...anyMap, description: 'Attributes of the resource.' },
  scope: { type: 'string', description: 'Name of the instrumentation scope.' },
  severity: {
    type: ['string', 'integer'],
    pattern:
      '^([Tt][Rr][Aa][Cc][Ee]|[Dd][Ee][Bb][Uu][Gg]|[Ii][Nn][Ff][Oo]|[Ww][Aa][Rr][Nn]([Ii][Nn][Gg])?|[Ee][Rr][Rr][Oo][Rr]|[Ff][Aa][Tt][Aa][Ll])[1-4]?$',
    minimum: 0,
    maximum: 24,
    expected: 'a severity such as INFO, WARN2 or 17',
    description: 'A name such as WARN, or a number from 0 to 24.',
  },
  severity_text: { type: 'string', description: 'Without it, the name under severity.' },
  time: {
    type: 'string',
    pattern: '^([+-].+|[0-9]{4}-.+)$',
    expected: 'a time such as "2026-01-30T12:00:00Z", or "+90s" after the start of the test',
    description: 'ISO 8601, or a duration after the start of the test.',
  },
  trace_id: { type: 'string', pattern: '^[0-9a-f]{32}$', expected: '32 hex digits', description: '32 hex digits.' },
  span_id: { type: 'string', pattern: '^[0-9a-f]{16}$', expected: '16 hex digits', description: '16 hex digits.' },
  event_name: { type: 'string', description: 'Name of the event.' },
};

/** In an expectation any field may also be a matcher. */
const expected: Readonly<Record<string, PropertySchema>> = Object.fromEntries(
  [...Object.entries(written), ['observed_time', { description: 'When the agent saw it, ISO 8601.' }] as const].map(([key, schema]) => [
    key,
    { description: `${schema.description ?? ''} Or a matcher such as { $matches: "^a" }.` },
  ]),
);

function records(properties: Readonly<Record<string, PropertySchema>>, description: string): PropertySchema {
  return { type: 'array', items: { type: 'object', additionalProperties: false, properties }, description };
}

const counts: PropertySchema = { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } };

const step: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    send: records(written, 'Gives these records to the pipeline, in one batch.'),
    lines: {
      type: ['array', 'string'],
      items: { type: 'string' },
      expected: 'lines as a list or as one text',
      description: 'Appends lines to a file that the file_log receiver of the pipeline reads; a second passes.',
    },
    file: {
      type: 'string',
      description: 'Beside lines: which file. Without it, the first pattern under include, with its wildcards filled in.',
    },
    advance: { ...duration, description: 'Moves the clock; timers that are due run.' },
    restart: { type: 'boolean', const: true, description: 'Stops the pipeline as SIGTERM does, and starts it again on the same storage.' },
    kill: { type: 'boolean', const: true, description: 'Ends it as kill -9 does, and starts it again on what was stored.' },
    stop: { type: 'boolean', const: true, description: 'Stops the pipeline; what it holds comes out. Only expectations may follow.' },
    expect: records(expected, 'Exactly these records have come out since the last look, in this order.'),
    expect_any_order: records(expected, 'Exactly these, in any order.'),
    expect_some: records(expected, 'At least these, in any order.'),
    expect_count: { type: 'integer', minimum: 0, description: 'So many records have come out since the last look.' },
    expect_nothing: { type: 'boolean', const: true, description: 'None has.' },
    expect_dropped: { ...counts, description: 'So many rows were dropped since the last expect_dropped, by reason; {} for none.' },
    expect_refused: { type: 'boolean', const: true, description: 'The last send was refused.' },
    expect_metric: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'value'],
      description: 'A metric of the agent has this value.',
      properties: {
        name: { type: 'string', description: 'Name without the suffix _total.' },
        labels: {
          type: 'object',
          additionalProperties: { type: 'string' },
          default: {},
          description: 'Labels its series carry; several are added up.',
        },
        value: {
          type: ['number', 'string'],
          pattern: '^(<|<=|>|>=|==|!=) ?-?[0-9.]+$',
          expected: 'a number, or a comparison such as ">= 3"',
          description: 'A number, or a comparison such as ">= 3".',
        },
      },
    },
  },
};

/** The form of a file for `winnow test`. */
export const testFileSchema: PropertySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['tests'],
  properties: {
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Variables for ${env:…} of the configuration.',
    },
    tests: {
      type: 'array',
      minItems: 1,
      description: 'Each has a pipeline and a storage of its own.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'steps'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'What is promised, in words.' },
          pipeline: { type: 'string', description: 'Which pipeline. Not needed where there is only one.' },
          start: {
            type: 'string',
            pattern: '^[0-9]{4}-.+$',
            default: '2026-01-30T12:00:00Z',
            expected: 'a time such as "2026-01-30T12:00:00Z"',
            description: 'What the clock shows at the beginning.',
          },
          seed: { type: 'integer', minimum: 0, default: 1, description: 'Of the random numbers.' },
          steps: {
            type: 'array',
            minItems: 1,
            items: step,
            description: 'What happens, in order. Each step is one action or one expectation.',
          },
        },
      },
    },
  },
};

/** What a step does or looks at; `file` stands beside `lines` only. */
export const ACTIONS: readonly string[] = Object.keys(step.properties ?? {}).filter((key) => key !== 'file');

/** The same for editors, without our own keywords. */
export function testFileJsonSchema(): Record<string, unknown> {
  const stripped: unknown = JSON.parse(
    JSON.stringify(testFileSchema, (key, value: unknown) => (key === 'expected' && typeof value === 'string' ? undefined : value)),
  );
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tests of a Winnow configuration',
    // A schema is an object.
    ...(stripped as object),
  };
}
