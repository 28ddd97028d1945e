import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogBatch, appendRows, field, reorderRows } from '#model';
import { readRequest, readSealedRequest, writeRequest } from '#otlp';
import { requests, saidBy } from '../../test/helpers/otlp-arbitrary.ts';
import { encodeRequest } from '../../test/helpers/otlp-proto.ts';

const WHOLE = Number.POSITIVE_INFINITY;
const written = (batch: LogBatch): unknown[] => saidBy(writeRequest(batch, 0, WHOLE).body);
const eager = (bytes: Uint8Array): unknown[] => written(readRequest(bytes));

/** How a batch may look when it is copied into another: as it came, looked into, or edited. */
const states = fc.constantFrom('sealed', 'opened', 'columns');

function batchIn(state: string, bytes: Uint8Array): LogBatch {
  const batch = readSealedRequest(bytes);
  if (state === 'opened') batch.open();
  if (state === 'columns') batch.forgetEncoded();
  return batch;
}

/*
 * Goal: it makes no difference to what a record says when, or whether, it is decoded. Method: arbitrary requests are read
 * at once, which the tests of the reader compare with another implementation, and sealed; then both are written.
 */
describe('records that are decoded late or never', () => {
  it('say the same, as they came, opened, and written from the columns', () => {
    fc.assert(
      fc.property(requests, states, (request, state) => {
        const bytes = encodeRequest(request);

        expect(written(batchIn(state, bytes))).toEqual(eager(bytes));
      }),
    );
  });

  it('are written in parts of any size, in order, none twice', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 300 }), fc.array(fc.boolean()), (request, bytesMax, drops) => {
        const bytes = encodeRequest(request);
        const batch = readSealedRequest(bytes);
        const expected = eager(bytes).filter((_, row) => drops[row] !== true);
        for (let row = 0; row < batch.length; row++) if (drops[row] === true) batch.drop(row, 'test');

        const parts: unknown[] = [];
        for (let row = 0; row < batch.length;) {
          const { body, next, rows } = writeRequest(batch, row, bytesMax);
          const said = saidBy(body);
          expect(said).toHaveLength(rows);
          parts.push(...said);
          row = next;
        }
        expect(parts).toEqual(expected);
      }),
    );
  });

  it('may be copied behind others in any state, reordered and cloned', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(requests, states), { maxLength: 4 }), states, (sources, end) => {
        const target = new LogBatch();
        for (const [request, state] of sources) appendRows(target, batchIn(state, encodeRequest(request)));
        const expected = sources.flatMap(([request]) => eager(encodeRequest(request))).toReversed();
        reorderRows(
          target,
          Int32Array.from({ length: target.length }, (_, row) => target.length - 1 - row),
        );

        const copy = target.clone([]);
        if (end === 'opened') copy.open();
        if (end === 'columns') copy.forgetEncoded();
        expect(written(copy)).toEqual(expected);
        expect(written(target)).toEqual(expected);
      }),
    );
  });

  it('are written with their edits once somebody has edited them', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const bytes = encodeRequest(request);
        const [sealed, read] = [readSealedRequest(bytes), readRequest(bytes)];
        for (const batch of [sealed, read]) for (let row = 0; row < batch.length; row += 2) batch.setAttribute(row, 'edited', true);

        expect(written(sealed)).toEqual(written(read));
      }),
    );
  });

  it('are refused exactly when reading them would be: with two values of which the first is cut off', () => {
    const value = field(0x12, Buffer.from([0x32, 0x7f]));
    const attribute = field(0x32, Buffer.concat([field(0x0a, Buffer.from('key')), value, field(0x12, field(0x0a, Buffer.from('text')))]));
    const request = field(0x0a, field(0x12, field(0x12, attribute)));

    expect(() => readSealedRequest(request)).toThrow('malformed OTLP');
    expect(() => readRequest(request)).toThrow('malformed OTLP');
  });

  it('are refused exactly when reading them would be, whatever their bytes', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 4 });
    const verdict = (read: () => LogBatch): string => {
      try {
        // Text that is no UTF-8 passes, and no other implementation would decode it.
        return Buffer.from(writeRequest(read(), 0, WHOLE).body).toString('hex');
      } catch (error) {
        if (error instanceof RangeError && error.message.startsWith('malformed OTLP')) return 'refused';
        throw error;
      }
    };
    fc.assert(
      fc.property(requests, changes, fc.nat(), (request, edits, cut) => {
        const bytes = Uint8Array.from(encodeRequest(request));
        if (bytes.length === 0) return;
        for (const { at, to } of edits) bytes[at % bytes.length] = to;
        for (const part of [bytes, bytes.subarray(0, cut % bytes.length)]) {
          const sealed = verdict(() => {
            const batch = readSealedRequest(part);
            batch.forgetEncoded();
            return batch;
          });
          expect(sealed).toEqual(verdict(() => readRequest(part)));
        }
      }),
      { numRuns: 500 },
    );
  });
});
