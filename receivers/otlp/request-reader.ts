import { LogBatch, type Signal } from '#model';
import { HttpProblem } from '#net';
import { readJsonRequest, readSealedRequest } from '#otlp';

// What a batch has grown to for one request, it keeps. A rare large one shall not keep its memory for ever.
const SPARE_ROWS_MAX = 16_384;
const SPARE_SLOTS_MAX = 262_144;

/** Reads requests into rows over the very bytes they came in. One at a time: the batch of the one before is used again. */
export class RequestReader {
  #spare = new LogBatch();

  readProtobuf(body: Buffer, signal: Signal = 'logs'): LogBatch {
    return checked(() => readSealedRequest(body, this.#batch(), signal));
  }

  readJson(body: Buffer, signal: Signal = 'logs'): LogBatch {
    return checked(() => readJsonRequest(body, signal, this.#batch()));
  }

  #batch(): LogBatch {
    const { timeMs, attributes } = this.#spare;
    if (timeMs.length > SPARE_ROWS_MAX || attributes.type.length > SPARE_SLOTS_MAX) this.#spare = new LogBatch();
    return this.#spare;
  }
}

function checked(read: () => LogBatch): LogBatch {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new HttpProblem(400, error.message, {}, { cause: error });
    throw error;
  }
}
