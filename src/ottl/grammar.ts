import { createRequire } from 'node:module';
import type * as Chevrotain from 'chevrotain';
import type { Argument, Node, Operator, Segment, StatementNode } from './ast.ts';
import { OttlMistake } from './problem.ts';

type Library = typeof Chevrotain;
type Token = Chevrotain.IToken;
type Rule<Result> = Chevrotain.ParserMethod<[], Result>;

interface Parser {
  parseStatement(source: string): StatementNode;
  parseExpression(source: string): Node;
}

// A parser calls itself for each level; nobody writes half as many.
const DEPTH_MAX = 60;
const LENGTH_MAX = 64 * 1024;
const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

let parser: Parser | undefined;

/** Reads `editor(…) where condition`. Throws OttlMistake. */
export function parseStatement(source: string): StatementNode {
  return loaded().parseStatement(source);
}

/** Reads a condition or a value. Throws OttlMistake. */
export function parseExpression(source: string): Node {
  return loaded().parseExpression(source);
}

/**
 * The parser library costs 40 ms and 11 MB, so it is loaded when the first expression is read and not when this file is.
 * `require`, because configurations are checked synchronously.
 */
function loaded(): Parser {
  parser ??= createParser(createRequire(import.meta.url)('chevrotain') as Library);
  return parser;
}

/** What people write who come from other languages, and what they mean. */
const FOREIGN: Readonly<Record<string, string>> = {
  '&&': 'and',
  '||': 'or',
  '!': 'not',
  '=': '==',
  "'": 'double quotes around texts',
  '`': 'double quotes around texts',
};

function createParser({ createToken, EmbeddedActionsParser, Lexer, tokenLabel }: Library): Parser {
  const name = createToken({ name: 'Name', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name' });
  const word = (text: string): Chevrotain.TokenType => createToken({ name: text, pattern: text, longer_alt: name, label: `"${text}"` });
  const sign = (id: string, pattern: string | RegExp, label: string = `"${String(pattern)}"`): Chevrotain.TokenType =>
    createToken({ name: id, pattern, label });

  const [where, and, or, not] = [word('where'), word('and'), word('or'), word('not')];
  const [yes, no, nil] = [word('true'), word('false'), word('nil')];
  const space = createToken({ name: 'Space', pattern: /\s+/, group: Lexer.SKIPPED });
  const bytes = sign('Bytes', /0x[0-9a-fA-F]*/, 'bytes such as 0x0a');
  const double = sign('Double', /\d*\.\d+(?:[eE][+-]?\d+)?/, 'a number');
  const int = sign('Int', /\d+/, 'a number');
  const text = sign('Text', /"(?:[^"\\]|\\[^])*"/, 'a text in double quotes');
  const comparison = sign('Comparison', /[=!<>]=|[<>]/, 'a comparison');
  const foreign = sign('Foreign', /&&|\|\||!/, 'nothing');
  const equal = sign('Equal', '=');
  const plus = sign('Plus', /[+-]/, '"+" or "-"');
  const times = sign('Times', /[*/]/, '"*" or "/"');
  const [open, close, left, right] = [sign('Open', '('), sign('Close', ')'), sign('Left', '['), sign('Right', ']')];
  const [begin, finish, comma] = [sign('Begin', '{'), sign('Finish', '}'), sign('Comma', ',')];
  const [colon, dot] = [sign('Colon', ':'), sign('Dot', '.')];
  const words = [where, and, or, not, yes, no, nil, name];
  const signs = [bytes, double, int, text, comparison, foreign, equal, plus, times, open, close, left, right];
  const tokens = [space, ...words, ...signs, begin, finish, comma, colon, dot];
  const lexer = new Lexer(tokens, { ensureOptimizations: false, positionTracking: 'onlyOffset' });

  class Grammar extends EmbeddedActionsParser {
    constructor() {
      super(tokens, {
        maxLookahead: 2,
        errorMessageProvider: {
          buildMismatchTokenMessage: ({ expected }) => `expected ${tokenLabel(expected)}`,
          buildNotAllInputParsedMessage: () => 'expected an operator or the end',
          buildNoViableAltMessage: () =>
            'expected a path, a function, a text in double quotes, a number, true, false, nil, [list] or {map}',
          buildEarlyExitMessage: () => 'expected more',
        },
      });
      this.performSelfAnalysis();
    }

    readonly statement: Rule<StatementNode> = this.RULE('statement', () => {
      const editor = this.SUBRULE(this.reference);
      const condition = this.OPTION(() => {
        this.CONSUME(where);
        return this.SUBRULE(this.anyOf);
      });
      return { editor, where: condition };
    });

    readonly anyOf: Rule<Node> = this.RULE('anyOf', () => {
      let one = this.SUBRULE(this.allOf);
      this.MANY(() => {
        this.CONSUME(or);
        const other = this.SUBRULE2(this.allOf);
        one = this.ACTION(() => ({ kind: 'or', left: one, right: other, at: one.at, end: other.end }));
      });
      return one;
    });

    readonly allOf: Rule<Node> = this.RULE('allOf', () => {
      let one = this.SUBRULE(this.negation);
      this.MANY(() => {
        this.CONSUME(and);
        const other = this.SUBRULE2(this.negation);
        one = this.ACTION(() => ({ kind: 'and', left: one, right: other, at: one.at, end: other.end }));
      });
      return one;
    });

    readonly negation: Rule<Node> = this.RULE('negation', () =>
      this.OR([
        {
          ALT: (): Node => {
            const { startOffset } = this.CONSUME(not);
            const inner = this.SUBRULE(this.negation);
            return this.ACTION(() => ({ kind: 'not', inner, at: startOffset, end: inner.end }));
          },
        },
        { ALT: (): Node => this.SUBRULE(this.comparison) },
      ]),
    );

    readonly comparison: Rule<Node> = this.RULE('comparison', (): Node => {
      const one = this.SUBRULE(this.sum);
      const rest = this.OPTION(() => {
        const operator = this.CONSUME(comparison).image as Operator;
        return { operator, other: this.SUBRULE2(this.sum) };
      });
      return this.ACTION((): Node =>
        rest ? { kind: 'compare', operator: rest.operator, left: one, right: rest.other, at: one.at, end: rest.other.end } : one,
      );
    });

    readonly sum: Rule<Node> = this.RULE('sum', () => {
      let one = this.SUBRULE(this.product);
      this.MANY(() => {
        const operator = this.CONSUME(plus).image;
        const other = this.SUBRULE2(this.product);
        one = this.ACTION(() => ({ kind: 'math', operator, left: one, right: other, at: one.at, end: other.end }));
      });
      return one;
    });

    readonly product: Rule<Node> = this.RULE('product', () => {
      let one = this.SUBRULE(this.primary);
      this.MANY(() => {
        const operator = this.CONSUME(times).image;
        const other = this.SUBRULE2(this.primary);
        one = this.ACTION(() => ({ kind: 'math', operator, left: one, right: other, at: one.at, end: other.end }));
      });
      return one;
    });

    readonly primary: Rule<Node> = this.RULE('primary', () =>
      this.OR([
        { ALT: (): Node => this.SUBRULE(this.number) },
        { ALT: (): Node => literalOf(this.CONSUME(text), unquoted) },
        { ALT: (): Node => literalOf(this.CONSUME(bytes), ({ image }) => Buffer.from(image.slice(2), 'hex')) },
        { ALT: (): Node => literalOf(this.CONSUME(yes), () => true) },
        { ALT: (): Node => literalOf(this.CONSUME(no), () => false) },
        { ALT: (): Node => literalOf(this.CONSUME(nil), () => null) },
        { ALT: (): Node => this.SUBRULE(this.reference) },
        { ALT: (): Node => this.SUBRULE(this.list) },
        { ALT: (): Node => this.SUBRULE(this.map) },
        {
          ALT: (): Node => {
            this.CONSUME(open);
            const inner = this.SUBRULE(this.anyOf);
            this.CONSUME(close);
            return inner;
          },
        },
      ]),
    );

    readonly number: Rule<Node> = this.RULE('number', (): Node => {
      const minus = this.OPTION(() => this.CONSUME(plus));
      const digits = this.OR([{ ALT: () => this.CONSUME(int) }, { ALT: () => this.CONSUME(double) }]);
      return this.ACTION(() => {
        const isDouble = digits.tokenType === double;
        const image = `${minus?.image === '-' ? '-' : ''}${digits.image}`;
        const value = isDouble ? Number(image) : integerOf(image);
        return { kind: 'literal', value, isDouble, at: minus?.startOffset ?? digits.startOffset, end: endOf(digits) };
      });
    });

    readonly list: Rule<Node> = this.RULE('list', (): Node => {
      const items: Node[] = [];
      const { startOffset } = this.CONSUME(left);
      this.MANY_SEP({ SEP: comma, DEF: () => void items.push(this.SUBRULE(this.anyOf)) });
      const last = this.CONSUME(right);
      return { kind: 'list', items, at: startOffset, end: endOf(last) };
    });

    readonly map: Rule<Node> = this.RULE('map', (): Node => {
      const entries: { key: string; value: Node }[] = [];
      const { startOffset } = this.CONSUME(begin);
      this.MANY_SEP({
        SEP: comma,
        DEF: () => {
          const key = this.CONSUME(text);
          this.CONSUME(colon);
          const value = this.SUBRULE(this.anyOf);
          this.ACTION(() => void entries.push({ key: unquoted(key), value }));
        },
      });
      const last = this.CONSUME(finish);
      return { kind: 'map', entries, at: startOffset, end: endOf(last) };
    });

    readonly reference: Rule<Node> = this.RULE('reference', () => {
      const first = this.CONSUME(name);
      const call = this.OPTION(() => this.SUBRULE(this.callArguments));
      const keys = this.SUBRULE(this.keys);
      const segments: Segment[] = [];
      this.MANY(() => {
        this.CONSUME(dot);
        const next = this.CONSUME2(name);
        const inner = this.SUBRULE2(this.keys);
        this.ACTION(() => void segments.push({ name: next.image, keys: inner, at: next.startOffset, end: endOf(next) }));
      });
      return this.ACTION((): Node => {
        const at = first.startOffset;
        const end = endOf(this.LA(0));
        if (call && segments.length === 0) return { kind: 'call', name: first.image, arguments: call, keys, at, end };
        return { kind: 'reference', segments: [{ name: first.image, keys, at, end: endOf(first) }, ...segments], at, end };
      });
    });

    readonly keys: Rule<Node[]> = this.RULE('keys', () => {
      const keys: Node[] = [];
      this.MANY(() => {
        this.CONSUME(left);
        keys.push(this.SUBRULE(this.anyOf));
        this.CONSUME(right);
      });
      return keys;
    });

    readonly callArguments: Rule<Argument[]> = this.RULE('callArguments', () => {
      const all: Argument[] = [];
      this.CONSUME(open);
      this.MANY_SEP({
        SEP: comma,
        DEF: () => {
          const named = this.OPTION(() => {
            const token = this.CONSUME(name);
            this.CONSUME(equal);
            return token;
          });
          const value = this.SUBRULE(this.anyOf);
          this.ACTION(() => void all.push({ name: named?.image, value, at: named?.startOffset ?? value.at, end: value.end }));
        },
      });
      this.CONSUME(close);
      return all;
    });
  }

  const grammar = new Grammar();
  const openers = new Set([open, left, begin, not]);
  const closers = new Set([close, right, finish]);

  function read(source: string): Token[] {
    if (source.length > LENGTH_MAX) throw new OttlMistake(source, LENGTH_MAX, `an expression has at most ${LENGTH_MAX} characters`);
    const { tokens: found, errors } = lexer.tokenize(source);
    const [error] = errors;
    if (error)
      throw new OttlMistake(
        source,
        error.offset,
        `${JSON.stringify(source[error.offset])} is no part of the language${unclosed(source, error.offset)}`,
      );
    let depth = 0;
    for (const token of found) {
      if (openers.has(token.tokenType) && ++depth > DEPTH_MAX)
        throw new OttlMistake(source, token.startOffset, `expected at most ${DEPTH_MAX} levels`);
      if (closers.has(token.tokenType)) depth--;
    }
    return found;
  }

  function parse<Result>(source: string, rule: Rule<Result>): Result {
    grammar.input = read(source);
    const result = rule.call(grammar);
    const [error] = grammar.errors;
    if (!error) return result;
    const { token } = error;
    const isEnd = Number.isNaN(token.startOffset) || token.image === '';
    const got = isEnd ? 'the end' : JSON.stringify(token.image);
    throw new OttlMistake(
      source,
      isEnd ? source.trimEnd().length : token.startOffset,
      `${error.message}, got ${got}${meaning(token.image)}`,
    );
  }

  return {
    parseStatement: (source) => parse(source, grammar.statement),
    parseExpression: (source) => parse(source, grammar.anyOf),
  };
}

function literalOf(token: Token, valueOf: (token: Token) => string | boolean | null | Uint8Array): Node {
  return { kind: 'literal', value: valueOf(token), isDouble: false, at: token.startOffset, end: endOf(token) };
}

function endOf({ startOffset, image }: Token): number {
  return startOffset + image.length;
}

function integerOf(image: string): number | bigint {
  const value = BigInt(image);
  if (value < INT_MIN || value > INT_MAX) return Number.NaN;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([^]))/g;

/** What a quoted text means. Escapes are Go's; an unknown one stays as it is, so that `"\d"` is a class in a pattern. */
function unquoted({ image }: Token): string {
  return image.slice(1, -1).replace(ESCAPE, (all, two?: string, four?: string, one: string = '') => {
    const code = two ?? four;
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return CONTROLS[one] ?? (one === '"' || one === '\\' ? one : all);
  });
}

function meaning(image: string): string {
  const meant = FOREIGN[image];
  return meant === undefined ? '' : `; did you mean ${meant === '==' || meant.length <= 3 ? `"${meant}"` : meant}?`;
}

function unclosed(source: string, offset: number): string {
  if (source[offset] === '"') return ': a text without its closing "';
  return meaning(source[offset] ?? '');
}
