/**
 * How well anomalies are found: the labelled streams of a generator, seeds 1 to 20, and the series of the Numenta Anomaly
 * Benchmark. Neither the data nor the scorers are part of this repository.
 *
 *   npm run eval:anomalies -- [FOLDER] [--tools DIR] [--seeds 1-20] [--verbose]
 *
 * FOLDER (see eval-data.ts) holds `loghub/` and `nab/`; the tools (or WINNOW_EVAL_TOOLS, else `../tools` beside the data) are
 * gen_anomalies.mjs, score_anomalies.mjs and score_nab.mjs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AnomalyEngine, SeriesDetector, type Incident } from '#anomaly';
import { TemplateMiner } from '#mining';
import { StreamReader } from '../../src/cli/detect/stream-record.ts';
import { evalData } from './eval-data.ts';

interface Alarm {
  readonly start: number;
  readonly end: number;
  readonly detected_at: number;
  readonly type: string;
  readonly source: string;
}

interface Generator {
  generate(this: void, options: { seed: string; dataDir: string; days: number }): { events: readonly unknown[]; truth: { lines: number } };
}

interface Scorer {
  score(this: void, truth: unknown, predictions: readonly Alarm[]): unknown;
  summarise(this: void, results: readonly unknown[]): Readonly<Record<string, unknown>>;
  print(this: void, summary: unknown, results: readonly unknown[], verbose: boolean): void;
}

// What NAB leaves out of the score at the start of each series.
const PROBATION = 0.15;
// NAB's windows are tenths of a series; one anomaly shall give one alarm.
const PAUSE = 0.03;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tools: { type: 'string' },
    seeds: { type: 'string', default: '1-20' },
    verbose: { type: 'boolean', default: false },
  },
});
const dataFolder = evalData(positionals[0], '.');
if (dataFolder !== undefined) {
  const toolsFolder = resolve(flags.tools ?? process.env['WINNOW_EVAL_TOOLS'] ?? join(dataFolder, '../tools'));
  if (existsSync(toolsFolder)) {
    await scoreStreams(resolve(dataFolder), toolsFolder);
    scoreSeries(resolve(dataFolder), toolsFolder);
  } else {
    console.error(`There is no ${toolsFolder}: name the folder of the generator and the scorers with --tools or WINNOW_EVAL_TOOLS.`);
    process.exitCode = 2;
  }
}

async function scoreStreams(folder: string, tools: string): Promise<void> {
  const { generate } = (await import(join(tools, 'gen_anomalies.mjs'))) as Generator;
  const { score, summarise, print } = (await import(join(tools, 'score_anomalies.mjs'))) as Scorer;
  const results: unknown[] = [];
  let slowest = 0;
  for (const seed of seedsOf(flags.seeds)) {
    const { events, truth } = generate({ seed: String(seed), dataDir: join(folder, 'loghub'), days: 4 });
    const before = performance.now();
    results.push(score(truth, detect(events)));
    const seconds = (performance.now() - before) / 1000;
    slowest = Math.max(slowest, (seconds / truth.lines) * 300_000);
  }
  process.stdout.write(`streams, seeds ${flags.seeds}\n`);
  print(summarise(results), results, flags.verbose);
  process.stdout.write(`slowest stream: ${slowest.toFixed(1)} s for each 300,000 lines, JSON.parse and template mining included\n\n`);
}

/** The alarms, as `winnow detect` prints them. */
function detect(events: readonly unknown[]): Alarm[] {
  const alarms: { incident: Incident; at: number }[] = [];
  const engine = new AnomalyEngine({}, (incident, phase) => {
    if (phase === 'opened') alarms.push({ incident, at: incident.detectedAt });
    if (phase === 'updated') alarms.push({ incident, at: incident.end });
  });
  const reader = new StreamReader(new TemplateMiner());
  for (const event of events) if (reader.read(Buffer.from(JSON.stringify(event)))) engine.observe(reader.source, reader.observation);
  engine.close();
  return alarms.map(({ incident: { start, end, type, source }, at }) => ({ start, end: Math.min(end, at), detected_at: at, type, source }));
}

function seedsOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** One threshold over all series; half the benchmark, chosen on the very series it is scored on, as NAB's own tables are. */
function scoreSeries(folder: string, tools: string): void {
  const source = join(folder, 'nab');
  const windows = JSON.parse(readFileSync(join(source, 'windows.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const target = mkdtempSync(join(tmpdir(), 'winnow-eval-'));
  for (const name of Object.keys(windows)) {
    const rows = readFileSync(join(source, name), 'utf8').trim().split(/\r?\n/).slice(1);
    const detector = new SeriesDetector({
      probation: Math.min(Math.floor(rows.length * PROBATION), PROBATION * 5000),
      pause: Math.floor(rows.length * PAUSE),
    });
    const scores = rows.map((row) => {
      const [time, value] = row.split(',');
      return `${time},${detector.observe(Number(value))}`;
    });
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), `timestamp,anomaly_score\n${scores.join('\n')}\n`);
  }
  const { stdout, stderr } = spawnSync(process.execPath, [join(tools, 'score_nab.mjs'), '--data', source, '--pred', target]);
  rmSync(target, { recursive: true });
  process.stdout.write(`NAB, development half\n${stdout.toString()}${stderr.toString()}`);
}
