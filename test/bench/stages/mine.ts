import { TemplateMiner } from '#mining';
import type { Measurement } from '../measurement.ts';
import { batchesOf, WARM_UP_RECORDS } from './operator-stage.ts';

/** Finds the template of each line; the reading and splitting are not measured. */
export async function run(input: string, name: string): Promise<Measurement> {
  const miner = new TemplateMiner();
  const source = miner.source(input);
  let seen = 0;
  let records = 0;
  let microseconds = 0;
  for (const batch of batchesOf(input)) {
    const { bytes } = batch.space;
    const start = process.cpuUsage();
    for (let row = 0; row < batch.length; row++) {
      const from = batch.bodyStart[row] as number;
      miner.observe(bytes, from, from + (batch.bodySize[row] as number), source);
    }
    miner.settle();
    const { user, system } = process.cpuUsage(start);
    seen += batch.length;
    if (seen <= WARM_UP_RECORDS) continue;
    records += batch.length;
    microseconds += user + system;
  }
  return { name: `mine-${name}`, records, cpuSeconds: microseconds / 1e6 };
}
