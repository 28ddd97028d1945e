import type * as tls from 'node:tls';
import {
  ConfigError,
  duration,
  messageOf,
  parseDuration,
  type ConfigProblem,
  type ConfigSchema,
  type FileSystem,
  type Host,
  type Timer,
} from '#component';
import { versionOf } from './tls-client.ts';

/** How to speak TLS as a server, with the Collector's keys. */
export interface TlsServerConfig {
  cert_file?: string;
  cert_pem?: string;
  key_file?: string;
  key_pem?: string;
  client_ca_file?: string;
  client_ca_pem?: string;
  ca_file?: string;
  ca_pem?: string;
  min_version: string;
  max_version: string;
  reload_interval: string;
}

const versions = ['', '1.0', '1.1', '1.2', '1.3'];
const text = { type: 'string', minLength: 1 } as const;

export const tlsServerSchema: ConfigSchema<TlsServerConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    cert_file: { ...text, description: 'Certificate of this server (PEM), with those between it and the authority.' },
    cert_pem: { ...text, description: 'The same as text.' },
    key_file: { ...text, description: 'Private key of that certificate (PEM).' },
    key_pem: { ...text, secret: true, description: 'The same as text.' },
    client_ca_file: {
      ...text,
      description: 'Ask senders for a certificate, and take those that these authorities have signed (mutual TLS).',
    },
    client_ca_pem: { ...text, description: 'The same as text.' },
    ca_file: { ...text, description: 'Accepted and without effect: senders are checked by `client_ca_file`.' },
    ca_pem: { ...text, description: 'Accepted and without effect: senders are checked by `client_ca_pem`.' },
    min_version: { type: 'string', enum: versions, default: '1.2', description: 'Lowest version of TLS.' },
    max_version: { type: 'string', enum: versions, default: '', description: 'Highest version of TLS. Empty means the highest there is.' },
    reload_interval: {
      ...duration,
      default: '0s',
      description: 'Read the files again after this time, for new connections. `0s` means never.',
    },
  },
};

/** What the schema cannot say. */
export function tlsServerProblems(config: TlsServerConfig, path: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (key: string, message: string): void => void problems.push({ path: `${path}.${key}`, message });
  for (const name of ['cert', 'key', 'client_ca'] as const) {
    if (config[`${name}_file`] !== undefined && config[`${name}_pem`] !== undefined) {
      add(`${name}_pem`, `cannot be given together with "${name}_file"; leave one of them out`);
    }
  }
  if (config.cert_file === undefined && config.cert_pem === undefined) {
    add('cert_file', 'expected the certificate of this server, got nothing; give "cert_file" or "cert_pem"');
  }
  if (config.key_file === undefined && config.key_pem === undefined) {
    add('key_file', 'expected the private key of the certificate, got nothing; give "key_file" or "key_pem"');
  }
  if (config.max_version !== '' && config.min_version > config.max_version) {
    add('max_version', `expected at least "min_version" (${config.min_version}), got "${config.max_version}"`);
  }
  return problems;
}

export type LoadedServerTls = tls.SecureContextOptions & Pick<tls.TlsOptions, 'requestCert' | 'rejectUnauthorized'>;

/** Reads and checks the files. Throws ConfigError naming the one that is wrong. */
export function loadServerTls(config: TlsServerConfig, fs: FileSystem, path: string): LoadedServerTls {
  const read = (key: 'cert_file' | 'key_file' | 'client_ca_file', given: string | undefined): string | undefined => {
    const name = config[key];
    if (name === undefined) return given;
    try {
      return fs.readFileSync(name, 'utf8');
    } catch (error) {
      throw new ConfigError([{ path: `${path}.${key}`, message: `cannot read ${name}: ${messageOf(error)}` }], { cause: error });
    }
  };
  const loaded: LoadedServerTls = { minVersion: versionOf(config.min_version === '' ? '1.2' : config.min_version) };
  if (config.max_version !== '') loaded.maxVersion = versionOf(config.max_version);
  const cert = read('cert_file', config.cert_pem);
  const key = read('key_file', config.key_pem);
  const ca = read('client_ca_file', config.client_ca_pem);
  if (cert !== undefined) loaded.cert = cert;
  if (key !== undefined) loaded.key = key;
  if (ca !== undefined) Object.assign(loaded, { ca, requestCert: true, rejectUnauthorized: true });
  try {
    process.getBuiltinModule('node:tls').createSecureContext(loaded);
  } catch (error) {
    throw new ConfigError([{ path, message: `the certificates or the key cannot be used: ${messageOf(error)}` }], { cause: error });
  }
  return loaded;
}

interface TlsFiles {
  readonly config: TlsServerConfig;
  /** Of the options, for messages. */
  readonly path: string;
  readonly host: Host;
}

/**
 * Gives a server its files anew every `reload_interval`, for the connections to come. Files that cannot be used are told,
 * and those read before stay. Returns what ends it.
 */
export function reloadServerTls(server: Pick<tls.Server, 'setSecureContext'>, { config, path, host }: TlsFiles): () => void {
  const everyMs = parseDuration(config.reload_interval);
  if (everyMs === 0) return () => {};
  const schedule = (): Timer =>
    host.clock.after(everyMs, () => {
      try {
        server.setSecureContext(loadServerTls(config, host.fs, path));
      } catch (error) {
        host.log.warn('The TLS files cannot be used; those read before stay in use.', { reason: messageOf(error) });
      }
      timer = schedule();
    });
  let timer = schedule();
  return () => timer.cancel();
}
