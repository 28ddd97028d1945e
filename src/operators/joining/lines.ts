/** What a line looks like by itself, as far as stack traces go. */
export const Line = {
  text: 0,
  blank: 1,
  indented: 2,
  /** `at …`, `from …`, `... 5 more`, indented: nobody but a stack trace begins so. */
  frame: 3,
  /** An exception's name with its package, such as `java.lang.Error: …`. */
  exception: 4,
  /** A name without one, such as `TypeError: …`. */
  error: 5,
  /** `Exception in thread …`, `Unhandled exception`. */
  uncaught: 6,
  causedBy: 7,
  traceback: 8,
  /** What Python puts between two tracebacks. */
  chain: 9,
  goroutine: 10,
  panic: 11,
  /** What else stands in a dump of Go: `created by`, `[signal`, a call. */
  goPart: 12,
  /** What ends a trace of .NET or Node. */
  tail: 13,
  /** `/app/index.js:5`, where Node begins to tell of an error nobody caught. */
  place: 14,
  /** `app.rb:12:in 'call': …`. */
  rubyPlace: 15,
  caret: 16,
  /** `fail: Shop.Pay[17]`, with which .NET's console logger begins; the message follows, indented. */
  consoleHead: 17,
  /** `Stack trace:`, before the frames of PHP, and what Monolog writes for it. */
  phpTrace: 18,
  /** `#0 /app/index.php(12): run()`, and `Next …`, the exception around. */
  phpPart: 19,
  /** `thread 'main' panicked at src/main.rs:2:5:`, of Rust. */
  rustPanic: 20,
  /** `stack backtrace:` and `note: …`. */
  rustPart: 21,
} as const;
export type LineKind = (typeof Line)[keyof typeof Line];

const TAB = 0x09;
const SPACE = 0x20;

/** A line that looks like one of a trace does so near its beginning. */
const HEAD_BYTES = 256;

/** Classes of bytes: 1 letters and digits of names, 2 dots and colons between names. */
const IN_NAME = new Uint8Array(256);
for (const [from, to] of [
  [0x30, 0x3a],
  [0x41, 0x5b],
  [0x61, 0x7b],
] as const) {
  IN_NAME.fill(1, from, to);
}
IN_NAME[0x5f] = 1;
IN_NAME[0x24] = 1;
IN_NAME[0x2e] = 2;
IN_NAME[0x3a] = 2;

/** 1 for bytes that a call in a frame may begin with: `at 10:00` is none. */
const CALL_START = Uint8Array.from(IN_NAME, (kind, byte) => (kind === 1 && !(byte >= 0x30 && byte < 0x3a) ? 1 : 0));
for (const sign of '<([/*.') CALL_START[sign.charCodeAt(0)] = 1;

/** 1 for bytes that lines of interest begin with; most lines of logs begin with others. */
const OF_INTEREST = Uint8Array.from(CALL_START);
for (const sign of '\t -}^[/<.#"') OF_INTEREST[sign.charCodeAt(0)] = 1;

export function kindOf(bytes: Buffer, from: number, to: number): LineKind {
  if (from >= to) return Line.blank;
  const first = bytes[from] as number;
  if (OF_INTEREST[first] === 0) return Line.text;
  return first === SPACE || first === TAB ? kindOfIndented(bytes, from, to) : kindOfMargin(bytes, from, to, first);
}

function kindOfIndented(bytes: Buffer, from: number, to: number): LineKind {
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  if (at === to || (at === to - 1 && bytes[at] === 0x0d)) return Line.blank;
  switch (bytes[at]) {
    case 0x61: // a
      return startsWith(bytes, at, to, 'at ') && CALL_START[bytes[at + 3] as number] === 1 ? Line.frame : Line.indented;
    case 0x66: // f
      return startsWith(bytes, at, to, 'from ') && isFollowedBy(bytes, at, to, ':in ') ? Line.frame : Line.indented;
    case 0x2e: // .
      return startsWith(bytes, at, to, '... ') ? Line.frame : Line.indented;
    case 0x2d: // -
      return startsWith(bytes, at, to, '---> ') || startsWith(bytes, at, to, '--- End of ') ? Line.frame : Line.indented;
    case 0x46: // F
      return startsWith(bytes, at, to, 'File "') && isFollowedBy(bytes, at, to, '", line ') ? Line.traceback : Line.indented;
    case 0x43: // C
      return startsWith(bytes, at, to, 'Caused by: ') ? Line.frame : Line.indented;
    case 0x53: // S
      return startsWith(bytes, at, to, 'Suppressed: ') ? Line.frame : Line.indented;
    case 0x2b: // +
      return startsWith(bytes, at, to, '+ Exception Group Traceback') ? Line.traceback : Line.indented;
    default:
      return Line.indented;
  }
}

function kindOfMargin(bytes: Buffer, from: number, to: number, first: number): LineKind {
  switch (first) {
    case 0x2d: // -
      return startsWith(bytes, from, to, '--- End of ') ? Line.tail : Line.text;
    case 0x7d: // }
      return to - from <= 2 ? Line.tail : Line.text;
    case 0x5e: // ^
      return isOnlyCarets(bytes, from, to) ? Line.caret : Line.text;
    case 0x22: // "
      return to - from <= MONOLOG_END_BYTES && bytes[from + 1] === 0x7d ? Line.tail : Line.text;
    case 0x23: // #
      return isDigit(bytes[from + 1]) && isFollowedBy(bytes, from, Math.min(to, from + 6), ' ') ? Line.phpPart : Line.text;
    case 0x5b: // [
      if (startsWith(bytes, from, to, '[stacktrace]')) return Line.phpTrace;
      return startsWith(bytes, from, to, '[signal ') ? Line.goPart : Line.text;
    case 0x2f: // /
    case 0x2e: // .
      return kindOfPlace(bytes, from, to);
    case 0x43:
      if (startsWith(bytes, from, to, 'Caused by: ')) return Line.causedBy;
      break;
    case 0x44: // D
      if (startsWith(bytes, from, to, 'During handling of the above exception')) return Line.chain;
      break;
    case 0x54: // T
      if (startsWith(bytes, from, to, 'Traceback (most recent call last)')) return Line.traceback;
      if (startsWith(bytes, from, to, 'The above exception was the direct cause')) return Line.chain;
      break;
    case 0x45: // E
      if (startsWith(bytes, from, to, 'Exception in thread ')) return Line.uncaught;
      break;
    case 0x55: // U
      if (startsWith(bytes, from, to, 'Unhandled exception')) return Line.uncaught;
      if (startsWith(bytes, from, to, 'Unhandled Exception')) return Line.uncaught;
      break;
    case 0x4e: // N
      if (startsWith(bytes, from, to, 'Node.js v')) return Line.tail;
      if (startsWith(bytes, from, to, 'Next ')) return Line.phpPart;
      break;
    case 0x53: // S
      if (startsWith(bytes, from, to, 'Stack trace:')) return Line.phpTrace;
      break;
    case 0x73: // s
      if (startsWith(bytes, from, to, 'stack backtrace:')) return Line.rustPart;
      break;
    case 0x74: // t
      if (startsWith(bytes, from, to, "thread '") && isFollowedBy(bytes, from, to, ' panicked at ')) return Line.rustPanic;
      break;
    case 0x67: // g
      if (startsWith(bytes, from, to, 'goroutine ') && isFollowedBy(bytes, from, to, ' [')) return Line.goroutine;
      break;
    case 0x70: // p
      if (startsWith(bytes, from, to, 'panic: ')) return Line.panic;
      break;
    case 0x66: // f
      if (startsWith(bytes, from, to, 'fatal error: ')) return Line.panic;
      if (startsWith(bytes, from, to, 'file:///')) return kindOfPlace(bytes, from, to);
      break;
    case 0x63: // c
      if (startsWith(bytes, from, to, 'created by ')) return Line.goPart;
      break;
    case 0x65: // e
      if (startsWith(bytes, from, to, 'exit status ')) return Line.goPart;
      break;
    case 0x6e: // n
      if (startsWith(bytes, from, to, 'node:')) return kindOfPlace(bytes, from, to);
      if (startsWith(bytes, from, to, 'note: ')) return Line.rustPart;
      break;
    default:
      break;
  }
  return kindOfName(bytes, from, to);
}

/** Names of exceptions, places in Ruby's files, and calls in Go. */
function kindOfName(bytes: Buffer, from: number, to: number): LineKind {
  let at = from;
  let nameAt = from;
  let isQualified = false;
  for (; at < to; at++) {
    const kind = IN_NAME[bytes[at] as number];
    if (kind === 0) break;
    if (kind === 2) {
      // A colon ends the name, unless there are two: Ruby's modules.
      if (bytes[at] === 0x3a && bytes[at + 1] !== 0x3a) break;
      if (bytes[at] === 0x3a) at++;
      nameAt = at + 1;
      isQualified = true;
    }
  }
  const after = at < to ? (bytes[at] as number) : 0x3a;
  if (after === 0x3a && isDigit(bytes[at + 1])) return kindOfPlace(bytes, from, to);
  if (after === 0x3a && at - from === CONSOLE_LEVEL_BYTES && isConsoleHead(bytes, from, to)) return Line.consoleHead;
  const isNamed = after === 0x3a || after === 0x0d || (after === SPACE && (bytes[at + 1] === 0x28 || bytes[at + 1] === 0x5b));
  if (isNamed && isErrorName(bytes, nameAt, at)) return isQualified ? Line.exception : Line.error;
  if (after === 0x2f || after === 0x28 || after === 0x2d) return isCall(bytes, from, to) ? Line.goPart : kindOfPlace(bytes, from, to);
  return Line.text;
}

const CONSOLE_LEVEL_BYTES = 4;
/** `"} []`, behind a trace. */
const MONOLOG_END_BYTES = 6;
const CONSOLE_LEVELS = ['trce', 'dbug', 'info', 'warn', 'fail', 'crit'];

/** A level, a logger without spaces and the number of an event in brackets, and no more. */
function isConsoleHead(bytes: Buffer, from: number, to: number): boolean {
  const end = bytes[to - 1] === 0x0d ? to - 1 : to;
  if (bytes[end - 1] !== 0x5d || !isDigit(bytes[end - 2]) || !CONSOLE_LEVELS.some((level) => startsWith(bytes, from, to, `${level}: `)))
    return false;
  for (let at = from + CONSOLE_LEVEL_BYTES + 2; at < end; at++) if (bytes[at] === SPACE) return false;
  return true;
}

/** `Error` and names that end in such a word. */
function isErrorName(bytes: Buffer, from: number, to: number): boolean {
  const first = bytes[from] as number;
  if (to - from < 5 || first < 0x41 || first > 0x5a) return false;
  return ERROR_ENDS.some((end) => to - from >= end.length && startsWith(bytes, to - end.length, to, end));
}

const ERROR_ENDS = ['Error', 'Exception', 'Throwable', 'Interrupt', 'Failure', 'Fault'];

/** True for what Python may end a traceback with: a name, then a colon or nothing. */
export function isExceptionLine(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to && (IN_NAME[bytes[at] as number] === 1 || bytes[at] === 0x2e)) at++;
  if (at === from || isDigit(bytes[from])) return false;
  return at === to || bytes[at] === 0x3a || bytes[at] === 0x0d;
}

/** `main.run(0x1, {0x2, 0x3})`, `net/http.(*conn).serve(...)`: no spaces before the arguments, and they end the line. */
function isCall(bytes: Buffer, from: number, to: number): boolean {
  const last = bytes[to - 1] === 0x0d ? to - 2 : to - 1;
  if (bytes[last] !== 0x29) return false;
  for (let at = from; at < last; at++) {
    const byte = bytes[at];
    if (byte === SPACE) return false;
    // `(*conn)` is part of the name.
    if (byte === 0x28 && bytes[at + 1] !== 0x2a) return true;
  }
  return false;
}

/** `/app/index.js:5` of Node, `/app/x.rb:12:in 'call'` of Ruby. */
function kindOfPlace(bytes: Buffer, from: number, to: number): LineKind {
  const end = Math.min(to, from + HEAD_BYTES);
  for (let at = from; at < end; at++) {
    if (bytes[at] === SPACE) return Line.text;
    if (bytes[at] !== 0x3a || !isDigit(bytes[at + 1])) continue;
    let digit = at + 1;
    while (digit < to && isDigit(bytes[digit])) digit++;
    if (digit === to || (digit === to - 1 && bytes[digit] === 0x0d)) return isScript(bytes, from, at) ? Line.place : Line.text;
    if (startsWith(bytes, digit, to, ':in ')) return Line.rubyPlace;
  }
  return Line.text;
}

function isScript(bytes: Buffer, from: number, to: number): boolean {
  return SCRIPT_ENDS.some((end) => startsWith(bytes, Math.max(from, to - end.length), to, end)) || startsWith(bytes, from, to, 'node:');
}

const SCRIPT_ENDS = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', '.jsx', '.tsx'];

/** How far into a line its time may stand. */
const STAMP_BYTES = 48;
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'NOTICE', 'WARN', 'ERROR', 'FATAL', 'CRITICAL', 'SEVERE'];

/** True for a line that a logger has written, by its time, its level or its bracket. */
export function isRecordStart(bytes: Buffer, from: number, to: number): boolean {
  if (bytes[from] === 0x5b || bytes[from] === 0x3c) return true;
  const end = Math.min(to, from + STAMP_BYTES) - 2;
  for (let at = from + 2; at < end; at++) {
    if (bytes[at] !== 0x3a) continue;
    if (isDigit(bytes[at - 1]) && isDigit(bytes[at - 2]) && isDigit(bytes[at + 1]) && isDigit(bytes[at + 2])) return true;
  }
  return LEVELS.some((level) => startsWith(bytes, from, to, level));
}

/** How far into a line its level may stand. */
const LEVEL_BYTES = 96;
const CALM = ['INFO', 'DEBUG', 'TRACE', 'NOTICE', 'info', 'debug', 'trace', 'notice'];

/** True for a line that names a level to which no exception belongs. */
export function isCalm(bytes: Buffer, from: number, to: number): boolean {
  const end = Math.min(to, from + LEVEL_BYTES);
  for (let at = from; at < end; at++) {
    const isStart = IN_NAME[bytes[at] as number] === 1 && (at === from || IN_NAME[bytes[at - 1] as number] !== 1);
    if (!isStart) continue;
    const level = CALM.find((word) => startsWith(bytes, at, to, word));
    if (level !== undefined && IN_NAME[bytes[at + level.length] as number] !== 1) return true;
  }
  return false;
}

function isOnlyCarets(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0x5e && bytes[at] !== 0x7e && bytes[at] !== 0x0d) return false;
  return true;
}

function isFollowedBy(bytes: Buffer, from: number, to: number, text: string): boolean {
  const end = Math.min(to, from + HEAD_BYTES) - text.length;
  for (let at = from; at <= end; at++) if (startsWith(bytes, at, to, text)) return true;
  return false;
}

function startsWith(bytes: Buffer, at: number, to: number, text: string): boolean {
  if (at + text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
