import type { ConnectorFactory, ExporterFactory, ExtensionFactory, ProcessorFactory, ReceiverFactory } from '#component';

/** A configured component: its id, what makes it, and its configuration with all defaults filled in. */
export interface Member<Factory> {
  readonly id: string;
  readonly factory: Factory;
  /** Has passed the schema of this very factory; `never` because factories of all kinds of Config live in one list. */
  readonly config: never;
}

export interface PipelinePlan {
  /** `logs` or `logs/audit`. */
  readonly id: string;
  /** Receivers, and connectors that feed it. */
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  /** Exporters, and connectors that it feeds. */
  readonly exporters: readonly string[];
}

/** What the graph is built from: the loaded configuration. Every id in a list has its member. */
export interface GraphPlan {
  readonly extensions: ReadonlyMap<string, Member<ExtensionFactory<never>>>;
  readonly receivers: ReadonlyMap<string, Member<ReceiverFactory<never>>>;
  readonly processors: ReadonlyMap<string, Member<ProcessorFactory<never>>>;
  readonly exporters: ReadonlyMap<string, Member<ExporterFactory<never>>>;
  /** Those of the pipelines make no circle. */
  readonly connectors: ReadonlyMap<string, Member<ConnectorFactory<never>>>;
  readonly service: {
    /** In the order in which they start. */
    readonly extensions: readonly string[];
    readonly pipelines: readonly PipelinePlan[];
  };
}
