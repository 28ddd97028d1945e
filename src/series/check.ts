import type { ConfigProblem } from '#component';
import { Environment, OttlMistake, compileCondition, compileValue } from '#ottl';
import type { MetricConfig, SeriesConfig } from './config.ts';
import { BUILT_IN_LABELS } from './built-in.ts';
import { OVERFLOW_LABEL } from './exposition.ts';
import { baseName, rulesOf } from './names.ts';

const RESERVED_NAME = /^(winnow_.*|target|target_info)$/;

/** What a schema cannot say. `constantOption` is what the exporter calls the labels of all series. */
export function checkSeries(config: SeriesConfig, constantOption: string = 'const_labels'): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const constant = Object.keys(config.const_labels);
  const presets = rulesOf({ presets: config.presets, metrics: [] });
  const taken = new Set(presets.flatMap(({ labels = [] }) => labels.map(({ name }) => name)));
  if (config.built_in.length > 0) for (const name of BUILT_IN_LABELS) taken.add(name);
  for (const name of constant) {
    const path = `${constantOption}.${name}`;
    if (!isLabelName(name)) problems.push({ path, message: LABEL_NAME });
    else if (taken.has(name) || name === 'le')
      problems.push({ path, message: `"${name}" is a label of the built-in metrics or of a preset` });
  }
  for (const [i, metric] of config.metrics.entries()) {
    const path = `metrics.${i}`;
    const earlier = [...presets, ...config.metrics.slice(0, i)];
    problems.push(
      ...checkMetric(path, metric),
      ...checkLabels(path, metric, { constant, constantOption }),
      ...checkSame(path, metric, earlier),
    );
  }
  return problems;
}

const LABEL_NAME = `expected a label name of letters, digits and _ that does not begin with __ and is not ${OVERFLOW_LABEL}`;

function isLabelName(name: string): boolean {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && name !== OVERFLOW_LABEL;
}

function checkMetric(path: string, metric: MetricConfig): ConfigProblem[] {
  const { type, attribute, value, where, operation, buckets, name, scale = 1 } = metric;
  const problems: ConfigProblem[] = [];
  const say = (option: string, message: string): void => void problems.push({ path: `${path}.${option}`, message });
  if (RESERVED_NAME.test(name)) say('name', 'target_info and names that begin with winnow_ belong to the built-in metrics');
  if (attribute !== undefined && value !== undefined) say('value', 'attribute and value cannot stand beside each other');
  const hasNumber = attribute !== undefined || value !== undefined;
  if (!hasNumber && (type === 'histogram' || (type === 'gauge' && (operation ?? 'set') === 'set'))) {
    say('attribute', `a ${type} needs attribute or value, the number that it shows`);
  }
  if (type !== 'gauge' && operation !== undefined) say('operation', `goes with type gauge, got ${type}`);
  if (type !== 'histogram' && buckets) say('buckets', `goes with type histogram, got ${type}`);
  if (buckets?.some((bound, i) => i > 0 && bound <= (buckets[i - 1] as number))) say('buckets', 'expected bounds that rise');
  if (buckets?.some((bound) => !Number.isFinite(bound))) say('buckets', 'expected numbers; the bucket +Inf is always there');
  if (!Number.isFinite(scale)) say('scale', 'expected a number');
  if (type === 'counter' && scale < 0) say('scale', 'a counter never falls; expected a number from 0 on');
  if (where !== undefined)
    problems.push(...attempt(`${path}.where`, () => void compileCondition(where, { environment: new Environment() })));
  if (value !== undefined) problems.push(...attempt(`${path}.value`, () => void compileValue(value, { environment: new Environment() })));
  return problems;
}

interface Constant {
  readonly constant: readonly string[];
  readonly constantOption: string;
}

function checkLabels(path: string, { labels = [], type }: MetricConfig, { constant, constantOption }: Constant): ConfigProblem[] {
  return labels.flatMap(({ name, attribute, value }, i) => {
    const at = `${path}.labels.${i}`;
    const problems: ConfigProblem[] = [];
    if (!isLabelName(name)) problems.push({ path: `${at}.name`, message: LABEL_NAME });
    if (type === 'histogram' && name === 'le') problems.push({ path: `${at}.name`, message: '"le" is the label of the buckets' });
    if (constant.includes(name)) problems.push({ path: `${at}.name`, message: `"${name}" is one of ${constantOption}` });
    if (labels.findIndex((other) => other.name === name) < i) problems.push({ path: `${at}.name`, message: `"${name}" is there twice` });
    if ((attribute === undefined) === (value === undefined)) problems.push({ path: at, message: 'expected one of attribute and value' });
    if (value !== undefined) problems.push(...attempt(`${at}.value`, () => void compileValue(value, { environment: new Environment() })));
    return problems;
  });
}

/** Entries of one name feed one metric, so they have to agree on what it is. */
function checkSame(path: string, metric: MetricConfig, earlier: readonly MetricConfig[]): ConfigProblem[] {
  const own = samplesOf(metric);
  const clash = earlier.find((other) => samplesOf(other).some((name) => own.includes(name)));
  if (!clash) return [];
  const isSame = baseName(clash, '') === baseName(metric, '') && clash.type === metric.type && formOf(clash) === formOf(metric);
  if (isSame) return [];
  const message = `"${clash.name}" stands there before with another type, unit, buckets, limits or labels; entries of one name feed one metric`;
  return [{ path: `${path}.name`, message }];
}

function formOf({ labels = [], buckets, unit, max_series: max, expiration }: MetricConfig): string {
  return JSON.stringify([labels.map(({ name }) => name).toSorted(), buckets, unit, max, expiration]);
}

/** Names that lines of a metric have; no other metric may have them too. */
function samplesOf(metric: MetricConfig): string[] {
  const name = baseName(metric, '');
  if (metric.type === 'counter') return [name, `${name}_total`];
  return metric.type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

function attempt(path: string, compile: () => void): ConfigProblem[] {
  try {
    compile();
    return [];
  } catch (problem) {
    if (!(problem instanceof OttlMistake)) throw problem;
    return [{ path, message: problem.message }];
  }
}
