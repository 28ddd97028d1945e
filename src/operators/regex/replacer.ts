import { setFlagsFromString } from 'node:v8';
import { LengthGuard, QUICK_LENGTH_MAX, type RowProblemType } from './length-guard.ts';
import { parseRegex } from './parse.ts';
import { printRegex } from './print.ts';
import type { Node } from './syntax.ts';

// As in engine.ts: the usual engine can take time with the square of the length, so long texts and
// patterns that were slow go to V8's engine without backtracking.
const SLOW_MS = 20;
const LINEAR_TEXTS = 1000;
const LINEAR = 'gl';

type Finish = (expanded: string) => string;

/** A part of a replacement: a text, or the number of a group. */
type Part = string | number;

export interface Replacer {
  /**
   * The text with each match replaced. `$1`, `${1}` and `${name}` in the replacement stand for groups, as in Go; `finish`
   * has the last word on each. Throws a problem of the given class for a text that is too long.
   */
  replace(text: string, replacement: string, finish?: Finish): string;
}

/** Compiles a pattern in RE2's syntax. Throws RangeError. */
export function compileReplacer(pattern: string, Problem: RowProblemType): Replacer {
  const tree = parseRegex(pattern);
  const names: (string | undefined)[] = [];
  collectNames(tree, names);
  let expand: Expander | undefined;
  return {
    replace: (text, replacement, finish) => {
      // Replacements are nearly always written out, so that the last one is remembered.
      if (expand?.replacement !== replacement) expand = new Expander(tree, names, replacement, Problem);
      return expand.replace(text, finish);
    },
  };
}

class Expander {
  readonly replacement: string;
  readonly #parts: readonly Part[];
  readonly #source: string;
  /** The group in the printed pattern of each group in the one that was written. */
  readonly #captured: ReadonlyMap<number, number>;
  readonly #usual: RegExp;
  #linear: RegExp | undefined;
  #linearTexts = 0;
  readonly #guard: LengthGuard;

  constructor(tree: Node, names: readonly (string | undefined)[], replacement: string, Problem: RowProblemType) {
    this.replacement = replacement;
    this.#guard = new LengthGuard(Problem);
    this.#parts = partsOf(replacement, names);
    const wanted = new Set(this.#parts.filter((part) => typeof part === 'number' && part > 0) as number[]);
    this.#source = printRegex(withNames(tree, wanted, { next: 1 }), 'unicode');
    this.#captured = new Map([...wanted].toSorted((a, b) => a - b).map((group, i) => [group, i + 1]));
    this.#usual = new RegExp(this.#source, 'g');
  }

  replace(text: string, finish: Finish | undefined): string {
    const expand = (...match: unknown[]): string => {
      const expanded = this.#parts.map((part) => (typeof part === 'string' ? part : this.#group(match, part))).join('');
      return finish ? finish(expanded) : expanded;
    };
    if (text.length > QUICK_LENGTH_MAX) return this.#guard.run(text.length, () => text.replace(this.#linearRegExp(), expand));
    if (this.#linearTexts > 0) {
      this.#linearTexts--;
      return text.replace(this.#linearRegExp(), expand);
    }
    const start = performance.now();
    const replaced = text.replace(this.#usual, expand);
    if (performance.now() - start > SLOW_MS) this.#linearTexts = LINEAR_TEXTS;
    return replaced;
  }

  #group(match: readonly unknown[], group: number): string {
    const value = group === 0 ? match[0] : match[this.#captured.get(group) ?? -1];
    return typeof value === 'string' ? value : '';
  }

  #linearRegExp(): RegExp {
    if (!this.#linear) {
      setFlagsFromString('--enable-experimental-regexp-engine');
      this.#linear = new RegExp(this.#source, LINEAR);
    }
    return this.#linear;
  }
}

const REFERENCE = /\$(?:\$|\{(\w+)\}|(\w+))/g;

/** Groups that do not exist are empty, as in Go; `$1x` is the group named `1x`. */
function partsOf(replacement: string, names: readonly (string | undefined)[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of replacement.matchAll(REFERENCE)) {
    const [all, braced, bare] = match;
    parts.push(replacement.slice(at, match.index));
    const name = braced ?? bare;
    if (name === undefined) parts.push('$');
    else if (/^\d+$/.test(name)) parts.push(Number(name) <= names.length ? Number(name) : '');
    else parts.push(names.includes(name) ? names.indexOf(name) + 1 : '');
    at = match.index + all.length;
  }
  parts.push(replacement.slice(at));
  return parts.filter((part) => part !== '');
}

function collectNames(node: Node, names: (string | undefined)[]): void {
  if (node.kind === 'group') names.push(node.name);
  if (node.kind === 'group' || node.kind === 'repeat') collectNames(node.body, names);
  else if (node.kind === 'sequence' || node.kind === 'choice') for (const part of node.parts) collectNames(part, names);
}

/** Only groups with names capture, so those that the replacement refers to are named, and no others. */
function withNames(node: Node, wanted: ReadonlySet<number>, counter: { next: number }): Node {
  switch (node.kind) {
    case 'group': {
      const group = counter.next++;
      const body = withNames(node.body, wanted, counter);
      return { kind: 'group', body, name: wanted.has(group) ? `g${group}` : undefined };
    }
    case 'repeat':
      return { ...node, body: withNames(node.body, wanted, counter) };
    case 'sequence':
    case 'choice':
      return { ...node, parts: node.parts.map((part) => withNames(part, wanted, counter)) };
    default:
      return node;
  }
}
