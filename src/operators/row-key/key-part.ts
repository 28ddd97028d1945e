import { keyOf, type Key } from '#model';

/** One of the things that make up the key of a row. */
export type KeyPart =
  | { readonly kind: 'attribute'; readonly name: string; readonly key: Key }
  | { readonly kind: 'resource'; readonly name: string }
  | { readonly kind: 'template' | 'source' | 'severity' | 'logger'; readonly name: string };

const PLACE = /^(attributes|resource)(?:\.(.+)|\["([^"]+)"\])$/;

/** What `parseKeyPart` understands, for the descriptions of options and for messages. */
export const KEY_PART_FORMS = 'service, template, source, severity, logger, attributes.NAME or resource.NAME';

/** Reads one entry of a `key` option. Throws RangeError with what was expected. */
export function parseKeyPart(text: string): KeyPart {
  switch (text) {
    case 'service':
      return { kind: 'resource', name: 'service.name' };
    case 'template':
    case 'source':
    case 'severity':
    case 'logger':
      return { kind: text, name: text };
  }
  const [, place, plain, quoted] = PLACE.exec(text) ?? [];
  const name = plain ?? quoted;
  if (name === undefined) throw new RangeError(`expected ${KEY_PART_FORMS}, got "${text}"${hintFor(text)}`);
  return place === 'resource' ? { kind: 'resource', name } : { kind: 'attribute', name, key: keyOf(name) };
}

function hintFor(text: string): string {
  return /^[A-Za-z_][\w.-]*$/.test(text) ? `; did you mean "attributes.${text}"` : '';
}
