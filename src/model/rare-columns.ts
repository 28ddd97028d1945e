/** Columns that few logs use, made when the first row needs them. */
export class RareColumns {
  flags: Uint32Array;
  droppedAttributes: Uint32Array;
  eventNameStart: Int32Array;
  eventNameSize: Int32Array;
  /** Fields of the protobuf LogRecord that we do not know, tags included, kept so that they pass through. */
  unknownStart: Int32Array;
  unknownSize: Int32Array;

  constructor(rows: number) {
    this.flags = new Uint32Array(rows);
    this.droppedAttributes = new Uint32Array(rows);
    this.eventNameStart = new Int32Array(rows);
    this.eventNameSize = new Int32Array(rows);
    this.unknownStart = new Int32Array(rows);
    this.unknownSize = new Int32Array(rows);
  }

  copy(rows: number, from: RareColumns): this {
    this.flags.set(from.flags.subarray(0, rows));
    this.droppedAttributes.set(from.droppedAttributes.subarray(0, rows));
    this.eventNameStart.set(from.eventNameStart.subarray(0, rows));
    this.eventNameSize.set(from.eventNameSize.subarray(0, rows));
    this.unknownStart.set(from.unknownStart.subarray(0, rows));
    this.unknownSize.set(from.unknownSize.subarray(0, rows));
    return this;
  }
}
