import { DIGIT, byteSet, isTextAt, runEnd, runStart, type ByteSet } from './bytes.ts';
import { NAME, NameKind, type NameKindNumber, type SecretNames } from './secret-names.ts';
import { isBasicCredentials } from './shapes.ts';
import { BACKSLASHES, setParameters, setQuoted, VALUE, type ValueRange } from './values.ts';

export interface AssignmentText {
  from: number;
  to: number;
  readonly names: SecretNames;
}

const COLON = 0x3a;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const LESS = 0x3c;
const BACKSLASH = 0x5c;
const APOSTROPHE = 0x27;
const NAME_MAX = 64;
/** How far a name is followed back from its end. */
export const NAME_BEFORE: { readonly set: ByteSet; readonly most: number } = { set: NAME, most: NAME_MAX };
const SPACES_MAX = 4;

const SIGN = byteSet(':=>');
const QUOTE = byteSet('"\'');
const BLANK = byteSet(' \t');
const LINE_STOP = byteSet('\r\n\0"\'`\\');
const LINE = LINE_STOP.map((isStop) => 1 - isStop);
const LITERAL = byteSet('bBrRuUfF@');
// What closes something around the value is not part of it.
const CLOSING = byteSet(')]}>.');

const LITERALS = ['null', 'none', 'nil', 'true', 'false', 'undefined', '%s', '%v', '***', '?', '$1', '$2', '$3'].map((text) =>
  Buffer.from(text),
);
const PLACEHOLDERS = ['-----BEGIN ', '[REDACTED', '[HASH:', '****', '${', '{{', '$('].map((text) => Buffer.from(text));
const PLACEHOLDER_START = byteSet('-[*${');

/** A value without quotes, in prose, that is as long as this or has a digit may be a secret; other words are words. */
const SECRET_MIN = 6;
const SECRET_LONG = 24;
/** Digits that a count has, as in `tokens=512`. */
const COUNT_MAX = 4;
const SCHEME = byteSet('0-9', 'A-Z', 'a-z', '-');
const SCHEME_MAX = 20;

/**
 * The value of `name=value`, `name: value`, `"name":"value"`, `<name>value<` whose sign is at `at`, if the name is one of
 * a secret.
 */
export function assignmentAt(bytes: Buffer, at: number, text: AssignmentText, value: ValueRange): boolean {
  const { from, to, names } = text;
  let end = at;
  while (end > from && at - end < SPACES_MAX && BLANK[bytes[end - 1] as number] === 1) end--;
  const isQuoted = end > from && QUOTE[bytes[end - 1] as number] === 1;
  if (isQuoted) {
    end--;
    while (end > from && at - end < 2 * SPACES_MAX && bytes[end - 1] === BACKSLASH) end--;
  }
  if (end === from || names.isLast[bytes[end - 1] as number] === 0) return false;
  const start = runStart(bytes, from, end, NAME_BEFORE);
  const kind = names.kindOf(bytes, start, end);
  if (kind === NameKind.none) return false;
  if (kind === NameKind.signature && (bytes[at] !== EQUALS || end !== at || !isParameter(bytes, start, from))) return false;
  if (bytes[at] === GREATER) return isElement(bytes, start, from) && setValue(bytes, at + 1, to, kind, value);
  return setBehind(bytes, at, to, { kind, mayBeProse: !isQuoted, value });
}

interface Behind {
  readonly kind: NameKindNumber;
  /** Whether a colon and a blank may be those of a sentence: "token: expired". */
  readonly mayBeProse: boolean;
  readonly value: ValueRange;
}

/** The value behind the sign at `at`. */
function setBehind(bytes: Buffer, at: number, to: number, { kind, mayBeProse, value }: Behind): boolean {
  let begin = at + 1;
  // `:=` and `=>` are signs too, `==` and `=~` compare.
  if ((bytes[at] === COLON && bytes[begin] === EQUALS) || (bytes[at] === EQUALS && bytes[begin] === GREATER)) begin++;
  const spaced = begin;
  while (begin < to && begin - spaced < SPACES_MAX && BLANK[bytes[begin] as number] === 1) begin++;
  if (begin >= to || bytes[begin] === EQUALS || bytes[begin] === 0x7e) return false;
  begin = literalAt(bytes, begin, to);
  if (isQuoteAt(bytes, begin, to)) return setValue(bytes, begin, to, kind, value);
  return setBare(bytes, begin, to, { kind, isProse: mayBeProse && bytes[at] === COLON && begin > spaced, value });
}

const VALUE_NAME = Buffer.from('value');
const BEFORE_SECRET_NAME = Buffer.from('name:');
const PAIR_GAP = byteSet(' ,\t\r\n');
/** Line ends, and the indentation of what is deep in a file. */
const PAIR_GAP_MAX = 40;

/**
 * The value of a name that is itself a value, and ends at `end`: `"name":"DB_PASSWORD","value":"…"`, `key="ApiKey" value="…"`,
 * `{Name:DB_PASSWORD Value:…}`, and the same in two lines of YAML.
 */
export function pairedValueAt(bytes: Buffer, end: number, { from, to, names }: AssignmentText, value: ValueRange): boolean {
  const quote = runEnd(bytes, end, Math.min(to, end + 2 * SPACES_MAX), BACKSLASHES);
  const isQuoted = quote < to && QUOTE[bytes[quote] as number] === 1;
  const gap = isQuoted ? quote + 1 : end;
  let at = runEnd(bytes, gap, Math.min(to, gap + PAIR_GAP_MAX), PAIR_GAP);
  if (at === gap) return false;
  at = runEnd(bytes, at, Math.min(to, at + 2 * SPACES_MAX), BACKSLASHES);
  if (at < to && QUOTE[bytes[at] as number] === 1) at++;
  if (!isTextAt(bytes, at, to, VALUE_NAME, true)) return false;
  const sign = signBehind(bytes, at + VALUE_NAME.length, to);
  if (sign < 0 || bytes[sign] === GREATER) return false;
  const start = runStart(bytes, from, end, NAME_BEFORE);
  // "The secret value: …" is prose.
  const isNamed = isQuoted || isTextAt(bytes, trimmedEnd(bytes, from, start) - BEFORE_SECRET_NAME.length, to, BEFORE_SECRET_NAME, true);
  const kind = names.kindOf(bytes, start, end);
  return isNamed && kind !== NameKind.none && kind !== NameKind.signature && setBehind(bytes, sign, to, { kind, mayBeProse: false, value });
}

function trimmedEnd(bytes: Buffer, from: number, end: number): number {
  return runStart(bytes, from, end, { set: BLANK, most: SPACES_MAX });
}

/** Where the sign behind a name is: a colon, `=` or `>`, behind a quote and blanks if there are some; -1 for none. */
export function signBehind(bytes: Buffer, end: number, to: number): number {
  let at = runEnd(bytes, end, Math.min(to, end + 2 * SPACES_MAX), BACKSLASHES);
  if (at < to && QUOTE[bytes[at] as number] === 1) at++;
  at = runEnd(bytes, at, Math.min(to, at + SPACES_MAX), BLANK);
  return at < to && SIGN[bytes[at] as number] === 1 ? at : -1;
}

/** The value behind `--name ` whose name begins at `at`. `--name=value` is found at its sign. */
export function flagAt(bytes: Buffer, at: number, { to, names }: AssignmentText, value: ValueRange): boolean {
  const end = runEnd(bytes, at, Math.min(to, at + NAME_MAX), NAME);
  if (end === at || end >= to || bytes[end] !== 0x20) return false;
  const kind = names.kindOf(bytes, at, end);
  if (kind === NameKind.none || kind === NameKind.signature || end + 1 >= to || bytes[end + 1] === 0x2d) return false;
  return setValue(bytes, end + 1, to, kind, value);
}

const BY = Buffer.from('identified by');

/** The text in `PASSWORD 'text'` and `IDENTIFIED BY 'text'` of SQL, where the last word lies in `bytes[start, end)`. */
export function sqlTextAt(bytes: Buffer, start: number, end: number, { from, to, names }: AssignmentText, value: ValueRange): boolean {
  if (end + 1 >= to || bytes[end] !== 0x20 || bytes[end + 1] !== APOSTROPHE) return false;
  const first = end - BY.length;
  const isMeant = names.kindOf(bytes, start, end) === NameKind.password || (first >= from && isTextAt(bytes, first, end, BY, true));
  return isMeant && setValue(bytes, end + 1, to, NameKind.password, value);
}

/** A value in quotes or without. What it begins with is looked at first: one that is passed over costs no more. */
export function setValue(bytes: Buffer, begin: number, to: number, kind: NameKindNumber, value: ValueRange): boolean {
  const open = runEnd(bytes, begin, Math.min(to, begin + 2 * SPACES_MAX), BACKSLASHES);
  const isQuoted = open < to && QUOTE[bytes[open] as number] === 1;
  if (isPlaceholder(bytes, isQuoted ? open + 1 : begin, to, kind)) return false;
  if (isQuoted) setQuoted(bytes, begin, open, to, value);
  else setPlain(bytes, begin, to, value);
  return kind === NameKind.basic ? isBasicCredentials(bytes, value) : isSecret(bytes, value);
}

function isQuoteAt(bytes: Buffer, begin: number, to: number): boolean {
  const open = runEnd(bytes, begin, Math.min(to, begin + 2 * SPACES_MAX), BACKSLASHES);
  return open < to && QUOTE[bytes[open] as number] === 1;
}

/** Where the quote of `b'…'` is, or of another literal that a letter or two stand before; else `begin`. */
function literalAt(bytes: Buffer, begin: number, to: number): number {
  const end = runEnd(bytes, begin, Math.min(to, begin + 3), LITERAL);
  return end > begin && end - begin <= 2 && isQuoteAt(bytes, end, to) ? end : begin;
}

function isElement(bytes: Buffer, start: number, from: number): boolean {
  return start > from && bytes[start - 1] === LESS;
}

function isParameter(bytes: Buffer, start: number, from: number): boolean {
  return start > from && (bytes[start - 1] === 0x3f || bytes[start - 1] === 0x26);
}

function setPlain(bytes: Buffer, begin: number, to: number, value: ValueRange): boolean {
  value.start = begin;
  value.end = runEnd(bytes, begin, to, VALUE);
  while (value.end > begin && CLOSING[bytes[value.end - 1] as number] === 1) value.end--;
  return value.end > begin;
}

interface Bare {
  readonly kind: NameKindNumber;
  readonly isProse: boolean;
  readonly value: ValueRange;
}

function setBare(bytes: Buffer, begin: number, to: number, { kind, isProse, value }: Bare): boolean {
  // A map or a list: what is in it has names of its own.
  if (bytes[begin] === 0x7b || bytes[begin] === 0x5b || isPlaceholder(bytes, begin, to, kind)) return false;
  if (kind === NameKind.cookie) return setCookies(bytes, begin, to, value);
  if (!setPlain(bytes, begin, to, value)) return false;
  if (kind === NameKind.basic) return isBasicCredentials(bytes, value);
  if (kind === NameKind.authorization) return setCredentials(bytes, to, isProse, value);
  if (kind === NameKind.token && value.end - value.start <= COUNT_MAX && isNumber(bytes, value)) return false;
  const isPassword = kind === NameKind.password || kind === NameKind.pwd;
  return isSecret(bytes, value) && (!isProse || isPassword || looksSecret(bytes, value));
}

/** `Bearer abc`: the scheme stays. A word alone is prose unless it looks like a secret. */
function setCredentials(bytes: Buffer, to: number, isProse: boolean, value: ValueRange): boolean {
  const { start, end } = value;
  const isScheme = end + 1 < to && bytes[end] === 0x20 && end - start <= SCHEME_MAX && runEnd(bytes, start, end, SCHEME) === end;
  if (isScheme && !isPlaceholder(bytes, end + 1, to, NameKind.authorization) && setPlain(bytes, end + 1, to, value)) {
    if (isSecret(bytes, value) && (looksSecret(bytes, value) || !isProse)) {
      // Digest and the like have a list of parameters.
      if (setParameters(bytes, to, value)) value.end = runEnd(bytes, value.end, to, LINE);
      return true;
    }
  }
  value.start = start;
  value.end = end;
  return isSecret(bytes, value) && looksSecret(bytes, value);
}

/** All pairs of a Cookie header, to the end of the line. */
function setCookies(bytes: Buffer, begin: number, to: number, value: ValueRange): boolean {
  const end = runEnd(bytes, begin, Math.min(to, begin + NAME_MAX), NAME);
  if (end === begin || end >= to || bytes[end] !== EQUALS) return false;
  value.start = begin;
  value.end = runEnd(bytes, begin, to, LINE);
  return true;
}

/** True for what stands where a secret would: what was redacted before, a variable, a path where PWD may be one. */
export function isPlaceholder(bytes: Buffer, begin: number, to: number, kind: NameKindNumber): boolean {
  if (kind === NameKind.pwd && (bytes[begin] === 0x2f || bytes[begin] === 0x7e)) return true;
  if (PLACEHOLDER_START[bytes[begin] as number] === 0) return false;
  for (const text of PLACEHOLDERS) if (isTextAt(bytes, begin, to, text)) return true;
  return false;
}

/** False for nothing, and for words that say nothing. */
function isSecret(bytes: Buffer, { start, end }: ValueRange): boolean {
  if (end <= start) return false;
  for (const text of LITERALS) if (text.length === end - start && isTextAt(bytes, start, end, text, true)) return false;
  return true;
}

function isNumber(bytes: Buffer, { start, end }: ValueRange): boolean {
  return runEnd(bytes, start, end, DIGIT) === end;
}

function looksSecret(bytes: Buffer, { start, end }: ValueRange): boolean {
  if (end - start >= SECRET_LONG) return true;
  if (end - start < SECRET_MIN) return false;
  for (let i = start; i < end; i++) if (DIGIT[bytes[i] as number] === 1) return true;
  return false;
}
