/**
 * Goal: what one agent writes and rotates, another one reads back whole, whatever dies. Method: an agent follows a log and
 * writes files that are rotated and compressed; another one follows those and sends to a backend that counts sequence
 * numbers; both are killed at random moments. The seed is printed.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom } from '../bench/log-lines.ts';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { startSequenceSink } from '../helpers/sequence-sink.ts';
import { RotatingWriter } from './crash.ts';

const SEED = Number(process.env['WINNOW_TEST_SEED'] ?? Date.now() % 1_000_000);
const KILLS = 6;
const DRAIN_MS = 60_000;

function agentIn(folder: string, name: string, receiver: string, exporter: string): Agent {
  const own = join(folder, name);
  mkdirSync(own);
  const config = `
receivers:
  file_log: ${receiver}
exporters:
  ${exporter}
extensions:
  file_storage: { directory: '${own}/storage', create_directory: true }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [file_log], exporters: [${exporter.slice(0, exporter.indexOf(':'))}] }
`;
  return new Agent({ folder: own, config });
}

test.for(['none', 'gzip', 'zstd'] as const)(
  'file → file_log loses nothing under kill -9 of both, backups compressed with %s',
  { timeout: 150_000, retry: 0 },
  async (compression) => {
    console.info(`seed ${SEED}`);
    const random = createRandom(SEED);
    const folder = createFolder();
    const out = join(folder, 'out');
    const sink = await startSequenceSink();
    const rotation = `{ max_megabytes: 1, max_backups: 0, compression: ${compression} }`;
    const writing = agentIn(
      folder,
      'writing',
      `{ include: ['${folder}/app.log'], start_at: beginning }`,
      `file: { path: '${out}/records.jsonl', format: flat_json, create_directory: true, rotation: ${rotation} }`,
    );
    const reading = agentIn(
      folder,
      'reading',
      `{ include: ['${out}/records*.jsonl', '${out}/records*.gz', '${out}/records*.zst'], start_at: beginning, compression: auto }`,
      `otlp_http: { endpoint: '${sink.endpoint}', compression: none, sending_queue: { storage: file_storage } }`,
    );
    const agents = [writing, reading];
    const writer = new RotatingWriter(join(folder, 'app.log'), { linesPerSecond: 5000, rotateEvery: 7000, seed: SEED });
    try {
      for (const agent of agents) agent.start();
      await eventually(() => ['writing', 'reading'].every((name) => existsSync(join(folder, name, 'storage', 'winnow.sock'))), 20_000);
      writer.start();
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(600 + random(900));
        const victims = agents.filter((_, i) => kill % 3 === 2 || i === kill % 3);
        await Promise.all(victims.map((victim) => victim.stop('SIGKILL')));
        await sleep(random(500));
        for (const victim of victims) victim.start();
      }
      await sleep(1000);
      const written = writer.stop();
      await eventually(async () => (await sink.stats()).distinct >= written, DRAIN_MS);
      const { distinct, repeated } = await sink.stats();
      console.info(`${written} written, ${repeated} repeated`);
      const lost = await sink.missing(written);

      expect(written - distinct, `of ${written}, seed ${SEED}, first ${lost.slice(0, 5).join()}\n${reading.output.slice(-2000)}`).toBe(0);
      // Otherwise nothing was rotated, and the test shows nothing.
      const backups = readdirSync(out).filter((name) => name.includes('-size'));
      expect(backups.length).toBeGreaterThanOrEqual(3);
      const suffix = { none: '.jsonl', gzip: '.gz', zstd: '.zst' }[compression];
      expect(backups.some((name) => name.endsWith(suffix))).toBe(true);
    } finally {
      writer.stop();
      for (const agent of agents) await agent.stop('SIGKILL');
      sink.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
