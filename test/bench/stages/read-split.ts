import { statSync } from 'node:fs';
import type { Clock, Consumer } from '#component';
import type { LogBatch } from '#model';
import { createReceiver } from '../../../receivers/file_log/harness.ts';
import { MemoryStorage } from '../../helpers/memory-storage.ts';
import { createTestHost } from '../../helpers/test-host.ts';
import type { Measurement } from '../measurement.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const WARM_UP_RECORDS = 50_000;

/** Reads a file through the receiver into a sink that counts, storing positions in memory. The first records, which the compiler needs, are not measured. */
export async function run(input: string): Promise<Measurement> {
  const size = statSync(input).size;
  let seen = 0;
  let skipped = 0;
  let before = process.cpuUsage();
  let done: () => void = () => {};
  const finished = new Promise<void>((resolve) => (done = resolve));
  const host = createTestHost({ clock, storage: new MemoryStorage() });
  const sink: Consumer = {
    mutates: false,
    async consume(batch: LogBatch): Promise<void> {
      seen += batch.liveRows;
      if (skipped === 0 && seen > WARM_UP_RECORDS) {
        skipped = seen;
        before = process.cpuUsage();
      }
      batch.settleDurable();
      if (host.metric('winnow_file_log_offset_bytes') >= size) done();
    },
  };
  const receiver = createReceiver({ include: [input], start_at: 'beginning' }, sink);
  await receiver.start(host);
  await finished;
  const { user, system } = process.cpuUsage(before);
  await receiver.shutdown(new AbortController().signal);
  return { name: 'read-split', records: seen - skipped, cpuSeconds: (user + system) / 1e6 };
}
