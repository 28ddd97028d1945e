import { LogBatch, ValueType } from '#model';
import type { ReadMemory } from './newline-scanner.ts';
import { RecordWriter, type RecordRules, type Splitter } from './records.ts';

/** What a splitter made of some bytes, for its tests. */
export interface Read {
  readonly bodies: string[];
  readonly numbers: number[];
  readonly starts: number[];
}

interface ReadOptions {
  /** Read into this, and find line feeds as it does. */
  readonly memory?: ReadMemory;
  /** Without numbers and starts of records, which takes another way for lines that need nothing done. */
  readonly isPlain?: boolean;
}

/** Reads in pieces of the given sizes, over and over. */
export function readAll(splitter: Splitter, rules: RecordRules, bytes: Buffer, pieces: readonly number[], options: ReadOptions = {}): Read {
  const { memory } = options;
  const batch = new LogBatch();
  const records = new RecordWriter(rules, batch, options.isPlain !== true);
  const result: Read = { bodies: [], numbers: [], starts: [] };
  let at = 0;
  let count = 0;
  let isSkipping = false;
  let needed = 1;
  for (let turn = 0; at < bytes.length; turn++) {
    const size = Math.min(bytes.length - at, Math.max(needed, pieces[turn % pieces.length] as number));
    // Something else lies before and behind in the read buffer.
    const around = Buffer.concat([Buffer.from('\n..'), bytes.subarray(at, at + size), Buffer.from('z\nz')]);
    if (memory) around.copy(memory.buffer);
    const buffer = memory?.buffer ?? around;
    records.scanner = memory?.scanner;
    batch.reset(buffer);
    records.begin(count, isSkipping);
    const end = splitter.split(records, buffer, 3, 3 + size, at + size === bytes.length);
    records.end(ValueType.string);
    for (let row = 0; row < batch.length; row++) {
      const start = batch.bodyStart[row] as number;
      result.bodies.push(buffer.toString('latin1', start, start + (batch.bodySize[row] as number)));
      if (options.isPlain) continue;
      result.numbers.push(records.numbers?.[row] as number);
      result.starts.push(at + (records.starts?.[row] as number) - 3);
    }
    needed = end === 3 ? size + 1 : 1;
    at += end - 3;
    count = records.count;
    isSkipping = records.isSkipping;
  }
  return result;
}
