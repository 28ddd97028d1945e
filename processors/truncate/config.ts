/** Limits as an operator writes them. Sizes are bytes; 0 is no limit. */
export interface LimitsConfig {
  body_max: number | string;
  attribute_max: number | string;
  attributes_max: number;
  array_max: number;
  depth_max: number;
  stack_head: number;
  stack_tail: number;
  record_max: number | string;
}

export interface FieldConfig {
  attributes: string[];
  max_chars: number;
}

/** Other limits for records of a severity and above. What is not given is as for the others. */
interface SeverityConfig extends Partial<LimitsConfig> {
  min_severity: number | string;
}

export interface TruncateConfig extends LimitsConfig {
  fields: FieldConfig[];
  preset: 'none' | 'llm_os';
  severities: SeverityConfig[];
  note: string;
  mark: boolean;
}
