import type { Cluster } from './cluster.ts';
import { looksLikeJson, measureJson } from './json-shape.ts';
import { TemplateSet, type MinedTemplate } from './mined-template.ts';
import { ShapeTable } from './shape-table.ts';
import { Shape } from './shape.ts';
import { Source, type SavedSource } from './source.ts';

export interface MinerOptions {
  /** Templates of one source. Past it, those not seen for longest are forgotten, and their counts kept. */
  readonly clustersMax?: number;
  readonly sourcesMax?: number;
  /** How many different words in one place, all else equal, make it a variable. */
  readonly evidence?: number;
  /** Whether to look for headers before the messages. */
  readonly header?: 'auto' | 'none';
  readonly shapesMax?: number;
  /** No more bytes of a line are looked at; the rest is one variable. */
  readonly lineBytesMax?: number;
  /** Templates that every source begins with. */
  readonly seeds?: readonly string[];
  /** Messages that every source begins with. */
  readonly seedLines?: readonly string[];
}

/** Finds the pattern behind each line, source by source. */
export class TemplateMiner {
  readonly #options: Required<MinerOptions>;
  readonly #sources = new Map<string, Source>();
  readonly #templates = new TemplateSet();
  readonly #shapes: ShapeTable;
  readonly #shape = new Shape();
  /** Batches so far: the clock by which templates grow old. */
  #now = 0;
  /** Lines of sources that were forgotten. */
  #evictedCount = 0;

  constructor(options: MinerOptions = {}) {
    this.#options = {
      clustersMax: 2000,
      sourcesMax: 200,
      evidence: 5,
      header: 'auto',
      shapesMax: 32_768,
      lineBytesMax: 4096,
      seeds: [],
      seedLines: [],
      ...options,
    };
    this.#shapes = new ShapeTable(this.#options.shapesMax);
  }

  /** What is known of a source: a file, a service. Ask once for many lines. */
  source(name: string): Source {
    let source = this.#sources.get(name);
    if (!source) {
      if (this.#sources.size >= this.#options.sourcesMax) this.#forgetOldestSource();
      source = new Source(name, { ...this.#options, templates: this.#templates });
      this.#sources.set(name, source);
    }
    source.usedAt = this.#now;
    return source;
  }

  /** Takes in a line; its template is asked for with `template`, which knows more when the lines behind have been taken in. */
  observe(bytes: Uint8Array, from: number, to: number, source: Source): Cluster {
    const end = Math.min(to, from + this.#options.lineBytesMax);
    const shape = this.#shape;
    if (looksLikeJson(bytes, from, to)) measureJson(shape, bytes, from, to, source.jsonMeasure);
    else shape.measure(bytes, from, end, source.seed);
    const known = this.#shapes.find(shape.first, shape.second, this.#now);
    if (known !== undefined && !known.isDead && source.hasHeader) {
      const cluster = known.into === undefined ? known : known.latest();
      if (!cluster.isDead) {
        cluster.count++;
        cluster.usedAt = this.#now;
        return cluster;
      }
    }
    return this.#study(bytes, from, to, source);
  }

  #study(bytes: Uint8Array, from: number, to: number, source: Source): Cluster {
    const cluster = source.study(bytes, from, to, this.#now);
    this.#shapes.put(this.#shape.first, this.#shape.second, this.#now, cluster);
    return cluster;
  }

  /** The template of a cluster, as far as it is known by now. */
  template(cluster: Cluster): MinedTemplate {
    const latest = cluster.into === undefined ? cluster : cluster.latest();
    return latest.template ?? this.#templates.describe(latest);
  }

  /** Ends a batch of lines: what it taught about others is applied. After the last batch nothing is put off. */
  settle(isLast: boolean = false): void {
    this.#now++;
    for (const source of this.#sources.values()) source.settle(isLast);
  }

  /** The template of `bytes[from, to)`, a line of that source (a file, a service). */
  learn(bytes: Uint8Array, from: number, to: number, sourceName: string): MinedTemplate {
    const source = this.source(sourceName);
    const cluster = this.observe(bytes, from, to, source);
    this.settle();
    return this.template(cluster);
  }

  get sources(): Iterable<Source> {
    return this.#sources.values();
  }

  /** Clusters of all sources. */
  get clusterCount(): number {
    let count = 0;
    for (const { clusters } of this.#sources.values()) count += clusters.size;
    return count;
  }

  /** Lines whose template was forgotten, of sources that are known and of those that are not any more. */
  get evictedCount(): number {
    let count = this.#evictedCount;
    for (const source of this.#sources.values()) count += source.evictedCount;
    return count;
  }

  #forgetOldestSource(): void {
    let oldest: Source | undefined;
    for (const source of this.#sources.values()) if (!oldest || source.usedAt < oldest.usedAt) oldest = source;
    if (!oldest) return;
    this.#evictedCount += oldest.close();
    this.#sources.delete(oldest.name);
  }

  /** All that has been learned, to be kept over a restart. */
  snapshot(): Uint8Array {
    const sources = Array.from(this.#sources.values(), (source) => source.save());
    return encodeJson({ ...this.#savedState(), sources });
  }

  /** What has been learned of one source, and what `restore` needs beside it. */
  snapshotOf(source: Source): Uint8Array {
    return encodeJson({ ...this.#savedState(), sources: [source.save()] });
  }

  #savedState(): Omit<Snapshot, 'sources'> {
    return { version: SNAPSHOT_VERSION, now: this.#now, evictedCount: this.#evictedCount };
  }

  /** Takes up what an earlier miner has learned, of all sources or of some; false when it is of another version. */
  restore(snapshot: Uint8Array): boolean {
    const saved = JSON.parse(Buffer.from(snapshot).toString('utf8')) as Snapshot;
    if (saved.version !== SNAPSHOT_VERSION) return false;
    this.#now = Math.max(this.#now, saved.now);
    this.#evictedCount = Math.max(this.#evictedCount, saved.evictedCount);
    for (const source of saved.sources) this.source(source.name).load(source);
    return true;
  }
}

/** Of the form below. What another version has written is not read: templates are learned anew within minutes. */
const SNAPSHOT_VERSION = 1;

interface Snapshot {
  readonly version: number;
  readonly now: number;
  readonly evictedCount: number;
  readonly sources: readonly SavedSource[];
}

function encodeJson(value: Snapshot): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
