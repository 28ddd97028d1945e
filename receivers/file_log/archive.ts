import { promisify } from 'node:util';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { FileSystem } from '#component';
import { MovedError } from './descriptors.ts';
import type { Compression } from './tail.ts';

const SOURCE_CHUNK_BYTES = 64 * 1024;

/** What a file is by its first bytes. */
export function compressionOf(bytes: Uint8Array, length: number): Compression {
  if (length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (length >= 4 && bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return 'zstd';
  return 'none';
}

/**
 * Reads an archive as if it were the file inside. Going on from where the last read began costs nothing: bytes are kept
 * until a later position is asked for. Going back means decompressing from the beginning. Members appended to a gzip
 * file, and frames to a zstd file, are read as one.
 */
export class ArchiveReader {
  readonly #fs: FileSystem;
  readonly #descriptor: number;
  readonly #compression: Compression;
  #stream: Transform | undefined;
  #wake: () => void = () => {};
  #chunks: Buffer[] = [];
  /** Position of the first kept byte. */
  #base = 0;
  #isEnded = false;
  #problem: Error | undefined;

  constructor(fs: FileSystem, descriptor: number, compression: Compression) {
    this.#fs = fs;
    this.#descriptor = descriptor;
    this.#compression = compression;
  }

  /** What ended the archive early: it is damaged, or not yet whole. What comes before can be read. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** How long the file inside is, once a read has come to its end; -1 before, and when the archive is not whole. */
  get size(): number {
    if (!this.#isEnded || this.#problem) return -1;
    return this.#chunks.reduce((size, chunk) => size + chunk.length, this.#base);
  }

  /** Copies up to `length` bytes from `position` on; fewer only at the end. */
  async read(buffer: Buffer, at: number, length: number, position: number): Promise<number> {
    if (!this.#stream || position < this.#base) this.#restart();
    const stream = this.#stream;
    let done = 0;
    while (done < length) {
      this.#release(position);
      done += this.#copy(buffer, at + done, length - done, position + done);
      if (done === length || !(await this.#pull())) break;
    }
    // Closed by somebody else meanwhile: that is not the end of the file.
    if (stream !== this.#stream) throw new MovedError('closed while it was read');
    return done;
  }

  close(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#chunks = [];
    this.#wake();
  }

  #restart(): void {
    this.close();
    this.#base = 0;
    this.#isEnded = false;
    this.#problem = undefined;
    const stream: Transform = this.#compression === 'zstd' ? createZstdDecompress() : createGunzip();
    const wake = (): void => this.#wake();
    stream.on('readable', wake).on('close', wake);
    stream.on('end', () => {
      this.#isEnded = true;
      this.#wake();
    });
    stream.on('error', (problem) => {
      if (this.#stream !== stream) return;
      this.#problem = problem;
      this.#isEnded = true;
      this.#wake();
    });
    this.#stream = stream;
    this.#feed(stream).catch((problem: unknown) => stream.destroy(problem instanceof Error ? problem : undefined));
  }

  /** Puts the file through the decompressor, as fast as that is emptied. */
  async #feed(stream: Transform): Promise<void> {
    const read = promisify(this.#fs.read) as (
      descriptor: number,
      buffer: Buffer,
      at: number,
      length: number,
      position: number,
    ) => Promise<{ bytesRead: number }>;
    for (let position = 0; ;) {
      const chunk = Buffer.allocUnsafe(SOURCE_CHUNK_BYTES);
      const { bytesRead } = await read(this.#descriptor, chunk, 0, chunk.length, position);
      if (stream.destroyed) return;
      if (bytesRead === 0) break;
      position += bytesRead;
      if (!stream.write(chunk.subarray(0, bytesRead))) await drained(stream);
      if (stream.destroyed) return;
    }
    stream.end();
  }

  /** Waits for another chunk; false at the end. */
  async #pull(): Promise<boolean> {
    const stream = this.#stream;
    for (;;) {
      if (!stream || stream !== this.#stream) return false;
      const chunk = stream.read() as Buffer | null;
      if (chunk) {
        this.#chunks.push(chunk);
        return true;
      }
      if (this.#isEnded || stream.destroyed) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #release(position: number): void {
    let first = this.#chunks[0];
    while (first && this.#base + first.length <= position) {
      this.#base += first.length;
      this.#chunks.shift();
      first = this.#chunks[0];
    }
  }

  #copy(buffer: Buffer, at: number, length: number, position: number): number {
    let start = this.#base;
    let copied = 0;
    for (const chunk of this.#chunks) {
      const skip = position + copied - start;
      if (skip < chunk.length && copied < length) {
        copied += chunk.copy(buffer, at + copied, Math.max(0, skip), Math.max(0, skip) + length - copied);
      }
      start += chunk.length;
    }
    return copied;
  }
}

function drained(stream: Transform): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      stream.off('drain', finish).off('close', finish);
      resolve();
    };
    stream.on('drain', finish).on('close', finish);
  });
}
