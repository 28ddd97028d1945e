import type { ConfigProblem, ProcessorFactory, PropertySchema } from '#component';
import type { NoiseConfig } from './config.ts';
import { NoiseProcessor } from './noise.ts';
import { parseSeverity } from './severity.ts';

const severity = (description: string, name?: string): PropertySchema => ({
  type: ['integer', 'string'],
  expected: 'a name such as ERROR or a number from 1 to 24',
  description,
  ...(name !== undefined && { default: name }),
});

export const factory: ProcessorFactory<NoiseConfig> = {
  kind: 'processor',
  type: 'noise',
  stability: 'beta',
  summary: 'Drops dumps, frames of stack traces and what chatty loggers say, and never an error.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      pass_severity: severity('Records of this severity and above go through as they came.', 'ERROR'),
      dumps: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Long lines full of brackets.',
        properties: {
          action: {
            type: 'string',
            enum: ['drop', 'cut', 'keep'],
            default: 'drop',
            description: 'Whether they go, keep their beginning, or stay.',
          },
          min_length: { type: 'integer', minimum: 1, default: 200, description: 'Only lines with more characters are dumps.' },
          max_brackets: { type: 'integer', minimum: 0, default: 3, description: 'Only lines with more `{`, or more `[`, are dumps.' },
        },
      },
      stack_traces: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Stack traces, in one record or line by line.',
        properties: {
          action: {
            type: 'string',
            enum: ['cut', 'keep'],
            default: 'cut',
            description: 'cut keeps the first and the last line; lines that are records of their own are dropped.',
          },
        },
      },
      loggers: {
        type: 'array',
        default: [],
        description: 'Chatty loggers. `botocore` speaks for `botocore.hooks` too.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'below'],
          properties: {
            name: { type: 'string', minLength: 1, description: 'Name of the logger or of what is above it.' },
            below: severity('What it says below this severity is dropped.'),
          },
        },
      },
      logger_attributes: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: ['logger', 'logger.name', 'log.logger', 'logger_name', 'code.namespace'],
        description: 'Attributes that may name the logger, if it is not the scope. The first that is there counts.',
      },
    },
  },
  check: (config) => [...checkSeverities(config)],
  create: (config, _settings, next) => new NoiseProcessor(config, next),
};

function* checkSeverities({ pass_severity: pass, loggers }: NoiseConfig): Generator<ConfigProblem> {
  const places: [string, number | string][] = [
    ['pass_severity', pass],
    ...loggers.map(({ below }, i): [string, number | string] => [`loggers.${i}.below`, below]),
  ];
  for (const [path, value] of places) {
    if (parseSeverity(value) !== undefined) continue;
    yield { path, message: `expected a name such as ERROR or a number from 1 to 24, got ${JSON.stringify(value)}` };
  }
}
