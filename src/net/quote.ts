const QUOTE_CHARACTERS_MAX = 300;
// A shorter value would be found in words that have nothing to do with it.
const SECRET_CHARACTERS_MIN = 6;

/** What a backend says itself, for the end of a message: on one line, cut, and without our secrets. */
export function quoteWithout(said: string, secrets: readonly string[]): string {
  let text = said;
  for (const secret of secrets) if (secret.length >= SECRET_CHARACTERS_MIN) text = text.replaceAll(secret, '[secret]');
  // Control characters could rewrite the terminal of whoever reads the log.
  // oxlint-disable-next-line no-control-regex -- they are what is looked for.
  text = text.replaceAll(/[\u0000-\u0020\u007f-\u009f]+/g, ' ').trim();
  if (text === '') return '';
  return `; it says: ${text.length > QUOTE_CHARACTERS_MAX ? `${text.slice(0, QUOTE_CHARACTERS_MAX)}…` : text}`;
}
