/** What the exporters of OTLP have in common: requests are written, compressed, queued and halved. Imported as `#otlp-export`. */
export { otlpExportProblems, otlpExportProperties, type OtlpExportConfig } from './config.ts';
export { OtlpExporter, type Transport } from './otlp-exporter.ts';
export { partialSuccess, readPartialSuccess } from './partial-success.ts';
export { readPayloadType } from './payload-type.ts';
