import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import type iconvLite from 'iconv-lite';
import { ValueType, keyOf, type LogBatch } from '#model';

/**
 * What the bytes of a file mean.
 *
 * Records are cut as bytes first; only then a body that is not UTF-8 is turned into it. So a position is always one in
 * the file.
 */
export interface Encoding {
  readonly kind: 'utf-8' | 'nop' | 'utf-16le' | 'utf-16be' | 'other';
  /** For `other`: text of some bytes. */
  readonly decode: (bytes: Buffer) => string;
}

const UTF8_NAMES = new Set(['', 'utf-8', 'utf8', 'ascii', 'us-ascii', 'utf-8-raw', 'utf8-raw']);
const LATIN1_NAMES = new Set(['iso-8859-1', 'iso8859-1', 'latin1', 'latin-1', 'l1']);
// What the library also calls encodings: ways to write bytes as text, and units that no line splitter here knows.
const NOT_FOR_FILES = /^(utf-?7|utf-?32|ucs-?4|base64|hex|binary|internal)/i;

/** The encoding of that name, or undefined when nobody knows it. */
export function findEncoding(written: string): Encoding | undefined {
  const name = written.toLowerCase();
  if (UTF8_NAMES.has(name)) return { kind: 'utf-8', decode: (bytes) => bytes.toString('utf8') };
  if (name === 'nop') return { kind: 'nop', decode: (bytes) => bytes.toString('latin1') };
  if (name === 'utf-16' || name === 'utf16' || name === 'utf-16le' || name === 'utf16le') {
    return { kind: 'utf-16le', decode: (bytes) => withoutMark(bytes.toString('utf16le')) };
  }
  if (name === 'utf-16be' || name === 'utf16be') {
    return {
      kind: 'utf-16be',
      decode: (bytes) =>
        withoutMark(
          Buffer.from(bytes.subarray(0, bytes.length & ~1))
            .swap16()
            .toString('utf16le'),
        ),
    };
  }
  if (LATIN1_NAMES.has(name)) return { kind: 'other', decode: (bytes) => bytes.toString('latin1') };
  if (NOT_FOR_FILES.test(name)) return undefined;
  // Loaded only for those who need it: its tables cost memory.
  const iconv = createRequire(import.meta.url)('iconv-lite') as typeof iconvLite;
  return iconv.encodingExists(name) ? { kind: 'other', decode: (bytes) => iconv.decode(bytes, name) } : undefined;
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

const MARK = Buffer.from('\ufeff', 'utf8');

/** A byte order mark, with which some programs begin a file of UTF-8, is no part of its first line. */
export function passMark(batch: LogBatch, row: number, bytes: Buffer): void {
  const start = batch.bodyStart[row] as number;
  const size = batch.bodySize[row] as number;
  if (size < MARK.length || bytes.compare(MARK, 0, MARK.length, start, start + MARK.length) !== 0) return;
  batch.bodyStart[row] = start + MARK.length;
  batch.bodySize[row] = size - MARK.length;
}

/** Marks a body whose bytes are not what the encoding says they are. */
const ENCODING_ERROR = keyOf('winnow.body.encoding_error');

/**
 * Makes the bodies of the rows from `row` on, which lie in `bytes[from, to)`, what a consumer may rely on. Bytes that are
 * no UTF-8 stay as they are: as bytes, with a mark.
 */
export function settleBodies(batch: LogBatch, row: number, bytes: Buffer, from: number, to: number, encoding: Encoding): void {
  if (encoding.kind === 'nop') return;
  if (encoding.kind !== 'utf-8') {
    decodeBodies(batch, row, bytes, encoding);
    return;
  }
  // One native pass over the chunk; lines are looked at one by one only when something is wrong with one of them.
  if (isUtf8(bytes.subarray(from, to))) return;
  for (let i = row; i < batch.length; i++) {
    const start = batch.bodyStart[i] as number;
    if (isUtf8(bytes.subarray(start, start + (batch.bodySize[i] as number)))) continue;
    batch.bodyType[i] = ValueType.bytes;
    batch.setAttribute(i, ENCODING_ERROR, true);
  }
}

function decodeBodies(batch: LogBatch, row: number, bytes: Buffer, encoding: Encoding): void {
  for (let i = row; i < batch.length; i++) {
    const start = batch.bodyStart[i] as number;
    batch.setBody(i, encoding.decode(bytes.subarray(start, start + (batch.bodySize[i] as number))));
  }
}
