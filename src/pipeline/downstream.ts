import type { RecordOrigin } from '#component';
import type { GraphPlan } from './plan.ts';

/** Tells of a component whether it is this receiver, or stands in a pipeline that the receiver feeds, directly or through connectors. */
export function createDownstream(plan: GraphPlan, receiver: string): (origin: RecordOrigin) => boolean {
  const pipelines = new Set<string>();
  const ends = new Set<string>();
  const follow = (source: string): void => {
    for (const pipeline of plan.service.pipelines) {
      if (!pipeline.receivers.includes(source) || pipelines.has(pipeline.id)) continue;
      pipelines.add(pipeline.id);
      for (const end of pipeline.exporters) {
        ends.add(end);
        if (plan.connectors.has(end)) follow(end);
      }
    }
  };
  follow(receiver);
  return ({ kind, id, pipeline }) => {
    switch (kind) {
      case 'receiver':
        return id === receiver;
      case 'processor':
        return pipeline !== undefined && pipelines.has(pipeline);
      case 'exporter':
      case 'connector':
        return ends.has(id);
      default:
        return false;
    }
  };
}
