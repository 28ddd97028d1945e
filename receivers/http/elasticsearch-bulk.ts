import type { SharedAttributes } from '#model';
import { HttpProblem, type ServerReply, type ServerRequest } from '#net';
import type { Complaints } from './complaints.ts';
import type { Desk } from './desk.ts';
import { PRODUCT } from './elasticsearch-answers.ts';
import type { Feed } from './rows.ts';

// Each action has an item in the answer, which is several times as long as the shortest action.
const ACTIONS_MAX = 100_000;
const NEWLINE = 0x0a;

interface Action {
  readonly operation: 'create' | 'index' | 'update' | 'delete';
  readonly index: string;
  readonly id: string | undefined;
}

interface Said {
  readonly text: string;
  readonly action: Action;
}

interface Item {
  readonly action: Action;
  /** The document; empty for what has none. */
  readonly from: number;
  readonly to: number;
}

/** Answers `_bulk`: an item for each action, in order. */
export async function takeBulk(desk: Desk, request: ServerRequest, index: string): Promise<ServerReply> {
  const items = readActions(request.body, index);
  const complaints = desk.complaints(ACTIONS_MAX);
  const began = desk.clock.monotonic();
  await desk.take(request, () => feed(desk, request, items, complaints));
  const wrong = new Map(complaints.first.map(({ record, message }) => [record, message]));
  const answers = items.map((item, i) => answerTo(item, wrong.get(i), () => desk.nextId()));
  const took = Math.round(desk.clock.monotonic() - began);
  const body = `{"took":${took},"errors":${wrong.size > 0},"items":[${answers.join(',')}]}`;
  return { status: 200, contentType: 'application/json', headers: PRODUCT, body };
}

function* feed(desk: Desk, request: ServerRequest, items: readonly Item[], complaints: Complaints): Feed {
  const { rows, reader, origins } = desk;
  const byIndex = new Map<string, SharedAttributes>();
  rows.from(origins.resource);
  for (const [i, { action, from, to }] of items.entries()) {
    if (action.operation === 'update' || action.operation === 'delete') {
      complaints.add(i, 1, 'records are only added: use create or index');
      continue;
    }
    if (rows.isFull) yield;
    let shared = byIndex.get(action.index);
    if (!shared) {
      shared = origins.attributesOf(request, action.index === '' ? {} : { 'elasticsearch.index': action.index });
      byIndex.set(action.index, shared);
    }
    rows.share(shared);
    reader.addObject(request.body, { from, to }, i, complaints);
  }
}

/** Reads all actions before the first document is taken: one that is malformed refuses the request. */
function readActions(body: Buffer, index: string): Item[] {
  const items: Item[] = [];
  let line = 0;
  let last: Said | undefined;
  const lineAt = (from: number): number => {
    line++;
    const newline = body.indexOf(NEWLINE, from);
    return newline < 0 ? body.length : newline;
  };
  for (let at = 0; at < body.length;) {
    const end = lineAt(at);
    const text = body.toString('latin1', at, end).trim();
    at = end + 1;
    if (text === '') continue;
    if (items.length === ACTIONS_MAX) throw new HttpProblem(413, `more than ${ACTIONS_MAX} actions in a request; send fewer`);
    // Shippers write the same action again and again.
    if (last === undefined || last.text !== text) last = { text, action: parseAction(Buffer.from(text, 'latin1').toString(), index, line) };
    const { action } = last;
    if (action.operation === 'delete') {
      items.push({ action, from: at, to: at });
      continue;
    }
    if (at > body.length) throw new HttpProblem(400, `expected a document after the action in line ${line}, got the end of the body`);
    const to = lineAt(at);
    items.push({ action, from: at, to });
    at = to + 1;
  }
  return items;
}

function parseAction(text: string, index: string, line: number): Action {
  const malformed = (): HttpProblem =>
    new HttpProblem(400, `Malformed action/metadata line [${line}], expected an object with create, index, update or delete`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (typeof value !== 'object' || value === null) throw malformed();
  const [operation, meta] = Object.entries(value)[0] ?? [];
  if (operation !== 'create' && operation !== 'index' && operation !== 'update' && operation !== 'delete') throw malformed();
  const own: unknown = meta;
  if (typeof own !== 'object' || own === null) throw malformed();
  const named = '_index' in own && typeof own._index === 'string' ? own._index : index;
  const id = '_id' in own && typeof own._id === 'string' ? own._id : undefined;
  return { operation, index: named, id };
}

function answerTo({ action }: Item, problem: string | undefined, nextId: () => string): string {
  const { operation, index, id } = action;
  const own = { _index: index, _id: id ?? nextId() };
  if (problem !== undefined) {
    return JSON.stringify({ [operation]: { ...own, status: 400, error: { type: 'document_parsing_exception', reason: problem } } });
  }
  // By hand: there may be a hundred thousand of them.
  return `{"${operation}":{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(own._id)},${CREATED}}}`;
}

const CREATED =
  '"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201';
