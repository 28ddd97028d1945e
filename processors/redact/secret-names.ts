import { ALNUM, byteSet, lower, type ByteSet } from './bytes.ts';

/** What a name says about its value. */
export const NameKind = { none: 0, password: 1, token: 2, authorization: 3, cookie: 4, signature: 5, pwd: 6, basic: 7 } as const;
export type NameKindNumber = (typeof NameKind)[keyof typeof NameKind];

/** One of the names that say secret, or its end. */
export interface Word {
  /** In lower case, without separators. */
  readonly letters: Uint8Array;
  /** 1 where a separator may stand before the letter. */
  readonly breaks: Uint8Array;
  readonly kind: NameKindNumber;
  /** True when the name must begin, or have a separator, before the word. */
  readonly isWhole: boolean;
}

// A name is secret when it ends with one of these, whatever is before it: db_password, X-Api-Key, refreshToken. Where a
// bar stands, a separator may: `api|key` is apikey, apiKey, api_key and api-key.
const ENDINGS: readonly (readonly [kind: NameKindNumber, words: string])[] = [
  [
    NameKind.password,
    'password passwords passwd pass|phrase pass|code pswd password|hash db|pass user|pass smtp|pass root|pass admin|pass become|pass ssh|pass sudo|pass ldap|pass bind|pass mail|pass',
  ],
  // In other languages.
  [NameKind.password, 'passwort kennwort wachtwoord mot|de|passe contraseña contrasena пароль Пароль パスワード 密码'],
  // Also where a process works: a value that begins like a path is none.
  [NameKind.pwd, 'pwd'],
  [NameKind.token, 'token secret secrets credential credentials api|key api|keys access|key secret|key private|key account|key'],
  [NameKind.token, 'encryption|key signing|key master|key auth|key amz|signature access|signature'],
  [NameKind.authorization, 'authorization'],
  [NameKind.cookie, 'cookie cookies'],
];
const WHOLE: readonly (readonly [kind: NameKindNumber, words: string])[] = [
  [NameKind.password, 'cvv cvv2 cvc senha'],
  [NameKind.token, 'jwt'],
  // Azure signs URLs with the one. Elsewhere it is the name of a signal, and the other that of a test: only a query parameter counts.
  [NameKind.signature, 'sig pass'],
  // Files of Docker and npm have `user:password` in base64 under this name, others say by it whether somebody may come in.
  [NameKind.basic, 'auth'],
];

// Tokens that page through lists or stop work are no secrets.
const HARMLESS_BEFORE_TOKEN = ['page', 'next', 'continuation', 'pagination', 'sync', 'cancellation'];

/** Bytes that names consist of, in text. */
export const NAME: ByteSet = byteSet('0-9', 'A-Z', 'a-z', '_.-');
NAME.fill(1, 0x80);
const SEPARATOR: ByteSet = byteSet('_-. ');

/** Knows secrets by the names of their fields, in any case. */
export class SecretNames {
  /** 1 for bytes that may be the last of such a name: the quick look. */
  readonly isLast: Uint8Array = new Uint8Array(256);
  readonly words: Word[] = [];
  readonly #byLast: Word[][] = Array.from({ length: 256 }, () => []);
  readonly #harmless = HARMLESS_BEFORE_TOKEN.map((text) => toWord(text, NameKind.none, false));

  /** `more` are the configuration's own; where they have separators, any separator or none may be. */
  constructor(more: readonly string[] = [], withBuiltIn: boolean = true) {
    if (withBuiltIn) {
      for (const [kind, words] of ENDINGS) for (const text of words.split(' ')) this.#add(toWord(text, kind, false));
      for (const [kind, words] of WHOLE) for (const text of words.split(' ')) this.#add(toWord(text, kind, true));
    }
    for (const text of more) this.#add(toWord(text.toLowerCase().replace(/[_\-. |]+/g, '|'), NameKind.password, true));
  }

  #add(word: Word): void {
    const last = word.letters.at(-1);
    if (last === undefined) return;
    this.words.push(word);
    this.#byLast[last]?.push(word);
    this.isLast[last] = 1;
    if (last >= 0x61 && last <= 0x7a) this.isLast[last & ~0x20] = 1;
  }

  /** What the name in `bytes[from, to)` says. */
  kindOf(bytes: Uint8Array, from: number, to: number): NameKindNumber {
    if (to <= from) return NameKind.none;
    const words = this.#byLast[lower(bytes[to - 1] as number)] as Word[];
    for (const word of words) {
      const start = beginOf(bytes, from, to, word);
      if (start < 0) continue;
      if (word.isWhole && start > from && ALNUM[bytes[start - 1] as number] === 1) continue;
      if (word.kind === NameKind.token && this.#isHarmless(bytes, from, start)) continue;
      return word.kind;
    }
    return NameKind.none;
  }

  #isHarmless(bytes: Uint8Array, from: number, to: number): boolean {
    const end = to > from && SEPARATOR[bytes[to - 1] as number] === 1 ? to - 1 : to;
    if (end === from) return false;
    for (const word of this.#harmless) if (beginOf(bytes, from, end, word) >= 0) return true;
    return false;
  }
}

function toWord(text: string, kind: NameKindNumber, isWhole: boolean): Word {
  const parts = text.split('|').filter((part) => part !== '');
  const letters = Buffer.from(parts.join(''), 'utf8');
  const breaks = new Uint8Array(letters.length);
  let at = 0;
  for (const part of parts) {
    if (at > 0) breaks[at] = 1;
    at += Buffer.byteLength(part);
  }
  return { letters, breaks, kind, isWhole };
}

/** Where the word begins with which `bytes[from, to)` ends; -1 when it ends otherwise. */
function beginOf(bytes: Uint8Array, from: number, to: number, { letters, breaks }: Word): number {
  let at = to - 1;
  for (let i = letters.length - 1; i >= 0; i--, at--) {
    if (at < from || lower(bytes[at] as number) !== letters[i]) return -1;
    if (breaks[i] === 1 && at > from && SEPARATOR[bytes[at - 1] as number] === 1) at--;
  }
  return at + 1;
}
