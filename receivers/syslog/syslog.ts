import {
  Delivery,
  parseDuration,
  parseSize,
  type Consumer,
  type Counter,
  type Host,
  type Outcome,
  type Receiver,
  type Settings,
} from '#component';
import { createResource, type LogBatch } from '#model';
import { Intake, isLoopback, parseEndpoint } from '#net';
import { OperatorPipeline } from '#operators';
import { framingOf, type SyslogConfig, type TcpConfig, type UdpConfig, LISTEN_ADDRESS } from './config.ts';
import { TcpListener } from './tcp.ts';
import { UdpListener } from './udp.ts';

const TCP_DEFAULTS: TcpConfig = {
  listen_address: LISTEN_ADDRESS,
  add_attributes: false,
  max_log_size: '1MiB',
  one_log_per_packet: false,
  max_connections: 1024,
};
const UDP_DEFAULTS: UdpConfig = {
  listen_address: LISTEN_ADDRESS,
  add_attributes: false,
  receive_buffer_size: '2MiB',
  one_log_per_packet: true,
};

/**
 * Receives syslog.
 *
 *   TCP, TLS ─▶ framing ─┐
 *                        ├─▶ intake ─▶ syslog_parser, operators ─▶ next
 *   UDP ─────────────────┘
 *
 * The protocol has no answers: a message that was read is ours, and what the pipeline gives up is lost, counted and told.
 */
export class SyslogReceiver implements Receiver {
  readonly #config: SyslogConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  #intake: Intake | undefined;
  #listeners: (TcpListener | UdpListener)[] = [];
  #operators: OperatorPipeline | undefined;
  #host: Host | undefined;
  #lost: Counter | undefined;
  /** Where each listens, for tests: the port may have been 0. */
  readonly ports: { tcp: number; udp: number } = { tcp: 0, udp: 0 };

  constructor(config: SyslogConfig, settings: Settings, next: Consumer) {
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#lost = host.metrics.counter('winnow_syslog_lost_log_records', 'Records the pipeline gave up; no sender can be asked again.');
    const intake = this.#createIntake(host);
    this.#intake = intake;
    try {
      await this.#listen(host, intake);
    } catch (problem) {
      // The other one may be listening already.
      await Promise.all(this.#listeners.splice(0).map((listener) => listener.stop(AbortSignal.abort())));
      throw problem;
    }
  }

  async #listen(host: Host, intake: Intake): Promise<void> {
    const { tcp, udp } = this.#transports();
    const { attributes } = this.#config;
    if (tcp) {
      const settings = { id: this.#settings.id, config: tcp, framing: framingOf(this.#config, tcp), attributes, intake, host };
      const listener = new TcpListener(settings);
      this.#listeners.push(listener);
      this.ports.tcp = await listener.start();
      this.#warn(host, tcp.listen_address, tcp.tls ? (tcp.tls.client_ca_file ?? tcp.tls.client_ca_pem) !== undefined : false);
    }
    if (udp) {
      const listener = new UdpListener({ config: udp, attributes, intake, host });
      this.#listeners.push(listener);
      this.ports.udp = await listener.start();
      this.#warn(host, udp.listen_address, false);
    }
    host.log.info('Listening for syslog.', { tcp: tcp && this.ports.tcp, udp: udp && this.ports.udp });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const intake = this.#intake;
    if (!intake) return;
    intake.heed(signal);
    this.#operators?.heed(signal);
    const listeners = this.#listeners.splice(0);
    await Promise.all(listeners.map((listener) => listener.stop(signal)));
    await intake.close(signal);
    await this.#operators?.stop(signal);
  }

  #transports(): { readonly tcp: TcpConfig | undefined; readonly udp: UdpConfig | undefined } {
    const { tcp, udp } = this.#config;
    return tcp || udp ? { tcp, udp } : { tcp: TCP_DEFAULTS, udp: UDP_DEFAULTS };
  }

  #createIntake(host: Host): Intake {
    const config = this.#config;
    const { protocol, location, allow_skip_pri_header, on_error, operators } = config;
    const parser = {
      type: 'syslog_parser',
      id: 'syslog',
      location,
      allow_skip_pri_header,
      on_error,
      ...(protocol && { protocol }),
    } as const;
    const pipeline = new OperatorPipeline([parser, ...operators], { id: this.#settings.id, next: this.#next });
    pipeline.start(host);
    this.#operators = pipeline;
    const resource = Object.keys(config.resource).length > 0 ? createResource(config.resource) : undefined;
    const source = Math.floor(host.random() * 2 ** 32);
    return new Intake({
      next: pipeline.next,
      clock: host.clock,
      rowsMax: config.max_batch_records,
      bytesMax: parseSize(config.max_batch_size),
      delayMs: parseDuration(config.flush_interval),
      process: (batch: LogBatch) => {
        if (resource) batch.resourceOf.fill(batch.addResource(resource), 0, batch.length);
        pipeline.process(batch);
      },
      deliver: (rows) => (rows === 0 ? undefined : new Delivery(rows, source, (outcome) => this.#settled(outcome))),
      onBroken: (problem) => host.fatal(problem),
    });
  }

  #settled({ abandoned }: Outcome): void {
    if (abandoned === 0) return;
    this.#lost?.add(abandoned);
    this.#host?.log.error('Syslog records were lost: the pipeline gave them up, and senders do not send again.', { records: abandoned });
  }

  #warn(host: Host, address: string, isMutual: boolean): void {
    if (isMutual || isLoopback(parseEndpoint(address).host)) return;
    host.log.warn('Anybody who reaches this address can write logs: listen on localhost, or use tcp.tls with client_ca_file.', { address });
  }
}
