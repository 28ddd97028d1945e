import { Double, decodeAnyValue, encodeAnyValue, field, fields, keyOf, type Key, type Origin } from '#model';
import type { AttributeBag, TypedValue } from '#operators';

// Fields of Resource, KeyValue and AnyValue.
const ATTRIBUTE = 0x0a;
const KEY = 0x0a;
const VALUE = 0x12;
const DOUBLE = 0x21;

const NO_VALUE = new Uint8Array(0);

/** The attributes of a resource. Those that nobody sets keep the very bytes they came in. */
export class ResourceAttributes implements AttributeBag {
  readonly #resource: Origin;
  /** The encoded AnyValue by name. */
  readonly #values = new Map<string, Uint8Array>();
  /** Fields that are not attributes. */
  readonly #rest: Uint8Array[] = [];
  #isChanged = false;

  constructor(resource: Origin) {
    this.#resource = resource;
    const bytes = resource.encoded;
    let start = 0;
    for (const { tag, from, to } of fields(bytes, 0, bytes.length)) {
      if (tag === ATTRIBUTE) this.#read(bytes, from, to);
      else this.#rest.push(bytes.subarray(start, to));
      start = to;
    }
  }

  get(key: Key): TypedValue | undefined {
    const bytes = this.#values.get(key.text);
    if (!bytes) return undefined;
    const value = decodeAnyValue(bytes, 0, bytes.length);
    return typeof value === 'number' && bytes[0] === DOUBLE ? new Double(value) : value;
  }

  set(key: Key, value: TypedValue): void {
    this.#values.set(key.text, encodeAnyValue(value));
    this.#isChanged = true;
  }

  delete(key: Key): void {
    if (this.#values.delete(key.text)) this.#isChanged = true;
  }

  keys(): readonly Key[] {
    return Array.from(this.#values.keys(), (name) => keyOf(name));
  }

  /** The very resource it was made of when nothing has changed. */
  toResource(): Origin {
    if (!this.#isChanged) return this.#resource;
    const attributes = Array.from(this.#values, ([name, value]) =>
      field(ATTRIBUTE, Buffer.concat([keyOf(name).encoded, field(VALUE, value)])),
    );
    return { encoded: Buffer.concat([...attributes, ...this.#rest]), schemaUrl: this.#resource.schemaUrl };
  }

  #read(bytes: Uint8Array, start: number, end: number): void {
    let name = '';
    let value: Uint8Array = NO_VALUE;
    for (const { tag, from, to } of fields(bytes, start, end)) {
      if (tag === KEY) name = Buffer.from(bytes.subarray(from, to)).toString();
      else if (tag === VALUE) value = bytes.subarray(from, to);
    }
    this.#values.set(name, value);
  }
}
