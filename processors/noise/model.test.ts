import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { validate } from '../../test/contract/subject.ts';
import { PlainSink, feedOf, plainRecord, play, type PlainRecord } from '../../test/helpers/plain-records.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import type { NoiseConfig } from './config.ts';
import { factory } from './index.ts';

/*
 * Goal: what is dropped and what is cut is what the README says, no error is among it, and all else of a record stays as it
 * was. Method: bodies are made of pieces of which the model knows what they are, so that it need not recognise anything.
 */

/** What a body is: one line of a trace, a whole trace with what is left of it, or any other text. */
interface Piece {
  readonly text: string;
  readonly kind: 'frame' | 'python frame' | 'source' | 'trace' | 'other';
  readonly left?: string;
}

const FRAMES: readonly string[] = [
  '\tat com.example.Shop.pay(Shop.java:12)',
  '    at Shop.Program.Main(String[] args) in C:\\shop\\Program.cs:line 7',
  '    at async pay (file:///srv/shop/pay.js:3:9)',
  "\tfrom shop.rb:3:in 'pay'",
  '\t... 12 more',
];
const PYTHON_FRAME = '  File "shop.py", line 12, in pay';
const SOURCE = '    raise PaymentError(order)';

const line = (text: string, kind: Piece['kind']): Piece => ({ text, kind });

/** A trace in one record: what is between the first and the last line goes. */
function traceOf(first: string, between: readonly string[], last: string, end: string): Piece {
  const text = [first, ...between, last].join('\n') + end;
  if (between.length === 0) return { text, kind: 'other' };
  return { text, kind: 'trace', left: `${first}\n\t... ${between.length} lines left out ...\n${last}` };
}

const trace = fc
  .tuple(
    fc.constantFrom('java.lang.IllegalStateException: no stock', 'Unhandled: größer'),
    fc.array(fc.constantFrom(...FRAMES), { maxLength: 4 }),
    fc.constantFrom('Caused by: none', 'process ended'),
    fc.constantFrom('', '\n', '\r\n\n'),
  )
  .map(([first, between, last, end]) => traceOf(first, between, last, end));

const pythonTrace = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.boolean())
  .map(([frames, hasMark]) =>
    traceOf(
      'Traceback (most recent call last):',
      Array.from({ length: frames }, () => [PYTHON_FRAME, SOURCE, ...(hasMark ? ['    ^^^^^^^'] : [])]).flat(),
      'PaymentError: no stock',
      '',
    ),
  );

const other = fc
  .tuple(
    fc.constantFrom('paid', 'kein Geld für Größe', '{"a":[1]}', 'an ERROR of the card', 'terror', 'indented by none', ''),
    fc.constantFrom('', '{{{', '{{{{', '[[[', '[[[[', '{[{[{[', '}}}}}]]]]]'),
    fc.constantFrom(0, 15, 20, 200, 300),
    fc.constantFrom('x', 'ü', '€'),
  )
  .map(([text, brackets, length, filler]) => line(`${text}${brackets}`.padEnd(length, filler), 'other'));

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.constantFrom(...FRAMES).map((text) => line(text, 'frame')),
  fc.constant(line(PYTHON_FRAME, 'python frame')),
  fc.constant(line(SOURCE, 'source')),
  trace,
  pythonTrace,
  { weight: 4, arbitrary: other },
);

const pieces = new Map<PlainRecord, Piece>();

const record = fc
  .tuple(
    plainRecord,
    piece,
    fc.constantFrom('text', 'text', 'bytes', 'as it is'),
    fc.constantFrom(undefined, 'botocore', 'botocore.hooks', 'botocorex', 'shop'),
  )
  .map(([plain, made, form, logger]): PlainRecord => {
    const attributes = { ...plain.attributes, ...(logger !== undefined && { 'log.logger': { stringValue: logger } }) };
    const bytes = [...Buffer.from(made.text)] as unknown as Uint8Array;
    const body = form === 'as it is' ? { intValue: '1' } : form === 'bytes' ? { bytesValue: bytes } : { stringValue: made.text };
    const given = Object.assign({}, plain, { attributes, body });
    pieces.set(given, form === 'as it is' ? line('', 'other') : made);
    return given;
  });

const SERIOUS = /\b(error|err|critical|crit|fatal|severe|alert|emerg|emergency|panic)\b/i;

class Model {
  readonly #config: NoiseConfig;
  readonly #passSeverity: number;
  #isBelowPython = false;

  constructor(config: NoiseConfig) {
    this.#config = config;
    this.#passSeverity = config.pass_severity === 'WARN' ? 13 : 17;
  }

  /** Undefined for a record that is dropped. */
  judge(given: PlainRecord): PlainRecord | undefined {
    const { severity, body } = given;
    if (severity >= this.#passSeverity) return given;
    if (severity > 0 && severity < this.#floorOf(given)) return undefined;
    if (body.intValue !== undefined) return given;
    const made = pieces.get(given) as Piece;
    if (this.#config.stack_traces.action === 'cut') {
      const isSource = made.kind === 'source' && this.#isBelowPython;
      this.#isBelowPython = made.kind === 'python frame' || isSource;
      if (made.kind === 'frame' || made.kind === 'python frame' || isSource) return undefined;
      if (made.left !== undefined) return withBody(given, made.left);
    }
    const { action, min_length: length } = this.#config.dumps;
    if (action === 'keep' || !this.#isDump(made.text) || (severity === 0 && isSerious(given, made.text))) return given;
    if (action === 'drop') return undefined;
    const kept = Array.from(made.text).slice(0, length).join('');
    return withBody(given, `${kept}... [cut, ${Buffer.byteLength(made.text)} bytes]`);
  }

  #floorOf({ scope, attributes }: PlainRecord): number {
    const floors = this.#config.loggers.map(({ name, below }) => [name, below === 'WARN' ? 13 : 9] as const);
    const of = (name: string): number => {
      const above = floors.filter(([own]) => name === own || name.startsWith(`${own}.`)).toSorted(([a], [b]) => b.length - a.length);
      return above[0]?.[1] ?? 0;
    };
    return Math.max(of(scope.name), of(attributes['log.logger']?.stringValue ?? ''));
  }

  #isDump(text: string): boolean {
    const { min_length: length, max_brackets: brackets } = this.#config.dumps;
    const count = (one: string): number => text.split(one).length - 1;
    return Array.from(text).length > length && (count('{') > brackets || count('[') > brackets);
  }
}

const isSerious = ({ severityText }: PlainRecord, text: string): boolean => SERIOUS.test(severityText) || SERIOUS.test(text);

function withBody(given: PlainRecord, text: string): PlainRecord {
  const bytes = [...Buffer.from(text)] as unknown as Uint8Array;
  return { ...given, body: given.body.bytesValue ? { bytesValue: bytes } : { stringValue: text } };
}

test('agrees with a model of whole records', async () => {
  const options = fc.record({
    pass_severity: fc.constantFrom('ERROR', 'WARN'),
    dumps: fc.record({
      action: fc.constantFrom('drop', 'cut', 'keep'),
      min_length: fc.constantFrom(20, 200),
      max_brackets: fc.constantFrom(1, 3),
    }),
    stack_traces: fc.record({ action: fc.constantFrom('cut', 'keep') }),
    loggers: fc.subarray([
      { name: 'botocore', below: 'WARN' },
      { name: 'botocore.hooks', below: 'INFO' },
      { name: 'lib', below: 'INFO' },
    ]),
  });
  await fc.assert(
    fc.asyncProperty(options, feedOf(record), async (written, feed) => {
      const config = validate(factory, written).config as NoiseConfig;
      const sink = new PlainSink();
      const processor = factory.create(config, { id: 'noise' }, sink);
      await processor.start(createTestHost());

      const settled = await play(processor, sink, feed);

      const model = new Model(config);
      const expected = feed.records.flatMap((one) => model.judge(one) ?? []);
      expect(sink.records).toEqual(expected);
      expect(settled.get('noise') ?? 0).toBe(feed.records.length - expected.length);
    }),
    { numRuns: 300 },
  );
});
