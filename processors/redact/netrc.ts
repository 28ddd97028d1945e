import { byteSet, isTextAt, runEnd, runStart } from './bytes.ts';
import { setValue, type AssignmentText } from './assignments.ts';
import type { ValueRange } from './values.ts';
import { NameKind } from './secret-names.ts';

const GAP = byteSet(' \t\r\n');
const WORD = byteSet(' \t\r\n').map((isGap) => 1 - isGap);
const GAP_MAX = 16;
const WORD_MAX = 256;
const MACHINE = Buffer.from('machine');
const DEFAULT = Buffer.from('default');
const PASSWORD = Buffer.from('password');
const FIELDS = ['login', 'account'].map((text) => Buffer.from(text));

/**
 * The password in `machine host login name password value`, the lines of `.netrc`, where the word `password` lies in
 * `bytes[start, end)`. It counts only behind such words: otherwise it is one of a sentence.
 */
export function netrcPasswordAt(bytes: Buffer, start: number, end: number, { from, to }: AssignmentText, value: ValueRange): boolean {
  if (end - start !== PASSWORD.length || !isTextAt(bytes, start, end, PASSWORD)) return false;
  const begin = runEnd(bytes, end, Math.min(to, end + GAP_MAX), GAP);
  if (begin === end || begin >= to || !isEntry(bytes, from, start)) return false;
  return setValue(bytes, begin, to, NameKind.password, value);
}

/** Whether `machine host` or `default` is before `at`, with no more between than a name and an account. */
function isEntry(bytes: Buffer, from: number, at: number): boolean {
  let end = at;
  for (let pair = 0; pair <= FIELDS.length; pair++) {
    const last = wordBefore(bytes, from, end);
    if (last.start === last.end) return false;
    if (pair > 0 && isTextAt(bytes, last.start, last.end, DEFAULT) && last.end - last.start === DEFAULT.length) return true;
    const first = wordBefore(bytes, from, last.start);
    const length = first.end - first.start;
    const isWord = (text: Buffer): boolean => length === text.length && isTextAt(bytes, first.start, first.end, text);
    // Without a login, or before it, "the machine X password …" may be a sentence.
    if (isWord(MACHINE)) return pair > 0;
    if (!FIELDS.some(isWord)) return false;
    end = first.start;
  }
  return false;
}

function wordBefore(bytes: Buffer, from: number, at: number): ValueRange {
  const end = runStart(bytes, from, at, { set: GAP, most: GAP_MAX });
  return { start: end === at ? end : runStart(bytes, from, end, { set: WORD, most: WORD_MAX }), end };
}
