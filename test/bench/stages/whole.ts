/** A whole agent on a ready file, to a backend on loopback: start-up, reading, parsing, encoding, sending. */
import { rmSync } from 'node:fs';
import { Agent, createFolder } from '../../helpers/agent.ts';
import { startSequenceSink } from '../../helpers/sequence-sink.ts';
import type { Measurement } from '../measurement.ts';
import { usageOf, type Usage } from '../process-usage.ts';
import { countLines } from '../log-lines.ts';

const POLL_MS = 20;

const JSON_OPERATORS = `
    operators:
      - type: json_parser
        timestamp: { parse_from: attributes.ts, layout: '%Y-%m-%dT%H:%M:%S.%LZ' }
        severity: { parse_from: attributes.level }`;
const REGEX_OPERATORS = `
    operators:
      - type: regex_parser
        regex: '^(?P<client>\\S+) \\S+ (?P<user>\\S+) \\[(?P<time>[^\\]]*)\\] "(?P<method>\\S+) (?P<path>\\S+) (?P<protocol>[^"]*)" (?P<status>\\d+) (?P<bytes>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<duration>\\S+)'
        timestamp: { parse_from: attributes.time, layout: '%d/%b/%Y:%H:%M:%S %z' }`;

const OTHERS = { redact: '{}', template: '{}', dedupe: '{}', truncate: '{}', anomaly: '{}' };

interface Variant {
  readonly operators?: string;
  readonly compression?: string;
  readonly queue?: string;
  /** In order, all but `parse` with their defaults. */
  readonly processors?: Readonly<Record<string, string>>;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  nginx: {},
  'nginx-disk': { queue: 'storage: file_storage' },
  'nginx-zstd': { compression: 'zstd' },
  'nginx-gzip': { compression: 'gzip' },
  'nginx-regex': { operators: REGEX_OPERATORS },
  json: { operators: JSON_OPERATORS },
  'json-zstd': { operators: JSON_OPERATORS, compression: 'zstd' },
  'json-hard': { operators: JSON_OPERATORS },
  'json-processors': { processors: { parse: '{ format: json }', ...OTHERS }, compression: 'zstd' },
  'app-processors': { processors: { parse: '{ format: auto }', ...OTHERS }, compression: 'zstd' },
};

export async function run(input: string, name: string): Promise<Measurement> {
  const variant = VARIANTS[name];
  if (!variant) throw new Error(`no such variant: ${name}`);
  const records = countLines(input);
  const folder = createFolder();
  const sink = await startSequenceSink();
  const agent = new Agent({ folder, config: configOf({ input, folder, endpoint: sink.endpoint, variant }) });
  try {
    agent.start();
    let usage: Usage = { cpuSeconds: 0, rssMib: 0, peakRssMib: 0 };
    for (;;) {
      const arrived = (await sink.stats()).records;
      if (!agent.isRunning) throw new Error(`the agent has ended\n${agent.output}`);
      usage = usageOf(agent.pid);
      if (arrived >= records) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { name, records, cpuSeconds: usage.cpuSeconds, peakRssMib: usage.peakRssMib };
  } finally {
    await agent.stop();
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf({ input, folder, endpoint, variant }: { input: string; folder: string; endpoint: string; variant: Variant }): string {
  const { processors = {} } = variant;
  return `
receivers:
  file_log:
    include: ['${input}']
    start_at: beginning${variant.operators ?? ''}
processors: { ${Object.entries(processors)
    .map(([id, config]) => `${id}: ${config}`)
    .join(', ')} }
exporters:
  otlp_http:
    endpoint: ${endpoint}
    compression: ${variant.compression ?? 'none'}
    sending_queue: { ${variant.queue ?? ''} }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [file_log], processors: [${Object.keys(processors).join(', ')}], exporters: [otlp_http] }
`;
}
