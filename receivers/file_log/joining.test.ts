/**
 * Goal: records whose end has not come yet hold nobody up: however lines are written and the receiver is stopped or killed,
 * each record comes out whole, once, and in order.
 *
 * Method: traces of random length are appended in random pieces, between stops and crashes; what was made safe is compared
 * with what was written. Nothing but the beginning of the next one ends a record, so the last never comes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileLogConfig } from './config.ts';
import { Rig } from './rig.ts';

type Step =
  | { readonly kind: 'trace'; readonly lines: number; readonly width: number }
  | { readonly kind: 'write'; readonly share: number }
  | { readonly kind: 'stop' | 'crash' | 'wait' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('trace' as const), lines: fc.nat(6), width: fc.nat(30) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('stop' as const, 'crash' as const, 'wait' as const) }) },
);

const PIECE_BYTES = 20;

const OPERATORS: FileLogConfig['operators'] = [
  { type: 'filter', expr: 'body startsWith "debug"' },
  { type: 'recombine', combine_field: 'body', combine_with: '\n', is_first_entry: 'body startsWith "trace"', force_flush_period: '1h' },
];

/** As runtimes of containers do it: a line that goes on in the next one ends with a backslash here. */
const CONTINUED: FileLogConfig['operators'] = [
  { type: 'recombine', combine_field: 'body', combine_with: '', is_last_entry: 'not (body endsWith "\\\\")', force_flush_period: '1h' },
  ...OPERATORS,
];

const CONFIGS: Readonly<Record<string, Partial<FileLogConfig>>> = {
  lines: { include_file_record_number: true },
  'an encoding of two bytes': { encoding: 'utf-16le' },
  'lines in pieces': { max_log_size: PIECE_BYTES },
  'lines that go on in the next': { operators: CONTINUED },
  'records found by a pattern': {
    multiline: { line_start_pattern: '(?m)^(?:trace|at|debug) ', line_end_pattern: '', omit_pattern: false },
  },
};

test.each(Object.entries(CONFIGS))('nothing comes twice or in pieces: %s', { timeout: 600_000 }, async (_name, config) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
      const rig = new Rig({ operators: OPERATORS, ...config, force_flush_period: '0s', read_chunk_size: '2KiB' });
      const encoding = config.encoding === 'utf-16le' ? 'utf16le' : 'utf8';
      const expected: string[] = [];
      let unwritten = Buffer.alloc(0);
      const write = (bytes: number): void => {
        rig.append('a.log', unwritten.subarray(0, bytes));
        unwritten = unwritten.subarray(bytes);
      };
      const trace = (more: number, width: number): void => {
        const text = [`trace ${expected.length}`, ...Array.from({ length: more }, (_, i) => `at ${i}${'x'.repeat(width)}`)];
        const pieces = text.flatMap((line) => (config.max_log_size === PIECE_BYTES ? (line.match(/.{1,20}/g) ?? []) : [line]));
        const isContinued = config.operators === CONTINUED;
        const cut = (line: string): string => (isContinued ? line.replaceAll(/.{7}(?!$)/g, '$&\\') : line);
        expected.push(pieces.map(cut).join('\n'));
        const lines = text.map((line) => cut(line).replaceAll('\\', '\\\n'));
        unwritten = Buffer.concat([unwritten, Buffer.from(`debug no\n\n${lines.join('\n')}\n`, encoding)]);
      };
      try {
        await rig.start();
        for (const one of steps) {
          if (one.kind === 'trace') trace(one.lines, one.width);
          else if (one.kind === 'write') write(Math.floor(unwritten.length * one.share));
          else if (one.kind === 'wait') await rig.pass(1000);
          else {
            await rig[one.kind]();
            await rig.start();
          }
        }
        trace(1, 0);
        write(unwritten.length);
        await rig.pass(5000);

        expect(rig.sink.bodies).toEqual(expected.slice(0, -1));
      } finally {
        await rig.remove();
      }
    }),
    { numRuns: 40 },
  );
});
