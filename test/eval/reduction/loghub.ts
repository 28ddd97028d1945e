import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { START_MS, seeded, severityOf, type Corpus, type Line } from './corpus.ts';

const ROWS = 200_000;

interface Sample {
  /** Text and variables by turns, the message put together. */
  readonly pieces: readonly string[];
  readonly severity: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Samples of LogHub in their own order, again and again up to 200,000 lines. In every repetition each variable of the
 * labelled template that contains a digit gets other digits, as many as it had; words stay. The samples cover hours to
 * months, so their own times say nothing about a busy service: the lines come `perSecond`, evenly.
 *
 * The header before the message is taken as parsed: its level is the severity, its time the time, and what else is in it
 * (process, thread, component) one attribute.
 */
export function loghubCorpora(folder: string, perSecond: number): Corpus[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('_2k.gt.tsv'));
  return names.toSorted().map((file) => {
    const name = file.replace('_2k.gt.tsv', '');
    const samples = read(join(folder, file), join(folder, `${name}_2k.log`));
    return { name, origin: `LogHub, ${perSecond} lines/s`, lines: () => repeat(samples, perSecond) };
  });
}

function read(labels: string, lines: string): Sample[] {
  const [head = '', ...rows] = readFileSync(labels, 'utf8').trimEnd().split('\n');
  const columns = head.split('\t');
  const raw = readFileSync(lines, 'utf8').split('\n');
  return rows.map((row, i) => {
    const cells = row.split('\t');
    const cell = (name: string): string => cells[columns.indexOf(name)] ?? '';
    const line = raw[i] ?? '';
    const start = Number(cell('content_start'));
    const header = line.slice(0, start);
    return {
      pieces: piecesOf(line.slice(start), cell('corrected_template')),
      severity: severityOf(header),
      attributes: { 'log.header': header.split(/\s+/).filter(isNoTime).join(' ') },
    };
  });
}

/** True for what is left of a header without its time. */
function isNoTime(word: string): boolean {
  return /[a-z]/i.test(word) && !/^\[?(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)$/.test(word);
}

function piecesOf(message: string, template: string): string[] {
  const constants = template.split('<*>').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const match = new RegExp(`^(${constants.join(')(.*?)(')})$`, 's').exec(message);
  // A label that does not describe its line: then every word with a digit varies.
  return match ? match.slice(1) : message.split(/(\S*[0-9]\S*)/);
}

function* repeat(samples: readonly Sample[], perSecond: number): Generator<Line> {
  const random = seeded(1);
  for (let i = 0; i < ROWS; i++) {
    const { pieces, severity, attributes } = samples[i % samples.length] as Sample;
    const isFirst = i < samples.length;
    const body = isFirst ? pieces.join('') : pieces.map((piece, at) => (at % 2 === 0 ? piece : fresh(piece, random))).join('');
    yield { body, timeMs: START_MS + Math.floor((i / perSecond) * 1000), severity, attributes };
  }
}

function fresh(value: string, random: () => number): string {
  return value.replace(/[0-9]/g, (digit) => String(digit === '0' ? 0 : Math.floor(random() * 9) + 1));
}
