import { crc32 } from 'node:zlib';

/**
 * How a request lies in a segment:
 *
 *   magic 4 | meta bytes 4 | body bytes 4 | CRC-32 of meta and body 4 | meta (JSON) | body
 *
 * The index in the storage has the meta as well. It is repeated here so that the queue survives the loss of its index.
 */
export const HEADER_BYTES = 16;
const MAGIC = 0x31514e57; // "WNQ1" when read as text
/** Stands in place of the first record when every request of the segment was answered. */
export const DONE: Buffer = Buffer.from('WNQ0');

/** What is known of a request beside its body. */
export interface Meta {
  readonly sequence: number;
  readonly rows: number;
  readonly sources: readonly number[] | undefined;
  readonly encoding: string;
  readonly contentType: string;
}

export interface Header {
  readonly metaBytes: number;
  readonly bodyBytes: number;
  readonly checksum: number;
}

export function encodeMeta({ sequence, rows, sources, encoding, contentType }: Meta): Buffer {
  return Buffer.from(JSON.stringify({ sequence, rows, sources, encoding, contentType }));
}

export function encodeHeader(meta: Buffer, body: Buffer): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(meta.length, 4);
  header.writeUInt32LE(body.length, 8);
  header.writeUInt32LE(crc32(body, crc32(meta)), 12);
  return header;
}

/** Nothing when these bytes do not begin a record. */
export function decodeHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  return { metaBytes: bytes.readUInt32LE(4), bodyBytes: bytes.readUInt32LE(8), checksum: bytes.readUInt32LE(12) };
}

export function isIntact({ checksum }: Header, metaAndBody: Buffer): boolean {
  return crc32(metaAndBody) === checksum;
}

/** Nothing when it was not written by `encodeMeta`. */
export function decodeMeta(bytes: Uint8Array): Meta | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    return undefined;
  }
  return isMeta(parsed) ? parsed : undefined;
}

export function isMeta(value: unknown): value is Meta {
  if (typeof value !== 'object' || value === null) return false;
  const { sequence, rows, sources, encoding, contentType } = value as Partial<Record<keyof Meta, unknown>>;
  const isListed = sources === undefined || (Array.isArray(sources) && sources.every(Number.isSafeInteger));
  const hasCounts = [sequence, rows].every(Number.isSafeInteger);
  return hasCounts && isListed && typeof encoding === 'string' && typeof contentType === 'string';
}
