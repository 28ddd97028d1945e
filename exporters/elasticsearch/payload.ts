import { createCompressor, decompress, type Compressor } from '#net';
import type { Payload } from '#queue';
import { pickDocuments } from './request.ts';

const NDJSON = 'application/x-ndjson';

/** Makes requests of bodies, and requests of parts of requests. */
export class Packer {
  readonly #compressor: Compressor;

  /** Level 0 does not compress. */
  constructor(level: number) {
    this.#compressor = createCompressor(level === 0 ? 'none' : 'gzip', level);
  }

  async pack(body: Buffer, rows: number): Promise<Payload> {
    const { encoding } = this.#compressor;
    return { body: await this.#compressor.compress(body), rows, encoding, contentType: NDJSON };
  }

  /** The documents with these numbers. */
  async pick(payload: Payload, numbers: ReadonlySet<number>): Promise<Payload> {
    return this.pack(pickDocuments(await decompress(payload.body, payload.encoding), numbers), numbers.size);
  }

  /** A queue on disk may hold bodies of an earlier configuration, so what a body is, is taken from its description. */
  async split(payload: Payload): Promise<readonly [Payload, Payload] | undefined> {
    const { rows } = payload;
    if (rows < 2) return undefined;
    const half = Math.ceil(rows / 2);
    const head = new Set(Array.from({ length: half }, (_, i) => i));
    const tail = new Set(Array.from({ length: rows - half }, (_, i) => half + i));
    return [await this.pick(payload, head), await this.pick(payload, tail)];
  }
}
