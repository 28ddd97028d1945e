import { HttpProblem, type RequestHead, type Route } from '#net';
import type { Desk } from './desk.ts';
import { answerHandshake, elasticError, handshakeMethods, isHandshake } from './elasticsearch-answers.ts';
import { takeDocument, type Place } from './elasticsearch-document.ts';
import { takeBulk } from './elasticsearch-bulk.ts';

const BULK = /^\/(?:([^/]+)\/)?_bulk\/?$/;
const DOCUMENT = /^\/([^/_][^/]*)\/(?:_doc(?:\/([^/]+))?|_create\/([^/]+))$/;

/** What Elasticsearch clients and shippers ask for, to begin and to send. */
export function elasticsearchRoute(path: string, desk: Desk): Route | undefined {
  const bulk = BULK.exec(path);
  if (bulk) return { ...TAKES, handle: (request) => takeBulk(desk, request, decoded(bulk[1] ?? '')) };
  const document = DOCUMENT.exec(path);
  if (document) {
    const [, index = '', id, other] = document;
    const named = id ?? other;
    const place = (): Place => ({ index: decoded(index), id: named === undefined ? undefined : decoded(named) });
    return { ...TAKES, handle: (request) => takeDocument(desk, request, place()) };
  }
  if (!isHandshake(path)) return undefined;
  return { methods: handshakeMethods(path), handle: ({ method }) => answerHandshake(path, method), describe: elasticError };
}

const TAKES = {
  methods: ['POST', 'PUT'],
  check: ({ contentType }: RequestHead): void => {
    if (contentType === '' || contentType.endsWith('json')) return;
    throw new HttpProblem(415, `Content-Type header [${contentType.slice(0, 100)}] is not supported`);
  },
  describe: elasticError,
} as const;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpProblem(400, 'the name of the index or the id in the path is malformed');
  }
}
