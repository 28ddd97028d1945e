import { keyOf, type Key } from '#model';

/** A place in a record: `body`, `body.user.name`, `attributes["http.status"]`, `resource.host`. */
export interface Field {
  readonly text: string;
  readonly root: 'body' | 'attributes' | 'resource';
  /** Names below the root; none means the root itself. */
  readonly path: readonly string[];
  /** The first name below the root as an attribute key. */
  readonly key: Key | undefined;
}

const ROOT = /^(body|attributes|resource)(?=$|[.[])/;
const STEP = /^(?:\.([^.[\]]+)|\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\])/;

/** Reads the Collector's field syntax. Throws RangeError with what was expected. */
export function parseField(text: string): Field {
  const root = ROOT.exec(text)?.[1];
  if (root !== 'body' && root !== 'attributes' && root !== 'resource') {
    throw new RangeError(`expected a field that begins with body, attributes or resource, got "${text}"${hintFor(text)}`);
  }
  const path: string[] = [];
  let rest = text.slice(root.length);
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (!step) throw new RangeError(`expected .name or ["name"] at "${rest}" in field "${text}"`);
    path.push(step[1] ?? (step[2] ?? step[3] ?? '').replace(/\\(.)/g, '$1'));
    rest = rest.slice(step[0].length);
  }
  const [first] = path;
  return { text, root, path, key: first === undefined ? undefined : keyOf(first) };
}

function hintFor(text: string): string {
  if (/^\$?(attributes|resource|body)/i.test(text)) return '';
  return /^[A-Za-z_][\w.-]*$/.test(text) ? `; did you mean "attributes.${text}"` : '';
}

/** True for `attributes.x` and `attributes["x"]`: one attribute, not something inside it. */
export function isAttribute(field: Field): field is Field & { readonly key: Key } {
  return field.root === 'attributes' && field.path.length === 1;
}

export function isBody(field: Field): boolean {
  return field.root === 'body' && field.path.length === 0;
}
