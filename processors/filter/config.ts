import type { KeyValueMatch } from '#operators';
import type { ErrorMode, OttlContext } from '#ottl';

/** Which records are meant. Options of different names must all match. */
export interface MatchConfig {
  match_type?: 'strict' | 'regexp';
  resource_attributes?: KeyValueMatch[];
  record_attributes?: KeyValueMatch[];
  severity_texts?: string[];
  bodies?: string[];
  severity_number?: { min?: string | number; match_undefined: boolean };
}

interface ConditionGroupConfig {
  context?: OttlContext;
  error_mode?: ErrorMode;
  conditions: string[];
}

export interface FilterConfig {
  error_mode: ErrorMode;
  log_conditions?: (string | ConditionGroupConfig)[];
  logs?: {
    resource?: string[];
    log_record?: string[];
    include?: MatchConfig;
    exclude?: MatchConfig;
  };
  traces?: object;
  metrics?: object;
  profiles?: object;
  spans?: object;
  trace_conditions?: unknown[];
  metric_conditions?: unknown[];
  profile_conditions?: unknown[];
}

/** Conditions of one context, in the order in which they are asked. */
export interface ConditionGroup {
  /** Where they stand in the configuration. */
  readonly path: string;
  readonly conditions: readonly string[];
  readonly context: OttlContext | undefined;
  readonly mode: ErrorMode;
}

export function groupsOf({ error_mode: mode, logs = {}, log_conditions: items = [] }: FilterConfig): ConditionGroup[] {
  const groups: ConditionGroup[] = [];
  const { resource = [], log_record: logRecord = [] } = logs;
  if (resource.length > 0) groups.push({ path: 'logs.resource', conditions: resource, context: 'resource', mode });
  if (logRecord.length > 0) groups.push({ path: 'logs.log_record', conditions: logRecord, context: 'log', mode });
  for (const [i, item] of items.entries()) {
    const path = `log_conditions.${i}`;
    if (typeof item === 'string') groups.push({ path, conditions: [item], context: undefined, mode });
    else groups.push({ path: `${path}.conditions`, conditions: item.conditions, context: item.context, mode: item.error_mode ?? mode });
  }
  return groups;
}
