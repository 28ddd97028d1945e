import { RowProblem } from '#component';

/**
 * A statement or condition could not be carried out on a record: a value is of the wrong kind, a text is no JSON. The
 * record is as it was before the statement, unless an editor of many keys was half way through.
 */
export class OttlProblem extends RowProblem {}

// Wide enough to see where one is, narrow enough for one line of a terminal.
const SHOWN_BEFORE = 60;
const SHOWN_AFTER = 40;

/** A mistake in the text of an expression. The message shows the place, with a caret below it. */
export class OttlMistake extends RangeError {
  /** Offset into the expression, from 0. */
  readonly offset: number;

  constructor(source: string, offset: number, message: string) {
    super(`${placeOf(source, offset)}: ${message}\n${excerptOf(source, offset)}`);
    this.name = 'OttlMistake';
    this.offset = offset;
  }
}

function placeOf(source: string, offset: number): string {
  const before = source.slice(0, offset);
  const column = offset - before.lastIndexOf('\n');
  return source.trimEnd().includes('\n') ? `line ${before.split('\n').length}, column ${column}` : `column ${column}`;
}

function excerptOf(source: string, offset: number): string {
  // A negative place counts as 0 for lastIndexOf.
  const start = offset === 0 ? 0 : source.lastIndexOf('\n', offset - 1) + 1;
  const lineEnd = source.indexOf('\n', offset);
  const end = lineEnd < 0 ? source.length : lineEnd;
  const from = Math.max(start, offset - SHOWN_BEFORE);
  const to = Math.min(end, offset + SHOWN_AFTER);
  const head = from > start ? '…' : '';
  const shown = `${head}${source.slice(from, to)}${to < end ? '…' : ''}`.replaceAll('\t', ' ');
  return `    ${shown}\n    ${' '.repeat(head.length + offset - from)}^`;
}
