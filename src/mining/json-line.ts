import { parseLine } from './classify.ts';
import { escapeLetters, LETTER_ESCAPE, unescapeLetters } from './json-escapes.ts';
import { MESSAGE_KEYS } from './message-keys.ts';
import { Vary, delimiter, word, type Token } from './token.ts';

const MEMBER = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:\s*)/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const BARE = /[^\s,{}[\]"]+/y;
const SPACE_OR_COMMA = /[\s,]*/y;
const MEMBERS_MAX = 256;

/** What `looksLikeJson` says of bytes. */
export function isJsonText(line: string): boolean {
  return line.length > 2 && line.endsWith('}') && (line.startsWith('{"') || line.startsWith('{ '));
}

/**
 * The tokens of a JSON record: its keys are constant, its values vary, and the value of its message is a message, of which
 * no more than `bytesMax` are looked at. What cannot be read, or has more than that beside its values, is one variable
 * between braces.
 *
 * Tokens live as long as their cluster: what varies is left out, and what stays does not hold on to the line.
 */
export function parseJsonLine(line: string, bytesMax: number): Token[] {
  const members = findMembers(line);
  if (!members || constantBytes(line, members) > bytesMax) return [delimiter('{'), word('', Vary.always), delimiter('}')];
  const message = MESSAGE_KEYS.map((key) => members.find((member) => member.key === key && member.isText)).find(Boolean);
  const tokens: Token[] = [];
  let at = 0;
  for (const member of members) {
    const quote = member.isText ? 1 : 0;
    tokens.push(delimiter(copyOf(line, at, member.from + quote)));
    at = member.to - quote;
    const from = member.from + quote;
    if (member === message) tokens.push(...parseMessage(copyOf(line, from, Math.min(at, from + bytesMax))));
    if (member !== message || at - from > bytesMax) tokens.push(word('', Vary.always));
  }
  tokens.push(delimiter(copyOf(line, at, line.length)));
  return tokens;
}

/** The tokens of a message as JSON writes it. Letters that are escaped are letters, not numbers. */
function parseMessage(text: string): Token[] {
  if (!text.includes(LETTER_ESCAPE)) return parseLine(text);
  const bytes = Buffer.from(text, 'latin1');
  const letters = Buffer.alloc(bytes.length);
  const tokens = parseLine(letters.toString('latin1', 0, unescapeLetters(bytes, 0, bytes.length, letters)));
  return tokens.map((token) => Object.assign({}, token, { text: escapeLetters(token.text, text) }));
}

/** What is not a value. */
function constantBytes(line: string, members: readonly Member[]): number {
  return members.reduce((rest, { from, to }) => rest - (to - from), line.length);
}

/** A part of a string would keep all of it in memory. */
function copyOf(line: string, from: number, to: number): string {
  return Buffer.from(line.slice(from, to), 'latin1').toString('latin1');
}

interface Member {
  readonly key: string;
  readonly isText: boolean;
  readonly from: number;
  readonly to: number;
}

function findMembers(line: string): Member[] | undefined {
  const members: Member[] = [];
  let at = skip(SPACE_OR_COMMA, line, 1);
  while (line.charAt(at) !== '}') {
    MEMBER.lastIndex = at;
    const head = MEMBER.exec(line);
    if (!head || members.length >= MEMBERS_MAX) return undefined;
    const from = MEMBER.lastIndex;
    const to = endOfValue(line, from);
    if (to <= from) return undefined;
    members.push({ key: (head[1] as string).slice(1, -1), isText: line.charAt(from) === '"', from, to });
    at = skip(SPACE_OR_COMMA, line, to);
  }
  return line.slice(at + 1).trim() === '' ? members : undefined;
}

function skip(pattern: RegExp, line: string, at: number): number {
  pattern.lastIndex = at;
  pattern.test(line);
  return Math.max(at, pattern.lastIndex);
}

function endOfValue(line: string, from: number): number {
  const first = line.charAt(from);
  if (first === '"') return skip(STRING, line, from);
  if (first !== '{' && first !== '[') return skip(BARE, line, from);
  let depth = 0;
  for (let at = from; at < line.length; at++) {
    const character = line.charAt(at);
    if (character === '"') {
      const end = skip(STRING, line, at);
      if (end === at) return -1;
      at = end - 1;
    } else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return -1;
}
