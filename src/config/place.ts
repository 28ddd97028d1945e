import { LineCounter } from 'yaml';

/** Where text of a configuration comes from: a file, a variable, an argument. */
export interface Source {
  /** As the operator named it, so that an editor or terminal can open it. */
  readonly name: string;
  /** Problems are sorted by it: sources in the order in which they were given. */
  readonly order: number;
  /** Absent when lines mean nothing to the operator, as in `--set a.b=c`; then the name alone is the position. */
  readonly lines: LineCounter | undefined;
}

/** One point in a source. Line and column are found only when a message needs them. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

export function createSource(name: string, order: number): Source {
  return { name, order, lines: new LineCounter() };
}

/** A source whose every point is shown as `name`. */
export function createFixedSource(name: string, order: number): Source {
  return { name, order, lines: undefined };
}

/** `file:line:column`. */
export function positionOf({ source, offset }: Place): string {
  if (!source.lines) return source.name;
  const { line, col } = source.lines.linePos(offset);
  // An empty source has no line yet; its only point is the first.
  return `${source.name}:${Math.max(1, line)}:${Math.max(1, col)}`;
}

export function comparePlaces(a: Place, b: Place): number {
  return a.source.order - b.source.order || a.offset - b.offset;
}
