import { PRESETS, type EmbeddedConfig, type OperatorConfig, type PresetName } from '#operators';

const GENERAL = [
  'auto',
  'json',
  'regex',
  'logfmt',
  'key_value',
  'csv',
  'syslog',
  'container',
  'cri',
  'docker',
  'nginx',
  'apache',
  'uri',
] as const;
type FormatName = (typeof GENERAL)[number] | PresetName;

export const FORMATS: readonly FormatName[] = [...GENERAL, ...PRESETS];

export interface ParseConfig extends EmbeddedConfig {
  format: FormatName;
  parse_from: string;
  parse_to: string;
  if?: string;
  on_error: 'send' | 'send_quiet' | 'drop' | 'drop_quiet';
  location?: string;
  regex?: string;
  text_max: number | string;
  parse_ints: boolean;
  delimiter?: string;
  pair_delimiter: string;
  header?: string;
  header_attribute?: string;
  header_delimiter?: string;
  lazy_quotes: boolean;
  ignore_quotes: boolean;
  protocol?: 'rfc3164' | 'rfc5424';
  allow_skip_pri_header: boolean;
  add_metadata_from_filepath: boolean;
  severity_from_status: boolean;
  max_sources: number;
  operators: OperatorConfig[];
}

const CONTAINER = { container: undefined, cri: 'containerd', docker: 'docker' } as const;

/** The processor as a list of operators: the format's parser, then those that the configuration lists. */
export function toOperators(config: ParseConfig): OperatorConfig[] {
  return [toParser(config), ...config.operators];
}

function toParser(config: ParseConfig): OperatorConfig {
  const { timestamp, severity, trace, scope_name: scopeName, body, location, format } = config;
  const common = {
    id: 'parse',
    parse_from: config.parse_from,
    parse_to: config.parse_to,
    on_error: config.on_error,
    ...(config.if !== undefined && { if: config.if }),
    ...(timestamp && { timestamp }),
    ...(severity && { severity }),
    ...(trace && { trace }),
    ...(scopeName && { scope_name: scopeName }),
    ...(body !== undefined && { body }),
  };
  const zone = location === undefined ? {} : { location };
  switch (format) {
    case 'auto':
      return { type: 'auto_parser', ...common, ...zone, max_sources: config.max_sources };
    case 'json':
      return { type: 'json_parser', ...common, parse_ints: config.parse_ints };
    case 'regex':
      return { type: 'regex_parser', ...common, regex: config.regex ?? '', text_max: config.text_max };
    case 'logfmt':
      return { type: 'logfmt_parser', ...common, parse_ints: config.parse_ints };
    case 'key_value':
      return { type: 'key_value_parser', ...common, delimiter: config.delimiter ?? '=', pair_delimiter: config.pair_delimiter };
    case 'csv':
      return toCsv(config, common);
    case 'syslog':
      return {
        type: 'syslog_parser',
        ...common,
        ...zone,
        ...(config.protocol && { protocol: config.protocol }),
        allow_skip_pri_header: config.allow_skip_pri_header,
      };
    case 'container':
    case 'cri':
    case 'docker': {
      const runtime = CONTAINER[format];
      return {
        type: 'container',
        ...common,
        ...(runtime && { format: runtime }),
        add_metadata_from_filepath: config.add_metadata_from_filepath,
      };
    }
    case 'nginx':
    case 'apache':
      return { type: 'access_log_parser', ...common, severity_from_status: config.severity_from_status };
    case 'uri':
      return { type: 'uri_parser', ...common };
    default:
      return { type: 'preset_parser', ...common, ...zone, preset: format };
  }
}

function toCsv(config: ParseConfig, common: object): OperatorConfig {
  return {
    type: 'csv_parser',
    ...common,
    ...(config.header !== undefined && { header: config.header }),
    ...(config.header_attribute !== undefined && { header_attribute: config.header_attribute }),
    ...(config.header_delimiter !== undefined && { header_delimiter: config.header_delimiter }),
    delimiter: config.delimiter ?? ',',
    lazy_quotes: config.lazy_quotes,
    ignore_quotes: config.ignore_quotes,
  };
}
