import type { MetricConfig, SeriesConfig } from './config.ts';
import { PRESET_METRICS } from './presets.ts';

/** All entries, those of the presets first. */
export function rulesOf({ presets, metrics }: Pick<SeriesConfig, 'presets' | 'metrics'>): MetricConfig[] {
  return [...presets.flatMap((preset) => PRESET_METRICS[preset]), ...metrics];
}

/** The name of the family: with the namespace and the unit, without the `_total` that counters are exposed with. */
export function baseName({ name, type, unit = '' }: MetricConfig, namespace: string): string {
  const withoutTotal = type === 'counter' ? name.replace(/_total$/, '') : name;
  const hasUnit = unit === '' || withoutTotal.endsWith(`_${unit}`);
  const own = hasUnit ? withoutTotal : `${withoutTotal}_${unit}`;
  return namespace === '' ? own : `${namespace}_${own}`;
}
