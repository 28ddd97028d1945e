import { parseLine, parseSeed } from './classify.ts';
import type { Cluster } from './cluster.ts';
import { findHeader, messageStart, type HeaderPattern } from './header.ts';
import { isJsonText, parseJsonLine } from './json-line.ts';
import { looksLikeJson, type JsonMeasure } from './json-shape.ts';
import { hashText } from './key.ts';
import { encodeLatin1 } from './latin1.ts';
import type { TemplateSet } from './mined-template.ts';
import { Vary, word, type Token } from './token.ts';
import { Tree, type SavedTree } from './tree.ts';

export interface SourceOptions {
  readonly clustersMax: number;
  readonly evidence: number;
  readonly header: 'auto' | 'none';
  readonly lineBytesMax: number;
  readonly seeds: readonly string[];
  readonly seedLines: readonly string[];
  readonly templates: TemplateSet;
}

/** So many lines are looked at to find the header. */
const SAMPLE_LINES = 256;
/** When it is looked for, in lines: a first guess soon, then better ones. */
const LOOK_AT: ReadonlySet<number> = new Set([8, 32, 96, SAMPLE_LINES]);
/** Fewer lines than that have things in common by chance. */
const PRIME_LINES_MIN = 8;

interface Sampled {
  readonly line: string;
  cluster: Cluster;
}

/** What is known of one file or service. */
export class Source {
  readonly name: string;
  readonly seed: number;
  readonly jsonMeasure: JsonMeasure;
  readonly #options: SourceOptions;
  #tree: Tree;
  #pattern: HeaderPattern = [];
  /** Every line so far, while the header is not known for sure. */
  #sample: Sampled[] = [];
  /** True when no more lines are needed to find the header. */
  hasHeader: boolean;
  usedAt = 0;
  /** True when something was learned since somebody set it to false: for those who keep snapshots. */
  isChanged = false;
  /** Lines whose template was forgotten. */
  evictedCount = 0;

  constructor(name: string, options: SourceOptions) {
    this.name = name;
    this.seed = hashText(name);
    this.jsonMeasure = { seed: this.seed, bytesMax: options.lineBytesMax };
    this.#options = options;
    this.hasHeader = options.header === 'none';
    this.#tree = this.#createTree();
  }

  get clusters(): ReadonlySet<Cluster> {
    return this.#tree.clusters;
  }

  get pattern(): HeaderPattern {
    return this.#pattern;
  }

  #createTree(): Tree {
    const { clustersMax, evidence, seeds, seedLines } = this.#options;
    const tree = new Tree(
      { clustersMax, evidence },
      {
        changed: (cluster) => this.#options.templates.forget(cluster),
        evicted: (cluster) => {
          this.evictedCount += cluster.count;
          this.#options.templates.forget(cluster);
        },
      },
    );
    for (const text of seeds) tree.addSeed(parseSeed(encodeLatin1(text)));
    for (const line of seedLines) tree.find(parseLine(encodeLatin1(line)), 0);
    return tree;
  }

  /** Looks at the lines of a batch before they are taken in, so that the first of them are not taken with their header. */
  prime(lines: readonly string[]): void {
    if (!this.needsPriming || lines.length < PRIME_LINES_MIN) return;
    this.#pattern = findHeader(lines);
    this.hasHeader = lines.length >= SAMPLE_LINES;
  }

  get needsPriming(): boolean {
    return !this.hasHeader && this.#sample.length === 0;
  }

  /** The cluster of a line that is not known by its shape. */
  study(bytes: Uint8Array, from: number, to: number, now: number): Cluster {
    const { lineBytesMax } = this.#options;
    this.isChanged = true;
    const isWhole = to - from <= lineBytesMax || looksLikeJson(bytes, from, to);
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + from, isWhole ? to - from : lineBytesMax).toString('latin1');
    const cluster = this.#tree.find(this.#parse(line), now);
    cluster.count++;
    cluster.usedAt = now;
    if (this.hasHeader) return cluster;
    this.#sample.push({ line, cluster });
    if (LOOK_AT.has(this.#sample.length)) this.#lookForHeader(now);
    return cluster.latest();
  }

  #lookForHeader(now: number): void {
    const sample = this.#sample;
    const pattern = findHeader(sample.map(({ line }) => line));
    if (pattern.join(' ') !== this.#pattern.join(' ')) {
      this.#pattern = pattern;
      this.#replay(now);
    }
    if (sample.length < SAMPLE_LINES) return;
    this.#sample = [];
    this.hasHeader = true;
  }

  /** Takes the lines of the sample in anew, with their messages beginning elsewhere. */
  #replay(now: number): void {
    this.#tree = this.#createTree();
    for (const entry of this.#sample) {
      const before = entry.cluster.latest();
      const cluster = this.#tree.find(this.#parse(entry.line), now);
      cluster.count++;
      cluster.usedAt = now;
      if (before !== cluster && !this.#tree.clusters.has(before)) {
        this.#options.templates.forget(before);
        before.into = cluster;
        if (!cluster.template) cluster.ancestors = [...new Set([...cluster.ancestors, ...before.ancestors])];
      }
      entry.cluster = cluster;
    }
  }

  #parse(line: string): Token[] {
    if (isJsonText(line)) return parseJsonLine(line, this.#options.lineBytesMax);
    const tokens = parseLine(line.slice(messageStart(line, this.#pattern)));
    if (line.length === this.#options.lineBytesMax) tokens.push(word('', Vary.always));
    return tokens;
  }

  settle(isLast: boolean): void {
    this.#tree.settle(isLast);
  }

  /** Gives the templates back; the counts are the caller's. */
  close(): number {
    let count = this.evictedCount;
    for (const cluster of this.#tree.clusters) {
      count += cluster.count;
      this.#options.templates.forget(cluster);
      cluster.isDead = true;
    }
    return count;
  }

  // ---- snapshot ----

  save(): SavedSource {
    const { name, evictedCount, hasHeader } = this;
    const state = { name, evictedCount, hasHeader, pattern: this.#pattern };
    if (!hasHeader) return { ...state, sample: this.#sample.map(({ line }) => line) };
    return { ...state, tree: this.#tree.save() };
  }

  load(saved: SavedSource): void {
    this.evictedCount = saved.evictedCount;
    this.#pattern = saved.pattern;
    this.hasHeader = saved.hasHeader || this.#options.header === 'none';
    if (saved.tree) this.#tree.load(saved.tree);
    for (const line of saved.sample ?? []) {
      const bytes = Buffer.from(line, 'latin1');
      this.study(bytes, 0, bytes.length, 0);
    }
  }
}

export interface SavedSource {
  readonly name: string;
  readonly evictedCount: number;
  readonly hasHeader: boolean;
  readonly pattern: HeaderPattern;
  readonly sample?: readonly string[];
  readonly tree?: SavedTree;
}
