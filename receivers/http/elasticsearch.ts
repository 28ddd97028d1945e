import { HttpProblem, type Route } from '#net';
import type { Desk } from './desk.ts';
import { answerHandshake, elasticError, handshakeMethods, isHandshake } from './elasticsearch-answers.ts';
import { takeBulk } from './elasticsearch-bulk.ts';

const BULK = /^\/(?:([^/]+)\/)?_bulk\/?$/;

/** What Elasticsearch clients and shippers ask for, to begin and to send. */
export function elasticsearchRoute(path: string, desk: Desk): Route | undefined {
  const bulk = BULK.exec(path);
  if (bulk) {
    return {
      methods: ['POST', 'PUT'],
      check: ({ contentType }): void => {
        if (contentType === '' || contentType.endsWith('json')) return;
        throw new HttpProblem(415, `Content-Type header [${contentType.slice(0, 100)}] is not supported`);
      },
      handle: (request) => takeBulk(desk, request, decoded(bulk[1] ?? '')),
      describe: elasticError,
    };
  }
  if (!isHandshake(path)) return undefined;
  return { methods: handshakeMethods(path), handle: ({ method }) => answerHandshake(path, method), describe: elasticError };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpProblem(400, 'the name of the index in the path is malformed');
  }
}
