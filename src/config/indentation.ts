import type { ProcessorFactory, ReceiverFactory } from '#component';
import type { Declarations } from './components.ts';
import type { ComponentConfig, PipelineConfig } from './config.ts';
import type { Report } from './report.ts';

interface Lanes {
  readonly receivers: ReadonlyMap<string, ComponentConfig<ReceiverFactory<never>>>;
  readonly processors: ReadonlyMap<string, ComponentConfig<ProcessorFactory<never>>>;
  readonly pipelines: readonly PipelineConfig[];
}

/** A processor that goes by the indentation of lines sees none behind a receiver that cuts it off. */
export function warnOfCutIndentation({ receivers, processors, pipelines }: Lanes, declarations: Declarations, report: Report): void {
  for (const pipeline of pipelines) {
    const reading = pipeline.processors.find((id) => {
      const processor = processors.get(id);
      return processor?.factory.readsIndentation?.(processor.config) === true;
    });
    if (reading === undefined) continue;
    for (const id of pipeline.receivers) {
      const receiver = receivers.get(id);
      const remedy = receiver?.factory.cutsIndentation?.(receiver.config);
      const declared = declarations.receivers.get(id);
      if (remedy === undefined || !declared) continue;
      report.warn(declared.keyAt, declared.path, `white space before lines is cut off, and ${reading} goes by it; set "${remedy}"`);
    }
  }
}
