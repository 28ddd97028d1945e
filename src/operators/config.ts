import type { OnError } from './failures.ts';
import type { FilterConfig, FlattenConfig, FormatConfig, ScopeNameParserConfig } from './formats/config.ts';
import type { JoiningConfig } from './joining/config.ts';

/** The operators as an operator of a host writes them; names, defaults and meaning are the Collector's. */
export interface TimestampConfig {
  readonly parse_from?: string;
  readonly layout_type?: 'strptime' | 'gotime' | 'epoch';
  readonly layout?: string;
  readonly location?: string;
}

export type SeverityValue = string | number | { readonly min: number; readonly max: number };

export interface SeverityConfig {
  readonly parse_from?: string;
  readonly preset?: 'default' | 'otel' | 'aliases' | 'none';
  readonly mapping?: Readonly<Record<string, SeverityValue | readonly SeverityValue[]>>;
  readonly overwrite_text?: boolean;
}

interface PartConfig {
  readonly parse_from?: string;
}

export interface TraceConfig {
  readonly trace_id?: PartConfig;
  readonly span_id?: PartConfig;
  readonly trace_flags?: PartConfig;
}

export interface CommonConfig {
  readonly id?: string;
  readonly output?: string | readonly string[];
  readonly if?: string;
  readonly on_error?: OnError;
}

/** Blocks that read further parts of the record when a parser has done its work. */
export interface EmbeddedConfig {
  readonly timestamp?: TimestampConfig;
  readonly severity?: SeverityConfig;
  readonly trace?: TraceConfig;
  readonly scope_name?: PartConfig;
  readonly body?: string;
}

export interface ParserConfig extends CommonConfig, EmbeddedConfig {
  readonly parse_from?: string;
  readonly parse_to?: string;
}

export interface JsonParserConfig extends ParserConfig {
  readonly type: 'json_parser';
  readonly parse_ints?: boolean;
}

export interface RegexParserConfig extends ParserConfig {
  readonly type: 'regex_parser';
  readonly regex: string;
  readonly cache?: { readonly size?: number };
  readonly text_max?: number | string;
}

interface TimeParserConfig extends CommonConfig, TimestampConfig {
  readonly type: 'time_parser';
}

interface SeverityParserConfig extends CommonConfig, SeverityConfig {
  readonly type: 'severity_parser';
}

interface TraceParserConfig extends CommonConfig, TraceConfig {
  readonly type: 'trace_parser';
}

export interface MoveConfig extends CommonConfig {
  readonly type: 'move' | 'copy';
  readonly from: string;
  readonly to: string;
}

export interface AddConfig extends CommonConfig {
  readonly type: 'add';
  readonly field: string;
  readonly value: unknown;
}

export interface RemoveConfig extends CommonConfig {
  readonly type: 'remove';
  readonly field: string;
}

export interface RetainConfig extends CommonConfig {
  readonly type: 'retain';
  readonly fields: readonly string[];
}

export interface RouterConfig extends CommonConfig {
  readonly type: 'router';
  readonly routes?:
    | readonly {
        readonly expr: string;
        readonly output: string | readonly string[];
        readonly attributes?: Readonly<Record<string, unknown>>;
      }[]
    | null;
  readonly default?: string | readonly string[];
}

export interface RecombineConfig extends CommonConfig, Partial<JoiningConfig> {
  readonly type: 'recombine';
}

/** Operators that edit a text and need nothing but its field. */
export interface TextEditConfig extends CommonConfig {
  readonly type: 'unquote' | 'sanitize_utf8' | 'strip_ansi_escape_codes';
  readonly field?: string;
}

export interface AssignKeysConfig extends CommonConfig {
  readonly type: 'assign_keys';
  readonly field: string;
  readonly keys: readonly string[];
}

export interface RegexReplaceConfig extends CommonConfig {
  readonly type: 'regex_replace';
  readonly field: string;
  readonly regex?: string;
  readonly regex_name?: 'ansi_control_sequences';
  readonly replace_with?: string;
}

interface NoopConfig extends CommonConfig {
  readonly type: 'noop';
}

export type OperatorConfig =
  | JsonParserConfig
  | RegexParserConfig
  | TimeParserConfig
  | SeverityParserConfig
  | TraceParserConfig
  | MoveConfig
  | AddConfig
  | RemoveConfig
  | RetainConfig
  | NoopConfig
  | RouterConfig
  | RecombineConfig
  | TextEditConfig
  | AssignKeysConfig
  | RegexReplaceConfig
  | ScopeNameParserConfig
  | FlattenConfig
  | FilterConfig
  | FormatConfig;
