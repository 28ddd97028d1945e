import type { Place } from './place.ts';

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Place;
  readonly value: Scalar;
  /** As written: `0644` for the number 644. Where an option wants a string, this may be the better value. */
  readonly text: string;
  /** True when it came out of `${…}`: then text and value are equally good, and the option's type decides. */
  readonly isReferred: boolean;
  /** The variable that is not set and therefore left this empty. */
  readonly unsetVariable?: string;
  /** True when it could not be expanded, which has been reported: nothing more should be said about it. */
  readonly isBroken?: boolean;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly Node[];
}

export interface Entry {
  readonly keyAt: Place;
  readonly value: Node;
}

export interface MapNode {
  readonly kind: 'map';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * A value of the configuration and where it was written. Nodes are never changed, so aliases and merged files may share
 * them; keys live in a Map, so none of them can reach a prototype.
 */
export type Node = ScalarNode | ListNode | MapNode;

export function scalarNode(value: Scalar, at: Place, text: string = value === null ? '' : String(value)): ScalarNode {
  return { kind: 'scalar', at, value, text, isReferred: false };
}

export function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The node of a plain value, for defaults, which have no place of their own. */
export function nodeOf(value: unknown, at: Place): Node {
  if (Array.isArray(value)) return { kind: 'list', at, items: value.map((item) => nodeOf(item, at)) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => [key, { keyAt: at, value: nodeOf(inner, at) }] as const);
    return { kind: 'map', at, entries: new Map(entries) };
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return scalarNode(value, at);
  return scalarNode(null, at);
}

/** The plain value. `fromEntries` defines properties, where assigning would call the setter of `__proto__`. */
export function toPlain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toPlain(value)]));
}

/** The value under `keys`, or the nearest one above it, with the place of its key. */
export function nearest(node: Node, at: Place, keys: readonly string[]): Place {
  let place = at;
  let current: Node | undefined = node;
  for (const key of keys) {
    if (current?.kind === 'map') {
      const entry: Entry | undefined = current.entries.get(key);
      if (!entry) break;
      current = entry.value;
      place = isNull(current) ? entry.keyAt : current.at;
    } else if (current?.kind === 'list') {
      current = current.items[Number(key)];
      if (!current) break;
      place = current.at;
    }
  }
  return place;
}

/** `a.b`, `a[0]`, and `a["x.y"]` where a dot of the key would mislead. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (key === '' || /[.[\]"\s]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** The keys of a path that `joinPath` made. */
export function splitPath(path: string): string[] {
  const keys: string[] = [];
  for (const [, quoted, index, plain] of path.matchAll(/\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.[\]]+)/g)) {
    keys.push(quoted === undefined ? (index ?? plain ?? '') : String(JSON.parse(quoted)));
  }
  return keys;
}
