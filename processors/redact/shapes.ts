import { DIGIT, WORD, byteSet, isTextAt, lower, runEnd, runStart, type ByteSet } from './bytes.ts';
import { setParameters, type ValueRange } from './values.ts';
import type { Range } from './network.ts';

/** Secrets with a shape of their own. Each function looks at the bytes around one that is typical of it. */

const TOKEN = byteSet('0-9', 'A-Z', 'a-z', '._~+/=-');
const BASE64URL = byteSet('0-9', 'A-Z', 'a-z', '_-');
const BEARER = Buffer.from('bearer ');
const BASIC = Buffer.from('basic ');
const DIGEST = Buffer.from('digest ');
const USERNAME = Buffer.from('username=');
const BEARER_MIN = 8;
/** A bearer token without a digit is taken for prose up to here. */
const BEARER_PROSE_MAX = 20;
const BASIC_MIN = 6;
/** Enough of Basic credentials to see whether they are some. */
const BASIC_SEEN = 512;
const COLON = 0x3a;
const EQUALS = 0x3d;
const PADDING = byteSet('=');
const NO_BASE64 = 0xff;
const BASE64_VALUES = new Uint8Array(256).fill(NO_BASE64);
for (const [six, letter] of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').entries())
  BASE64_VALUES[letter] = six;
BASE64_VALUES[0x2d] = 62;
BASE64_VALUES[0x5f] = 63;

/** `Bearer …` and `Basic …`; the credentials alone are found. */
export function schemeCredentialsAt(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  const isBearer = isTextAt(bytes, at, to, BEARER, true);
  if (!isBearer && !isTextAt(bytes, at, to, BASIC, true)) return false;
  if (at > from && WORD[bytes[at - 1] as number] === 1) return false;
  value.start = at + (isBearer ? BEARER : BASIC).length;
  value.end = runEnd(bytes, value.start, to, TOKEN);
  return isBearer ? isBearerToken(bytes, value) : isBasicCredentials(bytes, value);
}

/** The parameters of `Digest username="…", …, response="…"`. In other words a digest is a hash. */
export function digestAt(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  if (!isTextAt(bytes, at, to, DIGEST, true) || (at > from && WORD[bytes[at - 1] as number] === 1)) return false;
  value.start = at + DIGEST.length;
  return isTextAt(bytes, value.start, to, USERNAME, true) && setParameters(bytes, to, value);
}

function isBearerToken(bytes: Buffer, { start, end }: ValueRange): boolean {
  if (end - start < BEARER_MIN) return false;
  // `=` ends a token. `Bearer realm=…` asks for one, and `token_type=bearer expires_in=3600` tells of one.
  const equals = bytes.subarray(start, end).indexOf(EQUALS);
  if (equals >= 0 && runEnd(bytes, start + equals, end, PADDING) < end) return false;
  if (end - start > BEARER_PROSE_MAX) return true;
  for (let i = start; i < end; i++) if (DIGIT[bytes[i] as number] === 1) return true;
  return false;
}

/** True for `user:password` in base64. */
export function isBasicCredentials(bytes: Buffer, { start, end }: ValueRange): boolean {
  if (end - start < BASIC_MIN) return false;
  // Decoded byte by byte: most are none, and the first bytes tell.
  const stop = Math.min(end, start + BASIC_SEEN);
  let bits = 0;
  let count = 0;
  for (let i = start; i < stop; i++) {
    const six = BASE64_VALUES[bytes[i] as number] as number;
    if (six === NO_BASE64) continue;
    bits = ((bits << 6) | six) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const decoded = (bits >> count) & 0xff;
    if (decoded === COLON) return true;
    if (decoded < 0x20) return false;
  }
  return false;
}

const JWT_PART_MIN = 8;
const DOT = 0x2e;

/** End of the JSON Web Token whose `eyJ` has its J at `at`, or -1. Its second part begins like the first. */
export function jwtEnd(bytes: Buffer, at: number, { from, to }: Range): number {
  if (at - 2 < from || bytes[at - 1] !== 0x79 || bytes[at - 2] !== 0x65) return -1;
  if (at - 2 > from && BASE64URL[bytes[at - 3] as number] === 1) return -1;
  const headEnd = runEnd(bytes, at, to, BASE64URL);
  if (headEnd - at < JWT_PART_MIN || bytes[headEnd] !== DOT || headEnd >= to) return -1;
  const claims = headEnd + 1;
  if (!isTextAt(bytes, claims, to, CLAIMS)) return -1;
  const claimsEnd = runEnd(bytes, claims, to, BASE64URL);
  if (claimsEnd - claims < JWT_PART_MIN) return -1;
  // Unsigned tokens end here, with or without a dot.
  return claimsEnd < to && bytes[claimsEnd] === DOT ? runEnd(bytes, claimsEnd + 1, to, BASE64URL) : claimsEnd;
}

const CLAIMS = Buffer.from('eyJ');

const PEM_BEGIN = Buffer.from('-----BEGIN ');
const PEM_KEY = Buffer.from('PRIVATE KEY');
const PEM_END = Buffer.from('-----END');
const PEM_LABEL_MAX = 40;
const DASHES = byteSet('-');
const PEM_LABEL = byteSet('A-Z', '0-9', ' ');

/** End of the private key block that begins with the dash at `at`, or -1. One without an end takes the rest. */
export function privateKeyEnd(bytes: Buffer, at: number, to: number): number {
  if (!isTextAt(bytes, at, to, PEM_BEGIN)) return -1;
  const label = at + PEM_BEGIN.length;
  const labelEnd = runEnd(bytes, label, Math.min(to, label + PEM_LABEL_MAX), PEM_LABEL);
  let key = label;
  while (key < labelEnd && !isTextAt(bytes, key, labelEnd, PEM_KEY)) key++;
  if (key === labelEnd) return -1;
  const found = bytes.subarray(labelEnd, to).indexOf(PEM_END);
  if (found < 0) return to;
  const end = labelEnd + found + PEM_END.length;
  return runEnd(bytes, runEnd(bytes, end, to, PEM_LABEL), to, DASHES);
}

const USER_INFO_MAX = 512;
/** A user name without a password is taken for a token from this length on. */
const USER_TOKEN_MIN = 20;
const AT = 0x40;
const USER_INFO_STOP = byteSet(' \t\r\n"\'<>\\`', '/?#', '{}');
const SCHEME = byteSet('0-9', 'A-Z', 'a-z', '+.-');

/** The password in `scheme://user:password@host`; `at` is the colon after the scheme. */
export function urlCredentialsAt(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  if (at <= from || SCHEME[bytes[at - 1] as number] === 0) return false;
  const start = at + 3;
  const most = Math.min(to, start + USER_INFO_MAX);
  let colon = -1;
  let end = -1;
  for (let i = start; i < most && USER_INFO_STOP[bytes[i] as number] === 0; i++) {
    if (bytes[i] === COLON && colon < 0) colon = i;
    // A password may have an @ in it, a host may not.
    else if (bytes[i] === AT) end = i;
  }
  if (end < 0) return false;
  const isUserOnly = colon < 0 || colon > end;
  value.start = isUserOnly ? start : colon + 1;
  value.end = end;
  return value.end - value.start >= (isUserOnly ? USER_TOKEN_MIN : 1);
}

const PATH = byteSet('0-9', 'A-Z', 'a-z', '_-/.');
const HOOK_PATH_MIN = 20;

/** Addresses of which the path is the secret. */
const HOOKS: readonly { readonly rule: 'slack' | 'api_token'; readonly begin: Buffer; readonly set: ByteSet }[] = [
  { rule: 'slack', begin: Buffer.from('hooks.slack.com/'), set: PATH },
  { rule: 'api_token', begin: Buffer.from('discord.com/api/webhooks/'), set: PATH },
  { rule: 'api_token', begin: Buffer.from('discordapp.com/api/webhooks/'), set: PATH },
  // The method that is called stays.
  { rule: 'api_token', begin: Buffer.from('api.telegram.org/bot'), set: byteSet('0-9', 'A-Z', 'a-z', '_:-') },
];

/** The secret of a webhook or bot whose host is at `at`, and the rule that knows it; undefined when it is none. */
export function webhookAt(bytes: Buffer, at: number, to: number, value: ValueRange): 'slack' | 'api_token' | undefined {
  for (const { rule, begin, set } of HOOKS) {
    if (!isTextAt(bytes, at, to, begin, true)) continue;
    value.start = at + begin.length;
    value.end = runEnd(bytes, value.start, to, set);
    return value.end - value.start >= HOOK_PATH_MIN ? rule : undefined;
  }
  return undefined;
}

const AZURE = byteSet('0-9', 'A-Z', 'a-z', '_~.-');
const AZURE_HEAD = 5;
const AZURE_TAIL_MIN = 31;
const AZURE_TAIL_MAX = 34;

/** Azure client secrets: three characters, a digit, `Q~`, and 31 to 34 more. `at` is the tilde. */
export function azureSecretAt(bytes: Buffer, at: number, { from, to }: Range, value: ValueRange): boolean {
  const start = at - AZURE_HEAD;
  if (start < from || lower(bytes[at - 1] as number) !== 0x71 || DIGIT[bytes[at - 2] as number] === 0) return false;
  if (runStart(bytes, from, at, { set: AZURE, most: AZURE_HEAD + 1 }) !== start) return false;
  value.start = start;
  value.end = runEnd(bytes, at + 1, Math.min(to, at + 2 + AZURE_TAIL_MAX), AZURE);
  const tail = value.end - at - 1;
  return tail >= AZURE_TAIL_MIN && tail <= AZURE_TAIL_MAX;
}
