import { EditOnce, RefusedError, parseDuration, type Consumer, type Counter, type Host, type Processor, type Settings } from '#component';
import { ValueType, keyOf, type LogBatch, type Template } from '#model';
import { variablesOf } from '#mining';
import { passSeverityOf, type DedupeConfig } from './config.ts';
import { compileConditions, type RowCondition } from './conditions.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { DedupeMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { restore } from './restore.ts';
import { Summary } from './summary.ts';
import { untilAborted } from './until-aborted.ts';

/** On a record that goes out as it is: the template that later ones refer to. */
const DEFINED_ID = keyOf('winnow.encoded.id');
const DEFINED_TEXT = keyOf('winnow.encoded.template');
/**
 * On a record whose body is the id of a template and its variables. The id is not here, since what never changes costs
 * nothing once it is compressed.
 */
const ENCODED = keyOf('winnow.encoded');
/** Between variables. A line that contains it goes out as it is. */
const SEPARATOR = 0x1f;
// The id and the mark take about so many; a template with less text would grow.
const CONSTANT_BYTES_MIN = 40;

/**
 * Writes records as template and variables, without loss: the body becomes the variables of its template, and `expand` puts
 * template and variables together again. Nothing is held and nothing dropped.
 *
 * The first record of a template goes out whole and carries the text, and so does one every `encode_refresh`. That is done
 * for each source by itself, since only the records of one source stay in order on their way.
 */
export class TemplateEncoder implements Processor {
  readonly mutates = true;
  readonly #editing: EditOnce;
  readonly #refreshMs: number;
  readonly #passSeverity: number;
  readonly #definitionsMax: number;
  readonly #config: DedupeConfig;
  readonly #id: string;
  readonly #next: Consumer;
  /** Sends what a run without `encode` has counted and left in storage. */
  #outbox: Outbox | undefined;
  #ledger: Ledger | undefined;
  /** When each source has last sent the text of a template. */
  readonly #defined = new Map<Template, Map<number, number>>();
  #definitions = 0;
  #isMeant: RowCondition | undefined;
  #host: Host | undefined;
  #encoded: Counter | undefined;
  #isStopped = false;
  readonly #separator = Uint8Array.of(SEPARATOR);

  constructor(config: DedupeConfig, { id }: Settings, next: Consumer) {
    this.#editing = new EditOnce(next, (batch) => this.#edit(batch));
    this.#refreshMs = parseDuration(config.encode_refresh);
    this.#passSeverity = passSeverityOf(config, id);
    this.#definitionsMax = config.max_keys;
    this.#config = config;
    this.#id = id;
    this.#next = next;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#isMeant = compileConditions(this.#config.conditions, host);
    this.#encoded = host.metrics.counter('winnow_dedupe_encoded_log_records', 'Records that travel as template and variables.');
    const ledger = createLedger(this.#config, host);
    const outbox: Outbox = new Outbox({
      host,
      next: this.#next,
      summary: new Summary(this.#config, this.#id),
      metrics: () => metrics,
      ledger,
      source: Math.floor(host.random() * 0x7fff_ffff),
    });
    const metrics = new DedupeMetrics(host.metrics, { held: () => outbox.held, keys: () => 0, heldBytes: () => outbox.bytes });
    this.#ledger = ledger;
    this.#outbox = outbox;
    if (restore(host, { ledger, outbox, metrics })) outbox.send().catch((problem: unknown) => host.fatal(problem));
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await untilAborted(signal, async () => {
      await this.#outbox?.close(signal);
      await this.#ledger?.flush();
    });
  }

  #edit(batch: LogBatch): void {
    const host = this.#host;
    if (!host || this.#isStopped) throw new RefusedError('the dedupe processor is stopping and takes no more');
    const now = host.clock.monotonic();
    const { isDropped, severity, bodyType, length } = batch;
    let encoded = 0;
    for (let row = 0; row < length; row++) {
      const template = batch.templateOf[row];
      if (!template || isDropped[row] === 1 || bodyType[row] !== ValueType.string) continue;
      if ((severity[row] as number) >= this.#passSeverity || (this.#isMeant && !this.#isMeant(batch, row))) continue;
      if (this.#encode(batch, row, template, now)) encoded++;
    }
    this.#encoded?.add(encoded);
  }

  /** True when the body was replaced. */
  #encode(batch: LogBatch, row: number, template: Template, now: number): boolean {
    const start = batch.bodyStart[row] as number;
    const bytes = start >= 0 ? batch.space.bytes : batch.space.side;
    const from = start >= 0 ? start : ~start;
    const to = from + (batch.bodySize[row] as number);
    const ranges = variablesOf(template, bytes, from, to);
    if (!ranges || constantBytes(from, to, ranges) < CONSTANT_BYTES_MIN) return false;
    if (hasSeparator(bytes, ranges) || isEncoded(batch, row)) return false;
    if (this.#isDefinitionDue(template, batch.deliveries[batch.deliveryOf[row] as number]?.source ?? 0, now)) {
      batch.setAttribute(row, DEFINED_ID, template.id);
      batch.setAttribute(row, DEFINED_TEXT, template.text);
      return false;
    }
    const { space } = batch;
    const at = space.sideLength;
    space.appendText(template.id);
    for (let i = 0; i < ranges.length; i += 2) {
      space.appendBytes(this.#separator);
      space.appendBytes(bytes, ranges[i], ranges[i + 1]);
    }
    batch.bodyStart[row] = ~at;
    batch.bodySize[row] = space.sideLength - at;
    batch.setAttribute(row, ENCODED, true);
    return true;
  }

  #isDefinitionDue(template: Template, source: number, now: number): boolean {
    let bySource = this.#defined.get(template);
    const sentAt = bySource?.get(source);
    if (sentAt !== undefined && now - sentAt < this.#refreshMs) return false;
    if (this.#definitions >= this.#definitionsMax) {
      // Forgetting what was sent costs one whole record for each template and source, and nothing else.
      this.#defined.clear();
      this.#definitions = 0;
      bySource = undefined;
    }
    if (!bySource) this.#defined.set(template, (bySource = new Map()));
    if (!bySource.has(source)) this.#definitions++;
    bySource.set(source, now);
    return true;
  }
}

function constantBytes(from: number, to: number, ranges: Int32Array): number {
  let constant = to - from;
  for (let i = 0; i < ranges.length; i += 2) constant -= (ranges[i + 1] as number) - (ranges[i] as number);
  return constant;
}

function hasSeparator(bytes: Uint8Array, ranges: Int32Array): boolean {
  for (let i = 0; i < ranges.length; i += 2) {
    for (let at = ranges[i] as number; at < (ranges[i + 1] as number); at++) if (bytes[at] === SEPARATOR) return true;
  }
  return false;
}

/** True for what another agent has encoded already. */
function isEncoded(batch: LogBatch, row: number): boolean {
  return batch.attribute(row, ENCODED) !== undefined || batch.attribute(row, DEFINED_ID) !== undefined;
}
