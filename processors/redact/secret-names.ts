import { ALNUM, byteSet, lower, type ByteSet } from './bytes.ts';

/** What a name says about its value. */
export const NameKind = { none: 0, password: 1, token: 2, authorization: 3, cookie: 4, signature: 5, pwd: 6 } as const;
export type NameKindNumber = (typeof NameKind)[keyof typeof NameKind];

interface Word {
  /** Lower case, without separators. */
  readonly letters: Uint8Array;
  readonly kind: NameKindNumber;
  /** True when the name must begin, or have a separator, before the word. */
  readonly isWhole: boolean;
}

// A name is secret when it ends with one of these, whatever is before it: db_password, X-Api-Key, refreshToken.
const ENDINGS: Readonly<Record<'password' | 'pwd' | 'token' | 'authorization' | 'cookie', readonly string[]>> = {
  // Also where a process works: a value that begins like a path is none.
  pwd: ['pwd'],
  password: ['password', 'passwords', 'passwd', 'passphrase', 'passcode', 'pswd', 'passwordhash', 'dbpass', 'userpass', 'smtppass'],
  token: [
    'token',
    'secret',
    'secrets',
    'credential',
    'credentials',
    'apikey',
    'apikeys',
    'appkey',
    'accesskey',
    'secretkey',
    'privatekey',
    'accountkey',
    'sharedaccesskey',
    'encryptionkey',
    'signingkey',
    'masterkey',
    'authkey',
    'xamzsignature',
    'sharedaccesssignature',
  ],
  authorization: ['authorization'],
  cookie: ['cookie', 'cookies'],
};
const WHOLE: Readonly<Record<'password' | 'token' | 'signature', readonly string[]>> = {
  password: ['cvv', 'cvv2', 'cvc'],
  token: ['jwt'],
  // Azure signs URLs with it. Elsewhere it is the name of a signal: only a query parameter counts.
  signature: ['sig'],
};

// Tokens that page through lists or stop work are no secrets.
const HARMLESS_BEFORE_TOKEN = ['page', 'next', 'continuation', 'pagination', 'sync', 'cancellation'];

/** Bytes that names consist of, in text. */
export const NAME: ByteSet = byteSet('0-9', 'A-Z', 'a-z', '_.-');
const SEPARATOR: ByteSet = byteSet('_-. ');

/** Knows secrets by the names of their fields. Letters' case and the separators `_`, `-`, `.` do not matter. */
export class SecretNames {
  /** 1 for bytes that may be the last of such a name: the quick look. */
  readonly isLast: Uint8Array = new Uint8Array(256);
  readonly #byLast: Word[][] = Array.from({ length: 256 }, () => []);
  readonly #harmless = HARMLESS_BEFORE_TOKEN.map((text) => Buffer.from(text));

  /** `more` are the configuration's own. */
  constructor(more: readonly string[] = [], withBuiltIn: boolean = true) {
    if (withBuiltIn) {
      for (const kind of ['password', 'pwd', 'token', 'authorization', 'cookie'] as const)
        for (const text of ENDINGS[kind]) this.#add(text, NameKind[kind], false);
      for (const kind of ['password', 'token', 'signature'] as const) for (const text of WHOLE[kind]) this.#add(text, NameKind[kind], true);
    }
    for (const text of more) this.#add(text.toLowerCase().replace(/[_\-. ]/g, ''), NameKind.password, true);
  }

  #add(text: string, kind: NameKindNumber, isWhole: boolean): void {
    const letters = Buffer.from(text, 'utf8');
    const last = letters.at(-1);
    if (last === undefined) return;
    this.#byLast[last]?.push({ letters, kind, isWhole });
    this.isLast[last] = 1;
    if (last >= 0x61 && last <= 0x7a) this.isLast[last & ~0x20] = 1;
  }

  /** What the name in `bytes[from, to)` says. */
  kindOf(bytes: Uint8Array, from: number, to: number): NameKindNumber {
    if (to <= from) return NameKind.none;
    const words = this.#byLast[lower(bytes[to - 1] as number)] as Word[];
    for (const word of words) {
      const start = beginOf(bytes, from, to, word.letters);
      if (start < 0) continue;
      if (word.isWhole && start > from && ALNUM[bytes[start - 1] as number] === 1) continue;
      if (word.kind === NameKind.token && this.#isHarmless(bytes, from, start)) continue;
      return word.kind;
    }
    return NameKind.none;
  }

  #isHarmless(bytes: Uint8Array, from: number, to: number): boolean {
    let end = to;
    while (end > from && SEPARATOR[bytes[end - 1] as number] === 1) end--;
    for (const text of this.#harmless) if (beginOf(bytes, from, end, text) >= 0) return true;
    return false;
  }
}

/** Where `letters` begin when `bytes[from, to)` ends with them, separators passed over; -1 when it does not. */
function beginOf(bytes: Uint8Array, from: number, to: number, letters: Uint8Array): number {
  let at = to - 1;
  for (let i = letters.length - 1; i >= 0; i--, at--) {
    while (at >= from && i < letters.length - 1 && SEPARATOR[bytes[at] as number] === 1) at--;
    if (at < from || lower(bytes[at] as number) !== letters[i]) return -1;
  }
  return at + 1;
}
