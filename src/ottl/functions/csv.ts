import { OttlProblem } from '../problem.ts';

export const CSV_MODES = ['strict', 'lazyQuotes', 'ignoreQuotes'] as const;
export type CsvMode = (typeof CSV_MODES)[number];

/** The fields of one row. A quote inside quotes is written twice; line breaks are part of a field. Throws OttlProblem. */
export function splitCsv(row: string, delimiter: string, mode: CsvMode): string[] {
  if (mode === 'ignoreQuotes') return row.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; at <= row.length;) {
    const end = row[at] === '"' ? quotedEnd(row, at, delimiter, mode) : plainEnd(row, at, delimiter, mode);
    const field = row.slice(at, end);
    fields.push(row[at] === '"' ? field.slice(1, field.endsWith('"') && field.length > 1 ? -1 : undefined).replaceAll('""', '"') : field);
    at = end + delimiter.length;
    if (end >= row.length) break;
  }
  return fields;
}

function plainEnd(row: string, from: number, delimiter: string, mode: CsvMode): number {
  const found = row.indexOf(delimiter, from);
  const end = found < 0 ? row.length : found;
  const quote = row.indexOf('"', from);
  if (mode === 'strict' && quote >= 0 && quote < end) throw new OttlProblem('ParseCSV: a quote stands in a field without quotes around it');
  return end;
}

function quotedEnd(row: string, from: number, delimiter: string, mode: CsvMode): number {
  for (let at = from + 1; at < row.length; at++) {
    if (row[at] !== '"') continue;
    if (row[at + 1] === '"') at++;
    else if (at + 1 === row.length || row.startsWith(delimiter, at + 1)) return at + 1;
    else if (mode === 'strict') throw new OttlProblem('ParseCSV: text stands behind a field in quotes');
  }
  if (mode === 'strict') throw new OttlProblem('ParseCSV: a quote without its end');
  return row.length;
}
