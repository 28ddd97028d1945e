const BACKSLASH = 0x5c;
const ESCAPE_BYTES = 6;

/** What a JSON text escapes as `\u00fc`, of letters beyond ASCII. Its bytes in UTF-8 are fewer. */
export const LETTER_ESCAPE = '\\u';

/**
 * Writes `bytes[from, to)`, the inside of a JSON text, to `target` with letters in the place of their escapes; returns how
 * many bytes those are. Other escapes stay, and so does half of a pair: it is no letter.
 */
export function unescapeLetters(bytes: Uint8Array, from: number, to: number, target: Uint8Array): number {
  let size = 0;
  for (let at = from; at < to;) {
    const byte = bytes[at] as number;
    let unit = byte === BACKSLASH ? unitAt(bytes, at, to) : -1;
    if (unit >= 0xd800 && unit < 0xe000) {
      const low = unit < 0xdc00 ? unitAt(bytes, at + ESCAPE_BYTES, to) : -1;
      unit = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : -1;
    }
    if (unit < 0x80) {
      target[size++] = byte;
      // What a backslash escapes belongs to it: the second one of two escapes nothing.
      if (byte === BACKSLASH && at + 1 < to) target[size++] = bytes[at + 1] as number;
      at += byte === BACKSLASH ? 2 : 1;
      continue;
    }
    size = writeUtf8(unit, target, size);
    at += unit > 0xffff ? 2 * ESCAPE_BYTES : ESCAPE_BYTES;
  }
  return size;
}

/** The number in the escape that begins at `at`, or -1. */
function unitAt(bytes: Uint8Array, at: number, to: number): number {
  if (at + ESCAPE_BYTES > to || bytes[at] !== BACKSLASH || bytes[at + 1] !== 0x75) return -1;
  let unit = 0;
  for (let i = at + 2; i < at + ESCAPE_BYTES; i++) {
    const byte = (bytes[i] as number) | 0x20;
    const digit = byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 15 || (digit > 9 && byte < 0x61)) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function writeUtf8(code: number, target: Uint8Array, from: number): number {
  let at = from;
  if (code < 0x800) target[at++] = 0xc0 | (code >> 6);
  else if (code < 0x10000) {
    target[at++] = 0xe0 | (code >> 12);
    target[at++] = 0x80 | ((code >> 6) & 63);
  } else {
    target[at++] = 0xf0 | (code >> 18);
    target[at++] = 0x80 | ((code >> 12) & 63);
    target[at++] = 0x80 | ((code >> 6) & 63);
  }
  target[at++] = 0x80 | (code & 63);
  return at;
}

/** A text in Latin-1, one character a byte of UTF-8, with its letters escaped again, in digits like those of `like`. */
export function escapeLetters(text: string, like: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const isUpper = /\\u[0-9a-f]*[A-F]/i.test(like) && !/\\u[0-9A-F]*[a-f]/.test(like);
  const letters = Buffer.from(text, 'latin1').toString('utf8');
  return letters.replace(/[^\0-\x7f]/g, (letter) =>
    Array.from({ length: letter.length }, (_, i) => {
      const digits = letter.charCodeAt(i).toString(16).padStart(4, '0');
      return LETTER_ESCAPE + (isUpper ? digits.toUpperCase() : digits);
    }).join(''),
  );
}
