/**
 * Where the message begins in the lines of a source: behind time, level, thread and logger. What a header looks like is
 * read off the first lines: it is what stands before the message in nearly all of them, in the same order.
 */
type Mark = 'time' | 'level' | 'bracket' | 'separator' | 'tag' | 'number';
export type HeaderPattern = readonly Mark[];

/** In so many of the lines a mark must stand where the pattern has it. */
const SHARE = 0.9;
/** So many words may stand between two marks: a host, a process number, a class. */
const GAP_MAX: Readonly<Record<Mark, number>> = { time: 3, level: 4, bracket: 1, separator: 2, tag: 2, number: 0 };
const MARKS: readonly Mark[] = ['time', 'level', 'separator', 'bracket', 'tag', 'number'];
/** What follows a number that is no part of the message differs at least so often. */
const NUMBERED_MIN = 4;
/** So many lines with a time, and so large a share of all, make it a log whose records begin with a time. */
const TIMED_MIN = 3;
const TIMED_SHARE = 0.05;
const PATTERN_MAX = 10;
const BAR = '|';
/** Behind a header there is a word in at least so many of the lines. */
const WORDED_SHARE = 0.5;
const WORD = /\p{L}{2}/u;
/** Words between marks are few different ones, or numbers; else they are the message. */
const GAP_WORDS_SHARE = 0.34;

const LEVEL =
  /^[[<(]?(?:trace|debug|info|information|notice|warn|warning|error|err|severe|fatal|critical|crit|alert|emerg|emergency|panic|fine|finer|finest|config|verbose|failure|[VDIWEFCT])[\])>]?:?$/i;
const LETTER_LEVEL = /^[VDIWEFCT]$/;
const CLOCK =
  /^\D?(?:\d{1,4}[-/.]){0,2}(?:\d{1,4}[T_-])?\d{1,2}:\d{2}(?::\d{2})?(?:[.,:]\d+)?(?:Z|[+-]\d{2}:?\d{2})?\D{0,2}$|^\d{4}-\d{2}-\d{2}[T_-]\d{2}[.:]\d{2}[.:]\d{2}(?:,\d+)?[^\s,;"]*[,;]?$|^\d{8}-\d{1,2}:\d{1,2}:\d{1,2}\S*$/;
const DATE = /^\D?\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{2,4})?\D?$|^\d{1,2} [A-Z][a-z]{2} \d{4}$/;
const EPOCH = /^1\d{9}(?:\.\d+|\d{3})?$/;
const TAG = /^[A-Za-z_](?:[^\s"'=,;]{0,80}:|[\w./$-]{0,80}:\d+\])$/;
const SEPARATOR = /^(?:[-|:–*#.]|-{2,3}|::|=>|->)$/;
/** A number, or an id in hexadecimal digits. */
const NUMBERS = /^[^A-Za-z]*\d[^A-Za-z]*$|^(?=\D*\d)[\da-f-]{6,}$/i;

/** A piece of the beginning of a line, as headers are cut: by white space, bars, and brackets and dates kept together. */
interface Piece {
  readonly text: string;
  readonly end: number;
}

/** What Python writes when nobody said how: `WARNING:shop.cart:`, without a space behind it. */
const PYTHON = /^((?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL|NOTSET):)([\w.-]{1,80}:)/;
const PIECE =
  /\s*(\[(?:[^[\]]|\[[^[\]]*\])*\](?=[\s:]|$)|\||\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}(?=\s)|[^\s|]+)/y;
const PIECES_MAX = 24;

function cut(line: string): Piece[] {
  const pieces: Piece[] = [];
  const [all, level, logger] = PYTHON.exec(line) ?? [];
  if (all && level && logger) pieces.push({ text: level, end: level.length }, { text: logger, end: all.length });
  PIECE.lastIndex = all?.length ?? 0;
  for (let match = PIECE.exec(line); match && pieces.length < PIECES_MAX; match = PIECE.exec(line)) {
    pieces.push({ text: match[1] as string, end: PIECE.lastIndex });
  }
  return pieces;
}

function isMark(mark: Mark, text: string): boolean {
  switch (mark) {
    case 'time':
      return CLOCK.test(text) || DATE.test(text) || EPOCH.test(text) || (text.startsWith('[') && hasClock(text));
    case 'level':
      return LEVEL.test(text);
    case 'bracket':
      return text.startsWith('[') && text.endsWith(']') && text.length > 2;
    case 'separator':
      return SEPARATOR.test(text);
    case 'tag':
      return TAG.test(text);
    default:
      return /\d/.test(text);
  }
}

function hasClock(text: string): boolean {
  return /\d{1,2}:\d{2}(?::\d{2})?/.test(text);
}

/** Index of the first such mark from `from` on, or -1. */
function findMark(mark: Mark, pieces: readonly Piece[], from: number): number {
  const last = Math.min(pieces.length - 1, from + GAP_MAX[mark]);
  for (let i = from; i <= last; i++) if (isMark(mark, (pieces[i] as Piece).text)) return i;
  return -1;
}

/** The header that these lines have in common; empty when they have none. */
export function findHeader(lines: readonly string[]): HeaderPattern {
  const rows = headedRows(lines);
  const at = rows.map(() => 0);
  const pattern: Mark[] = [];
  // Where the message is a field among others, as in `time|level|order placed|12`, marks stand behind it too.
  let worded = 0;
  while (pattern.length < PATTERN_MAX) {
    const next = bestMark(rows, at, pattern);
    if (!next) break;
    pattern.push(next.mark);
    for (const [i, found] of next.found.entries()) if (found >= 0) at[i] = found + 1;
    if (hasWords(rows, at)) worded = pattern.length;
  }
  pattern.length = worded;
  // Without a time or a level it is not a header but how the messages begin.
  return pattern.includes('time') || pattern.includes('level') ? pattern : [];
}

/**
 * The lines that may have a header. Where some begin with a time, the others continue them: the lines of a stack trace
 * can be many more.
 */
function headedRows(lines: readonly string[]): Piece[][] {
  const rows = lines.map(cut);
  const timed = rows.filter((pieces, i) => !/^\s/.test(lines[i] as string) && findMark('time', pieces, 0) >= 0);
  return timed.length >= TIMED_MIN && timed.length >= TIMED_SHARE * rows.length ? timed : rows;
}

function hasWords(rows: readonly (readonly Piece[])[], at: readonly number[]): boolean {
  const count = rows.filter((pieces, i) => pieces.slice(at[i]).some(({ text }) => WORD.test(text))).length;
  return count >= WORDED_SHARE * rows.length;
}

interface Candidate {
  readonly mark: Mark;
  readonly found: readonly number[];
  readonly gap: number;
}

function bestMark(rows: readonly (readonly Piece[])[], at: readonly number[], pattern: readonly Mark[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const mark of MARKS) {
    const found = rows.map((pieces, i) => findMark(mark, pieces, at[i] as number));
    const hits = found.filter((index) => index >= 0).length;
    if (hits < SHARE * rows.length || !isHeaderLike(mark, rows, at, found, pattern)) continue;
    let gap = 0;
    for (const [i, index] of found.entries()) if (index >= 0) gap += index - (at[i] as number);
    const candidate = { mark, found, gap: gap / hits };
    if (!best || candidate.gap < best.gap - 0.05) best = candidate;
  }
  return best;
}

/** Between the marks of a header stand numbers and few words; behind it, many different things. */
function isHeaderLike(
  mark: Mark,
  rows: readonly (readonly Piece[])[],
  at: readonly number[],
  found: readonly number[],
  pattern: readonly Mark[],
): boolean {
  const between = new Set<string>();
  const marks = new Set<string>();
  const behind = new Set<string>();
  let hits = 0;
  let phrases = 0;
  for (const [i, index] of found.entries()) {
    const pieces = rows[i] as readonly Piece[];
    if (index < 0) continue;
    hits++;
    let words = 0;
    for (let at_ = at[i] as number; at_ < index; at_++) {
      const { text } = pieces[at_] as Piece;
      if (NUMBERS.test(text)) continue;
      between.add(text.replace(/\d+/g, '0'));
      words++;
    }
    if (words > 1 && (pieces[index] as Piece).text === BAR) phrases++;
    marks.add((pieces[index] as Piece).text.replace(/\d+/g, '0'));
    behind.add((pieces[index + 1]?.text ?? '').replace(/\d+/g, '0'));
  }
  // `|order placed|`: what has several words between bars is the message already.
  if (phrases > (1 - SHARE) * hits) return false;
  if (between.size > Math.max(2, GAP_WORDS_SHARE * hits)) return false;
  if (mark === 'level' && pattern.length === 0 && [...marks].every((text) => LETTER_LEVEL.test(text))) return false;
  // A word with a colon that is always the same belongs to the message, unless it is plainly a logger or a process.
  if (mark === 'tag') return pattern.length > 0 && (behind.size > marks.size || marks.size > 1 || /[.[($]/.test([...marks][0] ?? ''));
  if (mark === 'bracket') return pattern.length > 0;
  // Numbers of one kind in all lines, with different things behind them: a process, a host. They never come first.
  if (mark === 'number') return pattern.length > 0 && marks.size === 1 && hits === rows.length && behind.size >= NUMBERED_MIN;
  return mark !== 'separator' || pattern.length > 0 || behind.size > 1;
}

/** Where the message of a line begins. A line without the whole header ends it at the last mark found. */
export function messageStart(line: string, pattern: HeaderPattern): number {
  if (pattern.length === 0) return 0;
  const pieces = cut(line);
  let at = 0;
  let end = 0;
  for (const mark of pattern) {
    const found = findMark(mark, pieces, at);
    if (found < 0 && end === 0) return 0;
    if (found < 0) continue;
    at = found + 1;
    end = (pieces[found] as Piece).end;
  }
  while (end > 0 && end < line.length && (line.charAt(end) === ' ' || line.charAt(end) === '\t')) end++;
  // What is all header has nothing else to be told by: `Start-Date: 2025-06-24  14:36:25` is no empty message.
  return end < line.length ? end : 0;
}
