import colors from 'picocolors';
import { requestStatus, NoAgentError, type StatusReport } from '../control/index.ts';
import { ExitCode } from './exit-codes.ts';
import type { Shell } from './shell.ts';
import { directoryOfAgent, type AgentFlags } from './agent-directory.ts';

export interface StatusFlags extends AgentFlags {
  readonly json?: boolean;
}

/** Exit code 0: everything works or mends itself. 1: no agent answers, or a component needs attention. */
export async function status(flags: StatusFlags, shell: Shell): Promise<number> {
  const report = await ask(flags, shell);
  if (!report) return ExitCode.failure;
  shell.out(flags.json ? `${JSON.stringify(report, null, 2)}\n` : format(report));
  const isWell = Object.values(report.components).every((component) => component.status !== 'permanent');
  return isWell ? ExitCode.ok : ExitCode.failure;
}

async function ask(flags: StatusFlags, shell: Shell): Promise<StatusReport | undefined> {
  try {
    return await requestStatus(await directoryOfAgent(flags, shell));
  } catch (error) {
    if (!(error instanceof NoAgentError)) throw error;
    shell.err(`winnow: ${error.message}\n`);
    return undefined;
  }
}

function format(report: StatusReport): string {
  const { books } = report;
  const parts = [
    headLines(report),
    componentLines(report),
    table([['receiver', 'accepted', 'refused'], ...books.receivers.map((book) => [book.receiver, book.accepted, book.refused])]),
    pipelineLines(books.pipelines),
    connectorLines(books.connectors),
    exporterLines(books.exporters),
    queueLines(report),
    fileLines(report),
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

type Books = StatusReport['books'];

function headLines({ version, pid, uptime_seconds: uptime, memory_rss_bytes: rss, is_ready: isReady, ...report }: StatusReport): string[] {
  return [
    `winnow ${version}, pid ${pid}, up ${formatDuration(uptime)}, ${Math.round(rss / 1024 / 1024)} MB, ${isReady ? 'ready' : 'not ready'}`,
    `configuration  ${report.config.join(', ')} (generation ${report.generation})`,
    `storage        ${report.storage}`,
  ];
}

function componentLines({ components }: StatusReport): string[] {
  const rows = Object.entries(components).map(([name, { status: state, since, message }]) => [name, paint(state), since, message ?? '']);
  return table([['component', 'status', 'since', ''], ...rows]);
}

function pipelineLines(books: Books['pipelines']): string[] {
  return table([
    ['pipeline', 'accepted', 'created', 'restored', '= passed', 'suppressed', 'merged', 'dropped', 'held', 'on the way'],
    ...books.map((book) => [
      book.pipeline,
      book.accepted,
      book.created,
      book.restored,
      book.passed,
      book.suppressed,
      book.merged,
      reasons(book.dropped),
      book.held,
      book.difference,
    ]),
  ]);
}

function connectorLines(books: Books['connectors']): string[] {
  if (books.length === 0) return [];
  return table([
    ['connector', 'accepted', 'created', '= passed', 'merged', 'dropped', 'abandoned', 'held', 'on the way'],
    ...books.map((book) => [
      book.connector,
      book.accepted,
      book.created,
      book.passed,
      book.merged,
      reasons(book.dropped),
      book.abandoned,
      book.held,
      book.difference,
    ]),
  ]);
}

function exporterLines(books: Books['exporters']): string[] {
  return table([
    ['exporter', 'accepted', 'restored', '= sent', 'dropped', 'abandoned', 'held', 'on the way'],
    ...books.map((book) => [
      book.exporter,
      book.accepted,
      book.restored,
      book.sent,
      reasons(book.dropped),
      book.abandoned,
      book.held,
      book.difference,
    ]),
  ]);
}

function queueLines({ queues }: StatusReport): string[] {
  if (queues.length === 0) return [];
  return table([['queue', 'size', 'capacity'], ...queues.map(({ exporter, size, capacity }) => [exporter, size, capacity])]);
}

function fileLines({ files }: StatusReport): string[] {
  if (files.length === 0) return [];
  return table([
    ['files', 'followed', 'open', 'bytes behind'],
    ...files.map(({ receiver, followed, open, behind_bytes: behind }) => [receiver, followed, open, behind]),
  ]);
}

function reasons(dropped: Readonly<Record<string, number>>): string {
  const known = Object.entries(dropped).filter(([, count]) => count > 0);
  return known.length === 0 ? '0' : known.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

function paint(state: string): string {
  if (state === 'ok') return colors.green(state);
  return state === 'permanent' ? colors.red(state) : colors.yellow(state);
}

function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const text = rows.map((row) => row.map(String));
  const widths = (text[0] ?? []).map((_, column) => Math.max(...text.map((row) => visibleLength(row[column] ?? ''))));
  return text.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - visibleLength(cell)))
      .join('  ')
      .trimEnd(),
  );
}

function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape sequences of colours are what is taken out
  return text.replace(/\u001b\[[0-9;]*m/g, '').length;
}

function formatDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 0) return `${days}d ${hours}h`;
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
}
