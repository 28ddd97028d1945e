/** Batches of lines, body only, written as OTLP protobuf. Reading and splitting are not measured. */
import { BodyPool, writeRequest } from '#otlp';
import type { Measurement } from '../measurement.ts';
import { batchesOf } from './operator-stage.ts';

const REQUEST_BYTES = 1024 * 1024;
const WARM_UP_RECORDS = 50_000;

export async function run(input: string): Promise<Measurement> {
  const pool = new BodyPool(4 * REQUEST_BYTES);
  let records = 0;
  let seen = 0;
  let microseconds = 0;
  for (const batch of batchesOf(input)) {
    const start = process.cpuUsage();
    for (let row = 0; row < batch.length;) {
      const { body, next } = writeRequest(batch, row, REQUEST_BYTES, pool);
      pool.give(body);
      row = next;
    }
    const { user, system } = process.cpuUsage(start);
    seen += batch.length;
    if (seen <= WARM_UP_RECORDS) continue;
    records += batch.length;
    microseconds += user + system;
  }
  return { name: 'otlp-write', records, cpuSeconds: microseconds / 1e6 };
}
