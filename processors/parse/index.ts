import { size, type ConfigProblem, type ProcessorFactory } from '#component';
import { checkOperators, operatorsSchema, parserOptions } from '#operators';
import { FORMATS, toOperators, type ParseConfig } from './config.ts';
import { ParseProcessor } from './parse.ts';

export const factory: ProcessorFactory<ParseConfig> = {
  kind: 'processor',
  type: 'parse',
  stability: 'alpha',
  summary: 'Reads the formats that logs are written in, and finds the format of each source by itself.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      format: {
        type: 'string',
        enum: FORMATS,
        default: 'auto',
        description: 'The format, or auto to have it found for each source.',
      },
      parse_from: parserOptions.parse_from,
      parse_to: parserOptions.parse_to,
      if: parserOptions.if,
      on_error: parserOptions.on_error,
      body: parserOptions.body,
      timestamp: parserOptions.timestamp,
      severity: parserOptions.severity,
      trace: parserOptions.trace,
      scope_name: parserOptions.scope_name,
      location: {
        type: 'string',
        description: 'IANA name of the zone of times without one. Default: the zone of the machine, and UTC for syslog.',
      },
      regex: { type: 'string', minLength: 1, description: 'regex: a pattern in RE2 syntax with named groups.' },
      text_max: { ...size, default: '64KiB', description: 'regex: a longer text counts as one that does not match.' },
      parse_ints: { type: 'boolean', default: true, description: 'json, logfmt: whole numbers become integers.' },
      delimiter: {
        type: 'string',
        minLength: 1,
        description: 'key_value: between key and value, default "=". csv: between values, default ",".',
      },
      pair_delimiter: { type: 'string', default: '', description: 'key_value: between pairs. Empty: white space.' },
      header: { type: 'string', minLength: 1, description: 'csv: names of the values.' },
      header_attribute: { type: 'string', minLength: 1, description: 'csv: the attribute that holds the header of a record.' },
      header_delimiter: { type: 'string', minLength: 1, description: 'csv: between the names. Default: delimiter.' },
      lazy_quotes: { type: 'boolean', default: false, description: 'csv: quotes may stand inside values.' },
      ignore_quotes: { type: 'boolean', default: false, description: 'csv: quotes have no meaning.' },
      protocol: { type: 'string', enum: ['rfc3164', 'rfc5424'], description: 'syslog: default is told by each line.' },
      allow_skip_pri_header: { type: 'boolean', default: true, description: 'syslog: the priority may be missing, as in files.' },
      add_metadata_from_filepath: {
        type: 'boolean',
        default: true,
        description: 'container, cri, docker: Kubernetes namespace, pod and container come from log.file.path.',
      },
      severity_from_status: { type: 'boolean', default: true, description: 'nginx, apache: 5xx is ERROR, 4xx WARN, others INFO.' },
      max_sources: { type: 'integer', minimum: 1, default: 10_000, description: 'auto: sources whose format is remembered.' },
      operators: {
        ...operatorsSchema,
        description: 'What is done to each record afterwards, in this order; see the operators of file_log.',
      },
    },
  },
  check,
  create: (config, settings, next) => new ParseProcessor(config, settings, next),
};

function check(config: ParseConfig): ConfigProblem[] {
  if (config.format === 'regex' && config.regex === undefined) {
    return [{ path: 'regex', message: 'expected a pattern with named groups, which format: regex needs' }];
  }
  const holding = config.operators.findIndex(({ type }) => type === 'recombine');
  if (holding >= 0) {
    return [
      {
        path: `operators.${holding}.type`,
        message: 'recombine joins records, which parse cannot; put the processor multiline, with these options, behind it',
      },
    ];
  }
  return checkOperators(toOperators(config)).map(({ path, message }) => {
    const [first = '', ...rest] = path.split('.');
    // The first operator is the processor itself.
    return first === '0' ? { path: rest.join('.'), message } : { path: ['operators', Number(first) - 1, ...rest].join('.'), message };
  });
}
