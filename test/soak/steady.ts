import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { usageOf } from '../bench/process-usage.ts';
import { RotatingWriter } from '../e2e/crash.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { startSequenceSink } from '../helpers/sequence-sink.ts';

export interface SteadyResult {
  readonly written: number;
  readonly lost: number;
  readonly repeated: number;
  /** Least squares over the samples after the first sixth of the time. */
  readonly slopeMibPerHour: number;
  readonly rssMibFirst: number;
  readonly rssMibLast: number;
  readonly rssMibMax: number;
  readonly descriptorsMin: number;
  readonly descriptorsMax: number;
  readonly cpuPercent: number;
}

interface Sample {
  readonly hours: number;
  readonly rssMib: number;
  readonly descriptors: number;
}

const SAMPLE_MS = 5000;

/** A log written and rotated at an even pace, while memory and descriptors of the agent are sampled. */
export async function runSteady({ minutes, linesPerSecond }: { minutes: number; linesPerSecond: number }): Promise<SteadyResult> {
  const folder = createFolder();
  const sink = await startSequenceSink();
  const agent = new Agent({ folder, config: configOf(folder, sink.endpoint) });
  const writer = new RotatingWriter(join(folder, 'app.log'), { linesPerSecond, rotateEvery: 100_000, seed: 1 });
  const samples: Sample[] = [];
  try {
    agent.start();
    await eventually(() => existsSync(join(folder, 'storage', 'winnow.sock')), 10_000);
    writer.start();
    const startedAt = performance.now();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
      const hours = (performance.now() - startedAt) / 3_600_000;
      samples.push({ hours, rssMib: usageOf(agent.pid).rssMib, descriptors: readdirSync(`/proc/${agent.pid}/fd`).length });
      if (hours >= minutes / 60) break;
    }
    const { cpuSeconds } = usageOf(agent.pid);
    const seconds = (performance.now() - startedAt) / 1000;
    const written = writer.stop();
    await eventually(async () => (await sink.stats()).distinct >= written, 30_000);
    const { distinct, repeated } = await sink.stats();
    return { written, lost: written - distinct, repeated, ...summarise(samples, minutes / 60), cpuPercent: (100 * cpuSeconds) / seconds };
  } finally {
    writer.stop();
    await agent.stop();
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarise(samples: readonly Sample[], hours: number): Omit<SteadyResult, 'written' | 'lost' | 'repeated' | 'cpuPercent'> {
  const warm = samples.filter((sample) => sample.hours > hours / 6);
  const descriptors = warm.map((sample) => sample.descriptors);
  return {
    slopeMibPerHour: slopeOf(warm),
    rssMibFirst: warm[0]?.rssMib ?? Number.NaN,
    rssMibLast: warm.at(-1)?.rssMib ?? Number.NaN,
    rssMibMax: Math.max(...samples.map((sample) => sample.rssMib)),
    descriptorsMin: Math.min(...descriptors),
    descriptorsMax: Math.max(...descriptors),
  };
}

function slopeOf(samples: readonly Sample[]): number {
  const count = samples.length;
  let x = 0;
  let y = 0;
  let xx = 0;
  let xy = 0;
  for (const { hours, rssMib } of samples) {
    x += hours;
    y += rssMib;
    xx += hours * hours;
    xy += hours * rssMib;
  }
  return (count * xy - x * y) / (count * xx - x * x);
}

function configOf(folder: string, endpoint: string): string {
  return `
receivers:
  file_log: { include: ['${folder}/app.log'], start_at: beginning }
exporters:
  otlp_http: { endpoint: '${endpoint}' }
extensions:
  file_storage: { directory: '${folder}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [file_log], exporters: [otlp_http] }
`;
}
