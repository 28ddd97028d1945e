import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { messageOf } from '#component';
import { BodyPool } from '#otlp';
import { HttpProblem } from './server-reply.ts';

type Decompress = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflate: Decompress = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw: Decompress = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);
const gunzip: Decompress = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const unzstd: Decompress = promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

const DECOMPRESSORS: Readonly<Record<string, Decompress>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  zstd: unzstd,
  // By the letter "deflate" is zlib's format; some senders mean the bare stream.
  deflate: (body, options) => (isZlib(body) ? inflate(body, options) : inflateRaw(body, options)),
  zlib: inflate,
};
const ENCODINGS = 'gzip, zstd, deflate';

// So many bodies are decompressed at once. What comes out is counted only when it has come, so this also bounds what a
// flood of bombs can take beyond `max_pending_size`.
const DECOMPRESSING_MAX = 2;

// Bodies of some requests at once; those that are longer than this are rare, and kept by nobody.
const POOL_BYTES_MAX = 4 * 1024 * 1024;
// Shorter ones come from Node's own pool, and cost no page faults.
const POOLED_BYTES_MIN = 64 * 1024;

/** Bytes that all requests together hold. */
export class PendingBytes {
  readonly max: number;
  bytes = 0;

  constructor(max: number) {
    this.max = max;
  }

  get isFull(): boolean {
    return this.bytes >= this.max;
  }
}

/** What one request holds of them. */
export class Share {
  readonly #all: PendingBytes;
  #bytes = 0;

  constructor(all: PendingBytes) {
    this.#all = all;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    this.#all.bytes += bytes;
  }

  release(bytes: number = this.#bytes): void {
    this.#bytes -= bytes;
    this.#all.bytes -= bytes;
  }
}

export interface BodyLimits {
  readonly wireBytesMax: number;
  readonly bytesMax: number;
}

/** Reads and decompresses bodies within the bounds of one server. */
export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #pending: PendingBytes;
  readonly #waiting: (() => void)[] = [];
  readonly #bodies = new BodyPool(POOL_BYTES_MAX);
  #decompressing = 0;

  constructor(limits: BodyLimits, pending: PendingBytes) {
    this.#limits = limits;
    this.#pending = pending;
  }

  /** What can be refused by the head alone. Returns how to decompress, if at all. */
  admit({ headers }: IncomingMessage): Decompress | undefined {
    if (Number(headers['content-length'] ?? 0) > this.#limits.wireBytesMax) throw this.#tooLong();
    if (this.#pending.isFull) throw tooMuch();
    const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
    if (encoding === '' || encoding === 'identity') return undefined;
    const decompress = Object.hasOwn(DECOMPRESSORS, encoding) ? DECOMPRESSORS[encoding] : undefined;
    if (decompress) return decompress;
    const message = `the content encoding "${encoding.slice(0, 40)}" is not known; send ${ENCODINGS} or none`;
    throw new HttpProblem(415, message, { 'accept-encoding': ENCODINGS });
  }

  /** Rejects with HttpProblem, or with the signal's reason. */
  async read(request: IncomingMessage, { decompress, share, signal }: ReadOptions): Promise<Buffer> {
    const wire = await this.#collect(request, share, signal);
    if (!decompress || wire.length === 0) return wire;
    const body = await this.#decompress(wire, decompress, signal);
    this.release(wire);
    share.add(body.length);
    share.release(wire.length);
    return body;
  }

  /** Nobody refers to the body any more: its memory serves another one. */
  release(body: Buffer): void {
    if (body.length >= POOLED_BYTES_MIN) this.#bodies.give(body);
  }

  #collect(request: IncomingMessage, share: Share, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      // Of a length that is known, chunks are copied as they come: memory that dies young brings no garbage collection near.
      const length = Number(request.headers['content-length'] ?? 0);
      const isPooled = length >= POOLED_BYTES_MIN && length <= POOL_BYTES_MAX;
      let whole: Buffer | undefined;
      let bytes = 0;
      const finish = (settle: () => void): void => {
        request.off('data', onData).off('end', onEnd).off('close', onClose);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onData = (chunk: Buffer): void => {
        if (isPooled) whole ??= this.#bodies.take(length);
        if (whole) chunk.copy(whole, bytes);
        else chunks.push(chunk);
        bytes += chunk.length;
        share.add(chunk.length);
        if (bytes > this.#limits.wireBytesMax) finish(() => reject(this.#tooLong()));
        else if (this.#pending.bytes > this.#pending.max) finish(() => reject(tooMuch()));
      };
      const onEnd = (): void => finish(() => resolve(whole ? whole.subarray(0, bytes) : joined(chunks, bytes)));
      const onClose = (): void => finish(() => reject(new HttpProblem(400, 'the body broke off')));
      const onAbort = (): void => finish(() => reject(HttpProblem.later(503, 'the agent stops; send again')));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      request.on('data', onData).once('end', onEnd).once('close', onClose);
    });
  }

  async #decompress(wire: Buffer, decompress: Decompress, signal: AbortSignal): Promise<Buffer> {
    if (this.#decompressing === DECOMPRESSING_MAX) await new Promise<void>((next) => this.#waiting.push(next));
    else this.#decompressing++;
    try {
      if (signal.aborted) throw HttpProblem.later(503, 'the agent stops; send again');
      if (this.#pending.isFull) throw tooMuch();
      return await decompress(wire, { maxOutputLength: this.#limits.bytesMax });
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
        throw new HttpProblem(413, `the body is longer than ${this.#limits.bytesMax} bytes after decompression; send smaller ones`);
      }
      const reason = messageOf(error);
      throw new HttpProblem(400, `the body cannot be decompressed: ${reason}`, {}, { cause: error });
    } finally {
      // A slot that is given on stays taken.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#decompressing--;
    }
  }

  #tooLong(): HttpProblem {
    return new HttpProblem(413, `the body is longer than ${this.#limits.wireBytesMax} bytes; send smaller ones`);
  }
}

function joined(chunks: readonly Buffer[], bytes: number): Buffer {
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes);
}

interface ReadOptions {
  readonly decompress: Decompress | undefined;
  readonly share: Share;
  readonly signal: AbortSignal;
}

function tooMuch(): HttpProblem {
  return HttpProblem.later(429, 'too many requests wait for the pipeline; send again later');
}

function isZlib(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] ?? 0) & 15) === 8 && body.readUInt16BE(0) % 31 === 0;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
