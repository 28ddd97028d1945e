/** A word is a name or a sign; `position` counts characters from 0. */
export interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'end';
  /** Of a text: what it means, its escapes resolved. */
  readonly value: string;
  readonly position: number;
}

const SPACE = /\s*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy;
const RAW = /`([^`]*)`/y;
const NAME = /[A-Za-z_$][\w$]*/y;
const SIGN = /\|\||&&|[=!<>]=|\?[.?]|[<>!()[\],.+?:-]/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gs;
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Cuts a condition into words, texts and numbers. Throws RangeError. */
export function tokensOf(condition: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    return pattern.exec(condition);
  };
  for (;;) {
    position += next(SPACE)?.[0].length ?? 0;
    if (position >= condition.length) break;
    const quoted = next(QUOTED);
    const raw = next(RAW);
    const number = next(NUMBER);
    const found = quoted ?? raw ?? number ?? next(NAME) ?? next(SIGN);
    if (!found) throw new RangeError(`"${condition.slice(position)}" is no part of a condition, in "${condition}"`);
    if (quoted) tokens.push({ kind: 'text', value: unescaped(quoted[1] ?? quoted[2] ?? ''), position });
    else if (raw) tokens.push({ kind: 'text', value: raw[1] ?? '', position });
    else tokens.push({ kind: number ? 'number' : 'word', value: found[0], position });
    position += found[0].length;
  }
  tokens.push({ kind: 'end', value: 'the end', position });
  return tokens;
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (_, two?: string, four?: string, one?: string) =>
    one === undefined ? String.fromCharCode(Number.parseInt(two ?? four ?? '', 16)) : (CONTROLS[one] ?? one),
  );
}
