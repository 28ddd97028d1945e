import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { LogBatch } from '#model';
import { writeJsonRequest, writeRequest, type Request } from '#otlp';
import type { FileConfig, Format } from './config.ts';
import { flatJsonLine } from './flat-json.ts';
import { compileTemplate } from './text-template.ts';

/** How the end of a whole entry is told from a torn one. */
export type Framing = 'lines' | 'lengths';

/** One write: whole lines, or whole messages after their lengths. */
interface Chunk {
  readonly bytes: Buffer;
  /** The first row that is not in it. */
  readonly next: number;
  readonly rows: number;
}

export interface Encoder {
  readonly framing: Framing;
  encode(batch: LogBatch, from: number): Promise<Chunk>;
}

// A line or message is no longer than this unless a single record is. What is being written is all that is held.
const CHUNK_BYTES_MAX = 1024 * 1024;
const LENGTH_BYTES = 4;
const compress = promisify(zstdCompress);

type Write = (batch: LogBatch, from: number, bytesMax: number) => Request;

const WRITERS: Readonly<Record<Format, (config: FileConfig) => Write>> = {
  json: () => writeJsonRequest,
  proto: () => writeRequest,
  flat_json: () => writeLines(flatJsonLine),
  text: ({ template, newlines }) => writeLines(compileTemplate(template, newlines)),
};

export function createEncoder(config: FileConfig): Encoder {
  const {
    format,
    compression,
    compression_params: { level = 0 },
  } = config;
  const write = WRITERS[format](config);
  const isCompressed = compression === 'zstd';
  const framing: Framing = isCompressed || format === 'proto' ? 'lengths' : 'lines';
  return {
    framing,
    encode: async (batch, from) => {
      const { body, next, rows } = write(batch, from, CHUNK_BYTES_MAX);
      if (framing === 'lines') return { bytes: format === 'json' ? Buffer.concat([body, NEWLINE]) : body, next, rows };
      const message = isCompressed ? await compress(body, { params: { [constants.ZSTD_c_compressionLevel]: level } }) : body;
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(message.length);
      return { bytes: Buffer.concat([length, message]), next, rows };
    },
  };
}

function writeLines(lineOf: (batch: LogBatch, row: number) => string): Write {
  return (batch, from, bytesMax) => {
    let text = '';
    let rows = 0;
    let row = from;
    // A UTF-16 unit is one byte in nearly all logs; that a chunk of other text is larger does no harm.
    for (; row < batch.length && text.length < bytesMax / 4; row++) {
      if (batch.isDropped[row] === 1) continue;
      text += lineOf(batch, row);
      rows++;
    }
    return { body: Buffer.from(text), next: row, rows };
  };
}

const NEWLINE = Buffer.from('\n');
