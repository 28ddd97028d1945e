import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { usageOf } from '../bench/process-usage.ts';
import { RotatingWriter } from '../e2e/crash.ts';
import { pause } from '../e2e/outage.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { scrape } from '../helpers/metrics.ts';
import { startSequenceSink } from '../helpers/sequence-sink.ts';

export interface BacklogOptions {
  readonly bytes: number;
  readonly linesPerSecond: number;
  readonly rotateEvery: number;
}

export interface BacklogResult {
  readonly written: number;
  readonly lost: number;
  readonly repeated: number;
  readonly outOfOrder: number;
  readonly idleRssMib: number;
  readonly rssMibMax: number;
  readonly loopDelayP99Ms: number;
  /** The storage folder at its fullest, and when all had been delivered. */
  readonly storageMibMax: number;
  readonly storageMibAtDrained: number;
  readonly drainSeconds: number;
  /** From the last record delivered until the folder was below the bound; infinite when it never was. */
  readonly shrinkSeconds: number;
}

export const STORAGE_MIB_AFTER_MAX = 64;
const SHRINK_MS_MAX = 60_000;
const DRAIN_MS_MAX = 300_000;
const SAMPLE_MS = 500;

/** Fills the queue on disk while the backend is away, lets it drain, and watches the folder shrink. */
export async function runBacklog({ bytes, linesPerSecond, rotateEvery }: BacklogOptions): Promise<BacklogResult> {
  const folder = createFolder();
  const storage = join(folder, 'storage');
  const sink = await startSequenceSink({ linesPerFile: rotateEvery });
  const agent = new Agent({ folder, config: configOf(folder, sink.endpoint), env: { PROM_PORT: '0' } });
  const writer = new RotatingWriter(join(folder, 'app.log'), { linesPerSecond, rotateEvery, seed: 1 });
  try {
    agent.start();
    await eventually(() => agent.output.includes('Winnow has started.'), 15_000);
    await sink.down();
    const idleRssMib = usageOf(agent.pid).rssMib;
    await scrape(agent);
    writer.start();
    let rssMibMax = 0;
    for (let held = 0; held < bytes; held = mibOf(storage) * 1024 * 1024) {
      await pause(SAMPLE_MS);
      rssMibMax = Math.max(rssMibMax, usageOf(agent.pid).rssMib);
    }
    const written = writer.stop();
    const loopDelayP99Ms = (await scrape(agent)).sum('winnow_process_event_loop_delay_seconds', { quantile: '0.99' }) * 1000;
    await eventually(async () => (await scrape(agent)).sum('winnow_exporter_held_log_records') >= written, 60_000);
    const storageMibMax = mibOf(storage);

    await sink.up();
    const upAt = performance.now();
    await eventually(async () => (await sink.stats()).distinct >= written, DRAIN_MS_MAX);
    const drainedAt = performance.now();
    const storageMibAtDrained = mibOf(storage);
    const hasShrunk = await eventually(() => mibOf(storage) < STORAGE_MIB_AFTER_MAX, SHRINK_MS_MAX);
    const shrinkSeconds = hasShrunk ? (performance.now() - drainedAt) / 1000 : Number.POSITIVE_INFINITY;
    rssMibMax = Math.max(rssMibMax, usageOf(agent.pid).peakRssMib);
    const { distinct, repeated, outOfOrder } = await sink.stats();
    const drainSeconds = (drainedAt - upAt) / 1000;
    const delivered = { written, lost: written - distinct, repeated, outOfOrder, drainSeconds, shrinkSeconds };
    return { ...delivered, idleRssMib, rssMibMax, loopDelayP99Ms, storageMibMax, storageMibAtDrained };
  } finally {
    writer.stop();
    await agent.stop('SIGKILL');
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function mibOf(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    // Segments vanish while they are counted.
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile()) bytes += stat.size;
  }
  return bytes / 1024 / 1024;
}

function configOf(folder: string, endpoint: string): string {
  return `
receivers:
  file_log: { include: ['${folder}/app.log'], start_at: beginning }
exporters:
  otlp_http:
    endpoint: ${endpoint}
    compression: none
    retry_on_failure: { max_interval: 5s }
    sending_queue: { storage: file_storage, bytes_max: 4GiB, queue_size: 100000 }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [file_log], exporters: [otlp_http] }
`;
}
