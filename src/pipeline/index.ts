/** The running agent: components joined into pipelines, started, stopped and accounted for. */
export { computeBooks, type Books, type ExporterBook, type PipelineBook, type ReceiverBook } from './books.ts';
export type { Environment, StorageExtension } from './host.ts';
export type { GraphPlan, Member, PipelinePlan } from './plan.ts';
export { Service, StartError, type OpenStorage, type ServiceSettings } from './service.ts';
export { Statuses, type ComponentStatus } from './statuses.ts';
export { systemClock } from './system-clock.ts';
