import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START_MS, severityOf, type Corpus, type Line } from './corpus.ts';

const RECORDS = 200_000;
// Its clock, by which the lines are stamped.
const PER_SECOND = 1000;
const SHAPES = ['app', 'json', 'nginx', 'syslog'] as const;

/** What the generator of the log-agent benchmark writes (`gen --shape … --records … --out …`), parsed. */
export function generatedCorpora(generator: string): Corpus[] {
  return SHAPES.map((shape) => ({ name: `gen ${shape}`, origin: `${PER_SECOND} lines/s`, lines: () => generate(generator, shape) }));
}

function* generate(generator: string, shape: (typeof SHAPES)[number]): Generator<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'winnow-eval-'));
  try {
    const path = join(folder, 'lines.log');
    execFileSync(generator, ['--shape', shape, '--records', String(RECORDS), '--out', path]);
    let i = 0;
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
      yield { ...parse(line, shape), timeMs: START_MS + Math.floor((i++ / PER_SECOND) * 1000) };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parse(line: string, shape: (typeof SHAPES)[number]): Omit<Line, 'timeMs'> {
  if (shape === 'json') {
    const { ts: _, message, level, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const attributes = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
    return { body: String(message), severity: severityOf(String(level)), attributes };
  }
  const [, header = '', message = line] = (HEADERS[shape]?.exec(line) ?? []) as string[];
  return { body: message, severity: severityOf(header), attributes: header === '' ? {} : { 'log.header': header } };
}

/** The time, what else stands before the message, the message. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  app: /^\S+ \S+ (\(\w+\) : {2}\w+ \([^)]*\)) - (.*)$/s,
  syslog: /^\w+ +\d+ \S+ (\S+ [^:]+): (.*)$/s,
};
