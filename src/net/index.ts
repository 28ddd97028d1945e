/** Speaking to other hosts: HTTP over kept connections, TLS, proxies, authentication. Imported as `#net`. */
export { isAuthenticator, type AuthConfig, type Authenticator } from './auth.ts';
export { HttpClient, type HttpAnswer, type HttpClientSettings, type HttpHeaders } from './http-client.ts';
export { isCertificateFault, toFault, type Attempt } from './network-fault.ts';
export { proxyEnvironmentFor, proxyProblems, type ProxyEnvironment } from './proxy.ts';
export { parseRetryAfter } from './retry-after.ts';
export { loadTls, tlsClientSchema, tlsProblems, type LoadedTls, type TlsClientConfig } from './tls-client.ts';
export { userAgent } from './user-agent.ts';
export { basicAuthOf, parseHttpUrl, withoutSecrets } from './url.ts';
