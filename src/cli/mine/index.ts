import { TemplateMiner, type Cluster, type MinedTemplate, type Source } from '#mining';
import { ExitCode } from '../exit-codes.ts';
import type { Shell } from '../shell.ts';
import { readLines } from './lines.ts';

export interface MineFlags {
  readonly format: 'tsv' | 'json';
  readonly header: 'auto' | 'none';
  readonly asAssigned?: boolean;
  readonly summary?: boolean;
}

// As many lines as the agent takes in at once when a file is read from its beginning.
const BATCH_LINES = 512;
const PRIME_LINES = 256;
const WRITE_CHARACTERS = 64 * 1024;

/**
 * Names the template of every line of some files, in their order. Without `--as-assigned` nothing is written before a
 * file is at its end, and each line has the template it belongs to then.
 */
export function mine(files: readonly string[], flags: MineFlags, shell: Shell): number {
  // A bound on templates is for an agent that runs for months; here the answer for each line has to be final.
  const miner = new TemplateMiner({ header: flags.header, clustersMax: 1_000_000, sourcesMax: Math.max(1, files.length) });
  const rows = new Rows(flags.format, shell);
  for (const file of files) mineFile(file, miner, flags, rows);
  rows.flush();
  return ExitCode.ok;
}

function mineFile(file: string, miner: TemplateMiner, flags: MineFlags, rows: Rows): void {
  const source = miner.source(file);
  const clusters: Cluster[] = [];
  let batch: Cluster[] = [];
  const endBatch = (isLast: boolean): void => {
    miner.settle(isLast);
    if (flags.asAssigned) for (const cluster of batch) rows.add(originOf(miner.template(cluster)), miner.template(cluster).text);
    else for (const cluster of batch) clusters.push(cluster);
    batch = [];
  };
  readLines(file, (bytes, positions) => {
    if (source.needsPriming) source.prime(firstLines(bytes, positions));
    for (let i = 0; i < positions.length; i += 2) {
      batch.push(miner.observe(bytes, positions[i] as number, positions[i + 1] as number, source));
      if (batch.length >= BATCH_LINES) endBatch(false);
    }
  });
  endBatch(true);
  if (flags.summary) writeSummary(source, miner, rows);
  else for (const cluster of clusters) rows.add(miner.template(cluster).id, miner.template(cluster).text);
}

function firstLines(bytes: Buffer, positions: Int32Array): string[] {
  const lines: string[] = [];
  for (let i = 0; i < positions.length && lines.length < PRIME_LINES; i += 2) {
    lines.push(bytes.toString('latin1', positions[i], positions[i + 1]));
  }
  return lines;
}

/** The id a template had at first, which does not change when it becomes more general. */
function originOf({ id, ancestors }: MinedTemplate): string {
  return ancestors[0] ?? id;
}

function writeSummary({ clusters }: Source, miner: TemplateMiner, rows: Rows): void {
  const counts = new Map<MinedTemplate, number>();
  for (const cluster of clusters) {
    const template = miner.template(cluster);
    counts.set(template, (counts.get(template) ?? 0) + cluster.count);
  }
  for (const [{ id, text }, count] of [...counts].toSorted((a, b) => b[1] - a[1])) rows.add(id, text, count);
}

/** Writes rows in pieces large enough to be few. */
class Rows {
  readonly #format: MineFlags['format'];
  readonly #shell: Shell;
  #text = '';

  constructor(format: MineFlags['format'], shell: Shell) {
    this.#format = format;
    this.#shell = shell;
  }

  add(id: string, template: string, count?: number): void {
    if (this.#format === 'json') this.#text += `${JSON.stringify(count === undefined ? { id, template } : { count, id, template })}\n`;
    else this.#text += `${count === undefined ? '' : `${count}\t`}${id}\t${template.replace(/[\t\r\n]/g, ' ')}\n`;
    if (this.#text.length >= WRITE_CHARACTERS) this.flush();
  }

  flush(): void {
    this.#shell.out(this.#text);
    this.#text = '';
  }
}
