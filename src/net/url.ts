import { Buffer } from 'node:buffer';

/** Addresses as operators write them, and as messages may show them. */

/** The URL, if it is one that HTTP can be spoken to. */
export function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined;
}

/** For messages: without user, password and query, any of which may be secret. */
export function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** `Basic …` for the user and password in the URL, if there are any. */
export function basicAuthOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign in a password that nobody encoded.
    return text;
  }
}
