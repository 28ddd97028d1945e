const CONTROL = /[\p{Cc}\u2028\u2029]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text on one line, without characters that a terminal obeys: whoever writes a log must not be able to move the
 * cursor of the one who reads it.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => {
    return NAMED[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}
