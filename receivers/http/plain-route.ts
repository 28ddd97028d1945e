import { HttpProblem, type RequestHead, type Route, type ServerReply } from '#net';
import type { PathConfig } from './config.ts';
import type { Desk } from './desk.ts';
import { isTypeTaken, shapeOf } from './json-rows.ts';

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
      const { body } = request;
      const complaints = desk.complaints();
      const shape = format === 'auto' ? shapeOf(body, request.contentType) : format;
      await desk.take(request, function* () {
        desk.rows.share(desk.origins.attributesOf(request, attributes));
        desk.rows.from(desk.origins.resource);
        yield* desk.reader.read(body, shape, complaints);
      });
      const { accepted, refused, first } = complaints;
      if (refused === 0) return json(desk.waits ? 200 : 202, { accepted });
      const unit = shape === 'json' ? 'element' : 'line';
      const problems = first.map(({ record, position, message }) => ({ [unit]: record, position, message }));
      return json(400, { accepted, refused, problems });
    },
    describe: ({ status, message }): ServerReply => json(status, { error: message }),
  };
}

export function json(status: number, value: object): ServerReply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}
