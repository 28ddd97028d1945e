import type { Buffer } from 'node:buffer';
import type { LogBatch } from '#model';
import { RecordReader } from './reader-record.ts';
import { Wire } from './reader-wire.ts';

/** Reads sealed LogRecords, which have been checked, into the columns of their rows. They lie in what came in, or on the side. */
export function decodeRecords(batch: LogBatch, from: number, to: number): void {
  batch.clearRecords(from, to);
  const { encoded, space } = batch;
  if (!encoded) return;
  let reader: RecordReader | undefined;
  let wire = new Wire(space.bytes);
  for (let row = from; row < to; row++) {
    const position = encoded.start[row] as number;
    const bytes: Buffer = position < 0 ? space.side : space.bytes;
    if (!reader || wire.bytes !== bytes) {
      wire = new Wire(bytes);
      reader = new RecordReader(wire, batch, { isKnown: true, isSide: position < 0 });
    }
    wire.at = position < 0 ? ~position : position;
    const end = wire.at + (encoded.size[row] as number);
    wire.tag(end);
    reader.read(row, wire.span(end));
  }
}
