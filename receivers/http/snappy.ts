import { HttpProblem } from '#net';

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
