import type { ExporterFactory, ReceiverFactory } from '#component';
import type { Declarations } from './components.ts';
import type { ComponentConfig, PipelineConfig } from './config.ts';
import type { Report } from './report.ts';

interface Lanes {
  readonly receivers: ReadonlyMap<string, ComponentConfig<ReceiverFactory<never>>>;
  readonly exporters: ReadonlyMap<string, ComponentConfig<ExporterFactory<never>>>;
  readonly pipelines: readonly PipelineConfig[];
}

/** A pipeline that reads the file it writes goes round for ever: each line comes again, and longer, until the disk is full. */
export function warnOfFeedback({ receivers, exporters, pipelines }: Lanes, declarations: Declarations, report: Report): void {
  for (const pipeline of pipelines) {
    for (const id of pipeline.exporters) {
      const exporter = exporters.get(id);
      const path = exporter?.factory.fileOf?.(exporter.config);
      const declared = declarations.exporters.get(id);
      if (path === undefined || !declared) continue;
      const reading = pipeline.receivers.find((name) => {
        const receiver = receivers.get(name);
        return receiver?.factory.readsFile?.(receiver.config, path) === true;
      });
      if (reading === undefined) continue;
      const remedy = `write it elsewhere, or add it to "exclude" of ${reading}`;
      report.warn(
        declared.keyAt,
        declared.path,
        `${reading} of the same pipeline reads "${path}", so each record comes again for ever; ${remedy}`,
      );
    }
  }
}
