import type { YAMLError } from 'yaml';

/** What the parser says, and what an operator can do about it. The first that fits is taken. */
const PLAIN_WORDS: readonly (readonly [code: YAMLError['code'], text: RegExp, words: string])[] = [
  ['TAB_AS_INDENT', /./, 'a tab cannot indent YAML; use spaces'],
  ['BAD_INDENT', /end with a \]/, 'a "]" is missing here or shortly before'],
  ['BAD_INDENT', /end with a \}/, 'a "}" is missing here or shortly before'],
  ['BAD_INDENT', /./, 'the indentation does not fit the lines above; use the same number of spaces for all keys of a map'],
  ['BLOCK_IN_FLOW', /./, 'a block cannot stand inside [ ] or { }; close the bracket first'],
  ['MULTIPLE_DOCS', /./, 'one file holds one configuration; remove the second "---"'],
  ['BLOCK_AS_IMPLICIT_KEY', /./, 'a line cannot hold a second "key: value"; put the text in quotes, or start a new line'],
  ['MISSING_CHAR', /quote/, 'a closing quote is missing'],
  ['MISSING_CHAR', /Implicit map keys/, 'a ":" and a value are missing after this key'],
  ['MISSING_CHAR', /Sequence item/, 'a "- " is missing before this item'],
  ['MISSING_CHAR', /Missing ,/, 'a "," is missing before this'],
  ['MISSING_CHAR', /end with a \]/, 'a "]" is missing here or shortly before'],
  ['MISSING_CHAR', /end with a \}/, 'a "}" is missing here or shortly before'],
  ['BAD_SCALAR_START', /./, 'text cannot begin with this character; put it in quotes'],
  ['BAD_DQ_ESCAPE', /./, 'a "\\" in double quotes begins an escape that does not exist; write "\\\\", or use single quotes'],
  ['RESOURCE_EXHAUSTION', /./, 'the text is nested too deeply'],
];

interface Explained {
  readonly offset: number;
  readonly message: string;
}

export function explainErrors(errors: readonly YAMLError[], text: string): Explained[] {
  const explained: Explained[] = [];
  // After a token it did not expect, the parser complains about each of those that follow.
  let isLost = false;
  for (const error of errors) {
    if (isLost) break;
    isLost = error.code === 'UNEXPECTED_TOKEN';
    explained.push({ offset: error.pos[0], message: explain(error, text) });
  }
  return explained;
}

function explain({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (text.slice(Math.max(0, offset - 1), offset + 1) === '${') return 'inside { } and [ ], put "${…}" in quotes';
  const known = PLAIN_WORDS.find(([wanted, pattern]) => wanted === code && pattern.test(message));
  return known ? known[2] : `not valid YAML: ${message}`;
}
