/**
 * `npm run demo`: runs the agent with config/demo.yaml on this host's own logs and on a sample service that logs a few
 * realistic lines a second, and shows what flows until Ctrl-C.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import pc from 'picocolors';
import { startSampleService } from './sample-service.ts';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, '.winnow', 'demo');
const output = join(folder, 'out.jsonl');
const agentLog = join(folder, 'agent.log');
const METRICS_URL = `http://localhost:${process.env['PROM_PORT'] ?? '8888'}/metrics`;
const REFRESH_MS = 1000;

interface Figures {
  readonly accepted: number;
  readonly sent: number;
  readonly held: number;
  readonly files: number;
  readonly lagBytes: number;
  readonly rssMib: number;
  readonly cpuSeconds: number;
}

async function main(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const service = startSampleService({ path: join(folder, 'sample.log'), linesPerSecond: 40 });
  const log = createWriteStream(agentLog);
  const agent = spawn(join(root, 'bin', 'winnow'), ['run', '--config', join(root, 'config', 'demo.yaml')], {
    env: { ...process.env, WINNOW_DEMO_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a group of its own: Ctrl-C reaches this process alone, which then stops the agent.
    detached: true,
  });
  agent.stdout.pipe(log);
  agent.stderr.pipe(log);
  printHeader();

  let previous: Figures | undefined;
  const timer = setInterval(() => {
    void readFigures().then((figures) => {
      if (figures) show(figures, previous);
      previous = figures ?? previous;
    });
  }, REFRESH_MS);
  let isStopping = false;
  // npm passes on the Ctrl-C that this process has had from the terminal, and a second SIGTERM would cut the agent short.
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    clearInterval(timer);
    service.stop();
    if (agent.exitCode === null) agent.kill('SIGTERM');
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // The terminal was closed. The agent would go on: to it SIGHUP says that its files are to be opened anew.
  process.on('SIGHUP', stop);
  process.stdout.on('error', stop);
  const code = await new Promise<number | null>((done) => agent.once('exit', done));
  stop();
  printEnd(code);
  process.exitCode = code ?? 1;
}

/** The agent's own metrics, or undefined while it does not answer. */
async function readFigures(): Promise<Figures | undefined> {
  try {
    const answer = await fetch(METRICS_URL, { signal: AbortSignal.timeout(REFRESH_MS) });
    const text = await answer.text();
    return {
      accepted: sum(text, 'otelcol_receiver_accepted_log_records'),
      sent: sum(text, 'otelcol_exporter_sent_log_records'),
      held: sum(text, 'winnow_exporter_held_log_records'),
      files: sum(text, 'otelcol_fileconsumer_open_files'),
      lagBytes: sum(text, 'winnow_file_log_size_bytes') - sum(text, 'winnow_file_log_offset_bytes'),
      rssMib: sum(text, 'otelcol_process_memory_rss') / 1024 / 1024,
      cpuSeconds: sum(text, 'otelcol_process_cpu_seconds'),
    };
  } catch {
    return undefined;
  }
}

function sum(text: string, name: string): number {
  let total = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:_total)?(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))) total += Number(value);
  return total;
}

function printHeader(): void {
  const at = (path: string): string => relative(process.cwd(), path) || path;
  console.log(`${pc.bold('Winnow demo')}: this host's logs and a sample service. Ctrl-C stops.\n`);
  console.log(`  reads    /var/log/*.log and ${at(join(folder, 'sample.log'))}`);
  console.log(`  writes   ${pc.cyan(at(output))}   (try: tail -f ${at(output)})`);
  console.log(`  tells    ${METRICS_URL}, http://localhost:13133`);
  console.log(`  its log  ${at(agentLog)}\n`);
  // One line of figures fits a terminal of 80 columns: \r goes to the start of the last one only.
  console.log(pc.dim('  records in  rate/s   written  held  files  lag bytes  out MiB  CPU s  RSS MiB'));
}

function show(now: Figures, before: Figures | undefined): void {
  const rate = before ? (now.accepted - before.accepted) / (REFRESH_MS / 1000) : 0;
  const size = existsSync(output) ? statSync(output).size : 0;
  const columns: [string, number][] = [
    [String(now.accepted), 12],
    [rate.toFixed(0), 8],
    [String(now.sent), 10],
    [String(now.held), 6],
    [String(now.files), 7],
    [String(Math.max(0, now.lagBytes)), 11],
    [(size / 1024 / 1024).toFixed(2), 9],
    [now.cpuSeconds.toFixed(2), 7],
    [now.rssMib.toFixed(0), 9],
  ];
  const line = columns.map(([text, width]) => text.padStart(width)).join('');
  // On a terminal the figures stay in their place; in a file each moment is a line.
  process.stdout.write(process.stdout.isTTY ? `\r${line}` : `${line}\n`);
}

function printEnd(code: number | null): void {
  const lines = existsSync(output) ? `${relative(process.cwd(), output)} has ${statSync(output).size} bytes` : 'nothing was written';
  console.log(`\n\nThe agent has stopped (exit code ${code ?? 'none'}); ${lines}.`);
  if (code !== 0) console.log(pc.red(`Its log tells why: ${relative(process.cwd(), agentLog)}`));
}

await main();
