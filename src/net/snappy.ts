import assert from 'node:assert';
import { Buffer } from 'node:buffer';
import { HttpProblem } from './server-reply.ts';

/**
 * Decompresses one block of Snappy's raw format: the length of the result as a varint, then literals and copies of what
 * was written before. Nothing is allocated before that length is known to be within `bytesMax`.
 */
export function decompressSnappy(bytes: Buffer, bytesMax: number): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || at > 5) throw broken('no length');
    length += (byte & 127) * shift;
    if (byte < 128) break;
  }
  if (length > bytesMax) throw new HttpProblem(413, `the body is longer than ${bytesMax} bytes after decompression; send smaller ones`);
  // A copy makes 64 bytes of two at most: more than that can only be a lie.
  if (length > (bytes.length - at) * 32 + 64) throw broken('the length does not fit the data');
  const out = Buffer.allocUnsafe(length);
  const end = decompressBlock(bytes, at, out);
  if (end !== length) throw broken(`expected ${length} bytes, got ${end}`);
  return out;
}

function decompressBlock(bytes: Buffer, from: number, out: Buffer): number {
  const inputEnd = bytes.length;
  let at = from;
  let written = 0;
  while (at < inputEnd) {
    const tag = bytes[at++] as number;
    const kind = tag & 3;
    // How many bytes of the element's length or offset follow the tag.
    const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
    if (at + extra > inputEnd) throw broken('an element is cut off');
    const number = extra > 0 ? bytes.readUIntLE(at, extra) : 0;
    at += extra;
    if (kind === 0) {
      const size = (extra > 0 ? number : tag >> 2) + 1;
      if (at + size > inputEnd || written + size > out.length) throw broken('a literal is too long');
      bytes.copy(out, written, at, at + size);
      at += size;
      written += size;
    } else {
      const size = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
      const offset = kind === 1 ? ((tag >> 5) << 8) | number : number;
      if (offset === 0 || offset > written || written + size > out.length) throw broken('a copy points nowhere');
      // Byte by byte when source and target overlap: a copy may repeat what it has just written.
      if (offset >= size) out.copyWithin(written, written - offset, written - offset + size);
      else for (let i = 0; i < size; i++) out[written + i] = out[written - offset + i] as number;
      written += size;
    }
  }
  return written;
}

function broken(what: string): HttpProblem {
  return new HttpProblem(400, `the body is no block of Snappy: ${what}`);
}

// Blocks are compressed by themselves, so that the places of a table fit into 16 bits.
const BLOCK_BYTES = 65_536;
const TABLE_BITS = 14;
const MATCH_BYTES_MIN = 4;
const COPY_BYTES_MAX = 64;
// A copy of 4 to 11 bytes from less than so far behind takes two bytes, any other three.
const NEAR_BYTES = 2048;

const table = new Uint16Array(1 << TABLE_BITS);

/** One block of Snappy's raw format. Looks for repetitions less and less where there are none. */
export function compressSnappy(bytes: Buffer): Buffer {
  // Snappy's own bound. The worst is no long literal but many of 61 bytes, with two bytes of head each, and between them copies
  // of four bytes that take three.
  const out = Buffer.allocUnsafe(32 + bytes.length + Math.ceil(bytes.length / 6));
  let written = 0;
  let rest = bytes.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) out[written++] = (rest & 127) | 128;
  out[written++] = rest;
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    written = compressBlock(bytes, from, Math.min(bytes.length, from + BLOCK_BYTES), { out, written });
  }
  assert(written <= out.length, 'compressed bytes fit into the bound');
  return Buffer.from(out.subarray(0, written));
}

interface Output {
  readonly out: Buffer;
  written: number;
}

function compressBlock(bytes: Buffer, from: number, to: number, output: Output): number {
  table.fill(0);
  let literal = from;
  let misses = 32;
  for (let at = from + 1; at + MATCH_BYTES_MIN <= to;) {
    const word = wordAt(bytes, at);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
    const candidate = from + (table[slot] as number);
    table[slot] = at - from;
    if (candidate >= at || wordAt(bytes, candidate) !== word) {
      at += misses++ >> 5;
      continue;
    }
    let size = MATCH_BYTES_MIN;
    while (at + size < to && bytes[candidate + size] === bytes[at + size]) size++;
    writeLiteral(bytes, literal, at, output);
    writeCopy(at - candidate, size, output);
    at += size;
    literal = at;
    misses = 32;
  }
  writeLiteral(bytes, literal, to, output);
  return output.written;
}

function wordAt(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

function writeLiteral(bytes: Buffer, from: number, to: number, output: Output): void {
  const size = to - from;
  if (size === 0) return;
  const { out } = output;
  const last = size - 1;
  if (last < 60) {
    out[output.written++] = last << 2;
  } else {
    const extra = last < 256 ? 1 : 2;
    out[output.written++] = (59 + extra) << 2;
    out[output.written++] = last;
    if (extra === 2) out[output.written++] = last >> 8;
  }
  bytes.copy(out, output.written, from, to);
  output.written += size;
}

function writeCopy(offset: number, size: number, output: Output): void {
  const { out } = output;
  let left = size;
  // Whatever is left over must be a copy too, which takes four bytes at least.
  while (left > COPY_BYTES_MAX) {
    const part = left - COPY_BYTES_MAX < MATCH_BYTES_MIN ? COPY_BYTES_MAX - MATCH_BYTES_MIN : COPY_BYTES_MAX;
    writeFar(offset, part, output);
    left -= part;
  }
  if (left > 11 || offset >= NEAR_BYTES) {
    writeFar(offset, left, output);
    return;
  }
  out[output.written++] = 1 | ((left - 4) << 2) | ((offset >> 8) << 5);
  out[output.written++] = offset;
}

function writeFar(offset: number, size: number, output: Output): void {
  const { out } = output;
  out[output.written++] = 2 | ((size - 1) << 2);
  out[output.written++] = offset;
  out[output.written++] = offset >> 8;
}
