import { keyOf, type AttributeValue, type Key, type LogBatch } from '#model';
import type { ElasticsearchConfig, MappingMode } from './config.ts';
import { compileIndexName, strftime, toName, valuesOf, type IndexName } from './index-name.ts';
import { resourceOf } from './values.ts';

/** Where a document goes. */
export interface Target {
  readonly index: string;
  /** Only for a data stream that was put together of attributes. */
  readonly dataStream: { readonly dataset: string; readonly namespace: string } | undefined;
}

const INDEX = keyOf('elasticsearch.index');
const DATASET = keyOf('data_stream.dataset');
const NAMESPACE = keyOf('data_stream.namespace');

/** Attributes that say where a document goes; they are no part of it. */
export const ROUTING: ReadonlySet<string> = new Set([
  INDEX.text,
  DATASET.text,
  NAMESPACE.text,
  'data_stream.type',
  'elasticsearch.document_id',
  'elasticsearch.ingest_pipeline',
]);

const DATASETS: Readonly<Record<MappingMode, string>> = { otel: 'generic', ecs: 'generic', agent: 'agents', bodymap: 'generic' };
const DATASET_CHARACTERS_MAX = 100;
// Names come from the outside; their composition is remembered for so many.
const REMEMBERED_MAX = 1000;

/** Chooses the index or data stream of each row. */
export class Targets {
  readonly #name: IndexName | undefined;
  readonly #mode: MappingMode;
  readonly #streams = new Map<string, Target>();

  constructor({ logs_index: index, logstash_format: logstash, mapping }: ElasticsearchConfig) {
    this.#mode = mapping.mode;
    if (index === '') return;
    const name = compileIndexName(index);
    const { enabled, prefix_separator: separator, date_format: format } = logstash;
    this.#name = enabled ? (batch, row, ms) => `${name(batch, row, ms)}${separator}${strftime(format, ms)}` : name;
  }

  of(batch: LogBatch, row: number, ms: number): Target {
    const named = valueOf(batch, row, INDEX);
    if (typeof named === 'string' && named !== '') return { index: toName(named), dataStream: undefined };
    if (this.#name) return { index: this.#name(batch, row, ms), dataStream: undefined };
    return this.#stream(valueOf(batch, row, DATASET), valueOf(batch, row, NAMESPACE));
  }

  #stream(dataset: AttributeValue | undefined, namespace: AttributeValue | undefined): Target {
    const own = partOf(dataset, DATASETS[this.#mode]);
    const dataStream = {
      dataset: this.#mode === 'otel' && !own.endsWith('.otel') ? `${own}.otel` : own,
      namespace: partOf(namespace, 'default'),
    };
    const id = `${dataStream.dataset}-${dataStream.namespace}`;
    let target = this.#streams.get(id);
    if (target) return target;
    target = { index: `logs-${id}`, dataStream };
    if (this.#streams.size < REMEMBERED_MAX) this.#streams.set(id, target);
    return target;
  }
}

/** The name of a data stream has its parts between hyphens. */
function partOf(value: AttributeValue | undefined, fallback: string): string {
  if (typeof value !== 'string' || value === '') return fallback;
  return toName(value).replaceAll('-', '_').slice(0, DATASET_CHARACTERS_MAX);
}

/** An attribute of the record, else of its resource. */
export function valueOf(batch: LogBatch, row: number, key: Key): AttributeValue | undefined {
  return batch.attribute(row, key) ?? valuesOf(resourceOf(batch, row))[key.text];
}
