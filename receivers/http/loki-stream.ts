/** One line of a push. Its text is either a range of the body or, where it had escapes, a string. */
export interface Entry {
  readonly timeMs: number;
  readonly timeNs: number;
  readonly from: number;
  readonly to: number;
  readonly text: string | undefined;
  /** Labels of this line alone. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Stream {
  readonly labels: Readonly<Record<string, string>>;
  readonly entries: Iterable<Entry>;
}

export const NO_METADATA: Readonly<Record<string, string>> = {};

/** Labels may have any name, also those that every object has already. */
export function emptyLabels(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
