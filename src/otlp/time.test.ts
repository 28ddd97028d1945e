import { describe, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { readJsonRequest, readRequest, writeJsonRequest, writeRequest } from '#otlp';

const ALL = Number.POSITIVE_INFINITY;
const YEAR_9999 = Date.UTC(9999, 11, 31);

/** The times of a record, there and back again. */
const there = {
  protobuf: (batch: LogBatch) => readRequest(writeRequest(batch, 0, ALL).body),
  JSON: (batch: LogBatch) => readJsonRequest(writeJsonRequest(batch, 0, ALL).body),
} as const;

function batchAt(ms: number, ns: number): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.from('text'));
  batch.addRow(ValueType.string, 0, 4);
  batch.timeMs[0] = ms;
  batch.timeNs[0] = ns;
  batch.observedMs[0] = ms;
  batch.observedNs[0] = ns;
  return batch;
}

describe.each(['protobuf', 'JSON'] as const)('in %s', (format) => {
  test.each([
    [1_769_774_400_123, 456_789],
    [0, 1],
    [18_446_744_073_709, 551_615],
  ])('a time is told: %d ms and %d ns', (ms, ns) => {
    const { timeMs, timeNs, observedMs, observedNs } = there[format](batchAt(ms, ns));

    expect([timeMs[0], timeNs[0], observedMs[0], observedNs[0]]).toEqual([ms, ns, ms, ns]);
  });

  test.each([
    [0, 0],
    [18_446_744_073_709, 551_616],
    [YEAR_9999, 0],
    [1e22, 0],
    [-1, 0],
  ])('a time that OTLP has no number for is left out: %d ms and %d ns', (ms, ns) => {
    const { timeMs, timeNs, observedMs, observedNs } = there[format](batchAt(ms, ns));

    expect([timeMs[0], timeNs[0], observedMs[0], observedNs[0]]).toEqual([0, 0, 0, 0]);
  });
});
