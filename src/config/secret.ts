// Whole words of a key, so that `key_file`, `tokenizer` and `monkey` stay readable. `key` itself is no secret: it names
// an attribute.
const SECRET_KEY =
  /(^|[._-])(passwords?|passwd|passphrase|secrets?|tokens?|api[_-]?keys?|apikey|private[_-]?key|access[_-]?keys?|key_pem|authorization|credentials?|cookies?)$/i;

export const REDACTED = '[REDACTED]';

export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key);
}

/** A copy for people's eyes: secrets by schema (their paths), by key, and the user part of URLs. */
export function redact(value: unknown, secretPaths: ReadonlySet<string>, join: (path: string, key: string | number) => string): unknown {
  return redactAt(value, '', false, { secretPaths, join });
}

interface Context {
  readonly secretPaths: ReadonlySet<string>;
  readonly join: (path: string, key: string | number) => string;
}

function redactAt(value: unknown, path: string, isBelowSecret: boolean, context: Context): unknown {
  const isSecret = isBelowSecret || context.secretPaths.has(path);
  if (Array.isArray(value)) return value.map((item, i) => redactAt(item, context.join(path, i), isSecret, context));
  if (typeof value === 'object' && value !== null) return redactMap(value, path, isSecret, context);
  if (typeof value === 'string' && value !== '') return isSecret ? REDACTED : value.replaceAll(/(:\/\/)[^/?#\s@]+@/g, `$1${REDACTED}@`);
  return isSecret && typeof value === 'number' ? REDACTED : value;
}

function redactMap(map: object, path: string, isSecret: boolean, context: Context): unknown {
  const entries = Object.entries(map);
  // `{ name: Authorization, value: … }` is how lists of headers are written.
  const label = entries.find(([key, value]) => (key === 'name' || key === 'key') && typeof value === 'string' && isSecretKey(value));
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const hasSecretName = (isSecretKey(key) && typeof value !== 'number') || (label !== undefined && key === 'value');
      return [key, redactAt(value, context.join(path, key), isSecret || hasSecretName, context)];
    }),
  );
}
