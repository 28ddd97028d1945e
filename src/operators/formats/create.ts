import type { Failures } from '../failures.ts';
import { parseField } from '../field.ts';
import type { Operator } from '../operator.ts';
import { AutoParser } from '../presets/auto-parser.ts';
import { createPreset } from '../presets/preset.ts';
import { UTC, localZone, zoneOf } from '../time/zone.ts';
import { AccessLog } from './access-log.ts';
import type { FormatConfig } from './config.ts';
import { Container } from './container.ts';
import { Csv } from './csv.ts';
import { FormatOperator } from './format-operator.ts';
import type { Format } from './format.ts';
import { JsonArray } from './json-array.ts';
import { KeyValues } from './key-values.ts';
import { Logfmt } from './logfmt.ts';
import { Syslog } from './syslog.ts';
import { Uri } from './uri.ts';

const TYPES: ReadonlySet<string> = new Set<FormatConfig['type']>([
  'key_value_parser',
  'logfmt_parser',
  'csv_parser',
  'syslog_parser',
  'container',
  'access_log_parser',
  'preset_parser',
  'auto_parser',
  'uri_parser',
  'json_array_parser',
]);

export function isFormat(config: { readonly type: string }): config is FormatConfig {
  return TYPES.has(config.type);
}

/** Throws RangeError when it cannot run. */
export function createFormatOperator(config: FormatConfig, failures: Failures): Operator {
  if (config.type === 'auto_parser') return new AutoParser(config, failures);
  return new FormatOperator(createFormat(config), config, failures);
}

function createFormat(config: Exclude<FormatConfig, { type: 'auto_parser' }>): Format {
  switch (config.type) {
    case 'key_value_parser': {
      const { delimiter = '=', pair_delimiter: pairDelimiter = '' } = config;
      if (delimiter === pairDelimiter) throw new RangeError(`delimiter and pair_delimiter are the same, "${delimiter}"`);
      return new KeyValues(delimiter, pairDelimiter);
    }
    case 'logfmt_parser':
      return new Logfmt(config.parse_ints ?? true);
    case 'csv_parser':
      return new Csv({
        ...(config.header !== undefined && { header: config.header }),
        ...(config.header_attribute !== undefined && { headerAttribute: config.header_attribute }),
        headerDelimiter: config.header_delimiter ?? config.delimiter ?? ',',
        delimiter: config.delimiter ?? ',',
        isLazy: config.lazy_quotes ?? false,
        areQuotesIgnored: config.ignore_quotes ?? false,
      });
    case 'syslog_parser':
      return new Syslog({
        protocol: config.protocol ?? '',
        zone: config.location ? zoneOf(config.location) : UTC,
        isPriorityOptional: config.allow_skip_pri_header ?? false,
        isMessageBody: false,
      });
    case 'container':
      return new Container({
        format: config.format ?? '',
        isPathRead: config.add_metadata_from_filepath ?? true,
        keepsNewline: config.keepsNewline ?? false,
      });
    case 'access_log_parser':
      return new AccessLog(config.severity_from_status ?? true);
    case 'preset_parser':
      return createPreset(config.preset, config.location ? zoneOf(config.location) : localZone());
    case 'uri_parser':
      return new Uri();
    case 'json_array_parser':
      return new JsonArray(config.header, parseField(config.parse_to ?? 'attributes'));
  }
}
