import { HttpProblem, type ServerReply, type ServerRequest } from '#net';
import type { Desk } from './desk.ts';
import { PRODUCT } from './elasticsearch-answers.ts';

/** Where a document goes that comes alone: `/<index>/_doc`, `/<index>/_doc/<id>` or `/<index>/_create/<id>`. */
export interface Place {
  readonly index: string;
  readonly id: string | undefined;
}

/** Answers a request that is one document. */
export async function takeDocument(desk: Desk, request: ServerRequest, { index, id }: Place): Promise<ServerReply> {
  const { rows, reader, origins } = desk;
  const { body } = request;
  const complaints = desk.complaints();
  await desk.take(request, function* () {
    rows.share(origins.attributesOf(request, { 'elasticsearch.index': index }));
    rows.from(origins.resource);
    if (rows.isFull) yield;
    // The end of a line after the document is no part of it.
    reader.addObject(body, { from: 0, to: lastOf(body) }, 1, complaints);
  });
  const [wrong] = complaints.first;
  if (wrong) throw new HttpProblem(400, `failed to parse: ${wrong.message} at byte ${wrong.position}`);
  const answer = {
    _index: index,
    _id: id ?? desk.nextId(),
    _version: 1,
    result: 'created',
    _shards: { total: 1, successful: 1, failed: 0 },
    _seq_no: 0,
    _primary_term: 1,
  };
  return { status: 201, contentType: 'application/json', headers: PRODUCT, body: JSON.stringify(answer) };
}

const SPACE = 0x20;

function lastOf(body: Buffer): number {
  let to = body.length;
  while (to > 0 && (body[to - 1] as number) <= SPACE) to--;
  return to;
}
