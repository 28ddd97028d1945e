import assert from 'node:assert';
import { keepNewest } from './bounded.ts';
import { Cluster, loadCluster, saveCluster, type SavedCluster } from './cluster.ts';
import { Evidence, type Proof } from './evidence.ts';
import { KeySum, type ClusterKey } from './key.ts';
import { Role, Vary, countConstant, wordBefore, type Token } from './token.ts';
import { Vocabulary } from './vocabulary.ts';

/** Keys of merged clusters, which shapes that were forgotten need to find their way, for each cluster that may be. */
const KEYS_PER_CLUSTER = 16;
/** Clusters of one build that are compared word by word with a new line. */
const COMPARED_MAX = 64;
/** Clusters are looked at again after an eighth as many lines that had to be studied. */
const STUDIED_SHARE = 8;

export interface TreeOptions {
  readonly clustersMax: number;
  /** How many words, with all else equal, make a word a variable. */
  readonly evidence: number;
}

/** What a tree tells its owner. */
export interface TreeListener {
  /** The text of this cluster is no longer right. */
  changed(cluster: Cluster): void;
  /** The cluster is forgotten; its count has to be kept. */
  evicted(cluster: Cluster): void;
}

/** The clusters of one source. */
export class Tree {
  readonly vocabulary: Vocabulary = new Vocabulary();
  readonly #options: TreeOptions;
  readonly #listener: TreeListener;
  readonly #clusters = new Set<Cluster>();
  /** By key; the key of a cluster that was merged leads to the cluster it was merged into. */
  readonly #byKey = new Map<ClusterKey, Cluster>();
  /** Clusters with words that were found to vary, by how they are built. */
  readonly #byBuild = new Map<ClusterKey, Set<Cluster>>();
  /** Clusters with two numbers in a row, by the key of one number there. */
  readonly #pairs = new Map<ClusterKey, Cluster>();
  readonly #evidence: Evidence;
  #settledAt = 0;
  #studied = 0;

  constructor(options: TreeOptions, listener: TreeListener) {
    this.#options = options;
    this.#listener = listener;
    this.#evidence = new Evidence(options.evidence, 2 * KEYS_PER_CLUSTER * options.clustersMax);
  }

  get clusters(): ReadonlySet<Cluster> {
    return this.#clusters;
  }

  /** The cluster of a line that is not known by its shape. */
  find(tokens: Token[], now: number): Cluster {
    this.#studied++;
    const sum = new KeySum(tokens);
    let cluster = this.#known(sum.key);
    if (!cluster) {
      const key = sum.key;
      this.#maskKnownValues(tokens, sum);
      cluster = this.#known(sum.key) ?? this.#withSameBuild(tokens) ?? this.#asList(tokens);
      if (cluster) this.#byKey.set(key, cluster);
      else cluster = this.#add(new Cluster(tokens, sum.key), key);
      cluster.usedAt = now;
      this.#learn(cluster, tokens);
      this.#evidence.add(cluster, this);
      cluster = cluster.latest();
      this.#evict();
      keepNewest(this.#byKey, KEYS_PER_CLUSTER * this.#options.clustersMax);
      return cluster;
    }
    this.#learn(cluster, tokens);
    return cluster;
  }

  #known(key: ClusterKey): Cluster | undefined {
    const cluster = this.#byKey.get(key)?.latest();
    if (cluster?.isDead) {
      this.#byKey.delete(key);
      return undefined;
    }
    return cluster;
  }

  /** A live cluster with exactly this key. */
  clusterAt(key: ClusterKey): Cluster | undefined {
    const cluster = this.#known(key);
    return cluster?.key === key ? cluster : undefined;
  }

  #learn(cluster: Cluster, tokens: readonly Token[]): void {
    if (cluster.tokens.length !== tokens.length) {
      const shorter = withoutPairs(tokens);
      if (shorter?.length === cluster.tokens.length) this.#learn(cluster, shorter);
      return;
    }
    if (cluster.learn(tokens)) this.#listener.changed(cluster);
    for (const [i, token] of tokens.entries()) {
      if (token.isWord && token.vary !== Vary.always && cluster.isVariable(i)) this.#learnValue(cluster, i, token.text);
    }
  }

  #learnValue(cluster: Cluster, position: number, text: string): void {
    this.vocabulary.learn(wordBefore(cluster.tokens, position), text);
  }

  #maskKnownValues(tokens: readonly Token[], sum: KeySum): void {
    for (const [i, token] of tokens.entries()) {
      if (!token.isWord || token.vary !== Vary.never) continue;
      if (!this.vocabulary.isValueBehind(wordBefore(tokens, i), token.text)) continue;
      if (countConstant(tokens) < 2) return;
      sum.mask(token, i);
      token.vary = Vary.seen;
    }
  }

  #withSameBuild(tokens: readonly Token[]): Cluster | undefined {
    const candidates = this.#byBuild.get(new KeySum(tokens, true).key);
    if (!candidates) return undefined;
    let compared = 0;
    for (const cluster of candidates) {
      if (cluster.into || cluster.isDead) candidates.delete(cluster);
      else if (isOf(cluster, tokens)) return cluster;
      if (++compared >= COMPARED_MAX) return undefined;
    }
    return undefined;
  }

  /** Two numbers in a row, where a list has been seen, are a list of two. */
  #asList(tokens: readonly Token[]): Cluster | undefined {
    const shorter = withoutPairs(tokens);
    if (!shorter) return undefined;
    const cluster = this.#known(new KeySum(shorter).key);
    return cluster && cluster.tokens.length === shorter.length && cluster.tokens.some((token) => token.role === Role.list)
      ? cluster
      : undefined;
  }

  #add(cluster: Cluster, key: ClusterKey): Cluster {
    this.#clusters.add(cluster);
    this.#byKey.set(key, cluster);
    this.#byKey.set(cluster.key, cluster);
    const shorter = withoutPairs(cluster.tokens);
    if (shorter) {
      this.#pairs.set(new KeySum(shorter).key, cluster);
      keepNewest(this.#pairs, this.#options.clustersMax);
    }
    if (cluster.tokens.some((token) => token.role === Role.list)) {
      const pair = this.#pairs.get(cluster.key)?.latest();
      if (pair && pair !== cluster && !pair.isDead) this.#merge(pair, cluster);
    }
    if (cluster.tokens.some((token) => token.vary === Vary.seen)) this.#enterBuild(cluster);
    return cluster;
  }

  #enterBuild(cluster: Cluster): void {
    const build = new KeySum(cluster.tokens, true).key;
    const known = this.#byBuild.get(build);
    if (known) known.add(cluster);
    else this.#byBuild.set(build, new Set([cluster]));
    keepNewest(this.#byBuild, this.#options.clustersMax);
  }

  /** Makes one cluster of several whose words at some places are variables. */
  unite({ clusters, positions, digits }: Proof): Cluster {
    const [first] = clusters;
    const target = digits ?? first;
    assert(target, 'what is united is at least one cluster');
    for (const position of positions) {
      const token = target.tokens[position] as Token;
      // A number's place takes any word from here on as well.
      token.vary = Vary.seen;
    }
    target.key = new KeySum(target.tokens).key;
    this.#byKey.set(target.key, target);
    for (const cluster of clusters) if (cluster !== target) this.#merge(cluster, target);
    for (const position of positions) for (const value of target.valuesAt(position)) this.#learnValue(target, position, value);
    this.#enterBuild(target);
    this.#listener.changed(target);
    return target;
  }

  #merge(cluster: Cluster, target: Cluster): void {
    if (cluster.tokens.length === target.tokens.length) {
      for (const i of cluster.tokens.keys()) {
        for (const value of cluster.valuesAt(i)) {
          target.addValue(i, value);
          if (target.isVariable(i)) this.#learnValue(target, i, value);
        }
      }
      for (const [i, token] of cluster.tokens.entries()) {
        const own = target.tokens[i] as Token;
        if (own.pieces !== token.pieces) own.pieces = undefined;
        if (token.vary > own.vary && own.vary !== Vary.never) own.vary = token.vary;
      }
    } else {
      // A list of two beside longer ones: what else differs is not worth finding out.
      for (const token of target.tokens) {
        token.pieces = undefined;
        if (token.vary === Vary.soft) token.vary = Vary.always;
      }
    }
    target.count += cluster.count;
    target.usedAt = Math.max(target.usedAt, cluster.usedAt);
    this.replace(cluster, target);
    this.#listener.changed(target);
  }

  /** Lines of `cluster` belong to `target` from here on. */
  replace(cluster: Cluster, target: Cluster): void {
    cluster.into = target;
    this.#clusters.delete(cluster);
    this.#listener.changed(cluster);
    cluster.tokens = [];
    cluster.values.length = 0;
  }

  /**
   * Looks again at clusters that were made before their words were known as values. Called now and then: it goes
   * through all of them.
   */
  settle(isLast: boolean): void {
    const { growth } = this.vocabulary;
    // A stream that brings a new value with every line must not have all clusters looked at with every line.
    if (growth === this.#settledAt || (!isLast && this.#studied * STUDIED_SHARE < this.#clusters.size)) return;
    this.#settledAt = growth;
    this.#studied = 0;
    for (const cluster of Array.from(this.#clusters)) {
      if (cluster.into || cluster.isDead) continue;
      const sum = new KeySum(cluster.tokens);
      const before = cluster.tokens.map((token) => token.vary);
      this.#maskKnownValues(cluster.tokens, sum);
      if (sum.key === cluster.key) continue;
      const other = this.#known(sum.key) ?? this.#otherOfBuild(cluster);
      if (other && other !== cluster && other.tokens.length === cluster.tokens.length) this.#merge(cluster, other);
      else if (other && other !== cluster) for (const [i, vary] of before.entries()) (cluster.tokens[i] as Token).vary = vary;
      else this.#reenter(cluster, sum.key);
    }
  }

  #otherOfBuild(cluster: Cluster): Cluster | undefined {
    const other = this.#withSameBuild(cluster.tokens);
    return other === cluster ? undefined : other;
  }

  #reenter(cluster: Cluster, key: ClusterKey): void {
    cluster.key = key;
    this.#byKey.set(key, cluster);
    this.#enterBuild(cluster);
    this.#listener.changed(cluster);
  }

  /** An eighth at a time: finding the oldest takes a look at all. */
  #evict(): void {
    const { clustersMax } = this.#options;
    if (this.#clusters.size <= clustersMax) return;
    const byAge = [...this.#clusters].filter((cluster) => !cluster.isSeed).sort((a, b) => a.usedAt - b.usedAt);
    for (const cluster of byAge.slice(0, Math.max(1, clustersMax >> 3))) {
      this.#clusters.delete(cluster);
      cluster.isDead = true;
      this.#listener.evicted(cluster);
      cluster.tokens = [];
      cluster.values.length = 0;
    }
  }

  /** Enters a template written by hand. It stays. */
  addSeed(tokens: Token[]): void {
    const cluster = new Cluster(tokens, new KeySum(tokens).key);
    if (this.#known(cluster.key)) return;
    cluster.isSeed = true;
    this.#enter(cluster);
  }

  #enter(cluster: Cluster): void {
    this.#clusters.add(cluster);
    this.#byKey.set(cluster.key, cluster);
    const shorter = withoutPairs(cluster.tokens);
    if (shorter) this.#pairs.set(new KeySum(shorter).key, cluster);
    if (cluster.tokens.some((token) => token.vary === Vary.seen)) this.#enterBuild(cluster);
    this.#evidence.add(cluster, undefined);
  }

  // ---- snapshot ----

  save(): SavedTree {
    const aliases = this.#aliases();
    const clusters = Array.from(this.#clusters, (cluster) => saveCluster(cluster, aliases.get(cluster) ?? []));
    return { clusters, words: this.vocabulary.save(), studied: this.#studied, isSettled: this.#settledAt === this.vocabulary.growth };
  }

  load(saved: SavedTree): void {
    this.vocabulary.load(saved.words);
    this.#studied = saved.studied;
    this.#settledAt = saved.isSettled ? this.vocabulary.growth : -1;
    for (const each of saved.clusters) {
      // A seed is there already.
      const known = this.#byKey.get(each.key);
      const cluster = known ?? loadCluster(each);
      if (known) known.count += each.count;
      else this.#enter(cluster);
      for (const alias of each.aliases) this.#byKey.set(alias, cluster);
    }
  }

  /** The keys that lead to each cluster, beside its own. */
  #aliases(): Map<Cluster, ClusterKey[]> {
    const all = new Map<Cluster, ClusterKey[]>();
    for (const [key, entry] of this.#byKey) {
      const cluster = entry.latest();
      if (cluster.isDead || cluster.key === key) continue;
      const known = all.get(cluster);
      if (known) known.push(key);
      else all.set(cluster, [key]);
    }
    return all;
  }
}

export interface SavedTree {
  readonly clusters: readonly SavedCluster[];
  readonly words: readonly (readonly number[])[];
  readonly studied: number;
  readonly isSettled: boolean;
}

function isOf(cluster: Cluster, tokens: readonly Token[]): boolean {
  if (cluster.tokens.length !== tokens.length) return false;
  for (const [i, own] of cluster.tokens.entries()) {
    const token = tokens[i] as Token;
    if (!own.isWord || own.vary === Vary.seen) continue;
    if ((own.vary === Vary.never) !== (token.vary === Vary.never)) return false;
    if (own.vary === Vary.never && own.text !== token.text) return false;
  }
  return true;
}

/** The tokens with each two numbers in a row made one; undefined when there are none. */
function withoutPairs(tokens: readonly Token[]): Token[] | undefined {
  const shorter: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    shorter.push(token);
    const isPair = token.vary === Vary.always && tokens[i + 1]?.text.startsWith(' ') && tokens[i + 2]?.vary === Vary.always;
    if (isPair) i += 2;
  }
  return shorter.length < tokens.length ? shorter : undefined;
}
