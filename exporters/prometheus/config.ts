import type { SeriesConfig } from '#series';

export interface PrometheusConfig extends SeriesConfig {
  endpoint: string;
  path: string;
  enable_open_metrics: boolean;
}
