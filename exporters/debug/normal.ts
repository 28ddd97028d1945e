import type pc from 'picocolors';
import { severityName, toJson, utcText, type AttributeValue, type LogBatch } from '#model';
import { printable } from './printable.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** A record on one line: time, severity, body, attributes. */
export function normalLine(batch: LogBatch, row: number, colors: Colors): string {
  const severity = batch.severity[row] as number;
  const name = batch.severityText(row) || severityName(severity);
  let line = `${colors.dim(timeOf(batch, row))} ${colorOf(severity, colors)(printable(name).padEnd(5))} ${printable(batch.bodyText(row))}`;
  for (const [key, value] of batch.attributesOf(row)) line += ` ${colors.dim(`${printable(key)}=`)}${valueOf(value)}`;
  return `${line}\n`;
}

/** The record's time; when it has none, the time it was seen. In UTC, to the millisecond. */
function timeOf(batch: LogBatch, row: number): string {
  return utcText((batch.timeMs[row] as number) || (batch.observedMs[row] as number));
}

function valueOf(value: AttributeValue): string {
  if (typeof value !== 'string') return printable(toJson(value));
  return /^[^\s"=]+$/.test(value) ? printable(value) : printable(JSON.stringify(value));
}

function colorOf(severity: number, colors: Colors): (text: string) => string {
  if (severity >= 17) return colors.red;
  if (severity >= 13) return colors.yellow;
  return severity >= 9 ? colors.green : colors.dim;
}
