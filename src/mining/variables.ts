import type { Template } from '#model';

/** What a template's text has where records differ. */
export const PLACEHOLDER = '<*>';

/** The constant parts of each text, encoded once. Templates are few and live long. */
const partsOf = new WeakMap<Template, readonly Uint8Array[]>();

/**
 * The byte ranges of a line's variables as pairs of start and end, so that the text with the variables in the place of
 * its `<*>` is the line, byte for byte; undefined when the line is not of this template.
 *
 * The text describes the message alone. When a line has a header before it, as lines of files have that nobody parsed,
 * there is one range more than there are placeholders: the first one is the header.
 */
export function variablesOf(template: Template, bytes: Uint8Array, from: number, to: number): Int32Array | undefined {
  const parts = partsFor(template);
  return match(parts, bytes, from, to, false) ?? match(parts, bytes, from, to, true);
}

/** The line again: what `variablesOf` has found, put back. One value more than placeholders begins with the header. */
export function fillTemplate(text: string, variables: readonly string[]): string {
  const parts = text.split(PLACEHOLDER);
  const hasHeader = variables.length === parts.length;
  if (!hasHeader && variables.length !== parts.length - 1) {
    throw new RangeError(`the template has ${parts.length - 1} placeholders, got ${variables.length} variables`);
  }
  let line = hasHeader ? `${variables[0]}${parts[0]}` : `${parts[0]}`;
  for (let i = 1; i < parts.length; i++) line += `${variables[hasHeader ? i : i - 1]}${parts[i]}`;
  return line;
}

function partsFor(template: Template): readonly Uint8Array[] {
  let parts = partsOf.get(template);
  if (!parts) partsOf.set(template, (parts = template.text.split(PLACEHOLDER).map((part) => Buffer.from(part, 'utf8'))));
  return parts;
}

/**
 * Each constant part at the first place where it fits, the last one at the end. If any choice of places fits, this one
 * does: an earlier place leaves more room for the rest.
 */
function match(parts: readonly Uint8Array[], bytes: Uint8Array, from: number, to: number, hasHeader: boolean): Int32Array | undefined {
  const last = parts.length - 1;
  const first = parts[0] as Uint8Array;
  const ranges = new Int32Array(2 * (hasHeader ? parts.length : last));
  let at = from;
  let next = 0;
  let filled = 0;
  if (!hasHeader) {
    if (last === 0 && to - from !== first.length) return undefined;
    if (!isAt(first, bytes, from, to)) return undefined;
    at += first.length;
    next = 1;
  }
  for (; next <= last; next++) {
    const part = parts[next] as Uint8Array;
    const start = next === last ? endStart(part, bytes, at, to) : find(part, bytes, at, to);
    if (start < 0) return undefined;
    ranges[filled++] = at;
    ranges[filled++] = start;
    at = start + part.length;
  }
  return ranges;
}

function endStart(part: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  const start = to - part.length;
  return start >= from && isAt(part, bytes, start, to) ? start : -1;
}

function find(part: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  if (part.length === 0) return from;
  const head = part[0];
  for (let i = from; i <= to - part.length; i++) if (bytes[i] === head && isAt(part, bytes, i, to)) return i;
  return -1;
}

function isAt(part: Uint8Array, bytes: Uint8Array, at: number, to: number): boolean {
  if (at + part.length > to) return false;
  for (let i = 0; i < part.length; i++) if (part[i] !== bytes[at + i]) return false;
  return true;
}
