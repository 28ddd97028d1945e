import type { FamilyType } from './family.ts';

/** Exactly one of `attribute` and `value`. */
export interface LabelConfig {
  name: string;
  attribute?: string;
  value?: string;
}

export interface MetricConfig {
  name: string;
  type: FamilyType;
  description?: string;
  unit?: string;
  /** What is counted or observed; at most one of the two. */
  attribute?: string;
  value?: string;
  scale?: number;
  where?: string;
  operation?: 'set' | 'add' | 'subtract';
  labels?: LabelConfig[];
  buckets?: number[];
  max_series?: number;
  expiration?: string;
}

export const BUILT_IN = ['records', 'templates', 'anomalies', 'suppressed'] as const;
export type BuiltInName = (typeof BUILT_IN)[number];

export const PRESETS = ['agents', 'streams'] as const;
export type PresetName = (typeof PRESETS)[number];

/** What decides which series there are. */
export interface SeriesConfig {
  namespace: string;
  const_labels: Record<string, string>;
  built_in: BuiltInName[];
  presets: PresetName[];
  metrics: MetricConfig[];
  max_series: number;
  max_label_length: number;
  metric_expiration: string;
  target_info: boolean;
}
