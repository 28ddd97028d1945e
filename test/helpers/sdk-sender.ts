import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';

/** What an SDK can speak. */
export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export interface Destination {
  readonly protocol: Protocol;
  /** Such as `http://localhost:4318`, without a path. */
  readonly url: string;
  readonly isCompressed?: boolean;
}

// Neither the time nor anything else of a record may differ between two runs.
const START_SECONDS = 1_774_000_000;
// So many wait in the SDK at most; it would drop what comes beyond.
const CHUNK = 8192;

/** Sends records 0 to count - 1, the same each time, by the official SDK. Number them by the attribute `seq`. */
export async function sendBySdk(destination: Destination, count: number): Promise<void> {
  const provider = new LoggerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'ä-1', list: ['a', 'b'] }),
    processors: [new BatchLogRecordProcessor({ exporter: exporterFor(destination), maxQueueSize: 2 * CHUNK })],
  });
  const loggers = ['library', 'другая', ''].map((name) => provider.getLogger(name, '1.2.3', { schemaUrl: 'https://schema.example/1' }));
  for (let i = 0; i < count; i++) {
    loggers[i % loggers.length]?.emit(recordOf(i));
    if (i % CHUNK === CHUNK - 1) await provider.forceFlush();
  }
  await provider.shutdown();
}

function exporterFor({ protocol, url, isCompressed = false }: Destination): LogRecordExporter {
  const compression = (isCompressed ? 'gzip' : 'none') as never;
  // As long as the SDK tries again, so that an outage of the backend is no loss of the sender's.
  const timeoutMillis = 60_000;
  if (protocol === 'grpc') return new GrpcExporter({ url, compression, timeoutMillis });
  const options = { url: `${url}/v1/logs`, compression, timeoutMillis };
  return protocol === 'http/json' ? new JsonExporter(options) : new ProtoExporter(options);
}

type Emitted = Parameters<ReturnType<LoggerProvider['getLogger']>['emit']>[0];
type AnyValue = Emitted['body'];

/** Values of all types and sizes, by number. */
function recordOf(i: number): Emitted {
  const time: [number, number] = [START_SECONDS + Math.floor(i / 1000), (i % 1000) * 1_000_003];
  const attributes = {
    seq: i,
    text: `wörd ${i} 漢字 🦉`,
    'empty.text': '',
    nothing: null,
    negative: -i,
    // Beyond 2^53. In JSON the SDK writes numbers as JavaScript prints them, which is exact for round ones only.
    large: (1000 + (i % 90_000)) * 1e14,
    lowest: -9.007_199_254_740_992e18,
    double: i + 0.5,
    tiny: 5e-324,
    yes: true,
    no: false,
    list: ['a', i, 0.25, false, ''],
    'empty.list': [],
    map: { deep: { er: [{ x: i }, []] }, '': 'no key' },
    'empty.map': {},
    bytes: new Uint8Array([i & 255, 0, 255]),
    'empty.bytes': new Uint8Array(0),
  };
  return {
    timestamp: time,
    observedTimestamp: time,
    severityNumber: i % 25,
    severityText: i % 3 === 0 ? '' : 'INFO2',
    body: bodyOf(i),
    attributes,
    ...(i % 5 === 0 && { eventName: 'shop.event' }),
  };
}

function bodyOf(i: number): AnyValue {
  const bodies: AnyValue[] = [
    `line ${i} of the log`,
    { message: `map ${i}`, list: [1, 'ü'] },
    ['list', i],
    i,
    '',
    new Uint8Array([1, 2, i & 255]),
    true,
  ];
  return bodies[i % bodies.length];
}
