import { DIGIT, byteSet, isTextAt, runEnd } from './bytes.ts';
import { isPlaceholder, setValue, type AssignmentText } from './assignments.ts';
import type { ValueRange } from './values.ts';
import { BEFORE_OPTION, CommandBefore } from './commands.ts';
import { NameKind } from './secret-names.ts';

/** Passwords behind the short options of commands, where no name says so: `curl -u user:…`, `mysql -p…`. */

const DASH = 0x2d;
const DOLLAR = 0x24;
const APOSTROPHE = 0x27;
const EQUALS = 0x3d;
const SLASH = 0x2f;
const BACKSLASHES = byteSet('\\');
const QUOTES = byteSet('"\'');
/** What stands between an option and its value, also in a list of arguments: `"-u", "user:…"`. */
const GAP = byteSet(' \t\0,');
const GAP_MAX = 8;
/** Behind a letter without a gap, fewer are several options in one. */
const GLUED_MIN = 3;
/** Digits of a port. */
const PORT_MAX = 5;
const USER_TOKEN_MIN = 20;

const LONG = ['--user', '--proxy-user'].map((text) => Buffer.from(text));
const LETTER_A = 0x61;
const LETTER_P = 0x70;
const LETTER_U = 0x75;
// Of compilers, whose command lines name what they build with.
const COMPILER_OPTIONS = ['-pipe', '-pthread', '-pedantic'].map((text) => Buffer.from(text));
const OPENSSL = ['-pass', '-passin', '-passout'].map((text) => Buffer.from(`${text} pass:`));

export class Options {
  readonly #before = new CommandBefore();

  begin(from: number): void {
    this.#before.begin(from);
  }

  /** The password behind the option whose dash is at `at`. `from` is where the whole text begins, also what was found in it before. */
  valueAt(bytes: Buffer, at: number, from: number, { to }: AssignmentText, value: ValueRange): boolean {
    if (at <= from || BEFORE_OPTION[bytes[at - 1] as number] === 0) return false;
    if (bytes[at + 1] === DASH) return this.#long(bytes, at, from, to, value);
    const letter = bytes[at + 1] as number;
    if (letter === LETTER_P && bytes[at + 2] === LETTER_A) {
      for (const text of OPENSSL) if (isTextAt(bytes, at, to, text)) return isValue(bytes, at + text.length, to, value);
    }
    const begin = valueBegin(bytes, at + 2, to, bytes[at - 1] as number);
    const isGlued = begin === at + 2;
    if (begin >= to || (isGlued && to - begin < GLUED_MIN)) return false;
    const option = this.#before.optionBefore(bytes, from, at, letter);
    if (!option || (isGlued ? option.gap === 'blank' : option.gap === 'none')) return false;
    if (!isValue(bytes, begin, to, value)) return false;
    if (option.divider !== undefined) return isPasswordBehind(bytes, to, option.divider.charCodeAt(0), value);
    const length = value.end - value.start;
    if (!isGlued) return true;
    if (length < GLUED_MIN || COMPILER_OPTIONS.some((text) => isTextAt(bytes, at, value.end, text))) return false;
    return !(this.#before.isRemote && length <= PORT_MAX && runEnd(bytes, value.start, value.end, DIGIT) === value.end);
  }

  /** `--user name:password` of curl. */
  #long(bytes: Buffer, at: number, from: number, to: number, value: ValueRange): boolean {
    for (const text of LONG) {
      if (!isTextAt(bytes, at, to, text)) continue;
      const end = at + text.length;
      const begin = bytes[end] === EQUALS ? end + 1 : valueBegin(bytes, end, to, bytes[at - 1] as number);
      const option = begin > end ? this.#before.optionBefore(bytes, from, at, LETTER_U) : undefined;
      return option?.divider === ':' && isValue(bytes, begin, to, value) && isPasswordBehind(bytes, to, 0x3a, value);
    }
    return false;
  }
}

/** Where the value of an option begins; where the option stands in quotes of its own, behind them and the comma. */
function valueBegin(bytes: Buffer, end: number, to: number, before: number): number {
  const quote = QUOTES[before] === 1 ? runEnd(bytes, end, Math.min(to, end + GAP_MAX), BACKSLASHES) : to;
  const gap = quote < to && bytes[quote] === before ? quote + 1 : end;
  const begin = runEnd(bytes, gap, Math.min(to, gap + GAP_MAX), GAP);
  if (gap === end || bytes[begin] !== LETTER_A) return begin;
  // The kernel's audit log numbers arguments: `a1="-u" a2="user:…"`.
  const sign = runEnd(bytes, begin + 1, Math.min(to, begin + GAP_MAX), DIGIT);
  return sign > begin + 1 && bytes[sign] === EQUALS ? sign + 1 : begin;
}

/** False for another option, and for what a shell has yet to put in. */
function isValue(bytes: Buffer, begin: number, to: number, value: ValueRange): boolean {
  if (begin >= to || bytes[begin] === DASH || !setValue(bytes, begin, to, NameKind.password, value)) return false;
  return bytes[value.start] !== DOLLAR || (value.start > begin && bytes[value.start - 1] === APOSTROPHE);
}

/** The password behind the user's name. Two numbers are those of a user and a group. */
function isPasswordBehind(bytes: Buffer, to: number, divider: number, value: ValueRange): boolean {
  const { start, end } = value;
  let at = start;
  while (at < end && bytes[at] !== divider) at++;
  if (at === start || at === end) return false;
  value.start = at + 1;
  // A token goes in place of the user's name.
  if (value.start === end) {
    value.start = start;
    value.end = end - 1;
    return at - start >= USER_TOKEN_MIN;
  }
  if (
    bytes[value.start] === SLASH ||
    (bytes[value.start] === DOLLAR && bytes[start - 1] !== APOSTROPHE) ||
    isPlaceholder(bytes, value.start, to, NameKind.password)
  )
    return false;
  return runEnd(bytes, start, at, DIGIT) < at || runEnd(bytes, value.start, end, DIGIT) < end;
}
