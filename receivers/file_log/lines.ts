import type { NewlineScanner } from './newline-scanner.ts';
import type { RecordWriter, Splitter } from './records.ts';

const LINE_FEED = 0x0a;

/** Records are lines. */
export class LineSplitter implements Splitter {
  split(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
    const { scanner } = records;
    return scanner ? splitScanned(scanner, records, bytes, from, to, isFinal) : splitSearched(records, bytes, from, to, isFinal);
  }
}

/** Line feeds are found many at a time. */
function splitScanned(scanner: NewlineScanner, records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
  records.isAscii = true;
  let start = from;
  for (let scanned = from; scanned < to; scanned = scanner.stoppedAt) {
    const count = scanner.scan(scanned, to);
    if (!scanner.isAscii) records.isAscii = false;
    const { positions } = scanner;
    for (let i = 0; i < count; i++) {
      const done = records.writePlain(bytes, start, to, positions, i, count);
      if (done > i) {
        start = (positions[done - 1] as number) + 1;
        i = done;
        if (i === count) break;
      }
      const newline = positions[i] as number;
      if (newline >= to) break;
      const next = splitLine(records, bytes, start, newline, newline + 1);
      if (next <= newline) return next;
      start = next;
    }
  }
  return splitRest(records, bytes, start, to, isFinal);
}

/** Line feeds are searched for one by one. */
function splitSearched(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
  // `indexOf` has no upper bound; what lies behind `to` is left over from an earlier read.
  const view = to === bytes.length ? bytes : bytes.subarray(0, to);
  let start = from;
  for (let newline = findLineFeed(records, view, start); newline >= 0; newline = findLineFeed(records, view, start)) {
    start = splitLine(records, bytes, start, newline, newline + records.rules.unit);
    if (start <= newline) return start;
  }
  return splitRest(records, bytes, start, to, isFinal);
}

/**
 * A line of any kind: too long, or the end of one whose beginning was cut off, or one to trim. Returns where the next line
 * begins, or a place within this one when the batch is full.
 */
function splitLine(records: RecordWriter, bytes: Buffer, from: number, newline: number, next: number): number {
  const start = splitPieces(records, bytes, from, newline);
  if (records.isFull) return start;
  if (!records.isSkipping) records.write(bytes, start, newline);
  records.isSkipping = false;
  return next;
}

/** The bytes behind the last line feed. */
function splitRest(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
  const start = splitPieces(records, bytes, from, to);
  if (records.isSkipping) return to;
  if (start === to || !isFinal || records.isFull) return start;
  records.write(bytes, start, to);
  return to;
}

/** Records of the greatest length from the front of what is longer; the rest begins at the answer. */
function splitPieces(records: RecordWriter, bytes: Buffer, from: number, to: number): number {
  const { recordBytesMax, isTruncating } = records.rules;
  let start = from;
  while (to - start > recordBytesMax && !records.isSkipping && !records.isFull) {
    const cut = records.cutAt(bytes, start);
    records.write(bytes, start, cut);
    records.isSkipping = isTruncating;
    start = cut;
  }
  return start;
}

/** Position of the next line feed, or -1. */
function findLineFeed(records: RecordWriter, view: Buffer, from: number): number {
  const { unit, isBigEndian } = records.rules;
  if (unit === 1) return view.indexOf(LINE_FEED, from);
  // The byte 0x0a is half of many other characters: only an aligned pair is a line feed.
  for (let at = view.indexOf(LINE_FEED, from); at >= 0; at = view.indexOf(LINE_FEED, at + 1)) {
    const first = isBigEndian ? at - 1 : at;
    if (first < from || (first - from) % 2 !== 0 || first + 1 >= view.length) continue;
    if (view[isBigEndian ? first : first + 1] === 0) return first;
  }
  return -1;
}

/** Encoding `nop`: whatever has been read is a record. */
export class BlockSplitter implements Splitter {
  split(records: RecordWriter, _bytes: Buffer, from: number, to: number): number {
    let start = from;
    while (start < to && !records.isFull) {
      const end = Math.min(to, start + records.rules.recordBytesMax);
      records.count++;
      records.writeUntrimmed(start, start, end);
      start = end;
    }
    return start;
  }
}
