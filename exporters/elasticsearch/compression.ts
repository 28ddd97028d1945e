import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip);
// What we wrote ourselves; the bound only guards against a damaged body.
const DECOMPRESSED_BYTES_MAX = 512 * 1024 * 1024;

/** On the threads of the pool. */
export async function compress(body: Buffer, level: number): Promise<Buffer> {
  const part = await gzip(body, { level });
  if (part.length === part.buffer.byteLength) return part;
  // A part of a large buffer would keep all of it in memory as long as the body waits in the queue.
  const whole = Buffer.allocUnsafeSlow(part.length);
  part.copy(whole);
  return whole;
}

export function decompress(body: Buffer, encoding: string): Promise<Buffer> {
  return encoding === 'gzip' ? gunzip(body, { maxOutputLength: DECOMPRESSED_BYTES_MAX }) : Promise.resolve(body);
}
