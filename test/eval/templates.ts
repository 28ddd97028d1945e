/**
 * Scores `winnow mine` on labelled lines: `npm run eval:templates -- [FOLDER]`; see eval-data.ts for the folder.
 *
 * The data are not part of this repository. The folder, or `loghub` in it, has pairs NAME_2k.log, the raw lines, and NAME_2k.gt.tsv with the
 * columns line, event_id, template, corrected_template and content_start (where the message begins in the raw line), as
 * made from LogHub-2k (github.com/logpai/loghub, free for research; cite Zhu et al., ISSRE 2023) with the corrections of
 * Khan et al., ICSE 2022.
 *
 * One configuration for all: none. Printed are messages alone, whole lines with their headers, and messages by the ids
 * that were assigned when a line came.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommandLine } from '../../src/cli/program.ts';
import { evalData } from './eval-data.ts';
import { score, type Prediction, type Scores } from './template-scores.ts';

interface Labelled {
  readonly name: string;
  readonly lines: readonly string[];
  readonly messages: readonly string[];
  readonly labels: readonly string[];
}

const MEASURES = ['GA', 'FGA', 'PA', 'FTA'] as const;

function readRows(path: string): string[] {
  return readFileSync(path, 'utf8')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
}

function load(folder: string): Labelled[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('_2k.gt.tsv'));
  return names.toSorted().map((file) => {
    const [head = '', ...rows] = readRows(join(folder, file));
    const columns = head.split('\t');
    const column = (row: string, name: string): string => row.split('\t')[columns.indexOf(name)] ?? '';
    const name = basename(file, '_2k.gt.tsv');
    const lines = readRows(join(folder, `${name}_2k.log`));
    const messages = lines.map((line, i) => line.slice(Number(column(rows[i] ?? '', 'content_start'))));
    return { name, lines, messages, labels: rows.map((row) => column(row, 'corrected_template')) };
  });
}

/** What `winnow mine` writes for these lines. */
async function mine(lines: readonly string[], flags: readonly string[]): Promise<Prediction[]> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-eval-'));
  const path = join(folder, 'lines.log');
  try {
    writeFileSync(path, `${lines.join('\n')}\n`);
    let output = '';
    const shell = {
      env: {},
      cwd: folder,
      isTerminal: false,
      version: '',
      out: (text: string) => void (output += text),
      err: (text: string) => void process.stderr.write(text),
      exit: (code: number) => void (process.exitCode = code),
    };
    await runCommandLine(['mine', ...flags, path], shell);
    const rows = output.replace(/\n$/, '').split('\n');
    if (rows.length !== lines.length) throw new Error(`winnow mine: expected ${lines.length} rows, got ${rows.length}`);
    return rows.map((row) => ({ id: row.slice(0, row.indexOf('\t')), template: row.slice(row.indexOf('\t') + 1) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(name: string, scores: Scores): void {
  console.log(`  ${name.padEnd(26)}${MEASURES.map((measure) => scores[measure].toFixed(3).padStart(8)).join('')}`);
}

function meanOf(all: readonly Scores[]): Scores {
  const mean = (measure: (typeof MEASURES)[number]): number => all.reduce((sum, scores) => sum + scores[measure], 0) / all.length;
  return { GA: mean('GA'), FGA: mean('FGA'), PA: mean('PA'), FTA: mean('FTA') };
}

async function main(folder: string): Promise<void> {
  const sets = load(folder);
  for (const [title, of, flags] of WAYS) {
    console.log(title.padEnd(28) + MEASURES.map((measure) => measure.padStart(8)).join(''));
    const all: Scores[] = [];
    for (const set of sets) {
      const scores = score(await mine(of(set), flags), set.labels);
      all.push(scores);
      print(set.name, scores);
    }
    print(`mean of ${sets.length}`, meanOf(all));
  }
}

const WAYS: readonly (readonly [title: string, of: (set: Labelled) => readonly string[], flags: readonly string[]])[] = [
  ['messages', (set) => set.messages, ['--header', 'none']],
  ['whole lines, headers found', (set) => set.lines, ['--header', 'auto']],
  ['messages, ids as assigned', (set) => set.messages, ['--header', 'none', '--as-assigned']],
];

const folder = evalData(process.argv[2], 'loghub');
if (folder !== undefined) await main(folder);
