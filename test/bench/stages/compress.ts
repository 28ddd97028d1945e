/** Requests compressed as the exporter does by default, and with zstd. */
import { createCompressor } from '#net';
import type { Measurement } from '../measurement.ts';
import { requestBodies } from './request-bodies.ts';

const BODIES = 32;
const RECORDS = 500_000;

export async function run(input: string, kind: string = 'gzip'): Promise<Measurement> {
  const compressor = createCompressor(kind === 'zstd' ? 'zstd' : 'gzip', 0);
  const bodies = requestBodies(input, BODIES);
  let records = 0;
  const start = process.cpuUsage();
  for (let i = 0; records < RECORDS; i++) {
    const next = bodies[i % bodies.length];
    if (!next) break;
    await compressor.compress(next.body);
    records += next.rows;
  }
  const { user, system } = process.cpuUsage(start);
  return { name: `compress-${compressor.encoding}`, records, cpuSeconds: (user + system) / 1e6 };
}
