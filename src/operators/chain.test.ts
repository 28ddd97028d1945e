import { expect, test } from 'vitest';
import { ValueType, LogBatch } from '#model';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { recordOf, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { compileOperators } from './chain.ts';
import type { OperatorConfig } from './config.ts';

function run(operators: readonly OperatorConfig[], lines: readonly string[], host: TestHost = createTestHost()): SunkRecord[] {
  const batch = new LogBatch();
  const bytes = Buffer.from(lines.join('\n'));
  batch.reset(bytes);
  let start = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line);
    batch.addRow(ValueType.string, start, size);
    start += size + 1;
  }
  const chain = compileOperators(operators, { id: 'file_log' });
  chain.start(host);
  chain.process(batch);
  return Array.from({ length: batch.length }, (_, row) => row)
    .filter((row) => batch.isDropped[row] === 0)
    .map((row) => recordOf(batch, row));
}

test('parses JSON with time, severity and trace', () => {
  const line = '{"ts":"2026-09-21T14:13:20.001Z","level":"warn","n":3,"t":"0af7651916cd43dd8448eb211c80319c","x":{"a":[1,2.5]}}';

  const [record] = run(
    [
      {
        type: 'json_parser',
        timestamp: { parse_from: 'attributes.ts', layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
        severity: { parse_from: 'attributes.level' },
        trace: { trace_id: { parse_from: 'attributes.t' } },
      },
    ],
    [line],
  );

  expect(record).toMatchObject({
    body: line,
    attributes: { ts: '2026-09-21T14:13:20.001Z', level: 'warn', n: 3, x: { a: [1, 2.5] } },
    timeMs: Date.UTC(2026, 8, 21, 14, 13, 20, 1),
    severity: 13,
    severityText: 'warn',
    traceId: '0af7651916cd43dd8448eb211c80319c',
  });
});
