import type { MinedTemplate } from './mined-template.ts';
import { Role, Vary, delimiter, word, type RoleNumber, type Token, type VaryNumber } from './token.ts';
import { PLACEHOLDER } from './variables.ts';

/** Values remembered of a word that may turn out to vary. */
const VALUES_MAX = 16;

/** Lines that belong together: their words, which of those vary, how many there were. */
export class Cluster {
  tokens: Token[];
  /** What stood in the place of a word, if it was ever something else than what `tokens` has there. */
  readonly values: (Set<string> | undefined)[] = [];
  /** Changes with every merge: the hash of the words that do not vary. */
  key: number;
  count = 0;
  usedAt = 0;
  /** The cluster this one was merged into. */
  into: Cluster | undefined;
  isDead = false;
  /** Set while the text is known to be right. */
  template: MinedTemplate | undefined;
  /** Where a changed text is noted as an ancestor of the next. */
  ancestors: readonly string[] = [];
  /** Written by hand, in a configuration. It is not evicted. */
  isSeed = false;

  constructor(tokens: Token[], key: number) {
    this.tokens = tokens;
    this.key = key;
  }

  /** The cluster that lines of this one belong to by now. */
  latest(): Cluster {
    if (this.into === undefined) return this;
    this.into = this.into.latest();
    return this.into;
  }

  /** Learns what stands in a line that has the same words. True when the text has to be made anew. */
  learn(tokens: readonly Token[]): boolean {
    let isChanged = false;
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as Token;
      const own = this.tokens[i] as Token;
      if (own.pieces !== undefined && own.pieces !== token.pieces) {
        own.pieces = undefined;
        isChanged = true;
      }
      if (own.vary === Vary.always) continue;
      if (own.vary === Vary.soft && token.vary === Vary.always) {
        own.vary = Vary.always;
        isChanged = true;
      }
      if (this.addValue(i, token.text)) isChanged = true;
    }
    return isChanged;
  }

  /** True when the text has to be made anew. */
  addValue(position: number, text: string): boolean {
    const token = this.tokens[position];
    if (token === undefined || !token.isWord || token.text === text) return false;
    const values = (this.values[position] ??= new Set([token.text]));
    if (values.size >= VALUES_MAX || values.has(text)) return false;
    values.add(text);
    return values.size === 2 && token.vary === Vary.soft;
  }

  /** What has stood in the place of a word; nothing for numbers, which nobody remembers. */
  valuesAt(position: number): Iterable<string> {
    const token = this.tokens[position];
    if (token === undefined || !token.isWord || token.vary === Vary.always) return [];
    return this.values[position] ?? [token.text];
  }

  /** The template's text, in Latin-1. */
  text(): string {
    const hasManyUnits = this.tokens.some((token, i) => token.role === Role.unit && this.isVariable(i));
    const parts: string[] = [];
    for (const [i, token] of this.tokens.entries()) {
      if (token.role === Role.unit && hasManyUnits) {
        // `<*> KB` and `<*> B`: the placeholder of the number covers the unit.
        parts.pop();
      } else if (!token.isWord) parts.push(token.text);
      else if (token.pieces !== undefined) parts.push(token.pieces);
      else parts.push(this.isVariable(i) ? PLACEHOLDER : token.text);
    }
    return parts.join('');
  }

  isVariable(position: number): boolean {
    const vary = this.tokens[position]?.vary;
    return vary === Vary.always || vary === Vary.seen || (vary === Vary.soft && (this.values[position]?.size ?? 0) > 1);
  }
}

/** A token as it is kept: its text, and for words how it varies, its role, and how a list reads. */
type SavedToken = readonly [text: string] | readonly [text: string, vary: number, role: number, pieces?: string];

export interface SavedCluster {
  readonly tokens: readonly SavedToken[];
  /** Values by position, where there are several. */
  readonly values: readonly (readonly [position: number, values: readonly string[]])[];
  readonly key: number;
  readonly aliases: readonly number[];
  readonly count: number;
  readonly usedAt: number;
  readonly ancestors: readonly string[];
  readonly isSeed: boolean;
}

export function saveCluster(cluster: Cluster, aliases: readonly number[]): SavedCluster {
  const { key, count, usedAt, ancestors, isSeed } = cluster;
  const tokens = cluster.tokens.map(({ isWord, text, vary, role, pieces }): SavedToken => {
    if (!isWord) return [text];
    return pieces === undefined ? [text, vary, role] : [text, vary, role, pieces];
  });
  const values: [number, string[]][] = [];
  for (const [position, set] of cluster.values.entries()) if (set) values.push([position, [...set]]);
  return {
    tokens,
    values,
    key,
    aliases,
    count,
    usedAt,
    ancestors: cluster.template ? [...cluster.template.ancestors, cluster.template.id] : ancestors,
    isSeed,
  };
}

export function loadCluster(saved: SavedCluster): Cluster {
  const tokens = saved.tokens.map(([text, vary, role, pieces]): Token => {
    if (vary === undefined) return delimiter(text);
    return { ...word(text, vary as VaryNumber, role as RoleNumber), pieces };
  });
  const cluster = new Cluster(tokens, saved.key);
  for (const [position, values] of saved.values) cluster.values[position] = new Set(values);
  cluster.count = saved.count;
  cluster.usedAt = saved.usedAt;
  cluster.ancestors = saved.ancestors;
  cluster.isSeed = saved.isSeed;
  return cluster;
}
