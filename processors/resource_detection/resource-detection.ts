import { ConfigError, EditOnce, parseDuration, messageOf, type Consumer, type Host, type Processor, type Timer } from '#component';
import { encodeKeyValue, type LogBatch } from '#model';
import { ResourceEdits, mergeAttributes } from '#operators';
import { DETECTORS, type CloudName, type DetectorName } from './attributes.ts';
import { detectAzure, type AzureConfig } from './azure.ts';
import { detectContainer } from './container.ts';
import { detectDocker } from './docker.ts';
import { detectEc2, type Ec2Config } from './ec2.ts';
import { detectEnv } from './env.ts';
import { detectGcp } from './gcp.ts';
import { detectKubernetes } from './kubernetes.ts';
import { machine } from './machine.ts';
import { detectProcess } from './process.ts';
import { detectService } from './service.ts';
import type { Found, Surroundings } from './surroundings.ts';
import { detectSystem, type HostnameSource } from './system.ts';

interface Section {
  resource_attributes: Readonly<Record<string, { enabled: boolean } | undefined>>;
}

export interface ResourceDetectionConfig {
  detectors: ('env' | DetectorName)[];
  override: boolean;
  timeout: string;
  refresh_interval: string;
  fail_on_missing_metadata: boolean;
  attributes: string[];
  system: Section & { hostname_sources: HostnameSource[] };
  process: Section;
  service: Section;
  docker: Section & { endpoint: string };
  container: Section;
  kubernetes: Section & { node_from_env_var: string };
  ec2: Section & Ec2Config & { tags_from_imds: boolean };
  gcp: Section & { endpoint: string };
  azure: Section & AzureConfig;
}

interface Run {
  readonly host: Host;
  readonly isWanted: (attribute: string) => boolean;
}

/**
 * Looks around once, at the start, and gives what it found to every resource. A resource is merged once, however many
 * records refer to it and however often it comes again. Drops nothing, holds nothing.
 */
export class ResourceDetection implements Processor {
  readonly mutates = true;
  readonly touches = 'rows';
  readonly #config: ResourceDetectionConfig;
  readonly #surroundings: ((host: Host, signal: AbortSignal) => Surroundings) | undefined;
  readonly #editing: EditOnce;
  readonly #stopping = new AbortController();
  #edits: ResourceEdits | undefined;
  /** What each detector has found last. */
  readonly #known = new Map<string, Found>();
  #found = new Map<string, Uint8Array>();
  #timer: Timer | undefined;

  constructor(config: ResourceDetectionConfig, next: Consumer, surroundings?: (host: Host, signal: AbortSignal) => Surroundings) {
    this.#config = config;
    this.#surroundings = surroundings;
    this.#editing = new EditOnce(next, (batch) => this.#edits?.apply(batch));
  }

  async start(host: Host): Promise<void> {
    await this.#detect(host);
    host.log.info('Found out about the host.', { attributes: [...this.#found.keys()].join(', ') });
    this.#armTimer(host);
  }

  consume(batch: LogBatch): Promise<void> {
    return this.#editing.consume(batch);
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort();
  }

  #armTimer(host: Host): void {
    const intervalMs = parseDuration(this.#config.refresh_interval);
    if (intervalMs <= 0 || this.#stopping.signal.aborted) return;
    this.#timer = host.clock.after(intervalMs, () => void this.#refresh(host));
  }

  /** What was known stays when it cannot be found out again. */
  async #refresh(host: Host): Promise<void> {
    try {
      await this.#detect(host);
    } catch (problem) {
      host.log.warn('Could not find out about the host again; what was known stays.', { reason: messageOf(problem) });
    }
    this.#armTimer(host);
  }

  async #detect(host: Host): Promise<void> {
    const found = await Promise.all(this.#config.detectors.map((name) => this.#try(name, host)));
    const encoded = new Map<string, Uint8Array>();
    for (const attributes of found) {
      for (const [name, value] of Object.entries(attributes)) {
        if (value === undefined || encoded.has(name) || !this.#isListed(name)) continue;
        encoded.set(name, encodeKeyValue(name, value));
      }
    }
    if (this.#edits && isEqual(encoded, this.#found)) return;
    this.#found = encoded;
    this.#edits = new ResourceEdits((resource) => mergeAttributes(resource, encoded, this.#config.override));
  }

  async #try(name: 'env' | DetectorName, host: Host): Promise<Found> {
    try {
      const found = await this.#within(name, host);
      this.#known.set(name, found);
      return found;
    } catch (problem) {
      const reason = messageOf(problem);
      // What somebody wrote can be put right; what is not there may come later.
      if (name === 'env' || this.#config.fail_on_missing_metadata) throw new ConfigError([{ path: `detectors: ${name}`, message: reason }]);
      const known = this.#known.get(name);
      const message = known ? 'A detector has found nothing this time; what it found before stays.' : 'A detector has found nothing.';
      host.log.warn(message, { detector: name, reason });
      return known ?? {};
    }
  }

  async #within(name: 'env' | DetectorName, host: Host): Promise<Found> {
    const given = new AbortController();
    const stop = (): void => given.abort();
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    const late = Promise.withResolvers<never>();
    const timer = host.clock.after(parseDuration(this.#config.timeout), () => {
      given.abort();
      late.reject(new RangeError(`no answer within ${this.#config.timeout}`));
    });
    try {
      const at = this.#surroundings?.(host, given.signal) ?? machine(host.fs, given.signal);
      return await Promise.race([this.#run(name, at, host), late.promise]);
    } finally {
      timer.cancel();
      // What is still asked, such as for a token that does not come, need not be answered any more.
      given.abort();
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  async #run(name: 'env' | DetectorName, at: Surroundings, host: Host): Promise<Found> {
    if (name === 'env') return detectEnv(at);
    const isWanted = (attribute: string): boolean => this.#isEnabled(name, attribute);
    return enabledOf(await this.#runDetector(name, at, { host, isWanted }), isWanted);
  }

  async #runDetector(name: DetectorName, at: Surroundings, { host, isWanted }: Run): Promise<Found> {
    const config = this.#config;
    switch (name) {
      case 'system':
        return detectSystem(at, config.system.hostname_sources, isWanted);
      case 'process':
        return detectProcess();
      case 'service':
        return detectService(at, host, isWanted);
      case 'docker':
        return detectDocker(at, config.docker.endpoint);
      case 'container':
        return detectContainer(at);
      case 'kubernetes':
        return detectKubernetes(at, config.kubernetes.node_from_env_var);
      default:
        return this.#runCloud(name, at, { host, isWanted });
    }
  }

  async #runCloud(name: CloudName, at: Surroundings, { host, isWanted }: Run): Promise<Found> {
    const config = this.#config;
    // On the clock of a rehearsal an address that does not answer would never be given up.
    if (host.isRehearsal) return {};
    switch (name) {
      case 'ec2':
        return detectEc2(at, config.ec2, { clock: host.clock, log: host.log, timeoutMs: parseDuration(config.timeout), isWanted });
      case 'gcp':
        return detectGcp(at, config.gcp.endpoint);
      case 'azure':
        return detectAzure(at, config.azure);
    }
  }

  #isEnabled(name: DetectorName, attribute: string): boolean {
    // What is not in the table are tags, which have been asked for by name.
    return this.#config[name].resource_attributes[attribute]?.enabled ?? DETECTORS[name][attribute]?.isEnabled ?? true;
  }

  #isListed(attribute: string): boolean {
    const { attributes } = this.#config;
    return attributes.length === 0 || attributes.includes(attribute);
  }
}

function enabledOf(found: Found, isWanted: (attribute: string) => boolean): Found {
  return Object.fromEntries(Object.entries(found).filter(([attribute, value]) => isWanted(attribute) && value !== undefined));
}

function isEqual(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => Buffer.compare(value, b.get(name) ?? new Uint8Array(0)) === 0);
}
