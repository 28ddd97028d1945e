import { EditOnce, parseDuration, type Consumer, type Counter, type Host, type Processor, type Settings } from '#component';
import { TemplateMiner, variablesOf, type Cluster, type Source } from '#mining';
import { keyOf, type LogBatch } from '#model';
import { Annotations } from './annotations.ts';
import { Message } from './message.ts';
import { Snapshots } from './snapshots.ts';
import { Sources } from './sources.ts';

export interface TemplateConfig {
  source_keys: string[];
  header: 'auto' | 'none';
  message_attributes: string[];
  body_field: string;
  template_attribute: string;
  id_attribute: string;
  variables: boolean;
  evidence: number;
  max_clusters: number;
  max_sources: number;
  max_line_bytes: number;
  seed_templates: string[];
  seed_logs: string[];
  warmup_min_clusters: number;
  snapshot_interval: string;
  tree_depth?: number;
  merge_threshold?: number;
  max_node_children?: number;
  extra_delimiters?: string[];
}

// What 0 means for max_clusters, in the Collector "no limit". Whatever grows has a bound here.
const CLUSTERS_UNLIMITED = 10_000;
/** Lines of a batch that a new source's header is looked for in. */
const PRIME_LINES = 256;
const VARIABLES_MAX = 64;
const VARIABLES = keyOf('winnow.template.variables');

/** Names the template of each record. Drops nothing, holds nothing. */
export class TemplateProcessor implements Processor {
  readonly mutates = true;
  readonly #config: TemplateConfig;
  readonly #miner: TemplateMiner;
  readonly #sources: Sources;
  readonly #message: Message;
  readonly #annotations: Annotations;
  readonly #editing: EditOnce;
  #snapshots: Snapshots | undefined;
  #annotated: Counter | undefined;
  #unannotated: Counter | undefined;
  /** Of the rows of the batch at hand; the array is used again. */
  readonly #clusters: (Cluster | undefined)[] = [];
  /** As many rows without a template as the longest batch had. */
  readonly #none: undefined[] = [];
  #isWarm: boolean;

  constructor(config: TemplateConfig, _settings: Settings, next: Consumer) {
    this.#config = config;
    this.#miner = new TemplateMiner({
      clustersMax: config.max_clusters || CLUSTERS_UNLIMITED,
      sourcesMax: config.max_sources,
      evidence: config.evidence,
      header: config.header,
      lineBytesMax: config.max_line_bytes,
      seeds: config.seed_templates.filter(isText),
      seedLines: config.seed_logs.filter(isText),
    });
    this.#sources = new Sources(this.#miner, config.source_keys);
    this.#message = new Message(config.message_attributes, config.body_field);
    this.#annotations = new Annotations(config.template_attribute, config.id_attribute);
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#isWarm = config.warmup_min_clusters === 0;
  }

  async start(host: Host): Promise<void> {
    const { metrics } = host;
    const miner = this.#miner;
    metrics.gauge('otelcol_processor_drain_clusters_active', 'Templates known at present.', () => miner.clusterCount);
    metrics.gauge('winnow_processor_template_evicted_log_records', 'Log records whose template was forgotten.', () => miner.evictedCount);
    this.#annotated = metrics.counter('otelcol_processor_drain_log_records_annotated', 'Log records that got a template.');
    this.#unannotated = metrics.counter('otelcol_processor_drain_log_records_unannotated', 'Log records that got none.');
    this.#snapshots = new Snapshots(host, miner, parseDuration(this.#config.snapshot_interval));
    this.#snapshots.read();
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(signal?: AbortSignal): Promise<void> {
    const snapshots = this.#snapshots;
    this.#snapshots = undefined;
    await snapshots?.close(signal);
  }

  /**
   * All rows are taken in before any is named: what the last row of a batch teaches counts for its first, and templates
   * change their name as seldom as can be.
   */
  #edit(batch: LogBatch): void {
    this.#sources.begin();
    this.#annotations.begin();
    this.#prime(batch);
    this.#observe(batch);
    this.#miner.settle();
    this.#isWarm ||= this.#miner.clusterCount >= this.#config.warmup_min_clusters;
    this.#name(batch);
  }

  /** Sources that are new show their first lines, so that headers are known before the lines are taken in. */
  #prime(batch: LogBatch): void {
    let lines: Map<Source, string[]> | undefined;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const source = this.#sources.of(batch, row);
      if (!source.needsPriming || !this.#message.find(batch, row)) continue;
      lines ??= new Map();
      const own = lines.get(source) ?? [];
      lines.set(source, own);
      if (own.length < PRIME_LINES) own.push(this.#text());
    }
    for (const [source, own] of lines ?? []) source.prime(own);
  }

  #text(): string {
    const { bytes, from, to } = this.#message;
    const end = Math.min(to, from + this.#config.max_line_bytes);
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString('latin1');
  }

  #observe(batch: LogBatch): void {
    const message = this.#message;
    const miner = this.#miner;
    for (let row = 0; row < batch.length; row++) {
      const isMined = batch.isDropped[row] === 0 && message.find(batch, row);
      this.#clusters[row] = isMined ? miner.observe(message.bytes, message.from, message.to, this.#sources.of(batch, row)) : undefined;
    }
  }

  #name(batch: LogBatch): void {
    let annotated = 0;
    let unannotated = 0;
    const { variables } = this.#config;
    // At its full length at once: growing by rows costs as much as the rest of this loop, and a copy is the cheapest way.
    while (this.#none.length < batch.length) this.#none.push(undefined);
    batch.templateOf = this.#none.slice(0, batch.length);
    for (let row = 0; row < batch.length; row++) {
      const cluster = this.#clusters[row];
      if (cluster === undefined || !this.#isWarm) {
        if (batch.isDropped[row] === 0) unannotated++;
        continue;
      }
      const template = this.#miner.template(cluster);
      batch.templateOf[row] = template;
      this.#annotations.write(batch, row, template);
      if (variables) this.#writeVariables(batch, row);
      annotated++;
    }
    this.#annotated?.add(annotated);
    this.#unannotated?.add(unannotated);
  }

  #writeVariables(batch: LogBatch, row: number): void {
    const template = batch.templateOf[row];
    if (!template || !this.#message.find(batch, row)) return;
    const { bytes, from, to } = this.#message;
    const ranges = variablesOf(template, bytes, from, to);
    if (!ranges) return;
    const values: string[] = [];
    for (let i = 0; i < ranges.length && values.length < VARIABLES_MAX; i += 2) {
      const start = ranges[i] as number;
      values.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, (ranges[i + 1] as number) - start).toString('utf8'));
    }
    batch.setAttribute(row, VARIABLES, values);
  }
}

function isText(text: string): boolean {
  return text.trim() !== '';
}
