import { HttpProblem, type RequestHead, type Route, type ServerReply } from '#net';
import type { PathConfig } from './config.ts';
import type { Desk } from './desk.ts';
import { isTypeTaken, shapeOf } from './json-rows.ts';
import type { Feed } from './rows.ts';

/** A path of our own: JSON or lines, as configured. */
export function plainRoute({ path, format, attributes }: PathConfig, desk: Desk): Route {
  return {
    methods: ['POST', 'PUT'],
    check: ({ contentType }: RequestHead): void => {
      if (isTypeTaken(format, contentType)) return;
      const expected = format === 'auto' ? 'JSON or text' : format;
      throw new HttpProblem(415, `expected ${expected} at ${path}, got the content type "${contentType.slice(0, 100)}"`);
    },
    handle: async (request): Promise<ServerReply> => {
      const body = withoutMark(request.body);
      const complaints = desk.complaints();
      const shape = format === 'auto' ? shapeOf(body, request.contentType) : format;
      const feed = function* (): Feed {
        desk.rows.share(desk.origins.attributesOf(request, attributes));
        desk.rows.from(desk.origins.resource);
        yield* desk.reader.read(body, shape, complaints);
      };
      await desk.take(request, feed, { bytes: body });
      const { accepted, refused, first } = complaints;
      if (refused === 0) return json(desk.waits ? 200 : 202, { accepted });
      const unit = shape === 'json' ? 'element' : 'line';
      const problems = first.map(({ record, position, message }) => ({ [unit]: record, position, message }));
      return json(400, { accepted, refused, problems });
    },
    describe: ({ status, message }): ServerReply => json(status, { error: message }),
  };
}

/** Windows writes a byte order mark before UTF-8; it is no part of the text. */
function withoutMark(body: Buffer): Buffer {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
}

export function json(status: number, value: object): ServerReply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
