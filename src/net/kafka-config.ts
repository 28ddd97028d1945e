import { type ConfigProblem, type ConfigSchema, type FileSystem, type PropertySchema } from '#component';
import type { BaseOptions } from '@platformatic/kafka';
import { loadTls, tlsClientSchema, tlsProblems, type TlsClientConfig } from './tls-client.ts';

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

interface KafkaSaslConfig {
  mechanism: (typeof MECHANISMS)[number];
  username: string;
  password: string;
  version: number;
}

/** How to reach a Kafka cluster, with the Collector's keys. */
export interface KafkaClientConfig {
  brokers: string | string[];
  client_id: string;
  protocol_version: string;
  auth?: { sasl?: KafkaSaslConfig };
  tls?: TlsClientConfig;
}

const NO_EFFECT = 'Accepted and without effect';

const saslSchema: ConfigSchema<KafkaSaslConfig> = {
  type: 'object',
  additionalProperties: false,
  required: ['username', 'password'],
  properties: {
    mechanism: {
      type: 'string',
      enum: MECHANISMS,
      expected: '"PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512" (the other mechanisms of the Collector are not supported)',
      default: 'SCRAM-SHA-512',
      description: 'How the password is proved.',
    },
    username: { type: 'string', minLength: 1, description: 'Who we are.' },
    password: { type: 'string', minLength: 1, secret: true, description: 'Never shown.' },
    version: { type: 'integer', minimum: 0, maximum: 1, default: 0, description: `${NO_EFFECT}: it is agreed on with the broker.` },
  },
};

const clientTlsSchema: PropertySchema = {
  ...tlsClientSchema,
  properties: {
    ...tlsClientSchema.properties,
    insecure: { type: 'boolean', default: false, description: 'Speak no TLS although this block is there.' },
    reload_interval: { ...tlsClientSchema.properties.reload_interval, description: `${NO_EFFECT}: the files are read at start.` },
  },
};

export const kafkaClientProperties: ConfigSchema<KafkaClientConfig>['properties'] = {
  brokers: {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
    ],
    default: ['localhost:9092'],
    description: 'Brokers to ask for the cluster, `host:port`; the others are learned from them.',
  },
  client_id: {
    type: 'string',
    pattern: '^\\S+$',
    expected: 'a name without spaces',
    default: 'otel-collector',
    description: 'Name under which brokers know us; the default is that of the Collector.',
  },
  protocol_version: { type: 'string', default: '2.1.0', description: `${NO_EFFECT}: versions are agreed on with the broker.` },
  auth: {
    type: 'object',
    additionalProperties: false,
    properties: { sasl: { ...saslSchema, description: 'User and password.' } },
    description: 'How we identify ourselves.',
  },
  tls: { ...clientTlsSchema, description: 'With this block, even an empty one, TLS is spoken.' },
};

/** What the schema cannot say. */
export function kafkaClientProblems(config: KafkaClientConfig): ConfigProblem[] {
  const problems = config.tls ? tlsProblems(config.tls) : [];
  for (const broker of brokersOf(config)) {
    if (parseBroker(broker)) continue;
    problems.push({ path: 'brokers', message: `expected addresses such as "kafka-1:9092", got "${broker}"` });
  }
  return problems;
}

/** What is sent in the clear to somewhere else, for a warning at start. Undefined when there is nothing to warn of. */
export function kafkaRisk(config: KafkaClientConfig): string | undefined {
  const isClear = !config.tls || config.tls.insecure;
  return isClear && config.auth?.sasl?.mechanism === 'PLAIN' ? 'the password of auth.sasl goes over the network in the clear' : undefined;
}

export function brokersOf({ brokers }: KafkaClientConfig): readonly string[] {
  return (Array.isArray(brokers) ? brokers : brokers.split(',')).map((broker) => broker.trim());
}

function parseBroker(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port = '9092'] = /^(?:\[([0-9a-f:]+)\]|([^\s:/]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

const CONNECT_MS = 5000;

/** The configuration in the client library's words. Reads the TLS files; throws ConfigError naming the one it cannot. */
export function kafkaClientOptions(config: KafkaClientConfig, fs: FileSystem): BaseOptions {
  const sasl = config.auth?.sasl;
  const { tls } = config;
  return {
    clientId: config.client_id,
    bootstrapBrokers: brokersOf(config).flatMap((broker) => parseBroker(broker) ?? []),
    connectTimeout: CONNECT_MS,
    ...(sasl && { sasl: { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password } }),
    ...(tls && !tls.insecure && { tls: loadTls(tls, fs).options, tlsServerName: tls.server_name_override || true }),
  };
}
