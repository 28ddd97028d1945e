/** Anomaly detection over log records: streaming, in event time, bounded. Imported as `#anomaly`. */
export { describeIncident, type Description } from './describe.ts';
export { AnomalyEngine, ENGINE_DEFAULTS, type EngineOptions } from './engine.ts';
export type { Incident, Phase, Severity, Tell } from './incident.ts';
export { HalfSpaceTrees, seededRandom, type HalfSpaceTreesOptions } from './half-space-trees.ts';
export { SeriesDetector, type SeriesOptions } from './series.ts';
export type { AnomalyKind, AnomalyMethod, AnomalyType, Signal } from './signal.ts';
export type { Observation } from './source.ts';
