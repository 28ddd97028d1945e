import type { AttributeValue } from '#model';
import { HttpProblem, type RequestHead, type Route, type ServerReply, type ServerRequest } from '#net';
import type { Complaints } from './complaints.ts';
import type { Desk } from './desk.ts';
import { json } from './plain-route.ts';
import { readEnvelopes, type Envelope } from './splunk-envelope.ts';
import type { Feed } from './rows.ts';

const PATH = /^\/services\/collector(?:\/(event|raw|ack|health)(?:\/1\.0)?)?\/?$/;

// The codes that Splunk documents.
const SUCCESS = { text: 'Success', code: 0 };
const CODES: Readonly<Record<number, { readonly text: string; readonly code: number }>> = {
  400: { text: 'Invalid data format', code: 6 },
  401: { text: 'Invalid token', code: 4 },
  429: { text: 'Server is busy', code: 9 },
  503: { text: 'Server is busy', code: 9 },
};

/** What clients of Splunk's HTTP Event Collector send. */
export function splunkRoute(path: string, desk: Desk): Route | undefined {
  const [matched, kind = 'event'] = PATH.exec(path) ?? [];
  if (matched === undefined) return undefined;
  if (kind === 'health') {
    return { methods: ['GET'], handle: () => json(200, { text: 'HEC is healthy', code: 17 }), describe };
  }
  if (kind === 'ack') return { methods: ['POST'], handle: (request) => answerAck(request, desk), describe };
  const take = kind === 'raw' ? takeRaw : takeEvents;
  return { methods: ['POST'], handle: (request) => take(request, desk), describe };
}

/** Nothing was taken: the whole pipeline is busy for this one. */
function describe({ status, message }: HttpProblem): ServerReply {
  const known = CODES[status] ?? { text: message, code: 8 };
  // Splunk's clients know no 429.
  return json(status === 429 ? 503 : status, { ...known, ...(status === 400 && { reason: message }) });
}

async function takeEvents(request: ServerRequest, desk: Desk): Promise<ServerReply> {
  const { body } = request;
  let events = 0;
  try {
    for (const { hasEvent, isBlank } of readEnvelopes(body)) {
      if (!hasEvent) return json(400, { text: 'Event field is required', code: 12, 'invalid-event-number': events });
      if (isBlank) return json(400, { text: 'Event field cannot be blank', code: 13, 'invalid-event-number': events });
      events++;
    }
  } catch (problem) {
    if (!(problem instanceof HttpProblem)) throw problem;
    return json(400, { ...CODES[400], reason: problem.message, 'invalid-event-number': events });
  }
  if (events === 0) return json(400, { text: 'No data', code: 5 });
  const complaints = desk.complaints();
  await desk.take(request, () => feedEvents(request, desk, complaints), waiting(request, desk));
  const [first] = complaints.first;
  if (first) return json(400, { ...CODES[400], reason: first.message, 'invalid-event-number': first.record });
  return success(request, desk);
}

function* feedEvents(request: ServerRequest, desk: Desk, complaints: Complaints): Feed {
  const { rows, reader, origins } = desk;
  const { batch } = rows;
  const { body } = request;
  const shared = origins.attributesOf(request);
  let event = 0;
  for (const envelope of readEnvelopes(body)) {
    if (rows.isFull) yield;
    rows.share(shared);
    rows.from(origins.resourceWith(originOf(envelope, request)));
    const { from, to, text } = envelope;
    let row: number;
    if (text !== undefined) row = reader.addString(text);
    else if (body[from] === 0x7b) row = reader.addObject(body, envelope, event, complaints);
    else row = reader.addText(body, from, to);
    event++;
    if (row < 0) continue;
    if (envelope.time !== undefined) reader.promotion.setTimeNumber(batch, row, envelope.time);
    for (const [name, value] of Object.entries(envelope.fields)) batch.setAttribute(row, name, value as AttributeValue);
  }
}

async function takeRaw(request: ServerRequest, desk: Desk): Promise<ServerReply> {
  if (request.body.length === 0) return json(400, { text: 'No data', code: 5 });
  const { rows, reader, origins } = desk;
  await desk.take(
    request,
    function* () {
      rows.share(origins.attributesOf(request));
      rows.from(origins.resourceWith(originOf({}, request)));
      yield* reader.lines(request.body, desk.complaints());
    },
    waiting(request, desk),
  );
  return success(request, desk);
}

const NAMES = [
  ['host', 'host.name'],
  ['source', 'com.splunk.source'],
  ['sourcetype', 'com.splunk.sourcetype'],
  ['index', 'com.splunk.index'],
] as const;

/** Where an event says it comes from; what it leaves out the address of the request may say. */
function originOf(envelope: Partial<Envelope>, { query }: RequestHead): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, attribute] of NAMES) {
    const value = envelope[name] ?? query.get(name);
    if (value) attributes[attribute] = value;
  }
  return attributes;
}

/** With a channel the answer has an id to ask about. It is given only when all is settled, so asking is a formality. */
function success(request: RequestHead, desk: Desk): ServerReply {
  return json(200, channelOf(request) ? { ...SUCCESS, ackId: desk.nextAck() } : SUCCESS);
}

/** Who gets an id takes it for a promise, so it waits also where others do not. */
function waiting(request: RequestHead, desk: Desk): { readonly waits: boolean } {
  return { waits: desk.waits || channelOf(request) !== undefined };
}

function channelOf({ headers, query }: RequestHead): string | undefined {
  const header = headers['x-splunk-request-channel'];
  return (typeof header === 'string' ? header : undefined) ?? query.get('channel') ?? undefined;
}

// Clients ask for some hundreds at once.
const ACKS_MAX = 10_000;

function answerAck(request: ServerRequest, desk: Desk): ServerReply {
  if (!channelOf(request)) return json(400, { text: 'Data channel is missing', code: 10 });
  let asked: unknown;
  try {
    asked = JSON.parse(request.body.toString());
  } catch {
    return json(400, CODES[400] ?? {});
  }
  const ids: unknown = typeof asked === 'object' && asked !== null && 'acks' in asked ? asked.acks : undefined;
  if (!Array.isArray(ids) || ids.length > ACKS_MAX || !ids.every((id) => Number.isSafeInteger(id))) return json(400, CODES[400] ?? {});
  return json(200, { acks: Object.fromEntries(ids.map((id: number) => [String(id), desk.isAcknowledged(id)])) });
}
