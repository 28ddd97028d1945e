import type * as dgram from 'node:dgram';
import { parseSize, type Counter, type Host, type Timer } from '#component';
import type { SharedAttributes } from '#model';
import { parseEndpoint, type Intake } from '#net';
import type { UdpConfig } from './config.ts';
import { bindHost } from './listen.ts';
import { addMessage } from './message.ts';
import { toShared } from './peer.ts';

export interface UdpSettings {
  readonly config: UdpConfig;
  readonly attributes: Readonly<Record<string, string>>;
  readonly intake: Intake;
  readonly host: Host;
}

// Attributes of that many senders are kept ready.
const PEERS_MAX = 1024;
const REPORT_EVERY_MS = 60_000;

/** Takes messages from UDP, one from each datagram. Nobody can make the sender wait, so what finds no room is dropped. */
export class UdpListener {
  readonly #settings: UdpSettings;
  readonly #shared: SharedAttributes;
  readonly #peers = new Map<string, SharedAttributes>();
  readonly #dropped: Counter;
  #socket: dgram.Socket | undefined;
  #untold = 0;
  #report: Timer | undefined;

  constructor(settings: UdpSettings) {
    this.#settings = settings;
    this.#shared = toShared(settings.attributes);
    const { metrics } = settings.host;
    this.#dropped = metrics.counter('winnow_syslog_dropped_datagrams', 'Datagrams dropped because the pipeline does not keep up.');
  }

  /** Resolves to the port. */
  async start(): Promise<number> {
    const { config, host } = this.#settings;
    const { host: name, port } = parseEndpoint(config.listen_address);
    const address = bindHost(name);
    const type = address.includes(':') ? 'udp6' : 'udp4';
    const socket = process.getBuiltinModule('node:dgram').createSocket({ type, recvBufferSize: parseSize(config.receive_buffer_size) });
    this.#socket = socket;
    socket.on('message', (bytes, peer) => this.#take(bytes, peer));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', (problem) => host.log.error('Listening for syslog on UDP has failed.', {}, problem));
    return socket.address().port;
  }

  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#tell();
    if (!socket) return;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #take(bytes: Buffer, peer: dgram.RemoteInfo): void {
    const { intake } = this.#settings;
    if (intake.isFull) {
      this.#dropped.add(1);
      if (this.#untold++ === 0) this.#tell();
      return;
    }
    addMessage(intake, { bytes, from: 0, to: bytes.length, isCut: false }, this.#sharedFor(peer));
  }

  /** At once for the first, then summed up. */
  #tell(): void {
    const { log, clock } = this.#settings.host;
    if (this.#socket && this.#report) return;
    this.#report?.cancel();
    this.#report = undefined;
    if (this.#untold === 0) return;
    log.error('Datagrams were dropped: the pipeline does not keep up, and UDP cannot wait.', { datagrams: this.#untold });
    this.#untold = 0;
    if (!this.#socket) return;
    this.#report = clock.after(REPORT_EVERY_MS, () => {
      this.#report = undefined;
      this.#tell();
    });
  }

  #sharedFor({ address, port }: dgram.RemoteInfo): SharedAttributes {
    const { config, attributes } = this.#settings;
    if (!config.add_attributes) return this.#shared;
    const key = `${address} ${port}`;
    const known = this.#peers.get(key);
    if (known) return known;
    const own = this.#socket?.address();
    const shared = toShared({
      ...attributes,
      'net.transport': 'IP.UDP',
      'net.peer.ip': address,
      'net.peer.port': String(port),
      'net.host.ip': own?.address ?? '',
      'net.host.port': String(own?.port ?? ''),
    });
    if (this.#peers.size >= PEERS_MAX) this.#peers.clear();
    this.#peers.set(key, shared);
    return shared;
  }
}
