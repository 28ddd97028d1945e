import { expect, test } from 'vitest';
import { JsonLogsSerializer, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor, InMemoryLogRecordExporter } from '@opentelemetry/sdk-logs';
import { readJsonRequest, readRequest, writeRequest } from '#otlp';
import { recordOf } from '../../test/helpers/logs-sink.ts';
import { saidBy } from '../../test/helpers/otlp-arbitrary.ts';
import { resourceAttributes } from '#model';

/** What OpenTelemetry's own SDK sends is read as what was logged, in protobuf and in JSON. */
const exporter = new InMemoryLogRecordExporter();
const provider = new LoggerProvider({
  resource: resourceFromAttributes({ 'service.name': 'shop', replicas: 3 }),
  processors: [new SimpleLogRecordProcessor({ exporter })],
});
const logger = provider.getLogger('library', '1.2.3');
for (let i = 0; i < 100; i++) {
  logger.emit({
    timestamp: [1_774_000_000 + i, 123_456_789],
    observedTimestamp: [1_774_000_001, i],
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- every number from 1 to 24 is one.
    severityNumber: (i % 24) + 1,
    severityText: 'some',
    body: i % 3 === 0 ? { nested: [i, { text: 'ä' }] } : `line ${i}`,
    eventName: i % 2 === 0 ? 'tick' : '',
    attributes: { text: 'wörd', n: -i, d: i + 0.5, yes: true, list: ['a', 'b'], bytes: new Uint8Array([i]) },
  });
}
await provider.forceFlush();
const logged = exporter.getFinishedLogRecords();

test.each(['protobuf', 'JSON'])('reads what the SDK wrote as %s', (format) => {
  const body = (format === 'JSON' ? JsonLogsSerializer : ProtobufLogsSerializer).serializeRequest(logged);

  const batch = format === 'JSON' ? readJsonRequest(body ?? new Uint8Array()) : readRequest(body ?? new Uint8Array());

  expect(batch.length).toBe(100);
  for (let row = 0; row < 100; row++) {
    expect(recordOf(batch, row)).toEqual({
      body: row % 3 === 0 ? { nested: [row, { text: 'ä' }] } : `line ${row}`,
      attributes: { text: 'wörd', n: row === 0 ? 0 : -row, d: row + 0.5, yes: true, list: ['a', 'b'], bytes: new Uint8Array([row]) },
      timeMs: 1_774_000_000_123 + row * 1000,
      timeNs: 456_789,
      observedMs: 1_774_000_001_000,
      severity: (row % 24) + 1,
      severityText: 'some',
      traceId: '',
      spanId: '',
    });
    expect(batch.observedNs[row]).toBe(row);
    expect(batch.eventName(row)).toBe(row % 2 === 0 ? 'tick' : '');
  }
  const [, resource] = batch.resources;
  expect(resource && resourceAttributes(resource)).toEqual({ 'service.name': 'shop', replicas: 3 });
});

test('writes protobuf that says what the SDK said', () => {
  const body = ProtobufLogsSerializer.serializeRequest(logged) ?? new Uint8Array();

  expect(saidBy(writeRequest(readRequest(body), 0, Number.POSITIVE_INFINITY).body)).toEqual(saidBy(body));
});
