import { Buffer } from 'node:buffer';
import { appendRows, LogBatch, ValueType, type Claim } from '#model';
import { BodyPool, writeJsonRequest, writeRequest } from '#otlp';
import type { Encoding } from './config.ts';
import { frameBytes, writeFrame, type Message } from './frames.ts';
import type { Router } from './router.ts';

/** Messages that wait to be queued as one request. */
export interface Parcel {
  readonly body: Buffer;
  readonly rows: number;
  readonly claims: readonly Claim[];
}

export interface PackerSettings {
  readonly encoding: Encoding;
  readonly bytesMax: number;
  readonly router: Router;
}

const POOL_BYTES_MAX = 4 * 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** Makes messages of batches, and parcels of messages: whatever is in one parcel is sent, and tried again, together. */
export class Packer {
  readonly #settings: PackerSettings;
  readonly #write: typeof writeRequest;
  readonly #bodies = new BodyPool(POOL_BYTES_MAX);
  /** For the rows of one group. Two pipelines may be served at once, so who uses it takes it away meanwhile. */
  #spare: LogBatch | undefined = new LogBatch();

  constructor(settings: PackerSettings) {
    this.#settings = settings;
    this.#write = settings.encoding === 'otlp_json' ? writeJsonRequest : writeRequest;
  }

  /** Every live row in exactly one parcel. The batch must stay as it is until the last one was asked for. */
  *parcels(batch: LogBatch): Generator<Parcel> {
    const { bytesMax, encoding } = this.#settings;
    let draft = new Draft();
    for (const { message, claims } of encoding === 'raw' ? this.#rawMessages(batch) : this.#otlpMessages(batch)) {
      if (draft.bytes > 0 && draft.bytes + frameBytes(message) > bytesMax) {
        yield draft;
        draft = new Draft();
      }
      draft.add(message, claims);
      if (encoding !== 'raw') this.#bodies.give(message.value);
    }
    if (draft.rows > 0) yield draft;
  }

  *#otlpMessages(batch: LogBatch): Generator<Piece> {
    const groups = [...this.#settings.router.groups(batch)];
    const part = this.#spare ?? new LogBatch();
    this.#spare = undefined;
    for (const { topic, key, ranges } of groups) {
      const rows = groups.length === 1 ? batch : fill(part, batch, ranges);
      for (let row = 0; row < rows.length;) {
        const { body: value, next, rows: count } = this.#write(rows, row, this.#settings.bytesMax, this.#bodies);
        if (count === 0) break;
        yield { message: { topic, key, rows: count, value }, claims: rows.claims(row, next) };
        row = next;
      }
    }
    part.reset(NO_BYTES);
    this.#spare = part;
  }

  *#rawMessages(batch: LogBatch): Generator<Piece> {
    const { router } = this.#settings;
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const message = { topic: router.topicOf(batch, row), key: router.keyOf(batch, row), rows: 1, value: bodyBytes(batch, row) };
      yield { message, claims: batch.claims(row, row + 1) };
    }
  }
}

/** These rows alone. */
function fill(part: LogBatch, batch: LogBatch, ranges: readonly number[]): LogBatch {
  part.reset(NO_BYTES);
  for (let i = 0; i < ranges.length; i += 2) appendRows(part, batch, ranges[i], ranges[i + 1]);
  return part;
}

interface Piece {
  readonly message: Message;
  readonly claims: readonly Claim[];
}

function bodyBytes(batch: LogBatch, row: number): Buffer {
  const type = batch.bodyType[row];
  if (type !== ValueType.string && type !== ValueType.bytes) return Buffer.from(batch.bodyText(row));
  const view = batch.space.view(batch.bodyStart[row] as number, batch.bodySize[row] as number);
  return Buffer.from(view.buffer, view.byteOffset, view.length);
}

class Draft implements Parcel {
  rows = 0;
  bytes = 0;
  readonly claims: Claim[] = [];
  #out: Buffer = NO_BYTES;

  get body(): Buffer {
    return this.#out.subarray(0, this.bytes);
  }

  add(message: Message, claims: readonly Claim[]): void {
    const needed = this.bytes + frameBytes(message);
    if (needed > this.#out.length) {
      // Mostly one message is all there is.
      const grown = Buffer.allocUnsafeSlow(this.bytes === 0 ? needed : needed * 2);
      this.#out.copy(grown, 0, 0, this.bytes);
      this.#out = grown;
    }
    this.bytes = writeFrame(this.#out, this.bytes, message);
    this.rows += message.rows;
    for (const claim of claims) this.#addClaim(claim);
  }

  /** Single rows of one source would otherwise be as many claims. */
  #addClaim(claim: Claim): void {
    const last = this.claims.at(-1);
    if (last?.delivery === claim.delivery) this.claims[this.claims.length - 1] = { ...claim, rows: last.rows + claim.rows };
    else this.claims.push(claim);
  }
}
