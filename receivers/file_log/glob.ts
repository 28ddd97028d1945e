/**
 * Glob patterns as the Collector understands them (doublestar): `*` and `?` within a name, `**` for any number of
 * folders when it is a whole name, `[a-z]`, `[^x]`, `[!x]`, `{a,b}`, and `\` before a character that means itself. Names
 * that begin with a dot are names like any other.
 */
export type Segment =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'pattern'; readonly matches: (name: string) => boolean }
  | { readonly kind: 'any' };

export interface Glob {
  /** What the operator wrote, braces expanded. */
  readonly source: string;
  readonly isAbsolute: boolean;
  readonly segments: readonly Segment[];
}

/** One written pattern may stand for many. Past the bound it is refused, not half expanded. */
const EXPANSIONS_MAX = 1024;
const SPECIAL = /[*?[\]{}\\]/;

export class GlobError extends Error {}

/** One glob for each combination of the alternatives in braces. Throws GlobError when the text is no pattern. */
export function parseGlob(text: string): Glob[] {
  if (text === '') throw new GlobError('expected a path or pattern, got ""');
  return expandBraces(text).map(toGlob);
}

/** True when the whole path fits. Both are compared as written: a relative pattern never fits an absolute path. */
export function globMatches(glob: Glob, path: string): boolean {
  if (path.startsWith('/') !== glob.isAbsolute) return false;
  return segmentsMatch(glob.segments, 0, namesOf(path), 0);
}

export function segmentMatches(segment: Segment, name: string): boolean {
  if (segment.kind === 'any') return true;
  return segment.kind === 'name' ? segment.text === name : segment.matches(name);
}

function segmentsMatch(segments: readonly Segment[], at: number, names: readonly string[], from: number): boolean {
  for (let i = at, name = from; i < segments.length; i++, name++) {
    const segment = segments[i] as Segment;
    if (segment.kind === 'any') {
      for (let next = name; next <= names.length; next++) if (segmentsMatch(segments, i + 1, names, next)) return true;
      return false;
    }
    if (name >= names.length || !segmentMatches(segment, names[name] as string)) return false;
    if (i === segments.length - 1) return name === names.length - 1;
  }
  return from === names.length;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function toGlob(source: string): Glob {
  const segments: Segment[] = [];
  for (const name of splitNames(source)) {
    const segment = toSegment(name, source);
    // Two `**` in a row mean what one means.
    if (segment.kind !== 'any' || segments.at(-1)?.kind !== 'any') segments.push(segment);
  }
  return { source, isAbsolute: source.startsWith('/'), segments };
}

/** Splits at `/`, but not where a backslash precedes it. */
function splitNames(source: string): string[] {
  return source.split('/').filter((name) => name !== '' && name !== '.');
}

function toSegment(name: string, source: string): Segment {
  if (name === '**') return { kind: 'any' };
  if (!SPECIAL.test(name)) return { kind: 'name', text: name };
  const expression = new RegExp(`^${toRegex(name, source)}$`, 's');
  return { kind: 'pattern', matches: (candidate) => expression.test(candidate) };
}

function toRegex(name: string, source: string): string {
  let regex = '';
  for (let i = 0; i < name.length; i++) {
    const character = name[i] as string;
    if (character === '*') {
      while (name[i + 1] === '*') i++;
      regex += '.*';
    } else if (character === '?') {
      regex += '.';
    } else if (character === '[') {
      const end = classEnd(name, i, source);
      regex += toClass(name.slice(i + 1, end));
      i = end;
    } else if (character === '\\') {
      if (++i === name.length) throw new GlobError(`"${source}": a backslash needs a character after it`);
      regex += escape(name[i] as string);
    } else {
      regex += escape(character);
    }
  }
  return regex;
}

function classEnd(name: string, open: number, source: string): number {
  let i = open + 1;
  if (name[i] === '^' || name[i] === '!') i++;
  // A `]` that comes first would make the class empty, so it is meant literally.
  if (name[i] === ']') i++;
  for (; i < name.length; i++) {
    if (name[i] === '\\') i++;
    else if (name[i] === ']') return i;
  }
  throw new GlobError(`"${source}": "[" is never closed; write "\\[" for the character itself`);
}

function toClass(inner: string): string {
  const isNegated = inner.startsWith('^') || inner.startsWith('!');
  let members = '';
  const text = isNegated ? inner.slice(1) : inner;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) members += escape(text[++i] as string);
    else if (text[i] === '-' && i > 0 && i < text.length - 1) members += '-';
    else members += escape(text[i] as string);
  }
  return `[${isNegated ? '^' : ''}${members}]`;
}

function escape(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}

function expandBraces(text: string): string[] {
  const open = findBrace(text);
  if (open < 0) return [text];
  const { parts, end } = alternatives(text, open);
  const expanded: string[] = [];
  for (const part of parts) {
    for (const whole of expandBraces(text.slice(0, open) + part + text.slice(end + 1))) expanded.push(whole);
    if (expanded.length > EXPANSIONS_MAX) throw new GlobError(`"${text}": the braces stand for more than ${EXPANSIONS_MAX} patterns`);
  }
  return expanded;
}

function findBrace(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '{') return i;
    else if (text[i] === '}') throw new GlobError(`"${text}": "}" closes nothing; write "\\}" for the character itself`);
  }
  return -1;
}

function alternatives(text: string, open: number): { parts: string[]; end: number } {
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < text.length; i++) {
    const character = text[i];
    if (character === '\\') i++;
    else if (character === '{') depth++;
    else if (character === ',' && depth === 1) {
      parts.push(text.slice(start, i));
      start = i + 1;
    } else if (character === '}' && --depth === 0) {
      parts.push(text.slice(start, i));
      return { parts, end: i };
    }
  }
  throw new GlobError(`"${text}": "{" is never closed; write "\\{" for the character itself`);
}
