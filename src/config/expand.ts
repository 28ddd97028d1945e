import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '#component';
import { joinPath, type Entry, type MapNode, type Node, type ScalarNode } from './node.ts';
import { parseYaml } from './parse-yaml.ts';
import { createFixedSource, createSource, positionOf, type Place, type Source } from './place.ts';
import { findReference, parseReference, unescapeDollars } from './reference.ts';
import { Report } from './report.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

// References may lead to further references; these bounds end those that lead back to themselves.
const FETCHES_MAX = 2000;
const DEPTH_MAX = 20;
const TEXT_LENGTH_MAX = 1024 * 1024;

interface Fetched {
  readonly text: string;
  readonly source: Source;
  readonly unsetVariable?: string;
}

export interface ExpanderOptions {
  readonly env: Environment;
  readonly cwd: string;
  readonly report: Report;
}

/**
 * Replaces `${env:…}`, `${file:…}` and `${yaml:…}` in values, by the Collector's rules: the innermost first; what comes
 * out is looked at again; a value that is one reference takes the type its content has as YAML; inside other text it is
 * text. Keys are never expanded.
 */
export class Expander {
  /** Absolute paths of the files read. */
  readonly paths: Set<string> = new Set();
  readonly #env: Environment;
  readonly #cwd: string;
  readonly #report: Report;
  #fetches = 0;
  #length = 0;

  constructor({ env, cwd, report }: ExpanderOptions) {
    this.#env = env;
    this.#cwd = cwd;
    this.#report = report;
  }

  expand(node: Node, path: string = '', depth: number = 0): Node {
    if (node.kind === 'scalar') return typeof node.value === 'string' ? this.#expandText(node, node.value, path, depth) : node;
    if (depth > DEPTH_MAX) {
      this.#report.error(node.at, path, 'the references here lead back to themselves');
      return node;
    }
    if (node.kind === 'list') return { ...node, items: node.items.map((item, i) => this.expand(item, joinPath(path, i), depth)) };
    const entries = new Map<string, Entry>();
    for (const [key, { keyAt, value }] of node.entries) {
      entries.set(key, { keyAt, value: this.expand(value, joinPath(path, key), depth) });
    }
    return { ...node, entries } satisfies MapNode;
  }

  #expandText(node: ScalarNode, written: string, path: string, depth: number): Node {
    let text = written;
    let isReferred = node.isReferred;
    for (let found = findReference(text); found !== undefined; found = findReference(text)) {
      const { start, end } = found;
      const fetched = this.#fetch(text.slice(start + 2, end - 1), node.at, path);
      if (!fetched) return { ...node, value: null, text: '', isBroken: true };
      if (end - start < text.length) {
        text = text.slice(0, start) + fetched.text + text.slice(end);
        isReferred = false;
        if (this.#isTooLong(fetched.text.length, node.at, path)) break;
        continue;
      }
      const typed = this.#typed(fetched, node, path);
      if (typed.kind !== 'scalar') return this.expand(typed, path, depth + 1);
      if (typeof typed.value !== 'string') return typed;
      text = typed.value;
      isReferred = true;
    }
    const value = unescapeDollars(text);
    return value === node.value ? node : { ...node, value, text: value, isReferred };
  }

  /** The content of a reference that is the whole value. What is not YAML is text, and strings are taken as they are. */
  #typed({ text, source, unsetVariable }: Fetched, node: ScalarNode, path: string): Node {
    const none: ScalarNode = { kind: 'scalar', at: node.at, value: null, text: '', isReferred: true };
    if (unsetVariable !== undefined) return { ...none, unsetVariable };
    if (this.#isTooLong(text.length, node.at, path)) return none;
    const parsed = parseYaml(text, source, new Report());
    if (parsed && parsed.kind !== 'scalar') return parsed;
    const value = parsed && typeof parsed.value !== 'string' ? parsed.value : text;
    return { ...none, value, text };
  }

  #fetch(inner: string, at: Place, path: string): Fetched | undefined {
    if (++this.#fetches > FETCHES_MAX) {
      if (this.#fetches === FETCHES_MAX + 1)
        this.#report.error(at, path, `expected at most ${FETCHES_MAX} references, got more; do they lead back to themselves?`);
      return undefined;
    }
    const reference = parseReference(inner);
    switch (reference.scheme) {
      case 'env':
        return this.#fetchVariable(reference.name, reference.fallback, at, path);
      case 'file':
        return this.#fetchFile(reference.path, at, path);
      case 'yaml':
        return { text: reference.text, source: createFixedSource(positionOf(at), at.source.order) };
      default:
        this.#report.error(at, path, reference.problem);
        return undefined;
    }
  }

  #fetchVariable(name: string, fallback: string | undefined, at: Place, path: string): Fetched {
    const text = (Object.hasOwn(this.#env, name) ? this.#env[name] : undefined) ?? fallback;
    const source = createFixedSource(positionOf(at), at.source.order);
    if (text !== undefined) return { text, source };
    this.#report.warn(at, path, `the environment variable ${name} is not set, so this is empty; set it, or write \${env:${name}:-default}`);
    return { text: '', source, unsetVariable: name };
  }

  #fetchFile(written: string, at: Place, path: string): Fetched | undefined {
    const file = resolve(this.#cwd, written);
    const text = readText(file, (reason) => this.#report.error(at, path, `cannot read ${written}: ${reason}`));
    if (text === undefined) return undefined;
    this.paths.add(file);
    // The newline that editors and `echo` put at the end is part of no password.
    return { text: text.replace(/\r?\n$/, ''), source: createSource(written, at.source.order) };
  }

  /** Bounds all text together: each of many references to one large file would pass a bound of its own. */
  #isTooLong(added: number, at: Place, path: string): boolean {
    const before = this.#length;
    this.#length += Math.max(0, added);
    if (this.#length <= TEXT_LENGTH_MAX) return false;
    if (before <= TEXT_LENGTH_MAX)
      this.#report.error(at, path, `expected references to bring at most ${TEXT_LENGTH_MAX} characters, got more`);
    return true;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied; let the user that runs the agent read it',
  EISDIR: 'it is a folder; name a file in it',
  ENAMETOOLONG: 'the name is too long',
};

/** The text of a file; undefined after telling the reason why there is none. */
export function readText(path: string, tell: (reason: string) => void): string | undefined {
  try {
    const bytes = readFileSync(path);
    const text = bytes.toString('utf8');
    if (isUtf8(bytes)) return text;
    // Read all the same, a path with an umlaut would name another file, and a password would be another one.
    tell(`line ${text.slice(0, text.indexOf('\u{FFFD}')).split('\n').length} is not UTF-8; save the file as UTF-8`);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
    tell(REASONS[code] ?? messageOf(error));
    return undefined;
  }
}
