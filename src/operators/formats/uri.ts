import type { AttributeValue, LogBatch } from '#model';
import type { TextSource } from '../text-source.ts';
import { keysOf, type FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';

const KEYS = keysOf('scheme', 'user', 'host', 'port', 'path', 'query');
const URI = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?)?([^?#]*)(?:\?([^#]*))?/;

/** Takes URIs apart: scheme, user, host, port, path, and the query as lists by name, as in the Collector. */
export class Uri implements Format {
  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const text = source.text();
    const match = URI.exec(text);
    if (!match || /\s/.test(text)) return 'no URI';
    const [, scheme, user, host, port, path, query] = match;
    fields.begin(batch, row);
    for (const [key, value] of [
      [KEYS.scheme, scheme],
      [KEYS.user, user?.replace(/:.*$/, '')],
      [KEYS.host, host?.replace(/^\[|\]$/g, '')],
      [KEYS.port, port],
      [KEYS.path, path],
    ] as const) {
      if (value) fields.value(key, value);
    }
    if (query) fields.value(KEYS.query, listsOf(query));
    return fields.commit(true);
  }
}

function listsOf(query: string): { readonly [key: string]: AttributeValue } {
  const lists = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const list = lists.get(name);
    if (list) list.push(value);
    else lists.set(name, [value]);
  }
  return Object.fromEntries(lists);
}
