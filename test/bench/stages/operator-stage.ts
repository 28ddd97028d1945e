import { closeSync, openSync, readSync } from 'node:fs';
import { LogBatch, ValueType } from '#model';
import { compileOperators, type OperatorConfig } from '#operators';
import type { Measurement } from '../measurement.ts';

// Larger than a receiver reads: taking the time costs as much as parsing some rows.
const READ_BYTES = 1024 * 1024;
export const WARM_UP_RECORDS = 50_000;
const NEWLINE = 0x0a;

/**
 * Runs operators over the lines of a file as a receiver would: one buffer, one batch. Only `operators` are measured, not
 * the reading, nor what `before` does to each batch, nor the records until the compiler has warmed up.
 */
export async function runOperatorStage(
  name: string,
  input: string,
  operators: readonly OperatorConfig[],
  before: readonly OperatorConfig[] = [],
): Promise<Measurement> {
  const prepare = compileOperators(before, { id: name });
  const chain = compileOperators(operators, { id: name });
  let records = 0;
  let seen = 0;
  let microseconds = 0;
  for (const batch of batchesOf(input)) {
    prepare.process(batch);
    const start = process.cpuUsage();
    chain.process(batch);
    const { user, system } = process.cpuUsage(start);
    seen += batch.length;
    if (seen <= WARM_UP_RECORDS) continue;
    records += batch.length;
    microseconds += user + system;
  }
  return { name, records, cpuSeconds: microseconds / 1e6 };
}

export function* batchesOf(path: string): Generator<LogBatch> {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const batch = new LogBatch();
  let kept = 0;
  try {
    for (;;) {
      const length = kept + readSync(file, buffer, kept, READ_BYTES - kept, null);
      if (length === kept) return;
      batch.reset(buffer);
      const end = splitLines(batch, buffer, length);
      yield batch;
      buffer.copy(buffer, 0, end, length);
      kept = length - end;
    }
  } finally {
    closeSync(file);
  }
}

function splitLines(batch: LogBatch, buffer: Buffer, length: number): number {
  let start = 0;
  for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < length; end = buffer.indexOf(NEWLINE, start)) {
    batch.addRow(ValueType.string, start, end - start);
    start = end + 1;
  }
  return start;
}
