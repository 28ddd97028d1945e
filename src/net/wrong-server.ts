import type { HttpAnswer } from './http-client.ts';

// What servers written in Go, Tomcat, nginx and Apache say to plain HTTP where they listen for TLS, and nginx to a sender
// without a certificate, or with a wrong one. All with status 400, which from a backend would mean: never again. A backend
// may quote a record that has such words, but not at the beginning, and not in a page.
const WANTS_TLS = [
  /^Client sent an HTTP request to an HTTPS server/,
  /^Bad Request\s+This combination of host and port requires TLS/,
  /^\s*<[^]*(?:plain HTTP|SSL certificate)/,
];

/**
 * What an operator should do when it is not the backend that has answered, but somebody before it or in its place; nothing
 * otherwise. Such an answer says nothing about the records, whatever its status: they were not delivered, nor refused.
 */
export function wrongServerAdvice({ status, headers, body }: HttpAnswer): string | undefined {
  if (status === 400 && WANTS_TLS.some((words) => words.test(body.toString('latin1')))) {
    return 'it wants TLS, or a certificate of ours; check whether the address has to begin with https://, and "tls"';
  }
  // By custom a page is sent as such by frameworks that mean a plain "ok"; so it has to look like one too.
  const isPage = /^text\/html\b/i.test(headers['content-type'] ?? '') && /^\s*</.test(body.toString('latin1', 0, 100));
  if (status < 200 || status >= 300 || !isPage) return undefined;
  return 'what answers is a web page, not the backend; check the address, and whether a proxy wants a login';
}
