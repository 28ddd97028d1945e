import type { LogBatch, Signal } from '#model';
import type { ConfigSchema } from './schema.ts';
import type { ConfigProblem } from './errors.ts';
import type { Host } from './host.ts';

export interface Component {
  /** Returns when the component can work; rejects when it never will. What is downstream has started before. */
  start(host: Host): Promise<void>;
  /**
   * Stops taking, gives away what it holds, releases everything. Safe twice, safe without start. When `signal` aborts,
   * the deadline has passed: what is still held is abandoned.
   */
  shutdown(signal: AbortSignal): Promise<void>;
}

/**
 * `rows`: it counts, copies and drops rows, and gives them other resources, but never looks into a record, which then may
 * not even be decoded. `reads`: it looks into records, and drops some at most. `edits`: it changes them.
 */
export type Touches = 'rows' | 'reads' | 'edits';

export interface Consumer {
  /** True when `consume` edits the batch in place; a batch with other readers is copied first. */
  readonly mutates: boolean;
  /** What it does with the records of a batch that came encoded; `edits` for those that edit in place, else `reads`. */
  readonly touches?: Touches;
  /**
   * Resolves when the next batch may come. The rows are safe only when the batch's Delivery settles. After it has
   * resolved, the consumer refers to neither batch nor bytes: the caller may use both again. Rejects with
   * RefusedError when the batch was not taken; the caller still owns it then.
   */
  consume(batch: LogBatch): Promise<void>;
}

export type Receiver = Component;
export type Processor = Component & Consumer;
export type Exporter = Component & Consumer;
export type Extension = Component;

/** Stands between pipelines: an exporter to those it takes batches from, a receiver to those it gives them to. */
export interface Connector extends Component, Consumer {
  /** False when it knows that nobody takes its batches. Without it, all that it feeds have to be up. */
  readonly isUp?: boolean;
}

export type Kind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';
export type Stability = 'development' | 'alpha' | 'beta' | 'stable';

/** What the program tells a component about itself. */
export interface Settings {
  /** `type` or `type/name`, as in the configuration. */
  readonly id: string;
  /** The pipeline a processor belongs to, e.g. `logs` or `logs/audit`. */
  readonly pipeline?: string;
  /** What the pipelines around a receiver or exporter carry. Without it, logs. */
  readonly signals?: readonly Signal[];
}

/** Some of the pipelines that a connector feeds, as one consumer: each batch goes to all of them. */
export interface Outlet extends Consumer {
  readonly pipelines: readonly string[];
  /** False while an exporter behind it says that it cannot deliver. */
  readonly isUp: boolean;
  /** True while a batch that was lent to it has not been taken and its caller was let go. */
  readonly isHolding: boolean;
  /**
   * Like `consume`, of a copy, for outlets that may stop answering: it resolves too when the outlet is not up and has
   * not taken the copy for a moment. Then the copy stays there, and its caller goes on. Should it be refused after all,
   * its rows are abandoned.
   */
  lend(batch: LogBatch): Promise<void>;
}

/** What becomes of batches that were lent to an outlet, taken, and not settled when it is down for long. */
export interface Lending {
  /** How long. */
  readonly takeBackMs: number;
  /** When true, their rows are abandoned then, so that the source gives them again; should they be settled later, nobody hears. */
  readonly mayTakeBack: () => boolean;
}

/** Some rows of a batch, copied by `appendRows` or in a view of it, and where they go. A copy may be edited, a view not. */
export interface Part {
  readonly outlet: Outlet;
  readonly batch: LogBatch;
}

/** What a connector can give batches to: the pipelines that name it among their receivers. */
export interface Outlets {
  readonly pipelines: readonly string[];
  to(pipelines: readonly string[], lending?: Lending): Outlet;
  /**
   * Gives away the parts of one batch. It rejects with RefusedError when none has been taken; when only some are refused,
   * those are offered again until they are taken, and the caller waits.
   */
  distribute(parts: readonly Part[]): Promise<void>;
}

interface FactoryBase<Config> {
  readonly type: string;
  /** Other names under which a configuration may ask for it. */
  readonly aliases?: readonly string[];
  readonly stability: Stability;
  /** What it can carry. Without it, logs only: whoever passes spans on must not look into them. */
  readonly signals?: readonly Signal[];
  /** One sentence, for `winnow components` and the README. */
  readonly summary: string;
  readonly schema: ConfigSchema<Config>;
  /** What a schema cannot say, e.g. that two options exclude each other. Paths are relative to the component. */
  check?(config: Config): readonly ConfigProblem[];
}

export interface ReceiverFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'receiver';
  /** When it takes white space away from the beginning of records: what to write so that it does not. */
  cutsIndentation?(config: Config): string | undefined;
  /** True when it would read a file of this path. */
  readsFile?(config: Config, path: string): boolean;
  create(config: Config, settings: Settings, next: Consumer): Receiver;
}

export interface ProcessorFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'processor';
  /** True when what it does depends on how far lines are indented. */
  readsIndentation?(config: Config): boolean;
  create(config: Config, settings: Settings, next: Consumer): Processor;
}

export interface ExporterFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'exporter';
  /** The path of the file it writes. */
  fileOf?(config: Config): string;
  create(config: Config, settings: Settings): Exporter;
}

export interface ConnectorFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'connector';
  /** The pipelines that the configuration names, with the path of each. Each has to name the connector as a receiver. */
  pipelinesOf?(config: Config): readonly { readonly path: string; readonly pipeline: string }[];
  create(config: Config, settings: Settings, outlets: Outlets): Connector;
}

export interface ExtensionFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'extension';
  create(config: Config, settings: Settings): Extension;
}

// Factories of different Config live in one list; `never` is the only parameter type they all accept, and the
// configuration loader has checked the value against the very schema beside it.
export type Factory =
  | ReceiverFactory<never>
  | ProcessorFactory<never>
  | ExporterFactory<never>
  | ConnectorFactory<never>
  | ExtensionFactory<never>;
