import type { CharSet } from './char-set.ts';

/** The tree of a regular expression. */
export type Node =
  | { readonly kind: 'chars'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly what: 'start' | 'end' | 'lineStart' | 'lineEnd' | 'boundary' | 'noBoundary' }
  | { readonly kind: 'group'; readonly body: Node; readonly name: string | undefined }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number; readonly isLazy: boolean };

/** What RE2 allows as a count. */
export const REPEAT_MAX = 1000;

/** Names of the groups, in order; undefined for groups without one. */
export function groupNames(node: Node): (string | undefined)[] {
  switch (node.kind) {
    case 'group':
      return [node.name, ...groupNames(node.body)];
    case 'repeat':
      return groupNames(node.body);
    case 'sequence':
    case 'choice':
      return node.parts.flatMap(groupNames);
    default:
      return [];
  }
}
