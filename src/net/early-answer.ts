import type * as http from 'node:http';

// Three times what a request may have by default. What is read of a refused one costs no memory, and its time is that of
// any request.
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Answers a request that is still being sent. A connection that is closed with bytes unread takes the answer along: a
 * proxy then says 502 where we said 413, and the sender sends the same again. So the rest is read and thrown away, though
 * not without end, and only then the answer is ended, which closes a connection that is not kept.
 */
export function answerEarly(request: http.IncomingMessage, response: http.ServerResponse, body: Uint8Array | string): void {
  // Who asks before it sends mostly sends nothing after a refusal; to wait for that would be in vain.
  if (request.headers.expect !== undefined) response.end(body);
  else if (body.length > 0) response.write(body);
  else response.flushHeaders();
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) request.destroy();
  });
  request.on('error', () => {});
  for (const event of ['end', 'close']) request.once(event, () => response.end());
  request.resume();
}
