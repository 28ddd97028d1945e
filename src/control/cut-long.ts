const TEXT_LENGTH_MAX = 8 * 1024;

/** The same value with long texts cut: one record of a megabyte must not push a thousand others out. */
export function cutLong(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length <= TEXT_LENGTH_MAX ? value : `${value.slice(0, TEXT_LENGTH_MAX)}… (${value.length} characters)`;
  if (Array.isArray(value)) return value.map(cutLong);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cutLong(inner)]));
}
