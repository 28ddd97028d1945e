/** Speaking to other hosts: HTTP over kept connections, a server for strangers, TLS, proxies, authentication. Imported as `#net`. */
export { announce } from './announce.ts';
export {
  isAuthenticator,
  isServerAuthenticator,
  type AuthConfig,
  type AuthDecision,
  type Authenticator,
  type ServerAuthenticator,
} from './auth.ts';
export { httpClientProblems, httpClientProperties, unusedHttpClientProperties, type HttpClientConfig } from './client-config.ts';
export { headersOf } from './client-headers.ts';
export { ClientIdentity } from './client-identity.ts';
export { createCompressor, decompress, type Compressor } from './compression.ts';
export { createExporterClient } from './exporter-client.ts';
export { HandOver, type Gift, type HandOverSettings } from './hand-over.ts';
export { HttpClient, type HttpAnswer, type HttpClientSettings, type HttpHeaders, type HttpRequest } from './http-client.ts';
export { Intake, type IntakeSettings } from './intake.ts';
export {
  brokersOf,
  kafkaClientOptions,
  kafkaClientProblems,
  kafkaClientProperties,
  kafkaRisk,
  type KafkaClientConfig,
} from './kafka-config.ts';
export { readKafkaError, toKafkaFault, type KafkaProblem } from './kafka-fault.ts';
export { LineCutter, Pieces, type Piece } from './line-cutter.ts';
export { isCertificateFault, toFault, type Attempt } from './network-fault.ts';
export { ProtobufWriter, protobufFieldSize } from './protobuf-writer.ts';
export { proxyEnvironmentFor, proxyProblems, type ProxyEnvironment } from './proxy.ts';
export { quoteWithout } from './quote.ts';
export { parseRetryAfter } from './retry-after.ts';
export { KnownSecrets } from './known-secrets.ts';
export { SecretFile } from './secret-file.ts';
export { HttpServer, type HttpServerSettings } from './server.ts';
export { httpServerProblems, httpServerProperties, isLoopback, parseEndpoint, type HttpServerConfig } from './server-config.ts';
export { HttpProblem, type RequestHead, type Route, type ServerReply, type ServerRequest } from './server-reply.ts';
export { toStatusFault } from './status-fault.ts';
export { compressSnappy, decompressSnappy } from './snappy.ts';
export { loadTls, tlsClientSchema, tlsProblems, type LoadedTls, type TlsClientConfig } from './tls-client.ts';
export { loadServerTls, reloadServerTls, tlsServerProblems, tlsServerSchema, type TlsServerConfig } from './tls-server.ts';
export { userAgent } from './user-agent.ts';
export { basicAuthOf, parseHttpUrl, withoutSecrets } from './url.ts';
export { wrongServerAdvice } from './wrong-server.ts';
