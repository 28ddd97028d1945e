/** What the stars of a pattern have matched; empty when it has none. */
export type Captures = readonly string[];
/** By rule: undefined when none of its patterns matches. */
export type Matches = readonly (Captures | undefined)[];

// Names come from files, scopes and resources, of which there are few; past the bound they are matched again.
const NAMES_MAX = 10_000;
const NAME_LENGTH_MAX = 1024;

/** The patterns with * and ? of all rules, about one kind of name. Remembers the answers for each name. */
export class NamePatterns {
  readonly #byRule: readonly (readonly RegExp[])[];
  readonly #answers = new Map<string, Matches>();

  constructor(patternsByRule: readonly (readonly string[] | undefined)[]) {
    this.#byRule = patternsByRule.map((patterns) => (patterns ?? []).map(toRegExp));
  }

  match(name: string): Matches {
    let answer = this.#answers.get(name);
    if (!answer) {
      answer = this.#byRule.map((patterns) => firstMatch(patterns, name));
      if (this.#answers.size >= NAMES_MAX) this.#answers.clear();
      this.#answers.set(name, answer);
    }
    return answer;
  }
}

/** Of a path either all or the name of the file must match. */
function firstMatch(patterns: readonly RegExp[], name: string): Captures | undefined {
  if (name === '' || name.length > NAME_LENGTH_MAX) return undefined;
  const last = name.slice(name.lastIndexOf('/') + 1);
  for (const pattern of patterns) {
    const match = pattern.exec(last) ?? pattern.exec(name);
    if (match) return match.slice(1);
  }
  return undefined;
}

/** A star takes as little as it can, so that `app.*.log*` finds the name in `app.shop.log.1`. */
function toRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*+|[?.+^${}()|[\]\\]/g, (sign) => {
    if (sign.startsWith('*')) return '([^]*?)';
    return sign === '?' ? '[^]' : `\\${sign}`;
  });
  return new RegExp(`^${source}$`);
}
