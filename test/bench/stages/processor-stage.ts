import { Delivery, type Consumer, type Processor, type ProcessorFactory } from '#component';
import type { LogBatch } from '#model';
import { factory as anomaly } from '../../../processors/anomaly/index.ts';
import { factory as dedupe } from '../../../processors/dedupe/index.ts';
import { factory as parse } from '../../../processors/parse/index.ts';
import { factory as redact } from '../../../processors/redact/index.ts';
import { factory as template } from '../../../processors/template/index.ts';
import { validate } from '../../contract/subject.ts';
import { createTestHost } from '../../helpers/test-host.ts';
import type { Measurement } from '../measurement.ts';
import { batchesOf, WARM_UP_RECORDS } from './operator-stage.ts';

/** In the order in which they work; what is measured is one of them, on what those before it pass on. */
const NAMES = ['parse', 'redact', 'template', 'dedupe', 'anomaly'] as const;
type Name = (typeof NAMES)[number];
const FACTORIES: Readonly<Record<Name, ProcessorFactory<never>>> = { parse, redact, template, dedupe, anomaly };

/** Sends the lines of a file through processors with their defaults, and measures the last of them. */
export async function runProcessorStage(name: Name, input: string): Promise<Measurement> {
  const before = NAMES.slice(0, NAMES.indexOf(name));
  const end: Consumer = {
    mutates: false,
    async consume(batch: LogBatch): Promise<void> {
      batch.settleDurable();
    },
  };
  const host = createTestHost();
  const measured = create(name, end);
  await measured.start(host);
  let seen = 0;
  let records = 0;
  let microseconds = 0;
  const watch: Consumer = {
    mutates: true,
    async consume(batch: LogBatch): Promise<void> {
      const rows = batch.liveRows;
      const start = process.cpuUsage();
      await measured.consume(batch);
      const { user, system } = process.cpuUsage(start);
      seen += rows;
      if (seen <= WARM_UP_RECORDS) return;
      records += rows;
      microseconds += user + system;
    },
  };
  let first = watch;
  for (const each of before.toReversed()) {
    const processor = create(each, first);
    await processor.start(host);
    first = processor;
  }
  for (const batch of batchesOf(input)) {
    batch.setDelivery(new Delivery(batch.length, 1, () => {}));
    await first.consume(batch);
  }
  return { name, records, cpuSeconds: microseconds / 1e6 };
}

function create(name: Name, next: Consumer): Processor {
  const factory = FACTORIES[name];
  const { config, problems } = validate(factory, name === 'parse' ? { format: 'json' } : {});
  if (problems.length > 0) throw new Error(problems.join('; '));
  return factory.create(config as never, { id: name, pipeline: 'logs' }, next);
}
