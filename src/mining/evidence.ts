import { keepNewest } from './bounded.ts';
import type { Cluster } from './cluster.ts';
import { KeySum, type ClusterKey } from './key.ts';
import { Vary, countConstant, type Token } from './token.ts';
import type { Tree } from './tree.ts';

/** Numbers in the place of a word count as so many words: the place takes values already. */
const NUMBERS_COUNT = 3;
/** The first word of a message says most about it. */
const FIRST_WORD_FACTOR = 2.4;
const CLUSTERS_MAX = 32;

interface Place {
  readonly position: number;
  clusters: Cluster[];
}

/**
 * Clusters that are the same but for one word, by their key without it. A word becomes a variable when enough others
 * have been seen in its place, never because lines look similar: `started` and `stopped` stay what they are.
 */
export class Evidence {
  readonly #needed: number;
  readonly #placesMax: number;
  readonly #places = new Map<ClusterKey, Place>();

  constructor(needed: number, placesMax: number) {
    this.#needed = needed;
    this.#placesMax = placesMax;
  }

  /** Takes in a cluster; whatever it proves is merged in `tree`. */
  add(added: Cluster, tree: Tree | undefined): void {
    let cluster: Cluster | undefined = added;
    while (cluster) {
      if (cluster.into || cluster.isDead) return;
      const proven = this.#enter(cluster, tree);
      cluster = tree && proven ? tree.unite(proven.clusters, proven.position, proven.key, proven.digits) : undefined;
    }
  }

  #enter(cluster: Cluster, tree: Tree | undefined): Proof | undefined {
    // A message has to keep a word, or all messages of one length would end as one.
    if (countConstant(cluster.tokens) >= 2) {
      const sum = new KeySum(cluster.tokens);
      for (const [position, token] of cluster.tokens.entries()) {
        if (!token.isWord || token.vary !== Vary.never) continue;
        const key = sum.masked(token, position);
        let place = this.#places.get(key);
        if (!place) this.#places.set(key, (place = { position, clusters: [] }));
        if (place.clusters.length < CLUSTERS_MAX && !place.clusters.includes(cluster)) place.clusters.push(cluster);
        const proof = tree && this.#weigh(key, place, tree);
        if (proof) return proof;
      }
      keepNewest(this.#places, this.#placesMax);
    }
    // The cluster may itself be the one with numbers in the place of the others' words.
    const place = this.#places.get(cluster.key);
    return tree && place && this.#weigh(cluster.key, place, tree);
  }

  #weigh(key: ClusterKey, place: Place, tree: Tree): Proof | undefined {
    place.clusters = place.clusters.filter((cluster) => !cluster.into && !cluster.isDead && stillAt(cluster, place.position));
    const { clusters, position } = place;
    if (clusters.length === 0) return undefined;
    const numbers = tree.clusterAt(key);
    let weight = clusters.length + (numbers ? NUMBERS_COUNT : 0);
    for (const { tokens } of clusters) if (tree.vocabulary.isValue((tokens[position] as Token).text)) weight++;
    const isFirst = !clusters[0]?.tokens.slice(0, position).some((token) => token.isWord);
    if (weight < this.#needed * (isFirst ? FIRST_WORD_FACTOR : 1)) return undefined;
    // Some may have changed in another word since they were entered.
    const members = clusters.filter((cluster) => new KeySum(cluster.tokens).masked(cluster.tokens[position] as Token, position) === key);
    if (members.length < clusters.length) {
      place.clusters = members;
      return this.#weigh(key, place, tree);
    }
    this.#places.delete(key);
    return { clusters, position, key, digits: numbers };
  }
}

interface Proof {
  readonly clusters: readonly Cluster[];
  readonly position: number;
  readonly key: ClusterKey;
  readonly digits: Cluster | undefined;
}

function stillAt(cluster: Cluster, position: number): boolean {
  const token = cluster.tokens[position];
  return token !== undefined && token.isWord && token.vary === Vary.never && countConstant(cluster.tokens) >= 2;
}
