import type { Exemplar } from './exemplars.ts';
import type { Family } from './family.ts';
import { valuesOf } from './label-key.ts';

export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The label of the overflow series, OpenTelemetry's name as Prometheus spells it. */
export const OVERFLOW_LABEL = 'otel_metric_overflow';

/** One metric as a scraper reads it. Empty when it has no series. */
export function exposeFamily(family: Family, format: Format, constantLabels: string): string {
  const { name, help, type, unit } = family.settings;
  const labelsOf = (key: Buffer | undefined): string => labelText(family, key, constantLabels);
  let samples = '';
  for (const index of family.live()) {
    const labels = family.labelText(index, labelsOf);
    samples += type === 'histogram' ? histogramText(family, index, { labels, format }) : simpleText(family, index, { labels, format });
  }
  if (samples === '') return '';
  // The older format has no notion of a family of which a counter's samples are called otherwise.
  const shown = format === 'text' && type === 'counter' ? `${name}_total` : name;
  const head = `# HELP ${shown} ${escapeHelp(help, format)}\n# TYPE ${shown} ${type}\n`;
  const unitLine = format === 'openmetrics' && unit !== '' && name.endsWith(`_${unit}`) ? `# UNIT ${shown} ${unit}\n` : '';
  return head + unitLine + samples;
}

interface Line {
  readonly labels: string;
  readonly format: Format;
}

function simpleText(family: Family, index: number, { labels, format }: Line): string {
  const { name, type } = family.settings;
  const isCounter = type === 'counter';
  const exemplar = isCounter ? exemplarText(family.exemplars.at(index, 0), format) : '';
  return `${name}${isCounter ? '_total' : ''}${braced(labels)} ${numberText(family.value(index))}${exemplar}\n`;
}

function histogramText(family: Family, index: number, { labels, format }: Line): string {
  const { name, buckets } = family.settings;
  const numbers = family.histogram(index);
  let text = '';
  let count = 0;
  for (let bucket = 0; bucket <= buckets.length; bucket++) {
    count += numbers[bucket] as number;
    const bound = bucket === buckets.length ? '+Inf' : boundText(buckets[bucket] as number, format);
    const exemplar = exemplarText(family.exemplars.at(index, bucket), format);
    text += `${name}_bucket${braced(joined(labels, `le="${bound}"`))} ${count}${exemplar}\n`;
  }
  const own = braced(labels);
  return `${text}${name}_sum${own} ${numberText(numbers[buckets.length + 1] as number)}\n${name}_count${own} ${count}\n`;
}

function exemplarText(exemplar: Exemplar | undefined, format: Format): string {
  if (!exemplar || format === 'text') return '';
  const span = exemplar.spanId === '' ? '' : `,span_id="${exemplar.spanId}"`;
  return ` # {trace_id="${exemplar.traceId}"${span}} ${numberText(exemplar.value)} ${exemplar.timeMs / 1000}`;
}

/** Labels without braces. An empty value is no label, as Prometheus has it. */
function labelText({ settings }: Family, key: Buffer | undefined, constantLabels: string): string {
  if (!key) return joined(`${OVERFLOW_LABEL}="true"`, constantLabels);
  let text = '';
  for (const [i, value] of valuesOf(key).entries()) {
    if (value.length > 0) text = joined(text, `${settings.labels[i]}="${escapeLabel(value.toString('utf8'))}"`);
  }
  return joined(text, constantLabels);
}

export function joined(labels: string, more: string): string {
  return labels === '' || more === '' ? labels + more : `${labels},${more}`;
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

export function escapeLabel(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}

function escapeHelp(text: string, format: Format): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}

/** OpenMetrics wants bounds to be floats: `1.0`, not `1`. Prometheus writes 1 in both. */
function boundText(bound: number, format: Format): string {
  return format === 'openmetrics' && Number.isInteger(bound) && Math.abs(bound) < 1e21 ? `${bound}.0` : String(bound);
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
}

/** Which format a scraper prefers: OpenMetrics where it is named, and not behind the other. */
export function negotiate(accept: string | undefined): Format {
  let best: Format = 'text';
  let bestQuality = 0;
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice(8);
    const isOpenMetrics = type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0';
    if (!isOpenMetrics && type !== 'text/plain') continue;
    if (quality <= bestQuality) continue;
    best = isOpenMetrics ? 'openmetrics' : 'text';
    bestQuality = quality;
  }
  return best;
}
