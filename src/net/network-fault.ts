import { DestinationError, RetryableError } from '#component';

/** What was attempted, for messages: `otlp_http/us: cannot reach https://…`. */
export interface Attempt {
  readonly who: string;
  readonly where: string;
}

const BROKEN: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused; is it running and the port right?',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed before an answer came',
  ETIMEDOUT: 'the connection timed out',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired; have it renewed',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; give it as tls.ca_file',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted; give that as tls.ca_file',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not trusted; give that as tls.ca_file',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not trusted; give that as tls.ca_file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not trusted; give that as tls.ca_file',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name; correct the endpoint, or set tls.server_name_override',
  HOSTNAME_MISMATCH: 'its certificate is for another host name; correct the endpoint, or set tls.server_name_override',
};

/** The fault of a request that got no answer. What mends itself may be tried again; what needs an operator says what to do. */
export function toFault(error: unknown, { who, where }: Attempt): RetryableError | DestinationError {
  const { code, statusCode, message } = factsOf(error);
  const words = BROKEN[code];
  if (words !== undefined) return new RetryableError(`${who}: cannot reach ${where}: ${words} (${code})`, { cause: error });
  if (isCertificateFault(code))
    return new DestinationError(`${who}: cannot trust ${where}: ${certificateWords(code, message)} (${code})`, { cause: error });
  if (code === 'ERR_PROXY_TUNNEL') return proxyFault(error, statusCode, { who, where });
  if (code.startsWith('HPE_')) {
    const hint = 'it does not answer in HTTP/1.1; OTLP over HTTP is on port 4318 by custom, 4317 is gRPC';
    return new DestinationError(`${who}: cannot understand ${where}: ${hint} (${code})`, { cause: error });
  }
  return new RetryableError(`${who}: cannot reach ${where}: ${code === '' ? message : code}`, { cause: error });
}

export function isCertificateFault(code: string): boolean {
  return code in CERTIFICATE || /^(CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$)/.test(code);
}

function certificateWords(code: string, message: string): string {
  const words = CERTIFICATE[code];
  if (words !== undefined) return words;
  // OpenSSL's reason is in the code (ERR_SSL_WRONG_VERSION_NUMBER), or after EPROTO in the message only.
  const reason = `${code} ${message}`.toUpperCase().replaceAll(' ', '_');
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(reason))
    return 'it does not speak TLS; use http:// in the endpoint, or its TLS port';
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN/.test(reason)) {
    return 'it does not accept us; it may ask for a client certificate, see tls.cert_file and tls.key_file';
  }
  return 'TLS could not be agreed on; see the options of tls';
}

function proxyFault(error: unknown, statusCode: number | undefined, { who, where }: Attempt): RetryableError | DestinationError {
  const answer = statusCode === undefined ? 'no answer' : String(statusCode);
  const message = `${who}: cannot reach ${where}: the proxy answered ${answer}`;
  if (statusCode === 407) return new DestinationError(`${message}; give a user and a password in proxy_url`, { cause: error });
  if (statusCode === 403 || statusCode === 405)
    return new DestinationError(`${message}; it must allow CONNECT to this host`, { cause: error });
  return new RetryableError(message, { cause: error });
}

/** Node's errors carry a code; that of a connection tried on several addresses hides them one level down. */
function factsOf(error: unknown): { readonly code: string; readonly statusCode: number | undefined; readonly message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return factsOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', statusCode: undefined, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
  return { code, statusCode, message: error.message };
}

export function codeOf(error: unknown): string {
  return factsOf(error).code;
}
