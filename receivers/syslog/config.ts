import { duration, parseSize, size, type ConfigProblem, type ConfigSchema, type PropertySchema } from '#component';
import { parseEndpoint, tlsServerProblems, tlsServerSchema, type TlsServerConfig } from '#net';
import { checkOperators, operatorsSchema, type OperatorConfig } from '#operators';

type Trailer = 'LF' | 'NUL';

export interface TcpConfig {
  listen_address: string;
  tls?: TlsServerConfig;
  add_attributes: boolean;
  max_log_size: number | string;
  one_log_per_packet: boolean;
  enable_octet_counting?: boolean;
  max_octets?: number;
  non_transparent_framing_trailer?: Trailer;
  max_connections: number;
}

export interface UdpConfig {
  listen_address: string;
  add_attributes: boolean;
  receive_buffer_size: number | string;
  one_log_per_packet: boolean;
  async?: Record<string, unknown>;
}

export interface SyslogConfig {
  tcp?: TcpConfig;
  udp?: UdpConfig;
  protocol?: 'rfc3164' | 'rfc5424';
  location: string;
  allow_skip_pri_header: boolean;
  enable_octet_counting?: boolean;
  max_octets?: number;
  non_transparent_framing_trailer?: Trailer;
  on_error: 'send' | 'send_quiet' | 'drop' | 'drop_quiet';
  attributes: Record<string, string>;
  resource: Record<string, string>;
  operators: OperatorConfig[];
  flush_interval: string;
  max_batch_records: number;
  max_batch_size: number | string;
}

export const LISTEN_ADDRESS = 'localhost:5514';

const listenAddress: PropertySchema = {
  type: 'string',
  pattern: ':[0-9]{1,5}$',
  expected: 'an address such as "localhost:5514" or "0.0.0.0:5514"',
  default: LISTEN_ADDRESS,
  description: 'Where to listen. Without a host, as in ":5514", on all addresses. Ports below 1024 need a capability.',
};
const addAttributes: PropertySchema = {
  type: 'boolean',
  default: false,
  description: 'Attributes `net.transport`, `net.peer.ip`, `net.peer.port`, `net.host.ip` and `net.host.port`.',
};

/** Options of framing, which the Collector has at the top, and which may also stand under `tcp`. */
const framing = {
  enable_octet_counting: {
    type: 'boolean',
    description:
      'How messages on TCP are told apart: true by a count before each (RFC 6587), false by what ends them. Default: told by each message.',
  },
  max_octets: {
    type: 'integer',
    minimum: 1,
    description: 'Longest counted message. Default: `max_log_size`. A longer one becomes several.',
  },
  non_transparent_framing_trailer: {
    type: 'string',
    enum: ['LF', 'NUL'],
    description: 'What ends a message that is not counted. Default: either.',
  },
} as const satisfies Record<string, PropertySchema>;

const tcpSchema: ConfigSchema<TcpConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    listen_address: listenAddress,
    tls: { ...tlsServerSchema, description: 'Speak TLS.' },
    add_attributes: addAttributes,
    max_log_size: { ...size, minimum: 1, default: '1MiB', description: 'Longest message. A longer one becomes several.' },
    one_log_per_packet: {
      type: 'boolean',
      default: false,
      description: 'What one read gives is one message. For senders without framing.',
    },
    ...framing,
    max_connections: { type: 'integer', minimum: 1, default: 1024, description: 'Connections at once; others are closed and counted.' },
  },
};

const udpSchema: ConfigSchema<UdpConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    listen_address: listenAddress,
    add_attributes: addAttributes,
    receive_buffer_size: {
      ...size,
      minimum: 1,
      default: '2MiB',
      description: 'What the kernel is asked to hold for us. It gives no more than net.core.rmem_max.',
    },
    one_log_per_packet: { type: 'boolean', default: true, description: 'Accepted; a datagram is always one message.' },
    async: { type: 'object', additionalProperties: true, description: 'Accepted, without effect; reading never waits for parsing.' },
  },
};

const texts: PropertySchema = { type: 'object', additionalProperties: { type: 'string' }, default: {} };

export const schema: ConfigSchema<SyslogConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    tcp: { ...tcpSchema, description: 'Listen on TCP. With neither `tcp` nor `udp` both listen, with their defaults.' },
    udp: { ...udpSchema, description: 'Listen on UDP.' },
    protocol: { type: 'string', enum: ['rfc3164', 'rfc5424'], description: 'What senders speak. Default: told by each message.' },
    location: { type: 'string', default: 'UTC', description: 'IANA name of the zone of times without one (RFC 3164).' },
    allow_skip_pri_header: { type: 'boolean', default: false, description: 'Messages may lack the priority, such as `<34>`.' },
    ...framing,
    on_error: {
      type: 'string',
      enum: ['send', 'send_quiet', 'drop', 'drop_quiet'],
      default: 'send',
      description: 'What becomes of a message that cannot be parsed: sent on as it is, or dropped; quiet ones are told at DEBUG only.',
    },
    attributes: { ...texts, description: 'Attributes of every record.' },
    resource: { ...texts, description: 'Attributes of the resource.' },
    operators: operatorsSchema,
    flush_interval: { ...duration, default: '100ms', description: 'How long a message may wait for others to share its batch.' },
    max_batch_records: { type: 'integer', minimum: 1, maximum: 60_000, default: 8192, description: 'Records in one batch.' },
    max_batch_size: { ...size, minimum: 1, default: '1MiB', description: 'Bytes of messages in one batch. Two batches are held at most.' },
  },
};

/** What the schema cannot say. */
export function checkSyslog(config: SyslogConfig): ConfigProblem[] {
  const problems = checkOperators(config.operators).map(({ path, message }) => ({ path: `operators.${path}`, message }));
  for (const name of ['tcp', 'udp'] as const) {
    const address = config[name]?.listen_address;
    if (address === undefined || parseEndpoint(address).port <= 65_535) continue;
    problems.push({ path: `${name}.listen_address`, message: `expected a port from 0 to 65535, got "${address}"` });
  }
  for (const { message } of checkOperators([{ type: 'syslog_parser', location: config.location }])) {
    problems.push({ path: 'location', message });
  }
  if (config.tcp?.tls) problems.push(...tlsServerProblems(config.tcp.tls, 'tcp.tls'));
  return problems;
}

/** How messages on TCP are told apart. */
export interface Framing {
  /** Undefined: by each message. */
  readonly isCounted: boolean | undefined;
  /** Undefined: a line feed or a NUL, whichever comes first. */
  readonly trailer: number | undefined;
  readonly sizeMax: number;
  readonly mayLackPriority: boolean;
  readonly isPacket: boolean;
}

const TRAILERS: Readonly<Record<Trailer, number>> = { LF: 0x0a, NUL: 0x00 };

export function framingOf(config: SyslogConfig, tcp: TcpConfig): Framing {
  const isCounted = tcp.enable_octet_counting ?? config.enable_octet_counting;
  const octetsMax = tcp.max_octets ?? config.max_octets;
  const sizeMax = parseSize(tcp.max_log_size);
  const trailer = tcp.non_transparent_framing_trailer ?? config.non_transparent_framing_trailer;
  return {
    isCounted,
    trailer: trailer && TRAILERS[trailer],
    sizeMax: isCounted === true && octetsMax !== undefined ? Math.min(octetsMax, sizeMax) : sizeMax,
    mayLackPriority: config.allow_skip_pri_header,
    isPacket: tcp.one_log_per_packet,
  };
}
