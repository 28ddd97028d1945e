/** Stack traces: many lines, most of which say where the program was. */

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
/** Of the lines of a stack trace, at least this share are frames. */
const FRAMES_SHARE = 0.5;
/** Python and Ruby indent what belongs to a frame so deep at least. */
const INDENT = 4;
// What a frame begins with, after its indent: Java, .NET, JavaScript; Python; Ruby; PHP, native; Go.
const FRAME = ['at ', 'File "', 'from ', '#', 'goroutine ', '... ', 'Caused by'].map((text) => Buffer.from(text));

/** The lines of a trace that are left out. */
export interface Middle {
  readonly start: number;
  readonly end: number;
  readonly lines: number;
}

/** The lines between the first and the last ones of a stack trace; undefined when the text is none, or short enough. */
export function middleOf(bytes: Buffer, head: number, tail: number): Middle | undefined {
  let lines = 0;
  let frames = 0;
  for (let at = 0; at < bytes.length; at = nextLine(bytes, at)) {
    lines++;
    if (isFrame(bytes, at)) frames++;
  }
  // One line less in exchange for a note is no gain.
  if (lines <= head + tail + 1 || frames < lines * FRAMES_SHARE) return undefined;
  let start = 0;
  for (let i = 0; i < head; i++) start = nextLine(bytes, start);
  let end = bytes.length;
  for (let i = 0; i < tail; i++) end = bytes.lastIndexOf(NEWLINE, end - 2) + 1;
  return { start, end, lines: lines - head - tail };
}

/** The trace with a line in place of its middle. */
export function withoutMiddle(bytes: Buffer, { start, end, lines }: Middle): Buffer {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(`\t... ${lines} lines left out ...\n`), bytes.subarray(end)]);
}

function nextLine(bytes: Buffer, at: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline < 0 ? bytes.length : newline + 1;
}

/** True for lines that begin as frames do, and for the indented ones that Go and Python put below each. */
function isFrame(bytes: Buffer, start: number): boolean {
  if (bytes[start] === TAB) return true;
  let at = start;
  while (bytes[at] === SPACE) at++;
  if (at - start >= INDENT) return true;
  return FRAME.some((text) => at + text.length <= bytes.length && bytes.compare(text, 0, text.length, at, at + text.length) === 0);
}
