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

/** Words that may be found to vary at once, and other clusters of the same build that are compared for it. */
const TOGETHER_MAX = 3;
const COMPARED_MAX = 96;

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
  /** Clusters by how they are built, the newest last. */
  readonly #builds = new Map<ClusterKey, Cluster[]>();

  constructor(needed: number, placesMax: number) {
    this.#needed = needed;
    this.#placesMax = placesMax;
  }

  /** Takes in a cluster; whatever it proves is merged in `tree`. */
  add(added: Cluster, tree: Tree | undefined): void {
    let cluster: Cluster | undefined = added;
    while (cluster) {
      if (cluster.into || cluster.isDead) return;
      const proven: Proof | undefined = this.#enter(cluster, tree) ?? this.#compare(cluster, tree);
      cluster = tree && proven ? tree.unite(proven) : undefined;
    }
  }

  /**
   * Where several words vary at once, a user and a host, hardly two messages are the same but for one word. So messages
   * of one build are compared, and several places need several times the evidence, in each of them.
   */
  #compare(cluster: Cluster, tree: Tree | undefined): Proof | undefined {
    const build = new KeySum(cluster.tokens, true).key;
    const known = (this.#builds.get(build) ?? []).filter((other) => other !== cluster && !other.into && !other.isDead);
    this.#builds.delete(build);
    this.#builds.set(build, [...known.slice(1 - COMPARED_MAX), cluster]);
    keepNewest(this.#builds, this.#placesMax >> 2);
    if (!tree || known.length + 1 < 2 * this.#needed) return undefined;
    const constants = countConstant(cluster.tokens);
    const differences = known.map((other) => differencesOf(cluster, other));
    const tried = new Set<string>();
    for (const places of differences) {
      if (!places || places.length < 2 || places.length > TOGETHER_MAX || constants - places.length < 2) continue;
      const name = places.join(' ');
      if (tried.has(name) || isFirstWord(cluster.tokens, places[0] as number)) continue;
      tried.add(name);
      const members = known.filter((_, i) => differences[i]?.every((place) => places.includes(place)));
      const needed = places.length * this.#needed;
      if (members.length + 1 < needed) continue;
      members.push(cluster);
      const isProven = places.every((place) => new Set(members.map(({ tokens }) => tokens[place]?.text)).size >= needed);
      if (isProven) return { clusters: members, positions: places, digits: undefined };
    }
    return undefined;
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
    const isFirst = isFirstWord((clusters[0] as Cluster).tokens, position);
    if (weight < this.#needed * (isFirst ? FIRST_WORD_FACTOR : 1)) return undefined;
    // Some may have changed in another word since they were entered.
    const members = clusters.filter((cluster) => new KeySum(cluster.tokens).masked(cluster.tokens[position] as Token, position) === key);
    if (members.length < clusters.length) {
      place.clusters = members;
      return this.#weigh(key, place, tree);
    }
    this.#places.delete(key);
    return { clusters, positions: [position], digits: numbers };
  }
}

/** These clusters are one, with variables at these places. */
export interface Proof {
  readonly clusters: readonly Cluster[];
  readonly positions: readonly number[];
  /** One that has a number there already. */
  readonly digits: Cluster | undefined;
}

function stillAt(cluster: Cluster, position: number): boolean {
  const token = cluster.tokens[position];
  return token !== undefined && token.isWord && token.vary === Vary.never && countConstant(cluster.tokens) >= 2;
}

function isFirstWord(tokens: readonly Token[], position: number): boolean {
  for (let i = 0; i < position; i++) if (tokens[i]?.isWord) return false;
  return true;
}

/** Where two clusters of one build have different words; undefined when they differ in more than words, or in too many. */
function differencesOf(one: Cluster, other: Cluster): number[] | undefined {
  const places: number[] = [];
  for (let i = 0; i < one.tokens.length; i++) {
    const token = one.tokens[i] as Token;
    const its = other.tokens[i];
    if (!its || !token.isWord || (token.vary !== Vary.never && its.vary !== Vary.never)) continue;
    if (token.vary !== its.vary) return undefined;
    if (token.text !== its.text && places.push(i) > TOGETHER_MAX) return undefined;
  }
  return places;
}
