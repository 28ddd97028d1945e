import { Delivery, type Outcome, type Processor } from '#component';
import { LogBatch, ValueType, createSharedAttributes } from '#model';
import { JOINING_DEFAULTS, type JoiningConfig } from '#operators';
import { FakeClock } from './fake-clock.ts';
import { LogsSink } from './logs-sink.ts';
import { createTestHost, type TestHost } from './test-host.ts';
import { factory } from '../../processors/multiline/index.ts';

/** One line and the source it comes from. */
export interface Line {
  readonly text: string;
  readonly source: number;
}

/** Lines of several sources, as a receiver reads them: texts side by side, a Delivery for each source. */
export function batchOf(lines: readonly Line[], settled: (source: number, outcome: Outcome) => void, file?: string): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from(lines.map(({ text }) => `${text}\n`).join('')));
  const shared = file === undefined ? 0 : batch.addShared(createSharedAttributes({ 'log.file.name': file }));
  const sources = [...new Set(lines.map(({ source }) => source))];
  batch.deliveries = sources.map(
    (source) => new Delivery(lines.filter((line) => line.source === source).length, source, (outcome) => settled(source, outcome)),
  );
  let start = 0;
  for (const { text, source } of lines) {
    const size = Buffer.byteLength(text);
    const row = batch.addRow(ValueType.string, start, size);
    batch.deliveryOf[row] = sources.indexOf(source);
    batch.sharedOf[row] = shared;
    start += size + 1;
  }
  return batch;
}

/** A processor between a test and a sink. */
export class Rig {
  readonly clock: FakeClock = new FakeClock();
  readonly host: TestHost = createTestHost({ clock: this.clock });
  readonly sink: LogsSink = new LogsSink();
  readonly outcomes: { source: number; outcome: Outcome }[] = [];
  readonly processor: Processor;

  constructor(config: Partial<JoiningConfig> = {}) {
    this.processor = factory.create({ ...JOINING_DEFAULTS, ...config }, { id: 'multiline' }, this.sink);
  }

  start(): Promise<void> {
    return this.processor.start(this.host);
  }

  async give(lines: readonly Line[], file?: string): Promise<void> {
    const batch = batchOf(lines, (source, outcome) => this.outcomes.push({ source, outcome }), file);
    const { bytes } = batch.space;
    await this.processor.consume(batch);
    // The bytes may be used again as soon as the batch was taken.
    bytes.fill('X');
    batch.reset(Buffer.alloc(0));
  }

  stop(signal: AbortSignal = new AbortController().signal): Promise<void> {
    return this.processor.shutdown(signal);
  }

  settled(kind: 'durable' | 'abandoned'): number {
    return this.outcomes.reduce((sum, { outcome }) => sum + outcome[kind], 0);
  }

  get bodies(): readonly string[] {
    return this.sink.bodies.map(String);
  }
}

/** What becomes of the lines of one source, given in one batch. */
export async function join(lines: readonly string[], config: Partial<JoiningConfig> = {}): Promise<readonly string[]> {
  const rig = new Rig(config);
  await rig.start();
  await rig.give(lines.map((text) => ({ text, source: 1 })));
  await rig.stop();
  return rig.bodies;
}
