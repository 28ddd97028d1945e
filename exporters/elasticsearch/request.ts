import { Buffer } from 'node:buffer';
import { keyOf, utcText, type LogBatch } from '#model';
import type { ElasticsearchConfig } from './config.ts';
import { documentOf } from './document.ts';
import { Targets, valueOf, type Target } from './target.ts';
import { timeOf } from './values.ts';

export interface BulkBody {
  readonly body: Buffer;
  /** The first row that is not in it. */
  readonly next: number;
  readonly rows: number;
}

export interface BulkWriterSettings {
  readonly config: ElasticsearchConfig;
  readonly nowMs: () => number;
  /** Ids for documents, when they get theirs from us. */
  readonly nextId: () => string;
}

const ID = keyOf('elasticsearch.document_id');
const PIPELINE = keyOf('elasticsearch.ingest_pipeline');

/** Writes bodies for `_bulk`: for each row a line that says where it goes, and the document. */
export class BulkWriter {
  readonly #settings: BulkWriterSettings;
  readonly #targets: Targets;
  readonly #bytesMax: number;

  constructor(settings: BulkWriterSettings, bytesMax: number) {
    this.#settings = settings;
    this.#targets = new Targets(settings.config);
    this.#bytesMax = bytesMax;
  }

  /** The live rows from `from` on, as many as fit, but at least one. */
  write(batch: LogBatch, from: number): BulkBody {
    const { config, nowMs } = this.#settings;
    const now = nowMs();
    const parts: string[] = [];
    let bytes = 0;
    let rows = 0;
    let row = from;
    for (; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const { ms, ns } = timeOf(batch, row, now);
      const target = this.#targets.of(batch, row, ms);
      const action = this.#actionOf(batch, row, target);
      const part = `${action}${documentOf(config.mapping.mode, batch, row, target, `"${utcText(ms, ns)}"`)}\n`;
      const more = Buffer.byteLength(part);
      if (rows > 0 && bytes + more > this.#bytesMax) break;
      parts.push(part);
      bytes += more;
      rows++;
    }
    return { body: Buffer.from(parts.join('')), next: row, rows };
  }

  #actionOf(batch: LogBatch, row: number, { index }: Target): string {
    const { config, nextId } = this.#settings;
    let text = `{"create":{"_index":${JSON.stringify(index)}`;
    const id = config.logs_dynamic_id.enabled ? valueOf(batch, row, ID) : undefined;
    if (typeof id === 'string' && id !== '') text += `,"_id":${JSON.stringify(id)}`;
    else if (config.generated_ids) text += `,"_id":"${nextId()}"`;
    const pipeline = config.logs_dynamic_pipeline.enabled ? valueOf(batch, row, PIPELINE) : undefined;
    if (typeof pipeline === 'string' && pipeline !== '') text += `,"pipeline":${JSON.stringify(pipeline)}`;
    return `${text}}}\n`;
  }
}

const NEWLINE = 0x0a;

/** The lines of the documents with these numbers, from 0, out of a body that `BulkWriter` wrote. */
export function pickDocuments(body: Buffer, numbers: ReadonlySet<number>): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let number = 0; from < body.length; number++) {
    const action = body.indexOf(NEWLINE, from);
    const end = body.indexOf(NEWLINE, action + 1) + 1;
    if (action < 0 || end === 0) break;
    if (numbers.has(number)) parts.push(body.subarray(from, end));
    from = end;
  }
  return Buffer.concat(parts);
}
