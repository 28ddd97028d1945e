import { resolve } from 'node:path';
import { readText, type Environment } from './expand.ts';
import { mergeNodes } from './merge.ts';
import { isNull, scalarNode, type Entry, type MapNode, type Node } from './node.ts';
import { parseYaml } from './parse-yaml.ts';
import { createFixedSource, createSource, type Place, type Source } from './place.ts';
import type { Report } from './report.ts';

export interface SourcesOptions {
  readonly sources: readonly string[];
  readonly sets: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly report: Report;
}

/** Reads all `--config` and `--set` and merges them, later over earlier. Paths of files read are added to `paths`. */
export function readSources(options: SourcesOptions, paths: Set<string>): MapNode {
  const { sources, sets, report } = options;
  if (sources.length === 0) report.error(undefined, '', 'no configuration was given; name one with --config <file>');
  const layers = sources.map((location, order) => readSource(location, order, options, paths));
  layers.push(...sets.map((set, i) => readSet(set, sources.length + i, report)));

  let merged: MapNode | undefined;
  for (const layer of layers) {
    if (!layer || isNull(layer)) continue;
    if (layer.kind === 'map') {
      const both: Node = merged ? mergeNodes(merged, layer) : layer;
      if (both.kind === 'map') merged = both;
    } else {
      const came = layer.kind === 'list' ? 'a list' : JSON.stringify(layer.text.slice(0, 60));
      report.error(layer.at, '', `expected a map of receivers, processors, exporters, extensions and service, got ${came}`);
    }
  }
  return merged ?? { kind: 'map', at: layers.find((layer) => layer)?.at ?? NOWHERE, entries: new Map() };
}

const NOWHERE: Place = { source: createFixedSource('', 0), offset: 0 };

function readSource(location: string, order: number, options: SourcesOptions, paths: Set<string>): Node | undefined {
  const { env, cwd, report } = options;
  const [, scheme = 'file', rest = location] = /^([a-z][a-z0-9+.-]+):([^]*)$/.exec(location) ?? [];
  if (scheme === 'yaml') return parseInline(rest, createFixedSource('--config yaml:', order), report);
  if (scheme === 'env') {
    const source = createSource(location, order);
    const text = Object.hasOwn(env, rest) ? env[rest] : undefined;
    if (text !== undefined) return parseYaml(text, source, report);
    report.error(undefined, '', `--config ${location}: the environment variable ${rest} is not set`);
    return undefined;
  }
  if (scheme !== 'file') {
    report.error(undefined, '', `--config ${location}: expected a path or one of file:, env:, yaml:, got "${scheme}:"`);
    return undefined;
  }
  const path = resolve(cwd, rest);
  const text = readText(path, (reason) => report.error(undefined, '', `cannot read the configuration ${rest}: ${reason}`));
  if (text === undefined) return undefined;
  paths.add(path);
  return parseYaml(text, createSource(rest, order), report);
}

/** `--config 'yaml:service::telemetry::logs::level: debug'`: `::` steps into maps, as in the Collector. */
function parseInline(text: string, source: Source, report: Report): Node | undefined {
  const node = parseYaml(text, source, report);
  if (node?.kind !== 'map') return node;
  const isNested = (key: string): boolean => key.includes('::');
  let merged: Node = { ...node, entries: new Map([...node.entries].filter(([key]) => !isNested(key))) };
  for (const [key, { value, keyAt }] of node.entries) if (isNested(key)) merged = mergeNodes(merged, nest(key.split('::'), value, keyAt));
  return merged;
}

/** `--set a.b=c`; the value is YAML. Where a key has a dot of its own, `a::b.c=d` names it. */
function readSet(set: string, order: number, report: Report): Node | undefined {
  const equals = set.indexOf('=');
  const path = set.slice(0, Math.max(0, equals));
  const keys = path.split(path.includes('::') ? '::' : '.');
  if (equals < 0 || keys.includes('') || keys.includes('__proto__')) {
    report.error(undefined, '', `--set ${set}: expected key=value such as processors.batch.timeout=2s`);
    return undefined;
  }
  const source = createFixedSource(`--set ${path}`, order);
  const at = { source, offset: 0 };
  return nest(keys, parseYaml(set.slice(equals + 1), source, report) ?? scalarNode(null, at), at);
}

function nest(keys: readonly string[], value: Node, keyAt: Place): Node {
  let node = value;
  for (const key of keys.toReversed()) {
    const entry: Entry = { keyAt, value: node };
    node = { kind: 'map', at: keyAt, entries: new Map([[key, entry]]) };
  }
  return node;
}
