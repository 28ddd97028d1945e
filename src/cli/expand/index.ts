import * as fs from 'node:fs';
import { Delivery, type Consumer, type Host, type Processor } from '#component';
import type { LogBatch } from '#model';
import { readJsonRequest, writeJsonRequest } from '#otlp';
import { MetricsRegistry } from '#telemetry';
import { systemClock } from '../../pipeline/index.ts';
import { MemoryStorage } from '../../rehearsal/memory-storage.ts';
import { createQuietLogger } from '../../rehearsal/quiet-logger.ts';
import { registry } from '../../registry.ts';
import { lines } from '../detect/lines.ts';
import { ExitCode } from '../exit-codes.ts';
import type { Shell } from '../shell.ts';

export interface ExpandFlags {
  readonly bodies?: boolean;
}

const STDIN = '-';
// Every template of every file is remembered: this is a command, it ends.
const TEMPLATES_MAX = 16_777_216;
const UNKNOWN = 'winnow_expand_unknown_log_records';

/**
 * The `expand` processor between files of OTLP JSON lines and standard output. Files are read twice, so that a template may
 * be defined behind a record that needs it; standard input can be read only once.
 */
export async function expand(files: readonly string[], flags: ExpandFlags, shell: Shell): Promise<number> {
  const metrics = new MetricsRegistry();
  let write: (batch: LogBatch) => void = () => {};
  const next: Consumer = { mutates: false, consume: async (batch) => write(batch) };
  const processor = await createExpander(next, metrics, shell);
  const named = files.length > 0 ? files : [STDIN];
  let unreadable = 0;
  const unknown = (): number => metrics.samples(UNKNOWN).reduce((sum, { value }) => sum + value, 0);

  for (const file of named) if (file !== STDIN) await feed(file, processor, () => {});
  const unknownBefore = unknown();
  write = (batch) => shell.out(flags.bodies === true ? bodiesOf(batch) : requestOf(batch));
  for (const file of named) {
    await feed(file, processor, (place, problem) => {
      unreadable++;
      shell.err(`winnow expand: ${place}: expected a line of OTLP JSON, as the file exporter writes it: ${problem}\n`);
    });
  }
  await processor.shutdown(new AbortController().signal);
  const left = unknown() - unknownBefore;
  if (left > 0) shell.err(`winnow expand: ${left} records are left as they were: no file given here defines their template\n`);
  return left > 0 || unreadable > 0 ? ExitCode.failure : ExitCode.ok;
}

async function createExpander(next: Consumer, metrics: MetricsRegistry, shell: Shell): Promise<Processor> {
  const factory = await registry.find(({ kind, type }) => kind === 'processor' && type === 'expand')?.load();
  if (factory?.kind !== 'processor') throw new TypeError('the registry has no processor "expand"');
  const processor = factory.create({ max_templates: TEMPLATES_MAX } as never, { id: 'expand' }, next);
  await processor.start(createHost(metrics, shell));
  return processor;
}

/** A host that keeps nothing beyond the command. */
function createHost(metrics: MetricsRegistry, shell: Shell): Host {
  const storage = new MemoryStorage().client('expand');
  return {
    clock: systemClock,
    random: Math.random,
    fs,
    log: createQuietLogger((line) => shell.err(`${line}\n`)),
    metrics: metrics.scope(),
    storage,
    storageOf: () => storage,
    extension: (id) => {
      throw new RangeError(`there is no extension "${id}" in a command`);
    },
    report: () => {},
    statuses: () => new Map(),
    fatal: (problem) => {
      throw problem;
    },
  };
}

async function feed(file: string, processor: Processor, onUnreadable: (place: string, problem: string) => void): Promise<void> {
  let number = 0;
  for await (const line of lines(file === STDIN ? process.stdin : fs.createReadStream(file))) {
    number++;
    if (line.length === 0) continue;
    const batch = read(line, (problem) => onUnreadable(`${file}:${number}`, problem));
    if (!batch || batch.length === 0) continue;
    batch.setDelivery(new Delivery(batch.length, 0, () => {}));
    await processor.consume(batch);
  }
}

function read(line: Buffer, onUnreadable: (problem: string) => void): LogBatch | undefined {
  try {
    return readJsonRequest(line);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    onUnreadable(error.message);
    return undefined;
  }
}

function requestOf(batch: LogBatch): string {
  return `${writeJsonRequest(batch, 0, Number.POSITIVE_INFINITY).body.toString()}\n`;
}

function bodiesOf(batch: LogBatch): string {
  let text = '';
  for (let row = 0; row < batch.length; row++) if (batch.isDropped[row] === 0) text += `${batch.bodyText(row)}\n`;
  return text;
}
