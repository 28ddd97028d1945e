import { Buffer } from 'node:buffer';

const { hash, timingSafeEqual } = process.getBuiltinModule('node:crypto');

interface Entry {
  readonly digest: Buffer;
  readonly salt: Buffer;
}

/** Users with their passwords, or digests of them. */
export type Users = ReadonlyMap<string, Entry>;

const DIGEST_BYTES = 32;
const NO_SALT = Buffer.alloc(0);
// Nobody's password: an unknown user takes as long as a known one.
const NOBODY: Entry = { digest: Buffer.alloc(DIGEST_BYTES), salt: NO_SALT };
// What htpasswd and others write. Taken as a plain password, the digest itself would open the door.
const OTHER_DIGEST = /^(\$[a-z0-9-]+\$|\{[A-Z0-9-]+\})/i;

/** Throws with the number of the line that cannot be used, and never quotes it. */
export function parseHtpasswd(text: string): Users {
  const users = new Map<string, Entry>();
  for (const [i, whole] of text.split('\n').entries()) {
    const line = whole.replace(/\r$/, '');
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 1 || colon === line.length - 1) throw new Error(`line ${i + 1}: expected "user:password"`);
    const user = line.slice(0, colon);
    if (users.has(user)) throw new Error(`line ${i + 1}: its user is on an earlier line already; leave one of them out`);
    users.set(user, parsePassword(line.slice(colon + 1), i + 1));
  }
  return users;
}

function parsePassword(text: string, line: number): Entry {
  const [, scheme, encoded = ''] = /^\{(SHA256|SSHA256)\}(.*)$/i.exec(text) ?? [];
  if (scheme !== undefined) {
    const bytes = Buffer.from(encoded.trim(), 'base64');
    const isSalted = scheme.toUpperCase() === 'SSHA256';
    const isWhole = isSalted ? bytes.length > DIGEST_BYTES : bytes.length === DIGEST_BYTES;
    if (!isWhole) throw new Error(`line ${line}: expected ${isSalted ? 'a digest and a salt' : 'a digest'} in base64 after {${scheme}}`);
    return { digest: bytes.subarray(0, DIGEST_BYTES), salt: bytes.subarray(DIGEST_BYTES) };
  }
  if (OTHER_DIGEST.test(text)) {
    throw new Error(`line ${line}: expected a plain password, {SHA256} or {SSHA256}; bcrypt, MD5, SHA-1 and crypt are not supported`);
  }
  return { digest: digestOf(text, NO_SALT), salt: NO_SALT };
}

/** Takes the same time for a wrong password and for an unknown user. */
export function isRightPassword(users: Users, user: string, password: string): boolean {
  const entry = users.get(user);
  const { digest, salt } = entry ?? NOBODY;
  return timingSafeEqual(digest, digestOf(password, salt)) && entry !== undefined;
}

function digestOf(password: string, salt: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(password), salt]), 'buffer');
}
