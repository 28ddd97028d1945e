/**
 * Finds the `${…}` to expand first: the innermost of the first group that is not escaped. An odd number of `$` before
 * `${` escapes it, as in the Collector: `$${env:X}` stays text.
 */
export function findReference(text: string): { readonly start: number; readonly end: number } | undefined {
  let from = 0;
  for (;;) {
    const close = text.indexOf('}', from);
    if (close < 0) return undefined;
    const open = text.slice(from, close).lastIndexOf('${');
    if (open >= 0) {
      const start = from + open;
      let dollars = 0;
      while (start - dollars - 1 >= from && text[start - dollars - 1] === '$') dollars++;
      if (dollars % 2 === 0) return { start, end: close + 1 };
    }
    from = close + 1;
  }
}

/** `$$` is how a configuration writes one `$`. */
export function unescapeDollars(text: string): string {
  return text.includes('$$') ? text.replaceAll('$$', () => '$') : text;
}

export type Reference =
  | { readonly scheme: 'env'; readonly name: string; readonly fallback: string | undefined }
  | { readonly scheme: 'file'; readonly path: string }
  | { readonly scheme: 'yaml'; readonly text: string }
  | { readonly scheme: 'unknown'; readonly problem: string };

const ENV = /^([^:]*?)(?::-([^]*))?$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What stands between `${` and `}`. A bare name is a variable, as the Collector still allows. */
export function parseReference(inner: string): Reference {
  const colon = inner.indexOf(':');
  const scheme = inner.slice(0, Math.max(0, colon));
  const rest = inner.slice(colon + 1);
  if (scheme === 'file') return { scheme, path: rest };
  if (scheme === 'yaml') return { scheme, text: rest };
  if (scheme === 'env') return parseEnv(rest);
  if (colon < 0 || rest.startsWith('-')) return parseEnv(inner);
  const isWeb = scheme === 'http' || scheme === 'https';
  const remedy = isWeb ? 'download it first and name it with file:' : 'for the text itself write $${';
  return { scheme: 'unknown', problem: `expected one of env:, file:, yaml: after "\${", got "${scheme}:"; ${remedy}` };
}

function parseEnv(text: string): Reference {
  const [, name = '', fallback] = ENV.exec(text) ?? [];
  if (ENV_NAME.test(name)) return { scheme: 'env', name, fallback };
  const problem = `expected the name of a variable (letters, digits, "_") in "\${${text}}"; for the text itself write $\${${text}}`;
  return { scheme: 'unknown', problem };
}
