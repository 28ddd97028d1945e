import type { AnomalyType } from '#anomaly';

export interface RuleConfig {
  name: string;
  condition: string;
  count: number;
  within: string;
  type: AnomalyType;
}

export interface AnomalyConfig {
  dry_run: boolean;
  warm_up: string;
  false_alarms_per_day: number;
  novelty_per_day: number;
  history_days: number;
  quiet: string;
  source_attributes: string[];
  session_attributes: string[];
  duration_attributes: string[];
  rules: RuleConfig[];
  sources_max: number;
  templates_max: number;
  sessions_max: number;
  events_max: number;
  snapshot_interval: string;
}
