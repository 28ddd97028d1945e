import type { CommonConfig, ParserConfig } from '../config.ts';

/** The parsers of formats as an operator of a host writes them. */
interface KeyValueParserConfig extends ParserConfig {
  readonly type: 'key_value_parser';
  readonly delimiter?: string;
  readonly pair_delimiter?: string;
}

interface LogfmtParserConfig extends ParserConfig {
  readonly type: 'logfmt_parser';
  readonly parse_ints?: boolean;
}

interface CsvParserConfig extends ParserConfig {
  readonly type: 'csv_parser';
  readonly header?: string;
  readonly header_attribute?: string;
  readonly header_delimiter?: string;
  readonly delimiter?: string;
  readonly lazy_quotes?: boolean;
  readonly ignore_quotes?: boolean;
}

interface SyslogParserConfig extends ParserConfig {
  readonly type: 'syslog_parser';
  readonly protocol?: 'rfc3164' | 'rfc5424';
  readonly location?: string;
  readonly allow_skip_pri_header?: boolean;
}

interface ContainerConfig extends ParserConfig {
  readonly type: 'container';
  readonly format?: 'docker' | 'crio' | 'containerd';
  readonly add_metadata_from_filepath?: boolean;
  readonly max_log_size?: number | string;
  /** Set by the list of operators, not by those who write it. */
  readonly keepsNewline?: boolean;
}

interface AccessLogParserConfig extends ParserConfig {
  readonly type: 'access_log_parser';
  readonly severity_from_status?: boolean;
}

interface PresetParserConfig extends ParserConfig {
  readonly type: 'preset_parser';
  readonly preset: PresetName;
  readonly location?: string;
}

export interface AutoParserConfig extends ParserConfig {
  readonly type: 'auto_parser';
  readonly location?: string;
  readonly max_sources?: number;
}

/** The formats of the originating documents, and the names that JSON and logfmt loggers have in common. */
export const PRESETS = [
  'plex_plugin',
  'structured_log',
  'central_json',
  'structlog',
  'llm_os',
  'common_json',
  'common_logfmt',
  'server_error',
  'plain',
] as const;
export type PresetName = (typeof PRESETS)[number];

export interface ScopeNameParserConfig extends CommonConfig {
  readonly type: 'scope_name_parser';
  readonly parse_from: string;
}

export interface FlattenConfig extends CommonConfig {
  readonly type: 'flatten';
  readonly field: string;
}

interface JsonArrayParserConfig extends ParserConfig {
  readonly type: 'json_array_parser';
  readonly header?: string;
}

interface UriParserConfig extends ParserConfig {
  readonly type: 'uri_parser';
}

export interface FilterConfig extends CommonConfig {
  readonly type: 'filter';
  readonly expr: string;
  readonly drop_ratio?: number;
}

export type FormatConfig =
  | KeyValueParserConfig
  | LogfmtParserConfig
  | CsvParserConfig
  | SyslogParserConfig
  | ContainerConfig
  | AccessLogParserConfig
  | PresetParserConfig
  | AutoParserConfig
  | UriParserConfig
  | JsonArrayParserConfig;
