/**
 * `npm run bench`: CPU seconds per million records, by stage and from file to backend, beside what `gzip -1` takes for the
 * same file in the same run. Machines differ and are noisy: compare the ratios.
 *
 *   npm run bench -- [--records 1000000] [--only name,name] [--json FILE] [--write-docs]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SHAPES, writeLogFile, type Shape } from './log-lines.ts';
import type { Measurement } from './measurement.ts';

const root = resolve(import.meta.dirname, '../..');
const docs = join(root, 'docs', 'benchmarks.md');

/** Each runs in a process of its own, so that none pays for another's heap. */
const STAGES: readonly { readonly name: string; readonly shape: Shape }[] = [
  { name: 'read-split', shape: 'nginx' },
  { name: 'json', shape: 'json' },
  { name: 'json-hard', shape: 'json-hard' },
  { name: 'regex', shape: 'nginx' },
  { name: 'timestamp', shape: 'json' },
  { name: 'severity', shape: 'json' },
  { name: 'redact', shape: 'json' },
  { name: 'template', shape: 'json' },
  { name: 'dedupe', shape: 'json' },
  { name: 'anomaly', shape: 'json' },
  { name: 'mine-nginx', shape: 'nginx' },
  { name: 'mine-app', shape: 'app' },
  { name: 'otlp-write', shape: 'nginx' },
  { name: 'compress', shape: 'nginx' },
  { name: 'compress-zstd', shape: 'nginx' },
  { name: 'queue', shape: 'nginx' },
  { name: 'send', shape: 'nginx' },
  { name: 'whole-nginx', shape: 'nginx' },
  { name: 'whole-nginx-disk', shape: 'nginx' },
  { name: 'whole-nginx-zstd', shape: 'nginx' },
  { name: 'whole-nginx-gzip', shape: 'nginx' },
  { name: 'whole-nginx-regex', shape: 'nginx' },
  { name: 'whole-json', shape: 'json' },
  { name: 'whole-json-zstd', shape: 'json' },
  { name: 'whole-json-hard', shape: 'json-hard' },
  { name: 'whole-json-processors', shape: 'json' },
  { name: 'whole-app-processors', shape: 'app' },
  { name: 'pass-otlp', shape: 'json' },
  { name: 'pass-otlp-64', shape: 'json' },
  { name: 'pass-ndjson', shape: 'json' },
];

interface Row extends Measurement {
  readonly stage: string;
  readonly shape: Shape;
  readonly cpuSecondsPerMillion: number;
  /** CPU time divided by that of `gzip -1` for the same records. */
  readonly ratioToGzip: number;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const records = Number(values.records);
  const only = values.only?.split(',');
  const inputs = createInputs(records);
  const gzip = new Map<Shape, number>();
  const rows: Row[] = [];
  for (const { name, shape } of STAGES) {
    if (only && !only.includes(name)) continue;
    const input = inputs.get(shape) ?? '';
    if (!gzip.has(shape)) gzip.set(shape, gzipSecondsPerMillion(input, records));
    process.stderr.write(`${name} …\n`);
    const measured = measure(name, input);
    const cpuSecondsPerMillion = (measured.cpuSeconds / measured.records) * 1e6;
    rows.push({
      ...measured,
      stage: name,
      shape,
      cpuSecondsPerMillion,
      ratioToGzip: cpuSecondsPerMillion / (gzip.get(shape) ?? Number.NaN),
    });
  }
  const report = {
    machine: machine(),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    records,
    gzip: Object.fromEntries(gzip),
    rows,
  };
  const table = renderTable(report);
  console.log(table);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (values['write-docs']) pasteIntoDocs(table);
}

function createInputs(records: number): Map<Shape, string> {
  const folder = join(tmpdir(), 'winnow-bench');
  mkdirSync(folder, { recursive: true });
  const inputs = new Map<Shape, string>();
  for (const shape of SHAPES) {
    const path = join(folder, `${shape}-${records}.log`);
    if (!existsSync(path)) writeLogFile(path, shape, records);
    inputs.set(shape, path);
  }
  return inputs;
}

function measure(name: string, input: string): Measurement {
  const args = ['--conditions=winnow-source', join(import.meta.dirname, 'one.ts'), name, input];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root });
  if (status !== 0) throw new Error(`${name} ended with ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measurement;
}

function gzipSecondsPerMillion(input: string, records: number): number {
  const script = 'gzip -1 < "$0" > /dev/null; times';
  const children = execFileSync('sh', ['-c', script, input], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  let seconds = 0;
  for (const [, minutes, rest] of children.matchAll(/(\d+)m([\d.]+)s/g)) seconds += Number(minutes) * 60 + Number(rest);
  return (seconds / records) * 1e6;
}

function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${process.platform} ${process.arch}`;
}

function renderTable({
  machine: on,
  node,
  date,
  records,
  gzip,
  rows,
}: {
  machine: string;
  node: string;
  date: string;
  records: number;
  gzip: Record<string, number>;
  rows: readonly Row[];
}): string {
  const reference = Object.entries(gzip).map(([shape, seconds]) => `${shape} ${seconds.toFixed(2)} s`);
  return [
    `${date}, Node ${node}, ${on}, ${records} records. \`gzip -1\` of a million records: ${reference.join(', ')}.`,
    '',
    '| Stage | Input | CPU s per million | Ratio to `gzip -1` | Peak RSS, MiB |',
    '| --- | --- | ---: | ---: | ---: |',
    ...rows.map(
      ({ stage, shape, cpuSecondsPerMillion, ratioToGzip, peakRssMib }) =>
        `| ${stage} | ${shape} | ${cpuSecondsPerMillion.toFixed(2)} | ${ratioToGzip.toFixed(2)} | ${peakRssMib === undefined ? '' : peakRssMib.toFixed(0)} |`,
    ),
  ].join('\n');
}

function pasteIntoDocs(table: string): void {
  const text = readFileSync(docs, 'utf8');
  const [before, rest = ''] = text.split('<!-- bench:start -->');
  const after = rest.split('<!-- bench:end -->')[1];
  if (after === undefined) throw new Error(`${docs} lacks the markers bench:start and bench:end`);
  writeFileSync(docs, `${before}<!-- bench:start -->\n\n${table}\n\n<!-- bench:end -->${after}`);
}

main();
