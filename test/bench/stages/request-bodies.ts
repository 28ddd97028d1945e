import { writeRequest } from '#otlp';
import { batchesOf } from './operator-stage.ts';

export interface RequestBody {
  readonly body: Buffer;
  readonly rows: number;
}

/** Requests as the exporter makes them of the first lines of a file, at most `bodiesMax`. */
export function requestBodies(input: string, bodiesMax: number): RequestBody[] {
  const bodies: RequestBody[] = [];
  for (const batch of batchesOf(input)) {
    for (let row = 0; row < batch.length;) {
      const { body, next, rows } = writeRequest(batch, row, 1024 * 1024);
      bodies.push({ body: Buffer.from(body), rows });
      row = next;
      if (bodies.length === bodiesMax) return bodies;
    }
  }
  return bodies;
}
