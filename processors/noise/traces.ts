/**
 * Stack traces. In one record, all but the first and the last line go. Where each line is a record of its own, the lines
 * in between are known by how they begin; the first and the last one have no indent and stay.
 */

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
/** Python shows source lines, and marks below them, indented by so much. */
const SOURCE_INDENT = 4;

const AT = Buffer.from('at ');
const FROM = Buffer.from('from ');
const MORE = Buffer.from('... ');
const FILE = Buffer.from('File "');
const TRACEBACK = Buffer.from('Traceback (most recent call last):');

/** What a line is in a stack trace. */
export const Line = { other: 0, frame: 1, pythonFrame: 2, source: 3 } as const;
export type LineKind = (typeof Line)[keyof typeof Line];

/** `before` is what the line above was: source lines follow Python's frames. */
export function lineKind(bytes: Buffer, from: number, to: number, before: LineKind): LineKind {
  const first = bytes[from];
  if (from >= to || (first !== SPACE && first !== TAB)) return Line.other;
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  if (isAt(bytes, at, to, FILE)) return Line.pythonFrame;
  if (isAt(bytes, at, to, AT) || isAt(bytes, at, to, MORE) || (first === TAB && isAt(bytes, at, to, FROM))) return Line.frame;
  const isBelowFrame = before === Line.pythonFrame || before === Line.source;
  return isBelowFrame && at - from >= SOURCE_INDENT ? Line.source : Line.other;
}

function isAt(bytes: Buffer, at: number, to: number, text: Buffer): boolean {
  return at + text.length <= to && bytes.compare(text, 0, text.length, at, at + text.length) === 0;
}

/** The first and the last line of the trace in `bytes[from, to)`, or undefined when it is none or has no more than those. */
export function withoutFrames(bytes: Buffer, from: number, to: number): Buffer | undefined {
  const firstEnd = bytes.indexOf(NEWLINE, from);
  if (firstEnd < 0 || firstEnd >= to) return undefined;
  let end = to;
  while (end > firstEnd && (bytes[end - 1] === NEWLINE || bytes[end - 1] === 0x0d)) end--;
  const lastStart = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
  if (lastStart <= firstEnd + 1) return undefined;
  const lines = framesBetween(bytes, firstEnd + 1, lastStart);
  if (lines === undefined && !isAt(bytes, from, to, TRACEBACK)) return undefined;
  const note = Buffer.from(`\t... ${lines ?? countLines(bytes, firstEnd + 1, lastStart)} lines left out ...\n`);
  return Buffer.concat([bytes.subarray(from, firstEnd + 1), note, bytes.subarray(lastStart, end)]);
}

/** How many lines there are, if at least one is a frame and none is anything but a part of a trace. */
function framesBetween(bytes: Buffer, from: number, to: number): number | undefined {
  let lines = 0;
  let hasFrame = false;
  let before: LineKind = Line.other;
  for (let at = from; at < to;) {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 || newline > to ? to : newline;
    before = lineKind(bytes, at, end, before);
    if (before === Line.frame || before === Line.pythonFrame) hasFrame = true;
    lines++;
    at = end + 1;
  }
  return hasFrame ? lines : undefined;
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) if (bytes[at] === NEWLINE) lines++;
  return lines;
}
