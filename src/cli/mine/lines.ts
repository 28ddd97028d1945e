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
    let isFirst = true;
    for (;;) {
      // A line that is longer than the buffer gets a larger one.
      if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(buffer.length)]);
      const read = readSome(file, buffer, filled);
      filled += read;
      if (isFirst && isCompressed(buffer, filled))
        throw new Error(`${path} is compressed; unpack it first, as in zcat FILE | winnow mine -`);
      isFirst = false;
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

const PAUSE_MS = 10;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A pipe may have nothing yet: whoever writes to it is waited for. */
function readSome(file: number, buffer: Buffer, at: number): number {
  for (;;) {
    try {
      return readSync(file, buffer, at, buffer.length - at, null);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
}

/** Whether it begins as gzip, zstd, xz or bzip2 do. */
function isCompressed(bytes: Buffer, size: number): boolean {
  return COMPRESSED.some((magic) => size >= magic.length && bytes.compare(magic, 0, magic.length, 0, magic.length) === 0);
}

const COMPRESSED = ['1f8b08', '28b52ffd', 'fd377a585a00', '425a6839'].map((hex) => Buffer.from(hex, 'hex'));

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
