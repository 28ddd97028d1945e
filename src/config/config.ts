import type {
  ConfigProblem,
  ConnectorFactory,
  ExporterFactory,
  ExtensionFactory,
  Factory,
  ProcessorFactory,
  ReceiverFactory,
} from '#component';
import type { Signal } from '#model';

/** One entry of `receivers`, `processors`, `exporters`, `connectors` or `extensions`, checked and complete. */
export interface ComponentConfig<F extends Factory = Factory> {
  /** As written: `file_log/app`, or `filelog/app` under an alias. */
  readonly id: string;
  /** The component's own name, also when an alias was written. */
  readonly type: string;
  readonly writtenType: string;
  /** What follows the slash; empty without one. */
  readonly name: string;
  readonly factory: F;
  /** Valid for the factory beside it, with all defaults. `never` lets it be handed to that factory and to nothing else. */
  readonly config: never;
  readonly position: string;
}

export interface PipelineConfig {
  /** `logs` or `logs/name`. */
  readonly id: string;
  readonly signal: Signal;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
  readonly position: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'dpanic' | 'panic' | 'fatal';
type MetricsLevel = 'none' | 'basic' | 'normal' | 'detailed';

export interface OtlpTelemetryConfig {
  readonly protocol?: string;
  readonly endpoint: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[] | Readonly<Record<string, string>>;
  readonly compression?: 'gzip' | 'none' | '';
  /** Milliseconds. */
  readonly timeout?: number;
  readonly insecure?: boolean;
  readonly certificate?: string;
  readonly client_certificate?: string;
  readonly client_key?: string;
}

/** `batch` or `simple`, with the exporter to use. */
interface LogsProcessorConfig {
  readonly batch?: {
    /** Milliseconds. */
    readonly schedule_delay: number;
    readonly export_timeout: number;
    readonly max_queue_size: number;
    readonly max_export_batch_size: number;
    readonly exporter: { readonly otlp?: OtlpTelemetryConfig; readonly console?: object };
  };
  readonly simple?: { readonly exporter: { readonly otlp?: OtlpTelemetryConfig; readonly console?: object } };
}

export interface LogsTelemetryConfig {
  /** LOG_LEVEL wins; without both, `info`. */
  readonly level?: LogLevel;
  /** Undefined: readable on a terminal and in development, JSON elsewhere. */
  readonly encoding?: 'console' | 'json';
  readonly output_paths: readonly string[];
  readonly error_output_paths: readonly string[];
  readonly initial_fields: Readonly<Record<string, unknown>>;
  readonly development: boolean;
  readonly disable_caller: boolean;
  readonly disable_stacktrace: boolean;
  readonly disable_zap_resource: boolean;
  readonly sampling: { readonly enabled: boolean; readonly tick: string; readonly initial: number; readonly thereafter: number };
  readonly processors: readonly LogsProcessorConfig[];
}

interface PrometheusReaderConfig {
  readonly host: string;
  readonly port: number;
  readonly without_scope_info: boolean;
  readonly without_type_suffix: boolean;
  readonly without_units: boolean;
  readonly with_resource_constant_labels?: { readonly included?: readonly string[]; readonly excluded?: readonly string[] };
}

interface MetricsReaderConfig {
  readonly pull?: { readonly exporter: { readonly prometheus: PrometheusReaderConfig } };
  readonly periodic?: {
    /** Milliseconds. */
    readonly interval: number;
    readonly timeout: number;
    readonly exporter: { readonly otlp?: OtlpTelemetryConfig; readonly console?: object };
  };
}

export interface MetricsTelemetryConfig {
  readonly level: MetricsLevel;
  /** `host:port`, as older Collectors wrote it. */
  readonly address?: string;
  /** Undefined: one Prometheus endpoint on localhost:8888. PROM_HOST and PROM_PORT win. */
  readonly readers?: readonly MetricsReaderConfig[];
}

export interface TelemetryConfig {
  readonly logs: LogsTelemetryConfig;
  readonly metrics: MetricsTelemetryConfig;
  /** Attributes of the agent's own resource; null removes a default. */
  readonly resource: Readonly<Record<string, string | number | boolean | null>>;
}

export interface ServiceConfig {
  readonly extensions: readonly string[];
  readonly pipelines: readonly PipelineConfig[];
  readonly telemetry: TelemetryConfig;
}

/** Everything one run needs to know, out of all sources. */
export interface Config {
  readonly receivers: ReadonlyMap<string, ComponentConfig<ReceiverFactory<never>>>;
  readonly processors: ReadonlyMap<string, ComponentConfig<ProcessorFactory<never>>>;
  readonly exporters: ReadonlyMap<string, ComponentConfig<ExporterFactory<never>>>;
  readonly connectors: ReadonlyMap<string, ComponentConfig<ConnectorFactory<never>>>;
  readonly extensions: ReadonlyMap<string, ComponentConfig<ExtensionFactory<never>>>;
  readonly service: ServiceConfig;
  /** What is odd but can run: unused components, unset variables, skipped pipelines. */
  readonly warnings: readonly ConfigProblem[];
  /** As plain values with defaults, secrets masked. Made on each call: few runs need it. */
  effective(): Readonly<Record<string, unknown>>;
  /** The same without the defaults. */
  written(): Readonly<Record<string, unknown>>;
  /** Absolute paths of all files that were read, the first `--config` first. */
  readonly sourcePaths: readonly string[];
}
