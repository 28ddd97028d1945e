import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import { scalarNode, type Entry, type MapNode, type Node } from './node.ts';
import type { Place, Source } from './place.ts';
import type { Report } from './report.ts';
import { explainErrors } from './yaml-errors.ts';

// A generous bound: 10,000 explicit paths take 0.5 MiB. What is larger is not a configuration.
const TEXT_LENGTH_MAX = 4 * 1024 * 1024;
// Counted with aliases followed, so that nine lines of aliases cannot become a billion values.
const NODES_MAX = 200_000;
const DEPTH_MAX = 64;

/** Turns YAML into nodes with places. Undefined when the text is not YAML; the report says why. */
export function parseYaml(text: string, source: Source, report: Report): Node | undefined {
  const start = { source, offset: 0 };
  if (text.length > TEXT_LENGTH_MAX) {
    report.error(start, '', `expected at most ${TEXT_LENGTH_MAX} characters, got ${text.length}; is this the right file?`);
    return undefined;
  }
  const document = parseText(text, source);
  if (!document) {
    report.error(start, '', `expected at most ${DEPTH_MAX} levels of nesting, got more`);
    return undefined;
  }
  for (const { offset, message } of explainErrors(document.errors, text)) report.error({ source, offset }, '', message);
  for (const warning of document.warnings) report.warn({ source, offset: warning.pos[0] }, '', warning.message);
  if (document.errors.length > 0) return undefined;
  return new Converter(source, report).convertRoot(document);
}

function parseText(text: string, source: Source): Document | undefined {
  const lines = source.lines ? { lineCounter: source.lines } : {};
  try {
    // Duplicate keys are found while converting, where both places are known.
    return parseDocument(text, { ...lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch (error) {
    // The parser calls itself for each level, so brackets by the thousand exhaust the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Sized {
  readonly node: Node;
  readonly size: number;
}

class Converter {
  readonly #source: Source;
  readonly #report: Report;
  readonly #anchors = new Map<string, Sized>();
  #nodes = 0;
  #hasOverflowed = false;

  constructor(source: Source, report: Report) {
    this.#source = source;
    this.#report = report;
  }

  convertRoot(document: Document): Node {
    return this.#convert(document.contents, 0, '', 0);
  }

  #convert(item: unknown, fallback: number, path: string, depth: number): Node {
    const place = this.#placeOf(item, fallback);
    if (!this.#takeNodes(1, place) || depth > DEPTH_MAX) {
      if (depth > DEPTH_MAX) this.#overflow(place, `expected at most ${DEPTH_MAX} levels of nesting, got more`);
      return scalarNode(null, place);
    }
    const before = this.#nodes;
    const node = this.#convertKind(item, place, path, depth);
    // Registered only now: an alias inside its own anchor would have no end.
    const anchor = isMap(item) || isSeq(item) || isScalar(item) ? item.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, { node, size: 1 + this.#nodes - before });
    return node;
  }

  #convertKind(item: unknown, at: Place, path: string, depth: number): Node {
    if (isMap(item)) return this.#convertMap(item, at, path, depth);
    if (isSeq(item)) {
      const items = item.items.map((inner, i) => this.#convert(isPair(inner) ? inner.value : inner, at.offset, `${path}[${i}]`, depth + 1));
      return { kind: 'list', at, items };
    }
    if (isAlias(item)) return this.#resolveAlias(item.source, at, path);
    if (!isScalar(item)) return scalarNode(null, at);
    const { value } = item;
    if (typeof value === 'string') return scalarNode(value, at);
    if (typeof value === 'number' || typeof value === 'boolean') return scalarNode(value, at, item.source ?? String(value));
    // What is left are tags nobody resolved; a warning has named them, and their text is all there is.
    return value === null ? scalarNode(null, at) : scalarNode(item.source ?? '', at);
  }

  #resolveAlias(name: string, at: Place, path: string): Node {
    const target = this.#anchors.get(name);
    if (!target) {
      this.#report.error(at, path, `the alias *${name} has no anchor &${name} before it`);
      return scalarNode(null, at);
    }
    return this.#takeNodes(target.size, at) ? target.node : scalarNode(null, at);
  }

  #convertMap(map: YAMLMap, at: Place, path: string, depth: number): MapNode {
    const entries = new Map<string, Entry>();
    const merged: { readonly node: Node; readonly at: Place }[] = [];
    for (const pair of map.items) {
      const keyAt = this.#placeOf(pair.key, at.offset);
      const key = this.#keyOf(pair.key, keyAt, path);
      if (key === undefined) continue;
      const value = this.#convert(pair.value, keyAt.offset, path === '' ? key : `${path}.${key}`, depth + 1);
      if (key === '<<' && (value.kind !== 'scalar' || isAlias(pair.value))) {
        merged.push({ node: value, at: keyAt });
        continue;
      }
      const first = entries.get(key);
      if (first) this.#reportDuplicate(key, first.keyAt, keyAt, path);
      else entries.set(key, { keyAt, value });
    }
    for (const { node, at: mergeAt } of merged) this.#mergeInto(entries, node, mergeAt, path);
    return { kind: 'map', at, entries };
  }

  /** `<<: *defaults`: keys of the map itself win, then those of earlier merges. */
  #mergeInto(entries: Map<string, Entry>, node: Node, at: Place, path: string): void {
    if (node.kind === 'list') {
      for (const item of node.items) this.#mergeInto(entries, item, at, path);
    } else if (node.kind === 'map') {
      for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry);
    } else {
      this.#report.error(at, path, 'expected a map or a list of maps after "<<"');
    }
  }

  #keyOf(key: unknown, at: Place, path: string): string | undefined {
    const value = isScalar(key) ? key.value : undefined;
    if (value === undefined || value === null) {
      this.#report.error(at, path, `expected a key before ":", got ${value === null ? 'nothing' : 'a list, map or alias'}`);
      return undefined;
    }
    if (value === '__proto__') {
      this.#report.error(at, path, '"__proto__" cannot be a key');
      return undefined;
    }
    // `0644:` as it is written; a key is text.
    return typeof value === 'string' ? value : ((isScalar(key) ? key.source : undefined) ?? JSON.stringify(value));
  }

  #reportDuplicate(key: string, first: Place, second: Place, path: string): void {
    const line = first.source.lines?.linePos(first.offset).line;
    this.#report.error(second, path, `"${key}" is written twice${line === undefined ? '' : `, first in line ${line}`}; keep one of them`);
  }

  #placeOf(item: unknown, fallback: number): Place {
    const hasRange = isMap(item) || isSeq(item) || isScalar(item) || isAlias(item);
    return { source: this.#source, offset: (hasRange ? item.range?.[0] : undefined) ?? fallback };
  }

  #takeNodes(count: number, at: Place): boolean {
    this.#nodes += count;
    if (this.#nodes <= NODES_MAX) return true;
    this.#overflow(at, `expected at most ${NODES_MAX} values, counting each use of an alias, got more`);
    return false;
  }

  #overflow(at: Place, message: string): void {
    if (!this.#hasOverflowed) this.#report.error(at, '', message);
    this.#hasOverflowed = true;
  }
}
