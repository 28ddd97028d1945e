/**
 * Every configuration in config/ and every YAML block of the README runs as it stands: a real agent, a line that fits,
 * a backend that gets it. Only what names this host is replaced: folders, endpoints, ports.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';
import { startSequenceSink, type SequenceSink } from '../helpers/sequence-sink.ts';

const root = resolve(import.meta.dirname, '../..');
let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

interface Example {
  readonly name: string;
  readonly text: string;
}

const examples: Example[] = readdirSync(join(root, 'config'))
  // Those with Kafka run in kafka.test.ts, together.
  .filter((name) => name.endsWith('.yaml') && name !== 'demo.yaml' && !name.startsWith('kafka-'))
  .map((name) => ({ name: `config/${name}`, text: readFileSync(join(root, 'config', name), 'utf8') }));
for (const [, text = ''] of readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)) {
  examples.push({ name: `README.md, block ${examples.length}`, text });
}

const LINES: Readonly<Record<string, string>> = {
  'config/nginx.yaml': '1.2.3.4 - - [30/Jan/2026:14:39:06 +0000] "GET /a?seq=000000000 HTTP/1.1" 200 12 "-" "curl/8"\n',
  'config/json-logs.yaml': '{"ts":"2026-01-30T14:39:06.711Z","level":"warn","message":"slow seq=000000000"}\n',
  'config/routing.yaml': '{"ts":"2026-01-30T14:39:06.711Z","level":"error","message":"failed seq=000000000"}\n',
  'config/two-backends.yaml':
    '2026-01-30 14:39:06 ERROR failed seq=000000000\n\tat com.example.Shop.pay(Shop.java:7)\n2026-01-30 14:39:07 INFO next seq=000000001\n',
};
const PLAIN_LINE = 'a line seq=000000000\n';

async function startAgent({ name, text }: Example): Promise<{ folder: string; agent: Agent; sink: SequenceSink }> {
  const folder = createFolder();
  const sink = await startSequenceSink();
  mkdirSync(join(folder, 'logs'));
  const config = text
    .replaceAll(/include: .*/g, `include: ['${folder}/logs/*.log']`)
    .replaceAll(/health_check: \{\}/g, "health_check: { endpoint: 'localhost:0' }");
  const agent = new Agent({
    folder,
    config: `${config}\n# ${name}\n`,
    env: {
      OTLP_ENDPOINT: sink.endpoint,
      ARCHIVE_ENDPOINT: sink.endpoint,
      STATE_DIRECTORY: join(folder, 'state'),
      PROM_PORT: '0',
      LOG_METRICS_PORT: '0',
    },
  });
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  stop = async () => {
    await agent.stop('SIGKILL');
    sink.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  agent.start();
  return { folder, agent, sink };
}

describe('examples run', () => {
  test.for(examples)('$name', { timeout: 40_000 }, async (example) => {
    const { folder, agent, sink } = await startAgent(example);
    expect(await eventually(() => agent.output.includes('Winnow has started.'), 15_000), agent.output).toBe(true);

    appendFileSync(join(folder, 'logs', 'app.log'), LINES[example.name] ?? PLAIN_LINE);

    expect(await eventually(async () => (await sink.stats()).records > 0, 15_000), agent.output).toBe(true);
    expect(await agent.stop()).toBe(0);
    expect(agent.output).not.toMatch(/"severityText":"ERROR"|\bERROR\b/);
  });
});
