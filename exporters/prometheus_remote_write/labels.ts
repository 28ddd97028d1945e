import { Buffer } from 'node:buffer';
import { protobufFieldSize, ProtobufWriter } from '#net';

const LABELS = 0x0a;
const NAME = 0x0a;
const VALUE = 0x12;

/** Ready bytes of a label that is the same for all series, or the name of one and where its value stands. */
type Part = Buffer | { readonly name: Buffer; readonly at: number };

/** The labels of one metric as they are written: `__name__` among them, by name, as the protocol wants. */
export class Labels {
  readonly #parts: readonly Part[];

  /** `own` are the labels whose values are told for each series; of the others, those that are not among them count. */
  constructor(metric: string, own: readonly string[], others: Iterable<readonly [string, string]>) {
    const parts = new Map<string, Part>();
    for (const [name, value] of [...others, ['__name__', metric] as const]) if (value !== '') parts.set(name, labelOf(name, value));
    for (const [at, name] of own.entries()) parts.set(name, { name: fieldOf(NAME, name), at });
    this.#parts = Array.from(parts)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, part]) => part);
  }

  write(out: ProtobufWriter, values: readonly Buffer[]): void {
    for (const part of this.#parts) {
      if (Buffer.isBuffer(part)) {
        out.append(part);
        continue;
      }
      const value = values[part.at] as Buffer;
      // A label without a value is none.
      if (value.length === 0) continue;
      out.head(LABELS, part.name.length + protobufFieldSize(value.length));
      out.append(part.name);
      out.bytes(VALUE, value);
    }
  }
}

/** A whole label, as series and exemplars have them. */
export function labelOf(name: string, value: string): Buffer {
  const pair = new ProtobufWriter();
  pair.text(NAME, name);
  pair.text(VALUE, value);
  return fieldOf(LABELS, pair.view);
}

function fieldOf(tag: number, content: string | Uint8Array): Buffer {
  const field = new ProtobufWriter();
  field.bytes(tag, typeof content === 'string' ? Buffer.from(content) : content);
  return Buffer.from(field.view);
}
