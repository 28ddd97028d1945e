import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { AnomalyEngine, describeIncident, type EngineOptions, type Incident, type Phase } from '#anomaly';
import { ConfigError, parseDuration, messageOf } from '#component';
import { TemplateMiner } from '#mining';
import { ExitCode } from '../exit-codes.ts';
import type { Shell } from '../shell.ts';
import { lines } from './lines.ts';
import { StreamReader } from './stream-record.ts';

export interface DetectFlags {
  readonly input?: string;
  readonly output?: string;
  readonly warmUp: string;
  readonly falseAlarms: string;
  readonly closed?: boolean;
}

/** Reads records as NDJSON, in order of their time, and writes one line for each anomaly, and for each time one gets worse. */
export async function detect(flags: DetectFlags, shell: Shell): Promise<number> {
  const target = flags.output === undefined ? undefined : await open(flags.output, 'w');
  let pending = '';
  const engine = new AnomalyEngine(optionsOf(flags), (incident, phase) => {
    if (phase === 'closed' ? flags.closed === true : flags.closed !== true) pending += `${lineOf(incident, phase)}\n`;
  });
  const flush = async (): Promise<void> => {
    if (pending === '') return;
    if (target) await target.write(pending);
    else shell.out(pending);
    pending = '';
  };
  const reader = new StreamReader(new TemplateMiner());
  try {
    for await (const line of lines(flags.input === undefined ? process.stdin : createReadStream(flags.input))) {
      if (reader.read(line)) engine.observe(reader.source, reader.observation);
      if (pending !== '') await flush();
    }
    engine.close();
    await flush();
  } finally {
    await target?.close();
  }
  if (reader.unreadable > 0)
    shell.err(
      `winnow detect: passed over ${reader.unreadable === 1 ? '1 line' : `${reader.unreadable} lines`} without a time in "ts", or no JSON\n`,
    );
  return ExitCode.ok;
}

function optionsOf({ warmUp, falseAlarms }: DetectFlags): Partial<EngineOptions> {
  const perDay = Number(falseAlarms);
  if (!(perDay > 0)) {
    throw new ConfigError([{ path: '--false-alarms', message: `expected a number above 0 such as 0.2, got "${falseAlarms}"` }]);
  }
  return { warmUpMs: warmUpOf(warmUp), falseAlarmsPerDay: perDay };
}

function warmUpOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ConfigError([{ path: '--warm-up', message: messageOf(error) }], { cause: error });
  }
}

function lineOf(incident: Incident, phase: Phase): string {
  const { start, end, detectedAt, type, source, strength } = incident;
  const at = phase === 'updated' ? end : detectedAt;
  return JSON.stringify({ start, end, detected_at: at, type, source, score: round(strength), phase, ...describeIncident(incident) });
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
