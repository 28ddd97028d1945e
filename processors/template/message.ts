import { ValueType, keyOf, type AttributeValue, type Key, type LogBatch } from '#model';

const OPEN_BRACE = 0x7b;

/** Finds the message of a row: its body, an attribute, or a field of a body that is a map. */
export class Message {
  readonly #attributes: readonly Key[];
  readonly #bodyField: string;
  /** Where the message is: `bytes[from, to)`. */
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;

  constructor(attributes: readonly string[], bodyField: string) {
    this.#attributes = attributes.map((name) => keyOf(name));
    this.#bodyField = bodyField;
  }

  /** False when the row has no message. */
  find(batch: LogBatch, row: number): boolean {
    const type = batch.bodyType[row];
    if (type === ValueType.string || type === ValueType.bytes) {
      const position = batch.bodyStart[row] as number;
      const size = batch.bodySize[row] as number;
      this.#point(batch, position, size);
      // JSON that was parsed has its message in an attribute, shorter and without its escapes.
      if (size > 0 && this.bytes[this.from] !== OPEN_BRACE) return true;
      return this.#findAttribute(batch, row) || size > 0;
    }
    if (this.#findAttribute(batch, row)) return true;
    return type === ValueType.encoded && this.#take(this.#textOf(batch.body(row)));
  }

  #point(batch: LogBatch, position: number, size: number): void {
    const isSide = position < 0;
    this.bytes = isSide ? batch.space.side : batch.space.bytes;
    this.from = isSide ? ~position : position;
    this.to = this.from + size;
  }

  #findAttribute(batch: LogBatch, row: number): boolean {
    const { attributes } = batch;
    if ((attributes.head[row] as number) < 0) return false;
    for (const key of this.#attributes) {
      const slot = attributes.find(row, key);
      if (slot < 0 || attributes.type[slot] !== ValueType.string || attributes.size[slot] === 0) continue;
      this.#point(batch, attributes.start[slot] as number, attributes.size[slot] as number);
      return true;
    }
    return false;
  }

  /** The field that is the message, or the whole as JSON, which is mined by its keys. */
  #textOf(body: AttributeValue): string {
    if (typeof body === 'object' && body !== null && !Array.isArray(body) && !(body instanceof Uint8Array)) {
      const map = body as { readonly [key: string]: AttributeValue };
      const field = this.#bodyField === '' ? undefined : map[this.#bodyField];
      if (typeof field === 'string') return field;
    }
    return JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
  }

  #take(text: string): boolean {
    const bytes = Buffer.from(text, 'utf8');
    this.bytes = bytes;
    this.from = 0;
    this.to = bytes.length;
    return bytes.length > 0;
  }
}
