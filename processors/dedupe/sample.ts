import { ValueType, type LogBatch } from '#model';
import { variablesOf } from '#mining';

// Enough to recognise what differed.
const SAMPLE_CHARACTERS_MAX = 200;

/** What tells this record from others of its window: the variables of its template as a JSON array, else its text. */
export function sampleOf(batch: LogBatch, row: number): string {
  const template = batch.templateOf[row];
  const start = batch.bodyStart[row] as number;
  if (!template || batch.bodyType[row] !== ValueType.string) return cut(batch.bodyText(row));
  const bytes = start >= 0 ? batch.space.bytes : batch.space.side;
  const from = start >= 0 ? start : ~start;
  const ranges = variablesOf(template, bytes, from, from + (batch.bodySize[row] as number));
  if (!ranges) return cut(batch.bodyText(row));
  const values: string[] = [];
  for (let i = 0; i < ranges.length; i += 2) values.push(cut(bytes.toString('utf8', ranges[i], ranges[i + 1])));
  return JSON.stringify(values);
}

function cut(text: string): string {
  return text.length <= SAMPLE_CHARACTERS_MAX ? text : `${text.slice(0, SAMPLE_CHARACTERS_MAX)}…`;
}
