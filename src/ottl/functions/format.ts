import { isDouble, isInt, numberOf, toText, typeOf, type Value } from '../value.ts';

const VERB = /%([-+ #0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;
// A width of a million would make megabytes of spaces of one record.
const WIDTH_MAX = 1000;

/** Go's fmt.Sprintf, the verbs `v s q d b o x X e f g t c`. What does not fit is said in the text, as there. */
export function formatText(format: string, values: readonly Value[]): string {
  let next = 0;
  const text = format.replace(VERB, (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) return `%!${verb}(MISSING)`;
    const value = values[next++] ?? null;
    const digits = precision === undefined ? undefined : Math.min(Number(precision), 100);
    const written = writtenAs(verb, value, digits);
    if (written === undefined) return `%!${verb}(${typed(value)})`;
    const signed = flags.includes('+') && (isInt(value) || isDouble(value)) && !written.startsWith('-') ? `+${written}` : written;
    return padded(signed, flags, Math.min(Number(width ?? 0), WIDTH_MAX));
  });
  const extra = values.slice(next).map(typed);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

/** The value with Go's name of its type. */
function typed(value: Value): string {
  if (value === null) return '<nil>';
  const type = isInt(value) ? 'int64' : isDouble(value) ? 'float64' : typeOf(value);
  return `${type}=${toText(value) ?? ''}`;
}

function writtenAs(verb: string, value: Value, precision: number | undefined): string | undefined {
  switch (verb) {
    case 'v':
      return toText(value) ?? '<nil>';
    case 's':
      return typeof value === 'string' ? value.slice(0, precision) : undefined;
    case 'q':
      return typeof value === 'string' ? JSON.stringify(value) : undefined;
    case 't':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'x':
    case 'X': {
      const text = typeof value === 'string' ? Buffer.from(value).toString('hex') : isInt(value) ? value.toString(16) : undefined;
      return verb === 'X' ? text?.toUpperCase() : text;
    }
    case 'd':
      return isInt(value) ? String(value) : undefined;
    case 'b':
      return isInt(value) ? value.toString(2) : undefined;
    case 'o':
      return isInt(value) ? value.toString(8) : undefined;
    case 'c':
      return isInt(value) && value >= 0 && value <= 0x10ffff ? String.fromCodePoint(Number(value)) : undefined;
    case 'f':
      return isDouble(value) ? numberOf(value).toFixed(precision ?? 6) : undefined;
    case 'e':
      return isDouble(value)
        ? numberOf(value)
            .toExponential(precision ?? 6)
            .replace(/e([+-])(\d)$/, 'e$10$2')
        : undefined;
    case 'g':
      return isDouble(value)
        ? String(precision === undefined ? numberOf(value) : Number(numberOf(value).toPrecision(precision || 1)))
        : undefined;
    default:
      return undefined;
  }
}

function padded(text: string, flags: string, width: number): string {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0')) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return `${sign}${text.slice(sign.length).padStart(width - sign.length, '0')}`;
}
