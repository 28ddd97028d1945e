import * as process from 'node:process';
import { ConfigError, type ConfigProblem } from '#component';
import { parseHttpUrl } from './url.ts';

const NAMES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];

/** The environment that tells an agent of node:http which proxy to use; see its option `proxyEnv`. */
export type ProxyEnvironment = Readonly<Record<string, string>>;

/**
 * A `proxy_url` is used for everything. Without it the usual variables of the process count, but never for the host
 * itself, as Go has it.
 */
export function proxyEnvironmentFor(
  target: URL,
  proxyUrl: string,
  environment: NodeJS.ProcessEnv = process.env,
): ProxyEnvironment | undefined {
  if (proxyUrl !== '') return { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
  if (isLoopback(target.hostname)) return undefined;
  const found: Record<string, string> = {};
  for (const name of NAMES) {
    const value = environment[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return Object.keys(found).some((name) => !/^no_proxy$/i.test(name)) ? found : undefined;
}

export function proxyProblems(proxyUrl: string, path: string = 'proxy_url'): ConfigProblem[] {
  if (proxyUrl === '' || parseHttpUrl(proxyUrl)) return [];
  return [{ path, message: 'expected the URL of an HTTP proxy such as "http://proxy.example:3128"; other kinds are not supported' }];
}

/** Older versions of Node would pass over the proxy without a word. Throws ConfigError. */
export function supportedProxy(proxy: ProxyEnvironment, version: string = process.versions.node): Record<string, string> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5)) return { ...proxy };
  const message = `a proxy needs Node 24.5 or newer, this is ${version}; update Node, or unset HTTP_PROXY and HTTPS_PROXY`;
  throw new ConfigError([{ path: 'proxy_url', message }]);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
