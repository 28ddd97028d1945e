import { RowProblem } from '#component';
import type { LogBatch } from '#model';
import type { RegexReplaceConfig, TextEditConfig } from './config.ts';
import { parseField } from './field.ts';
import type { RowStep } from './operator.ts';
import { compileReplacer, type Replacer } from './regex/replacer.ts';
import { Found, TextSource } from './text-source.ts';
import { readField, writeField } from './values.ts';

class TextProblem extends RowProblem {}

/** Edits the text of a field. */
abstract class TextEdit implements RowStep {
  readonly #source: TextSource;
  #problem = '';

  constructor(field: string) {
    this.#source = new TextSource(parseField(field));
  }

  apply(batch: LogBatch, row: number): boolean {
    const { field } = this.#source;
    if (this.#source.find(batch, row) !== Found.text) {
      this.#problem = `${field.text} is missing or no text`;
      return false;
    }
    const text = this.#source.text();
    try {
      const edited = this.edited(text);
      if (edited !== text) writeField(batch, row, field, edited);
      return true;
    } catch (problem) {
      if (!(problem instanceof TextProblem)) throw problem;
      this.#problem = problem.message;
      return false;
    }
  }

  describe(): string {
    return this.#problem;
  }

  /** Throws TextProblem. */
  protected abstract edited(text: string): string;
}

/** Patterns with a name, as in the Collector: a control sequence of ECMA-48 § 5.4. */
const KNOWN_PATTERNS = { ansi_control_sequences: String.raw`\x1b\[[0-?]*[ -/]*[@-~]` } as const;

export class RegexReplace extends TextEdit {
  readonly #replacer: Replacer;
  readonly #replacement: string;

  /** Throws RangeError when there is not one pattern that can be read. */
  constructor({ field, regex, regex_name: name, replace_with: replacement = '' }: RegexReplaceConfig) {
    super(field);
    if ((regex === undefined) === (name === undefined)) throw new RangeError('expected one of regex and regex_name');
    this.#replacer = compileReplacer(regex ?? KNOWN_PATTERNS[name ?? 'ansi_control_sequences'], TextProblem);
    this.#replacement = replacement;
  }

  protected edited(text: string): string {
    return this.#replacer.replace(text, this.#replacement);
  }
}

/** Makes text of bytes: what is no UTF-8 in them becomes U+FFFD, which reading them as text does. */
export class SanitizeUtf8 implements RowStep {
  readonly #source: TextSource;

  constructor({ field = 'body' }: TextEditConfig) {
    this.#source = new TextSource(parseField(field));
  }

  apply(batch: LogBatch, row: number): boolean {
    const { field } = this.#source;
    const value = readField(batch, row, field);
    if (typeof value === 'string') return true;
    if (this.#source.find(batch, row) !== Found.text) return false;
    batch.deleteAttribute(row, 'winnow.body.encoding_error');
    return writeField(batch, row, field, this.#source.text()) === undefined;
  }

  describe(): string {
    return `${this.#source.field.text} is missing or no text`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"'])|)/g;
const CODE_POINT_MAX = 0x10ffff;

/** Takes the quotes of Go's syntax off a text: "…" with escapes, `…`, or one character in '…'. */
export class Unquote extends TextEdit {
  constructor({ field = 'body' }: TextEditConfig) {
    super(field);
  }

  protected edited(text: string): string {
    const quote = text[0];
    const inner = text.slice(1, -1);
    if (text.length < 2 || !text.endsWith(quote ?? '') || (quote !== '"' && quote !== '`' && quote !== "'")) {
      throw new TextProblem('the text is not quoted');
    }
    if (quote === '`') {
      if (inner.includes('`')) throw new TextProblem('the text is not quoted as a whole');
      return inner.replaceAll('\r', '');
    }
    if (inner.replaceAll(/\\./gs, '').includes(quote) || /(?<!\\)(?:\\\\)*\\$/.test(inner)) {
      throw new TextProblem('the text is not quoted as a whole');
    }
    if (inner.includes('\n')) throw new TextProblem('the quoted text has a line break');
    const unescaped = inner.replaceAll(ESCAPE, unescape);
    if (quote === "'" && Array.from(unescaped).length !== 1) throw new TextProblem('single quotes hold one character');
    return unescaped;
  }
}

function unescape(all: string, two?: string, four?: string, eight?: string, octal?: string, one?: string): string {
  if (one !== undefined) return ESCAPES[one] ?? one;
  const code = octal === undefined ? Number.parseInt(two ?? four ?? eight ?? '', 16) : Number.parseInt(octal, 8);
  if (Number.isNaN(code) || code > CODE_POINT_MAX) throw new TextProblem(`"${all}" is no escape`);
  return String.fromCodePoint(code);
}
