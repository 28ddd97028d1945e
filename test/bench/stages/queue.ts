/**
 * Requests of 1 MiB through a queue on disk, to a backend that takes them at once. The variant `backlog` lets all of them
 * wait on disk first, so that each body is written and read.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Delivery } from '#component';
import { SendingQueue, type Payload } from '#queue';
import { Storage } from '#storage';
import { systemClock } from '../../../src/pipeline/index.ts';
import { createTestHost } from '../../helpers/test-host.ts';
import type { Measurement } from '../measurement.ts';

const BODY_BYTES = 1024 * 1024;
// Reading the input is not what is measured: these bodies are offered again and again.
const BODIES = 8;
const RECORDS = 1_000_000;
const NEWLINE = 0x0a;

export async function run(input: string, variant: string = 'queue'): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'winnow-bench-queue-'));
  const storage = await Storage.open(directory, { log: createTestHost().log, clock: systemClock });
  // Timers of the queue do not keep the process alive.
  const alive = setInterval(() => {}, 1_000);
  try {
    return await measure(storage, readBodies(input), variant);
  } finally {
    clearInterval(alive);
    await storage.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(storage: Storage, bodies: readonly Payload[], variant: string): Promise<Measurement> {
  const client = storage.client('otlp_http');
  const host = { ...createTestHost({ clock: systemClock }), storage: client, storageOf: () => client };
  let open = (): void => {};
  const isOpen = variant === 'backlog' ? new Promise<void>((resolve) => (open = resolve)) : undefined;
  const send = async (): Promise<{ rejected: number }> => {
    await isOpen;
    return { rejected: 0 };
  };
  const queue = new SendingQueue({ id: 'otlp_http', queue: CONFIG, retry: RETRY, send, split: () => undefined, host });
  await queue.start();
  const before = process.cpuUsage();
  let records = 0;
  for (let i = 0; records < RECORDS; i++) {
    const payload = bodies[i % bodies.length];
    if (!payload) break;
    const source = i % 4;
    const watermark = (): void => {
      const transaction = client.begin();
      client.put(transaction, `position/${source}`, String(i));
      void client.commit(transaction);
    };
    const delivery = new Delivery(payload.rows, source, watermark);
    await queue.offer(payload, [{ delivery, rows: payload.rows }]);
    records += payload.rows;
  }
  open();
  while (host.metric('winnow_exporter_held_log_records') > 0) await systemClock.sleep(1);
  await queue.shutdown(new AbortController().signal);
  const { user, system } = process.cpuUsage(before);
  return { name: variant, records, cpuSeconds: (user + system) / 1e6, peakRssMib: process.resourceUsage().maxRSS / 1024 };
}

const CONFIG = {
  enabled: true,
  num_consumers: 10,
  wait_for_result: false,
  block_on_overflow: true,
  sizer: 'requests',
  queue_size: 100_000,
  storage: 'file_storage',
  on_destination_error: 'hold',
  dead_letter: { enabled: false, max_size: 0, max_records: 2 },
} as const;
const RETRY = {
  enabled: true,
  initial_interval: '5s',
  randomization_factor: 0.5,
  multiplier: 1.5,
  max_interval: '30s',
  max_elapsed_time: '0s',
} as const;

function readBodies(input: string): Payload[] {
  const file = openSync(input, 'r');
  const payloads: Payload[] = [];
  for (let i = 0; i < BODIES; i++) {
    const body = Buffer.allocUnsafeSlow(BODY_BYTES);
    readSync(file, body, 0, BODY_BYTES, null);
    let rows = 0;
    for (const byte of body) if (byte === NEWLINE) rows++;
    payloads.push({ body, rows, encoding: '', contentType: 'application/x-protobuf' });
  }
  closeSync(file);
  return payloads;
}
