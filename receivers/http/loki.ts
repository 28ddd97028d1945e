import { decompressSnappy, HttpProblem, type Route, type ServerReply, type ServerRequest } from '#net';
import type { Desk } from './desk.ts';
import { isJson } from './json-rows.ts';
import { readLokiJson } from './loki-json.ts';
import { readLokiProtobuf } from './loki-protobuf.ts';
import type { Stream } from './loki-stream.ts';
import type { Feed } from './rows.ts';

const PATH = '/loki/api/v1/push';
const PROTOBUF = 'application/x-protobuf';

/** What Promtail, Grafana Alloy and other clients of Loki push. */
export function lokiRoute(path: string, desk: Desk): Route | undefined {
  if (path !== PATH) return undefined;
  return {
    methods: ['POST'],
    check: ({ contentType, headers }): void => {
      // The server knows no Snappy: what protobuf is wrapped in is undone below, named or not.
      if (contentType === PROTOBUF && headers['content-encoding'] === 'snappy') delete headers['content-encoding'];
      if (contentType === PROTOBUF || contentType === '' || isJson(contentType)) return;
      throw new HttpProblem(415, `expected application/json or ${PROTOBUF}, got the content type "${contentType.slice(0, 100)}"`);
    },
    handle: (request) => take(request, desk),
  };
}

async function take(request: ServerRequest, desk: Desk): Promise<ServerReply> {
  const isText = isJson(request.contentType);
  const bytes = isText ? request.body : decompressSnappy(request.body, desk.bodyBytesMax);
  const read = isText ? readLokiJson : readLokiProtobuf;
  // All of it is looked over before the first record is taken: a malformed push is refused as a whole.
  for (const stream of read(bytes)) for (const entry of stream.entries) void entry;
  await desk.take(request, () => feed(read(bytes), request, desk), { bytes });
  return { status: desk.waits ? 204 : 202 };
}

function* feed(streams: Iterable<Stream>, request: ServerRequest, desk: Desk): Feed {
  const { rows, reader, origins } = desk;
  const { batch } = rows;
  const own = origins.entriesOf(request);
  rows.from(origins.resource);
  for (const { labels, entries } of streams) {
    rows.share(origins.share({ ...own, ...labels }));
    const severity = reader.promotion.severityIn(labels);
    for (const { timeMs, timeNs, from, to, text, metadata } of entries) {
      if (rows.isFull) yield;
      const row = text === undefined ? reader.addText(batch.space.bytes, from, to) : reader.addString(text);
      batch.timeMs[row] = timeMs;
      batch.timeNs[row] = timeNs;
      if (severity) {
        batch.severity[row] = severity.number;
        batch.setSeverityText(row, severity.text);
      }
      for (const [name, value] of Object.entries(metadata)) batch.setAttribute(row, name, value);
    }
  }
}
