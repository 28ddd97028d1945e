/**
 * Leads an agent through everything that a backend does when it is unwell, while a log is written and rotated, and adds
 * up what came. Used by outage.test.ts, shortened, and by `npm run soak -- outage` at full length.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { usageOf } from '../bench/process-usage.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { scrape } from '../helpers/metrics.ts';
import { startSequenceSink, type SequenceSink, type SinkStats } from '../helpers/sequence-sink.ts';
import { RotatingWriter } from './crash.ts';

export interface OutageOptions {
  readonly queue: 'memory' | 'disk';
  readonly linesPerSecond: number;
  readonly rotateEvery: number;
  /** How long the backend stays away, then as long as it answers with each fault. */
  readonly downMs: number;
  readonly faultMs: number;
  /** The longest wait between two attempts: how soon it is noticed that the backend is well again. */
  readonly retryMaxSeconds: number;
}

export interface PhaseResult {
  readonly phase: string;
  readonly rssMibMax: number;
  readonly loopDelayP99Ms: number;
  readonly heldRecords: number;
}

export interface OutageResult {
  readonly written: number;
  readonly lost: number;
  readonly firstLost: readonly number[];
  readonly stats: SinkStats;
  readonly idleRssMib: number;
  readonly phases: readonly PhaseResult[];
  readonly drainedMs: number;
  readonly output: string;
}

interface Phase {
  readonly name: string;
  readonly ms: number;
  readonly begin: (sink: SequenceSink) => Promise<void>;
}

const SAMPLE_MS = 250;
const RETRY_AFTER_SECONDS = 2;
const SLOW_MS = 1000;

function phasesOf({ downMs, faultMs }: OutageOptions): Phase[] {
  return [
    { name: 'well', ms: 2000, begin: (sink) => sink.answer(200) },
    { name: 'down', ms: downMs, begin: (sink) => sink.down() },
    {
      name: '503',
      ms: faultMs,
      begin: async (sink) => {
        await sink.answer(503, { retryAfterSeconds: RETRY_AFTER_SECONDS });
        await sink.up();
      },
    },
    { name: '401', ms: faultMs, begin: (sink) => sink.answer(401) },
    { name: 'slow', ms: faultMs, begin: (sink) => sink.answer(200, { delayMs: SLOW_MS }) },
  ];
}

export async function runOutage(options: OutageOptions): Promise<OutageResult> {
  const folder = createFolder();
  const sink = await startSequenceSink({ linesPerFile: options.rotateEvery });
  const config = configOf(folder, sink.endpoint, options);
  const agent = new Agent({ folder, config, env: { PROM_PORT: '0' } });
  const writer = new RotatingWriter(join(folder, 'app.log'), { ...options, seed: 1 });
  try {
    agent.start();
    await eventually(() => agent.output.includes('Winnow has started.'), 15_000);
    await pause(1000);
    const idleRssMib = usageOf(agent.pid).rssMib;
    writer.start();
    const phases: PhaseResult[] = [];
    for (const phase of phasesOf(options)) phases.push(await runPhase(phase, agent, sink));
    const written = writer.stop();
    await sink.answer(200);
    const startedAt = performance.now();
    await eventually(async () => (await sink.stats()).distinct >= written, 60_000 + options.retryMaxSeconds * 1000);
    const drainedMs = performance.now() - startedAt;
    await agent.stop();
    const stats = await sink.stats();
    const firstLost = await sink.missing(written);
    return { written, lost: written - stats.distinct, firstLost, stats, idleRssMib, phases, drainedMs, output: agent.output };
  } finally {
    writer.stop();
    await agent.stop('SIGKILL');
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runPhase({ name, ms, begin }: Phase, agent: Agent, sink: SequenceSink): Promise<PhaseResult> {
  // A scrape begins the event-loop histogram anew.
  await scrape(agent);
  await begin(sink);
  const endsAt = performance.now() + ms;
  let rssMibMax = 0;
  while (performance.now() < endsAt) {
    await pause(SAMPLE_MS);
    rssMibMax = Math.max(rssMibMax, usageOf(agent.pid).rssMib);
  }
  const metrics = await scrape(agent);
  const delay = metrics.sum('winnow_process_event_loop_delay_seconds', { quantile: '0.99' });
  return { phase: name, rssMibMax, loopDelayP99Ms: delay * 1000, heldRecords: metrics.sum('winnow_exporter_held_log_records') };
}

function configOf(folder: string, endpoint: string, { queue, retryMaxSeconds }: OutageOptions): string {
  const first = Math.min(5, retryMaxSeconds);
  return `
receivers:
  file_log: { include: ['${folder}/app.log'], start_at: beginning }
exporters:
  otlp_http:
    endpoint: ${endpoint}
    retry_on_failure: { initial_interval: ${first}s, max_interval: ${retryMaxSeconds}s }
    sending_queue: ${queue === 'disk' ? '{ storage: file_storage }' : '{}'}
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [file_log], exporters: [otlp_http] }
`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
