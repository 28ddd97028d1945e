import { size, type PropertySchema } from '#component';
import { formatSchemas } from './formats/schema.ts';
import { RECOMBINE_FLUSH_PERIOD } from './joining/config.ts';
import { joiningOptions } from './joining/schema.ts';
import { TEXT_MAX } from './regex/regex-parser.ts';

// No pattern: checkOperators says more about what is wrong with a field than one could.
const field: PropertySchema = {
  type: 'string',
  expected: 'a field such as body, attributes.name, attributes["a.b"] or resource.name',
};

const layoutType: PropertySchema = {
  type: 'string',
  enum: ['strptime', 'gotime', 'epoch'],
  default: 'strptime',
  description: 'How the layout is written: strptime (%Y-%m-%d), Go (2006-01-02) or epoch (s, ms, us, ns, s.ms, s.us, s.ns).',
};

const timestampOptions = {
  parse_from: { ...field, description: 'The field that holds the time.' },
  layout_type: layoutType,
  layout: { type: 'string', minLength: 1, description: 'What the time looks like.' },
  location: {
    type: 'string',
    description: 'IANA name of the zone of times without one. Default: the zone of the machine, or UTC when the layout ends in Z.',
  },
} as const satisfies Record<string, PropertySchema>;

const severityValue: PropertySchema = {
  anyOf: [
    { type: ['string', 'integer'] },
    {
      type: 'object',
      additionalProperties: false,
      required: ['min', 'max'],
      properties: { min: { type: 'integer' }, max: { type: 'integer' } },
    },
  ],
  expected: 'a text, a number, 2xx to 5xx, or {min: …, max: …}',
};

const severityOptions = {
  parse_from: { ...field, description: 'The field that holds the severity.' },
  preset: {
    type: 'string',
    enum: ['default', 'otel', 'aliases', 'none'],
    default: 'default',
    description: 'Texts known beforehand: default (the OpenTelemetry names, warning and err), otel (the names only), none.',
  },
  mapping: {
    type: 'object',
    default: {},
    additionalProperties: { anyOf: [severityValue, { type: 'array', items: severityValue }], expected: 'one value or a list of values' },
    description: 'Values by severity (trace, debug2, info … fatal4, or 1 to 24). Upper and lower case are the same.',
  },
  overwrite_text: {
    type: 'boolean',
    default: false,
    description: 'Write the name of the severity (INFO, WARN2) instead of the original text.',
  },
} as const satisfies Record<string, PropertySchema>;

const part = (description: string): PropertySchema => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties: { parse_from: { ...field, description: 'The field.' } },
});

const traceOptions = {
  trace_id: part('The field that holds 32 hexadecimal digits. Default: body.trace_id.'),
  span_id: part('The field that holds 16 hexadecimal digits. Default: body.span_id.'),
  trace_flags: part('The field that holds two hexadecimal digits. Default: body.trace_flags.'),
} as const satisfies Record<string, PropertySchema>;

const commonOptions = {
  id: { type: 'string', minLength: 1, description: 'Name in messages and metrics. Default: the type.' },
  output: {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    description: 'The id of the operator that gets the record next. Default: the one behind this one in the list.',
  },
  if: {
    type: 'string',
    description: 'A condition such as `attributes.level == "debug" or body matches "^#"`; other records pass the operator by.',
  },
  on_error: {
    type: 'string',
    enum: ['send', 'send_quiet', 'drop', 'drop_quiet'],
    default: 'send',
    description: 'What becomes of a record that cannot be handled: sent on as it is, or dropped; quiet ones are told at DEBUG only.',
  },
} as const satisfies Record<string, PropertySchema>;

const block = (properties: Readonly<Record<string, PropertySchema>>, required: readonly string[], description: string): PropertySchema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
  description,
});

type ParserOption =
  | 'id'
  | 'output'
  | 'if'
  | 'on_error'
  | 'parse_from'
  | 'parse_to'
  | 'body'
  | 'timestamp'
  | 'severity'
  | 'trace'
  | 'scope_name';

/** Options of every parser. */
export const parserOptions: Readonly<Record<ParserOption, PropertySchema>> = {
  ...commonOptions,
  parse_from: { ...field, default: 'body', description: 'The field to parse. It stays as it is.' },
  parse_to: { ...field, default: 'attributes', description: 'Where the parsed fields go.' },
  body: { ...field, description: 'A parsed field whose value becomes the body as well.' },
  timestamp: block(timestampOptions, ['parse_from', 'layout'], 'As time_parser, after parsing.'),
  severity: block(severityOptions, ['parse_from'], 'As severity_parser, after parsing.'),
  trace: block(traceOptions, [], 'As trace_parser, after parsing.'),
  scope_name: block(
    { parse_from: { ...field, description: 'The field that holds the name of the scope.' } },
    ['parse_from'],
    'The name of the scope.',
  ),
};

const operator = (
  types: readonly string[],
  properties: Readonly<Record<string, PropertySchema>>,
  required: readonly string[] = [],
): PropertySchema => ({
  type: 'object',
  additionalProperties: false,
  required: ['type', ...required],
  properties: { type: types.length === 1 ? { const: types[0] } : { enum: types }, ...properties },
});

const output = { anyOf: commonOptions.output.anyOf };

// Ways between more of them take long to sort, and lead deeper than the stack of V8.
const OPERATORS_MAX = 1000;

const routerOptions = {
  id: commonOptions.id,
  on_error: commonOptions.on_error,
  routes: {
    type: ['array', 'null'],
    maxItems: OPERATORS_MAX,
    description: 'A record goes the way of the first one whose condition is true.',
    items: block(
      {
        expr: { type: 'string', minLength: 1, description: 'The condition.' },
        output: { ...output, description: 'The id of the operator that gets the record.' },
        attributes: { type: 'object', description: 'Attributes that the record gets.' },
      },
      ['expr', 'output'],
      'One way.',
    ),
  },
  default: { ...output, description: 'The operator for records that no route takes. Without it they are sent on, and told of.' },
} as const satisfies Record<string, PropertySchema>;

const recombineOptions: Readonly<Record<string, PropertySchema>> = {
  id: commonOptions.id,
  output: commonOptions.output,
  if: commonOptions.if,
  on_error: commonOptions.on_error,
  ...joiningOptions,
  force_flush_period: { ...joiningOptions.force_flush_period, default: RECOMBINE_FLUSH_PERIOD },
};

/** The schema of an `operators` option. One plain object for each type, told apart by `type`. */
export const operatorsSchema: PropertySchema = {
  type: 'array',
  default: [],
  maxItems: OPERATORS_MAX,
  description: 'What is done to each record, in this order.',
  items: {
    type: 'object',
    required: ['type'],
    discriminator: { propertyName: 'type' },
    oneOf: [
      operator(['json_parser'], {
        ...parserOptions,
        parse_ints: {
          type: 'boolean',
          default: true,
          description: 'Whole numbers become integers; with false all numbers become doubles.',
        },
      }),
      operator(
        ['regex_parser'],
        {
          ...parserOptions,
          regex: { type: 'string', minLength: 1, description: 'A regular expression in RE2 syntax with named groups.' },
          cache: block(
            { size: { type: 'integer', minimum: 0, description: 'Not used.' } },
            [],
            'Taken from the Collector; not needed and without effect.',
          ),
          text_max: { ...size, default: TEXT_MAX, description: 'A longer text counts as one that does not match.' },
        },
        ['regex'],
      ),
      operator(['time_parser'], { ...commonOptions, ...timestampOptions }, ['parse_from', 'layout']),
      operator(['severity_parser'], { ...commonOptions, ...severityOptions }, ['parse_from']),
      operator(['trace_parser'], { ...commonOptions, ...traceOptions }),
      operator(
        ['move', 'copy'],
        { ...commonOptions, from: { ...field, description: 'The field to take.' }, to: { ...field, description: 'Where it goes.' } },
        ['from', 'to'],
      ),
      operator(
        ['add'],
        {
          ...commonOptions,
          field: { ...field, description: 'The field to set.' },
          value: { expected: 'a value', description: 'Its value.' },
        },
        ['field', 'value'],
      ),
      operator(['remove'], { ...commonOptions, field: { ...field, description: 'The field to remove.' } }, ['field']),
      operator(['retain'], { ...commonOptions, fields: { type: 'array', minItems: 1, items: field, description: 'The fields to keep.' } }, [
        'fields',
      ]),
      operator(['scope_name_parser'], { ...commonOptions, parse_from: { ...field, description: 'The field that holds the name.' } }, [
        'parse_from',
      ]),
      operator(['flatten'], { ...commonOptions, field: { ...field, description: 'The map whose members move one level up.' } }, ['field']),
      operator(
        ['filter'],
        {
          ...commonOptions,
          expr: { type: 'string', minLength: 1, description: 'Records for which this condition is true are dropped.' },
          drop_ratio: { type: 'number', minimum: 0, maximum: 1, default: 1, description: 'The share of them that is dropped.' },
        },
        ['expr'],
      ),
      ...formatSchemas(parserOptions).map(({ types, properties, required }) => operator(types, properties, required)),
      operator(['router'], routerOptions),
      operator(['recombine'], recombineOptions),
      operator(
        ['regex_replace'],
        {
          ...commonOptions,
          field: { ...field, description: 'The text to edit.' },
          regex: { type: 'string', minLength: 1, description: 'What is replaced, in RE2 syntax.' },
          regex_name: { type: 'string', enum: ['ansi_control_sequences'], description: 'A pattern that is known, instead of regex.' },
          replace_with: { type: 'string', default: '', description: 'What stands there then; ${1} and ${name} are groups.' },
        },
        ['field'],
      ),
      operator(['unquote', 'sanitize_utf8', 'strip_ansi_escape_codes'], {
        ...commonOptions,
        field: { ...field, default: 'body', description: 'The text to edit.' },
      }),
      operator(
        ['assign_keys'],
        {
          ...commonOptions,
          field: { ...field, description: 'The list that becomes a map.' },
          keys: { type: 'array', minItems: 1, items: { type: 'string' }, description: 'The names of its values.' },
        },
        ['field', 'keys'],
      ),
      operator(['noop'], commonOptions),
    ],
  },
};
