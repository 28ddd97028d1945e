import * as fs from 'node:fs';
import { ConfigError, formatProblem, messageOf, type Logger, type OwnRecords } from '#component';
import { Storage } from '#storage';
import { MetricsRegistry, registerProcessMetrics, serveMetrics, type SmallServer, type TelemetrySettings } from '#telemetry';
import type { Config } from '../config/index.ts';
import { serveControl, socketPathOf, type ControlServer } from '../control/index.ts';
import { Service, StartError, Statuses, systemClock } from '../pipeline/index.ts';
import { settleAfterStart, turnToWork } from './engine.ts';
import { ExitCode } from './exit-codes.ts';
import { createReport } from './report.ts';
import type { Shell } from './shell.ts';
import { watchSignals } from './signals.ts';

export interface AgentSettings {
  readonly telemetry: TelemetrySettings;
  readonly log: Logger;
  /** What the agent says of itself. */
  readonly records: OwnRecords;
  readonly storageDirectory: () => string;
  readonly shutdownTimeoutMs: number;
  readonly shell: Shell;
}

/** One run of the agent, from the loaded configuration to the exit code. */
export class Agent {
  readonly #config: Config;
  readonly #settings: AgentSettings;
  readonly #log: Logger;
  readonly #metrics: MetricsRegistry = new MetricsRegistry();
  readonly #statuses: Statuses = new Statuses(systemClock);
  readonly #service: Service;
  #metricsServer: SmallServer | undefined;
  #control: ControlServer | undefined;

  constructor(config: Config, settings: AgentSettings) {
    this.#config = config;
    this.#settings = settings;
    this.#log = settings.log;
    this.#service = new Service(config, {
      clock: systemClock,
      random: Math.random,
      fs,
      log: settings.log,
      metrics: this.#metrics,
      statuses: this.#statuses,
      ownRecords: settings.records,
      fatal: (problem) => this.#fatal(problem),
      openStorage: () =>
        Storage.open(settings.storageDirectory(), { log: settings.log, clock: systemClock, metrics: this.#metrics.scope() }),
      onDrained: async () => this.#control?.close(),
      shutdownTimeoutMs: settings.shutdownTimeoutMs,
    });
  }

  async run(): Promise<number> {
    const signals = watchSignals({
      log: this.#log,
      exit: (code) => this.#settings.shell.exit(code),
      fatal: (problem) => this.#fatal(problem),
    });
    const stopMetrics = registerProcessMetrics(this.#metrics);
    try {
      turnToWork();
      const failure = await this.#start();
      if (failure !== undefined) return failure;
      settleAfterStart();
      const signal = await signals.first;
      this.#log.info('Stopping; what is held is delivered or stored first.', { signal, timeout_ms: this.#settings.shutdownTimeoutMs });
      await this.#service.stop();
      this.#log.info('Stopped.');
      return ExitCode.ok;
    } finally {
      signals.unwatch();
      await this.#metricsServer?.close();
      stopMetrics();
    }
  }

  /** Undefined when the agent runs, else the exit code. */
  async #start(): Promise<number | undefined> {
    const { warnings, sourcePaths } = this.#config;
    const { telemetry, shell } = this.#settings;
    for (const problem of warnings) this.#log.warn('The configuration is odd in one place.', { detail: formatProblem(problem) });
    if (telemetry.metrics) {
      const { metrics: settings, resource } = telemetry;
      this.#metricsServer = await serveMetrics({ settings, resource, registry: this.#metrics, log: this.#log });
    }
    try {
      await this.#service.start();
      await this.#listenForCommands();
    } catch (error) {
      return this.#explain(error);
    }
    this.#log.info('Winnow has started.', {
      version: shell.version,
      pid: process.pid,
      config: sourcePaths.join(', '),
      storage: this.#service.storageDirectory,
      metrics: this.#metricsServer && `${this.#metricsServer.address}/metrics`,
      control: this.#control?.path,
    });
    return undefined;
  }

  /** The agent works without its control socket, so that a failure here is not one of the agent. */
  async #listenForCommands(): Promise<void> {
    const { shell } = this.#settings;
    const path = socketPathOf(this.#service.storageDirectory);
    const facts = { version: shell.version, config: this.#config.sourcePaths, metrics: this.#metrics, statuses: this.#statuses };
    try {
      this.#control = await serveControl(
        path,
        () => createReport({ ...facts, service: this.#service }),
        () => this.#service.tapPoints,
      );
    } catch (error) {
      this.#log.warn('The control socket cannot be opened; "winnow status" will not work.', { path, reason: messageOf(error) });
    }
  }

  #explain(error: unknown): number {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) this.#log.error('The configuration cannot run.', { detail: formatProblem(problem) });
      return ExitCode.usage;
    }
    if (error instanceof StartError)
      this.#log.error('The agent cannot start.', { component: error.component, reason: messageOf(error.cause) });
    else this.#log.error('The agent cannot start.', { reason: messageOf(error) });
    this.#log.debug('Where it failed.', { stack: error instanceof Error ? error.stack : undefined });
    return ExitCode.cannotStart;
  }

  #fatal(problem: unknown): void {
    this.#log.error('A bug ended the agent. What it had acknowledged is safe; please report this.', {}, problem);
    this.#settings.shell.exit(ExitCode.brokenInvariant);
  }
}
