/** OTLP as bytes: writers and readers of protobuf and JSON. Imported as `#otlp`. */
export { writeRequest, type Request } from './writer.ts';
