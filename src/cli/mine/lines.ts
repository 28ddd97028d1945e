import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const READ_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Reads the lines of a file block by block and hands each block of whole lines over as positions: start and end of each,
 * without line feed and carriage return. The bytes are used again for the next block.
 */
export function readLines(path: string, take: (bytes: Buffer, positions: Int32Array) => void): void {
  const file = path === '-' ? 0 : openSync(path, 'r');
  try {
    if (fstatSync(file).isDirectory()) throw new Error(`${path} is a folder; name the files in it`);
    let buffer = Buffer.allocUnsafe(READ_BYTES);
    let filled = 0;
    for (;;) {
      // A line that is longer than the buffer gets a larger one.
      if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const read = readSync(file, buffer, filled, buffer.length - filled, null);
      filled += read;
      const end = read === 0 ? filled : buffer.lastIndexOf(LINE_FEED, filled - 1) + 1;
      if (end > 0) take(buffer, positionsOf(buffer, end));
      if (read === 0) return;
      buffer.copyWithin(0, end, filled);
      filled -= end;
    }
  } finally {
    if (file !== 0) closeSync(file);
  }
}

function positionsOf(bytes: Buffer, end: number): Int32Array {
  const positions: number[] = [];
  for (let start = 0; start < end;) {
    const at = bytes.indexOf(LINE_FEED, start);
    const lineEnd = at < 0 || at >= end ? end : at;
    const isWindows = lineEnd > start && bytes[lineEnd - 1] === CARRIAGE_RETURN;
    positions.push(start, isWindows ? lineEnd - 1 : lineEnd);
    start = lineEnd + 1;
  }
  return Int32Array.from(positions);
}
