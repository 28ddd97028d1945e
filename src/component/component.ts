import type { LogBatch } from '#model';
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

export interface Consumer {
  /** True when `consume` edits the batch in place; a batch with other readers is copied first. */
  readonly mutates: boolean;
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

export type Kind = 'receiver' | 'processor' | 'exporter' | 'extension';
export type Stability = 'development' | 'alpha' | 'beta' | 'stable';

/** What the program tells a component about itself. */
export interface Settings {
  /** `type` or `type/name`, as in the configuration. */
  readonly id: string;
  /** The pipeline a processor belongs to, e.g. `logs` or `logs/audit`. */
  readonly pipeline?: string;
}

interface FactoryBase<Config> {
  readonly type: string;
  /** Other names under which a configuration may ask for it. */
  readonly aliases?: readonly string[];
  readonly stability: Stability;
  /** One sentence, for `winnow components` and the README. */
  readonly summary: string;
  readonly schema: ConfigSchema<Config>;
  /** What a schema cannot say, e.g. that two options exclude each other. Paths are relative to the component. */
  check?(config: Config): readonly ConfigProblem[];
}

export interface ReceiverFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'receiver';
  create(config: Config, settings: Settings, next: Consumer): Receiver;
}

export interface ProcessorFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'processor';
  create(config: Config, settings: Settings, next: Consumer): Processor;
}

export interface ExporterFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'exporter';
  create(config: Config, settings: Settings): Exporter;
}

export interface ExtensionFactory<Config> extends FactoryBase<Config> {
  readonly kind: 'extension';
  create(config: Config, settings: Settings): Extension;
}

// Factories of different Config live in one list; `never` is the only parameter type they all accept, and the
// configuration loader has checked the value against the very schema beside it.
export type Factory = ReceiverFactory<never> | ProcessorFactory<never> | ExporterFactory<never> | ExtensionFactory<never>;
