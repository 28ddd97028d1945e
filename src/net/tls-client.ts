import type * as tls from 'node:tls';
import { ConfigError, duration, messageOf, type ConfigProblem, type ConfigSchema, type FileSystem } from '#component';

/** How to speak TLS as a client, with the Collector's keys. */
export interface TlsClientConfig {
  insecure: boolean;
  insecure_skip_verify: boolean;
  server_name_override: string;
  ca_file?: string;
  ca_pem?: string;
  cert_file?: string;
  cert_pem?: string;
  key_file?: string;
  key_pem?: string;
  include_system_ca_certs_pool: boolean;
  min_version: string;
  max_version: string;
  reload_interval: string;
}

const versions = ['', '1.0', '1.1', '1.2', '1.3'];
const file = { type: 'string', minLength: 1 } as const;
const pem = { type: 'string', minLength: 1 } as const;

export const tlsClientSchema: ConfigSchema<TlsClientConfig> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    insecure: {
      type: 'boolean',
      default: false,
      description: 'Accepted and without effect: whether TLS is spoken is decided by http:// or https:// in the endpoint.',
    },
    insecure_skip_verify: { type: 'boolean', default: false, description: 'Do not check the certificate of the server. For tests only.' },
    server_name_override: {
      type: 'string',
      default: '',
      description: 'Name to expect in the certificate instead of the host of the endpoint.',
    },
    ca_file: { ...file, description: 'Certificates to trust (PEM). Without it those of the system and those that come with Node.' },
    ca_pem: { ...pem, description: 'The same as text.' },
    cert_file: { ...file, description: 'Certificate to identify ourselves with (PEM), for mutual TLS.' },
    cert_pem: { ...pem, description: 'The same as text.' },
    key_file: { ...file, description: 'Private key of that certificate (PEM).' },
    key_pem: { ...pem, secret: true, description: 'The same as text.' },
    include_system_ca_certs_pool: {
      type: 'boolean',
      default: false,
      description: 'Trust the certificates of the system beside `ca_file`.',
    },
    min_version: { type: 'string', enum: versions, default: '1.2', description: 'Lowest version of TLS.' },
    max_version: { type: 'string', enum: versions, default: '', description: 'Highest version of TLS. Empty means the highest there is.' },
    reload_interval: {
      ...duration,
      default: '0s',
      description: 'Read the files again after this time. `0s` reads them again only after the server was not accepted.',
    },
  },
};

/** What the schema cannot say. */
export function tlsProblems(config: TlsClientConfig, path: string = 'tls'): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (key: string, message: string): void => void problems.push({ path: `${path}.${key}`, message });
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (config[`${name}_file`] !== undefined && config[`${name}_pem`] !== undefined) {
      add(`${name}_pem`, `cannot be given together with "${name}_file"; leave one of them out`);
    }
  }
  const hasCert = config.cert_file !== undefined || config.cert_pem !== undefined;
  const hasKey = config.key_file !== undefined || config.key_pem !== undefined;
  if (hasCert && !hasKey) add('cert_file', 'needs the private key of the certificate; give "key_file" or "key_pem" too');
  if (hasKey && !hasCert) add('key_file', 'needs the certificate of the private key; give "cert_file" or "cert_pem" too');
  if (config.max_version !== '' && config.min_version > config.max_version) {
    add('max_version', `expected at least "min_version" (${config.min_version}), got "${config.max_version}"`);
  }
  return problems;
}

/** What was read, in the form that connections need it. */
export interface LoadedTls {
  /** Certificates and key are in `secureContext`: given one by one they would be read anew for each connection. */
  readonly options: tls.ConnectionOptions;
  /** Equal for two loads that gave the same, so that open connections may stay. */
  readonly identity: string;
}

/** Reads and checks the files. Throws ConfigError naming the one, so that a start fails rather than each request. */
export function loadTls(config: TlsClientConfig, fs: FileSystem, path: string = 'tls'): LoadedTls {
  const read = (key: 'ca_file' | 'cert_file' | 'key_file', text: string | undefined): string | undefined => {
    const name = config[key];
    if (name === undefined) return text;
    try {
      return fs.readFileSync(name, 'utf8');
    } catch (error) {
      throw new ConfigError([{ path: `${path}.${key}`, message: `cannot read ${name}: ${messageOf(error)}` }], { cause: error });
    }
  };
  const material: tls.SecureContextOptions = { minVersion: versionOf(config.min_version === '' ? '1.2' : config.min_version) };
  if (config.max_version !== '') material.maxVersion = versionOf(config.max_version);
  material.ca = trusted(read('ca_file', config.ca_pem), config.include_system_ca_certs_pool);
  const cert = read('cert_file', config.cert_pem);
  const key = read('key_file', config.key_pem);
  if (cert !== undefined) material.cert = cert;
  if (key !== undefined) material.key = key;
  const identity = process.getBuiltinModule('node:crypto').createHash('sha256').update(JSON.stringify(material)).digest('hex');
  const options: tls.ConnectionOptions = { secureContext: contextOf(material, path), rejectUnauthorized: !config.insecure_skip_verify };
  if (config.server_name_override !== '') options.servername = config.server_name_override;
  return { options, identity };
}

function contextOf(material: tls.SecureContextOptions, path: string): tls.SecureContext {
  try {
    return process.getBuiltinModule('node:tls').createSecureContext(material);
  } catch (error) {
    throw new ConfigError([{ path, message: `the certificates or the key cannot be used: ${messageOf(error)}` }], { cause: error });
  }
}

/** Node by itself trusts the certificates it comes with, and not those that an administrator has added to the system. */
function trusted(own: string | undefined, includesSystem: boolean): string[] {
  const { getCACertificates } = process.getBuiltinModule('node:tls');
  const certificates = new Set<string>();
  if (own !== undefined) certificates.add(own);
  if (own === undefined) for (const certificate of getCACertificates('default')) certificates.add(certificate);
  if (own === undefined || includesSystem) for (const certificate of getCACertificates('system')) certificates.add(certificate);
  return [...certificates];
}

export function versionOf(version: string): tls.SecureVersion {
  switch (version) {
    case '1.0':
      return 'TLSv1';
    case '1.1':
      return 'TLSv1.1';
    case '1.3':
      return 'TLSv1.3';
    default:
      return 'TLSv1.2';
  }
}
