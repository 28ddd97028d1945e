import type { RecordWriter, Splitter } from './records.ts';

const LINE_FEED = 0x0a;

/** Records are lines. */
export class LineSplitter implements Splitter {
  split(records: RecordWriter, bytes: Buffer, from: number, to: number, isFinal: boolean): number {
    const { recordBytesMax, isTruncating } = records.rules;
    // `indexOf` has no upper bound; what lies behind `to` is left over from an earlier read.
    const view = to === bytes.length ? bytes : bytes.subarray(0, to);
    let start = from;
    let newline = from - 1;
    while (start < to && !records.isFull) {
      if (newline < start && newline !== NONE) newline = this.#find(records, view, start);
      const end = newline === NONE ? to : newline;
      if (records.isSkipping) {
        records.isSkipping = newline === NONE;
        start = newline === NONE ? to : newline + records.rules.unit;
      } else if (end - start > recordBytesMax) {
        const cut = records.cutAt(bytes, start);
        records.write(bytes, start, cut);
        records.isSkipping = isTruncating;
        start = cut;
      } else if (newline !== NONE) {
        records.write(bytes, start, newline);
        start = newline + records.rules.unit;
      } else {
        if (!isFinal) return start;
        records.write(bytes, start, to);
        return to;
      }
    }
    return start;
  }

  #find(records: RecordWriter, view: Buffer, from: number): number {
    const { unit, isBigEndian } = records.rules;
    if (unit === 1) {
      const at = view.indexOf(LINE_FEED, from);
      return at < 0 ? NONE : at;
    }
    // The byte 0x0a is half of many other characters: only an aligned pair is a line feed.
    for (let at = view.indexOf(LINE_FEED, from); at >= 0; at = view.indexOf(LINE_FEED, at + 1)) {
      const first = isBigEndian ? at - 1 : at;
      if (first < from || (first - from) % 2 !== 0 || first + 1 >= view.length) continue;
      if (view[isBigEndian ? first : first + 1] === 0) return first;
    }
    return NONE;
  }
}

// Past any position, so that "already found" and "not there" are told apart without searching again.
const NONE = Number.MAX_SAFE_INTEGER;

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
