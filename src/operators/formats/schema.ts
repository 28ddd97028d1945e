import { size, type PropertySchema } from '#component';
import { JOINING_DEFAULTS } from '../joining/config.ts';
import { AUTO_SOURCES_MAX } from '../presets/auto-parser.ts';
import { PRESETS } from './config.ts';

interface FormatSchema {
  readonly types: readonly string[];
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
}

const location: PropertySchema = {
  type: 'string',
  description: 'IANA name of the zone of times without one. Default: the zone of the machine.',
};

/** Options of the formats' own, by the names they have in the Collector. */
const formatOptions = {
  delimiter: { type: 'string', minLength: 1, default: '=', description: 'What stands between key and value.' },
  pair_delimiter: { type: 'string', default: '', description: 'What stands between pairs. Empty: white space.' },
  parse_ints: { type: 'boolean', default: true, description: 'Whole numbers without quotes become integers.' },
  severity_from_status: {
    type: 'boolean',
    default: true,
    description: 'Status 5xx is ERROR, 4xx WARN, others INFO.',
  },
} as const satisfies Record<string, PropertySchema>;

/** The schemas of the operators that parse formats; `common` are the options of every parser. */
export function formatSchemas(common: Readonly<Record<string, PropertySchema>>): FormatSchema[] {
  return [
    {
      types: ['key_value_parser'],
      properties: { ...common, delimiter: formatOptions.delimiter, pair_delimiter: formatOptions.pair_delimiter },
    },
    { types: ['logfmt_parser'], properties: { ...common, parse_ints: formatOptions.parse_ints } },
    {
      types: ['json_array_parser'],
      properties: {
        ...common,
        header: { type: 'string', minLength: 1, description: 'Names of the values, with commas between: they become a map.' },
      },
    },
    {
      types: ['csv_parser'],
      properties: {
        ...common,
        header: { type: 'string', minLength: 1, description: 'Names of the values, with delimiters between.' },
        header_attribute: { type: 'string', minLength: 1, description: 'The attribute that holds the header of a record.' },
        header_delimiter: { type: 'string', minLength: 1, description: 'What stands between the names. Default: delimiter.' },
        delimiter: { type: 'string', minLength: 1, default: ',', description: 'What stands between values: one ASCII character.' },
        lazy_quotes: { type: 'boolean', default: false, description: 'Quotes may stand inside values.' },
        ignore_quotes: { type: 'boolean', default: false, description: 'Quotes have no meaning.' },
      },
    },
    {
      types: ['syslog_parser'],
      properties: {
        ...common,
        protocol: { type: 'string', enum: ['rfc3164', 'rfc5424'], description: 'Default: told by each line.' },
        location: { ...location, default: 'UTC', description: 'IANA name of the zone of RFC 3164 times.' },
        allow_skip_pri_header: { type: 'boolean', default: false, description: 'The priority may be missing, as in files.' },
      },
    },
    {
      types: ['container'],
      properties: {
        ...common,
        format: { type: 'string', enum: ['docker', 'crio', 'containerd'], description: 'Default: told by each line.' },
        add_metadata_from_filepath: {
          type: 'boolean',
          default: true,
          description: 'Kubernetes namespace, pod and container come from log.file.path.',
        },
        max_log_size: {
          ...size,
          minimum: 0,
          default: JOINING_DEFAULTS.max_log_size,
          description: 'Bytes that a line may have whose pieces are joined. In the processor parse they are not.',
        },
      },
    },
    { types: ['access_log_parser'], properties: { ...common, severity_from_status: formatOptions.severity_from_status } },
    {
      types: ['preset_parser'],
      properties: { ...common, preset: { type: 'string', enum: PRESETS, description: 'The format.' }, location },
      required: ['preset'],
    },
    {
      types: ['auto_parser'],
      properties: {
        ...common,
        location,
        max_sources: { type: 'integer', minimum: 1, default: AUTO_SOURCES_MAX, description: 'Sources whose format is remembered.' },
      },
    },
    { types: ['uri_parser'], properties: common },
  ];
}
