/**
 * What the bytes of a line are to the miner. The quick path over bytes and the thorough one over text have to cut a line
 * into the same words, so both ask here.
 */
export const ByteClass = { word: 0, digit: 1, delimiter: 2, wide: 3 } as const;

/**
 * From this byte on a character has three bytes or more. Most scripts that do without spaces are written with such (Chinese, Japanese,
 * Thai), so a row of them is a word of its own, whatever it stands beside: `注文番号12を受付` has a number and two words.
 */
const WIDE_MIN = 0xe0;
/** What may stand in such a row behind its first byte: all but ASCII. */
export const WIDE_REST_MIN = 0x80;

const DELIMITERS = ' \t\r\n\'"|=,;:(){}[]!<>';

/** Class of each byte. Bytes from 0x80 to 0xdf are parts of letters. */
export const CLASS: Uint8Array = new Uint8Array(256);
/** 1 for what a name may begin with. */
export const IS_LETTER: Uint8Array = new Uint8Array(256);

for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte);
  if (DELIMITERS.includes(character)) CLASS[byte] = ByteClass.delimiter;
  else if (character >= '0' && character <= '9') CLASS[byte] = ByteClass.digit;
  else if (byte >= WIDE_MIN) CLASS[byte] = ByteClass.wide;
  if (/[A-Za-z_$]/.test(character) || byte > 127) IS_LETTER[byte] = 1;
}

export const LINE_FEED = 0x0a;

/**
 * How many digits make a word a number: two, or one when it does not begin like a name. `ssh2` and `L3` are names, `-1`
 * and `10.0.0.1` and `blk_38` are not.
 */
export function digitsOfNumber(firstByte: number): number {
  return 1 + (IS_LETTER[firstByte] as number);
}
