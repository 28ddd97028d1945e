/**
 * Half-space trees (Tan, Ting, Liu 2011): random trees over the space of features, each of which counts what fell into
 * which half, half of a half, and so on, in the window before. Where little fell, a point is unusual. Memory and time do
 * not grow; what was learned is replaced after each window.
 */
export class HalfSpaceTrees {
  readonly #trees: readonly Tree[];
  readonly #window: number;
  #seen = 0;
  #hasReference = false;

  constructor({ features, trees = 25, depth = 8, window = 250, random }: HalfSpaceTreesOptions) {
    this.#trees = Array.from({ length: trees }, () => createTree(features, depth, random));
    this.#window = window;
  }

  /** How unusual the point is, between 0 and 1, and learns it. Features lie between 0 and 1. */
  observe(point: readonly number[]): number {
    let mass = 0;
    let most = 0;
    for (const tree of this.#trees) {
      mass += fall(tree, point, this.#window);
      most += this.#window * 2 ** tree.depth;
    }
    const isReady = this.#hasReference;
    if (++this.#seen === this.#window) this.#turn();
    // The logarithm, as masses span many powers of two.
    return isReady ? 1 - Math.log1p(mass) / Math.log1p(most) : 0;
  }

  #turn(): void {
    this.#seen = 0;
    this.#hasReference = true;
    for (const tree of this.#trees) {
      tree.reference.set(tree.latest);
      tree.latest.fill(0);
    }
  }

  save(): HalfSpaceTreesState {
    return {
      seen: this.#seen,
      hasReference: this.#hasReference,
      masses: this.#trees.map(({ reference, latest }) => [Array.from(reference), Array.from(latest)] as const),
    };
  }

  load({ seen, hasReference, masses }: HalfSpaceTreesState): void {
    this.#seen = seen;
    this.#hasReference = hasReference;
    for (const [i, [reference, latest]] of masses.entries()) {
      this.#trees[i]?.reference.set(reference);
      this.#trees[i]?.latest.set(latest);
    }
  }
}

export interface HalfSpaceTreesOptions {
  readonly features: number;
  readonly trees?: number;
  readonly depth?: number;
  readonly window?: number;
  /** Numbers in [0, 1). The same ones must come again after a restart. */
  readonly random: () => number;
}

export interface HalfSpaceTreesState {
  readonly seen: number;
  readonly hasReference: boolean;
  readonly masses: readonly (readonly [readonly number[], readonly number[]])[];
}

interface Tree {
  readonly depth: number;
  /** A complete binary tree: children of `i` are `2i + 1` and `2i + 2`. */
  readonly feature: Uint8Array;
  readonly split: Float64Array;
  readonly reference: Uint32Array;
  readonly latest: Uint32Array;
}

// A node with less than this share of the window is not looked into further.
const SMALL = 0.1;

function fall({ depth, feature, split, reference, latest }: Tree, point: readonly number[], window: number): number {
  let node = 0;
  let mass = -1;
  for (let level = 0; ; level++) {
    latest[node] = (latest[node] as number) + 1;
    const count = reference[node] as number;
    if (mass < 0 && (count < window * SMALL || level === depth)) mass = count * 2 ** level;
    if (level === depth) return mass;
    const value = point[feature[node] as number] ?? 0;
    node = 2 * node + (value < (split[node] as number) ? 1 : 2);
  }
}

function createTree(features: number, depth: number, random: () => number): Tree {
  const inner = 2 ** depth - 1;
  const nodes = 2 ** (depth + 1) - 1;
  const tree: Tree = {
    depth,
    feature: new Uint8Array(inner),
    split: new Float64Array(inner),
    reference: new Uint32Array(nodes),
    latest: new Uint32Array(nodes),
  };
  // Each tree works in a space of its own around the data, so that no border lies at the same place in all.
  const low: number[] = [];
  const high: number[] = [];
  for (let i = 0; i < features; i++) {
    const centre = random();
    const reach = 2 * Math.max(centre, 1 - centre);
    low.push(centre - reach);
    high.push(centre + reach);
  }
  divide(tree, { node: 0, low, high, random });
  return tree;
}

interface Division {
  readonly node: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly random: () => number;
}

function divide(tree: Tree, { node, low, high, random }: Division): void {
  if (node >= tree.feature.length) return;
  const feature = Math.floor(random() * low.length);
  const middle = ((low[feature] as number) + (high[feature] as number)) / 2;
  tree.feature[node] = feature;
  tree.split[node] = middle;
  divide(tree, { node: 2 * node + 1, low, high: high.with(feature, middle), random });
  divide(tree, { node: 2 * node + 2, low: low.with(feature, middle), high, random });
}

/** Numbers that come again for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
