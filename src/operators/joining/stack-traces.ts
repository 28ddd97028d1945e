import type { LogBatch } from '#model';
import type { Group } from './group.ts';
import { isExceptionLine, isRecordStart, kindOf, Line, type LineKind } from './lines.ts';
import { Verdict, type Rule, type Text } from './rule.ts';

/** Where in a trace the lines of a group have come to. */
const State = {
  /** One line that may be the head of a trace. */
  plain: 0,
  /** The name of an exception, and perhaps more of its message. */
  exception: 1,
  /** Frames of Java, Node or .NET. */
  frames: 2,
  /** A blank line after them. */
  framesEnd: 3,
  python: 4,
  /** The line with Python's exception has come. */
  pythonEnd: 5,
  /** A blank line, or what Python puts between two tracebacks. */
  pythonGap: 6,
  panic: 7,
  go: 8,
  /** Node tells where an error was thrown: the place, the line, a caret, a blank line. */
  place: 9,
  placeSource: 10,
  placeCaret: 11,
  ruby: 12,
  /** The level and logger of .NET's console logger, and what is indented behind them. */
  console: 13,
  php: 14,
  /** Rust has told the place; its message follows on a line of its own. */
  rustPlace: 15,
  rust: 16,
} as const;
type StateNumber = (typeof State)[keyof typeof State];

const START = -1;
const COLON = 0x3a;

/**
 * Joins the stack traces of Java, Python, Go, Node, .NET, Ruby, PHP and Rust, and the log line they belong to. What a line means is
 * told by itself and by the lines before it, never by those that follow: so it does not matter where batches end.
 */
export class StackTraces implements Rule {
  stateAfter: number = State.plain;

  decide(_batch: LogBatch, _row: number, text: Text, group: Group | undefined): number {
    const kind = kindOf(text.bytes, text.from, text.to);
    // Most lines are neither of a trace nor after one.
    const next = !group || (kind === Line.text && group.state === State.plain) ? START : nextState(kind, text, group);
    this.stateAfter = next === START ? firstState(kind, text) : next;
    return next === START ? Verdict.starts : Verdict.joins;
  }
}

function firstState(kind: LineKind, { bytes, to }: Text): StateNumber {
  switch (kind) {
    case Line.exception:
    case Line.error:
    case Line.uncaught:
      return State.exception;
    case Line.frame:
    case Line.causedBy:
      return State.frames;
    case Line.traceback:
      return State.python;
    case Line.panic:
      return State.panic;
    case Line.goroutine:
      return State.go;
    case Line.place:
      return State.place;
    case Line.rubyPlace:
      return State.ruby;
    case Line.consoleHead:
      return State.console;
    case Line.phpTrace:
      return State.php;
    case Line.rustPanic:
      return bytes[to - 1] === COLON ? State.rustPlace : State.rust;
    default:
      return State.plain;
  }
}

function nextState(kind: LineKind, text: Text, group: Group): StateNumber | typeof START {
  switch (group.state) {
    case State.plain:
      return afterPlain(kind, group);
    case State.exception:
      return afterException(kind, text, group);
    case State.frames:
      return afterFrames(kind);
    case State.framesEnd:
      return kind === Line.tail || kind === Line.causedBy || kind === Line.frame ? State.frames : START;
    case State.python:
      return afterPython(kind, text);
    case State.pythonEnd:
      if (kind === Line.blank || kind === Line.chain) return State.pythonGap;
      return kind === Line.indented ? State.pythonEnd : START;
    case State.pythonGap:
      return afterPythonGap(kind, group);
    case State.panic:
    case State.go:
      return afterGo(kind);
    case State.place:
      return State.placeSource;
    case State.placeSource:
      return kind === Line.caret || kind === Line.indented ? State.placeCaret : START;
    case State.placeCaret:
      if (kind === Line.blank || kind === Line.caret) return State.placeCaret;
      return kind === Line.error || kind === Line.exception ? State.exception : kind === Line.frame ? State.frames : START;
    case State.php:
      return isPartOfPhp(kind) ? State.php : START;
    case State.rustPlace:
      return isRecordStart(text.bytes, text.from, text.to) ? START : State.rust;
    case State.rust:
      return kind === Line.rustPart || kind === Line.indented || kind === Line.frame ? State.rust : START;
    case State.console:
      return kind === Line.indented || kind === Line.frame || kind === Line.traceback ? State.console : START;
    default:
      return kind === Line.rubyPlace || kind === Line.frame || kind === Line.indented ? State.ruby : START;
  }
}

function afterPlain(kind: LineKind, group: Group): StateNumber | typeof START {
  switch (kind) {
    case Line.frame:
    case Line.causedBy:
      return State.frames;
    case Line.goroutine:
      return State.go;
    case Line.phpTrace:
      return State.php;
    case Line.exception:
      return group.isFromLogger() ? State.exception : START;
    case Line.traceback:
      return group.isFromLogger() ? State.python : START;
    case Line.rubyPlace:
      return group.isFromLogger() ? State.ruby : START;
    default:
      return START;
  }
}

function afterException(kind: LineKind, { bytes, from, to }: Text, group: Group): StateNumber | typeof START {
  switch (kind) {
    case Line.frame:
    case Line.causedBy:
    case Line.indented:
    case Line.tail:
      return State.frames;
    case Line.rubyPlace:
      return State.ruby;
    case Line.phpTrace:
      return State.php;
    case Line.text:
    case Line.blank:
      // A message of several lines. Only where log lines can be told from others: else anything may follow.
      return group.rows > 1 && group.isFromLogger() && !isRecordStart(bytes, from, to) && bytes[from] !== 0x7b ? State.exception : START;
    default:
      return START;
  }
}

function afterFrames(kind: LineKind): StateNumber | typeof START {
  switch (kind) {
    case Line.frame:
    case Line.indented:
    case Line.causedBy:
    case Line.tail:
      return State.frames;
    case Line.blank:
      return State.framesEnd;
    default:
      return START;
  }
}

function afterPython(kind: LineKind, { bytes, from, to }: Text): StateNumber | typeof START {
  switch (kind) {
    case Line.indented:
    case Line.traceback:
    case Line.frame:
    case Line.blank:
      return State.python;
    case Line.rubyPlace:
      return State.ruby;
    default:
      return isExceptionLine(bytes, from, to) ? State.pythonEnd : START;
  }
}

function afterPythonGap(kind: LineKind, group: Group): StateNumber | typeof START {
  if (kind === Line.chain || kind === Line.blank) {
    group.isChained ||= kind === Line.chain;
    return State.pythonGap;
  }
  if (kind !== Line.traceback || !group.isChained) return START;
  group.isChained = false;
  return State.python;
}

function isPartOfPhp(kind: LineKind): boolean {
  return kind === Line.phpPart || kind === Line.phpTrace || kind === Line.indented || kind === Line.blank || kind === Line.tail;
}

function afterGo(kind: LineKind): StateNumber | typeof START {
  switch (kind) {
    case Line.goroutine:
    case Line.goPart:
    case Line.indented:
    case Line.frame:
    case Line.blank:
      return State.go;
    default:
      return START;
  }
}
