/** OTLP as bytes: writers and readers of protobuf and JSON. Imported as `#otlp`. */
export { writeRequest, type Request } from './writer.ts';
export { writeJsonRequest } from './json-writer.ts';
export { readRequest, readSealedRequest } from './reader.ts';
export { readJsonRequest } from './json-reader.ts';
export { BodyPool, type BodyBuffers } from './body-pool.ts';
