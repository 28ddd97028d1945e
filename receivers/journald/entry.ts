import { isUtf8 } from 'node:buffer';
import { SeverityNumber, type AttributeValue } from '#model';

/** An entry as journalctl writes it: texts, bytes as numbers, lists of those for repeated fields, null for what it left out. */
export interface Entry {
  readonly cursor: string | undefined;
  readonly timeMs: number;
  readonly timeNs: number;
  readonly severity: number;
  readonly severityText: string;
  readonly message: AttributeValue;
  readonly fields: ReadonlyMap<string, AttributeValue>;
}

const { fatal, error, warn, info, debug } = SeverityNumber;
/** By priority, 0 to 7; the same as of syslog. */
const SEVERITIES = [fatal, error + 2, error + 1, error, warn, info + 1, info, debug];
const TEXTS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

/** Undefined when the line is no entry. */
export function parseEntry(line: string): Entry | undefined {
  const fields = new Map<string, AttributeValue>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  for (const [name, value] of Object.entries(parsed)) fields.set(name, valueOf(value));
  const cursor = fields.get('__CURSOR');
  const micros = fields.get('__REALTIME_TIMESTAMP');
  const time = typeof micros === 'string' && /^\d{1,18}$/.test(micros) ? BigInt(micros) : 0n;
  const priority = fields.get('PRIORITY');
  const level = typeof priority === 'string' && /^[0-7]$/.test(priority) ? Number(priority) : -1;
  return {
    cursor: typeof cursor === 'string' ? cursor : undefined,
    timeMs: Number(time / 1000n),
    timeNs: Number(time % 1000n) * 1000,
    severity: SEVERITIES[level] ?? 0,
    severityText: TEXTS[level] ?? '',
    message: fields.get('MESSAGE') ?? null,
    fields,
  };
}

function valueOf(value: unknown): AttributeValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (!Array.isArray(value)) return null;
  const values: readonly unknown[] = value;
  return values.every((element) => typeof element === 'number') ? textOrBytes(Uint8Array.from(values)) : values.map(valueOf);
}

/** journalctl also writes as bytes what is text with a control character in it, for instance colours. */
function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  return isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : bytes;
}
