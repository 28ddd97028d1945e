import { digitsOfNumber } from './byte-class.ts';

/** Whether a word differs between the lines of a template. */
export const Vary = {
  /** It is the same in all. */
  never: 0,
  /** It was found to differ. */
  seen: 1,
  /** It does not tell templates apart, as the value of a `key=value` does not; it is shown while it is always the same. */
  soft: 2,
  /** It is a number, an address, a path: what it says is never part of a template. */
  always: 3,
} as const;
export type VaryNumber = (typeof Vary)[keyof typeof Vary];

export const Role = { plain: 0, value: 1, unit: 2, list: 3 } as const;
export type RoleNumber = (typeof Role)[keyof typeof Role];

/** A word, or a delimiter between words. Its text is what the line has there, in Latin-1: one character a byte. */
export interface Token {
  readonly isWord: boolean;
  readonly text: string;
  vary: VaryNumber;
  role: RoleNumber;
  /** How a list reads with placeholders, as long as it has always the same number of items. */
  pieces?: string | undefined;
}

const WORD_OR_DELIMITER = /[\xe0-\xff][\x80-\xff]*|(?:[^ \t\r\n'"|=,;:(){}[\]!<>\xe0-\xff]|:(?=\/))+|[ \t]+|[\r\n'"|=,;:(){}[\]!<>]/g;
/** `enabled......0`: leaders between a name and its value. */
const LEADERS = /\.{3,}(?=[^.])/;

export function word(text: string, vary: VaryNumber = Vary.never, role: RoleNumber = Role.plain): Token {
  return { isWord: true, text, vary, role };
}

export function delimiter(text: string): Token {
  return { isWord: false, text, vary: Vary.never, role: Role.plain };
}

/** Cuts a line as `Shape` does, and dotted leaders off words. */
export function split(line: string): Token[] {
  const tokens: Token[] = [];
  for (const [text] of line.matchAll(WORD_OR_DELIMITER)) {
    if (isDelimiter(text)) tokens.push(delimiter(text));
    else pushWord(tokens, text);
  }
  return tokens;
}

function isDelimiter(text: string): boolean {
  return ' \t\r\n\'"|=,;(){}[]!<>'.includes(text.charAt(0)) || text === ':';
}

function pushWord(tokens: Token[], text: string): void {
  // A number is one thing to the shape; cutting it would depend on what the shape does not know.
  const leaders = isNumber(text) ? null : LEADERS.exec(text);
  if (!leaders) {
    tokens.push(word(text));
    return;
  }
  const { index, 0: dots } = leaders;
  if (index > 0) tokens.push(word(text.slice(0, index)));
  tokens.push(delimiter(dots));
  if (index + dots.length < text.length) pushWord(tokens, text.slice(index + dots.length));
}

/** What `Shape` takes for a number. */
export function isNumber(text: string): boolean {
  let needed = digitsOfNumber(text.charCodeAt(0) & 0xff);
  for (let i = 0; i < text.length && needed > 0; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) needed--;
  }
  return needed <= 0;
}

export function countConstant(tokens: readonly Token[]): number {
  let count = 0;
  for (const token of tokens) if (token.isWord && token.vary === Vary.never) count++;
  return count;
}

/** Delimiters that may stand between a word and the one before it: `user: 'bob'` has three. */
const BETWEEN_MAX = 3;

/** The constant word before, unless more than a few delimiters are between. */
export function wordBefore(tokens: readonly Token[], position: number): string | undefined {
  for (let i = position - 1; i >= position - 1 - BETWEEN_MAX; i--) {
    const before = tokens[i];
    if (before?.isWord) return before.vary === Vary.never ? before.text : undefined;
  }
  return undefined;
}
