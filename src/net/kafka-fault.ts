import { DestinationError, PermanentError, RetryableError } from '#component';
import { isCertificateFault, type Attempt } from './network-fault.ts';

/** What of an error of the client library says what to do: codes of Kafka's protocol, of the library and of Node. */
export interface KafkaProblem {
  /** `MESSAGE_TOO_LARGE`, `ECONNREFUSED`, …; every error of a tree has its own. */
  readonly codes: readonly string[];
  /** The innermost message: the outer ones say only that something has failed. */
  readonly message: string;
}

/** Errors come as trees: of several brokers, of several attempts, each with a cause. */
export function readKafkaError(error: unknown): KafkaProblem {
  const codes: string[] = [];
  let message = String(error);
  const visit = (each: unknown, depth: number): void => {
    if (!(each instanceof Error) || depth > DEPTH_MAX) return;
    message = each.message;
    for (const key of ['apiId', 'code'] as const) {
      const value: unknown = Object.entries(each).find(([name]) => name === key)?.[1];
      if (typeof value === 'string') codes.push(value);
    }
    if (each instanceof AggregateError) for (const inner of each.errors) visit(inner, depth + 1);
    visit(each.cause, depth + 1);
  };
  visit(error, 0);
  return { codes, message };
}

const DEPTH_MAX = 6;

const IDENTITY = new Set(['PLT_KFK_AUTHENTICATION', 'SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE']);
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const REFUSED = new Set(['INVALID_RECORD', 'INVALID_TIMESTAMP', 'UNSUPPORTED_FOR_MESSAGE_FORMAT']);
const UNKNOWN_TOPIC = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID']);

/** The fault of a request to a cluster. What mends itself may be tried again; what needs an operator says what to do. */
export function toKafkaFault(error: unknown, { who, where }: Attempt): RetryableError | DestinationError | PermanentError {
  const { codes, message } = readKafkaError(error);
  const has = (wanted: ReadonlySet<string>): boolean => codes.some((code) => wanted.has(code));
  const what = (words: string): string => `${who}: ${where}: ${words}`;
  const facts = { cause: error };
  if (has(IDENTITY)) return new DestinationError(what('it does not know us; check "auth.sasl"'), facts);
  const denied = codes.find((code) => code.endsWith('_AUTHORIZATION_FAILED'));
  if (denied !== undefined) return new DestinationError(what(`it knows us but does not let us; have the right granted (${denied})`), facts);
  if (codes.some(isCertificateFault)) return new DestinationError(what(`TLS could not be agreed on: ${message}; see "tls"`), facts);
  if (codes.includes('INVALID_TOPIC_EXCEPTION'))
    return new DestinationError(what('the name of the topic cannot be one; correct it'), facts);
  if (has(UNKNOWN_TOPIC) || message.startsWith('Unknown topic ')) {
    return new DestinationError(what('there is no such topic; create it, or let brokers do so (auto.create.topics.enable)'), facts);
  }
  if (codes.includes('UNSUPPORTED_COMPRESSION_TYPE'))
    return new DestinationError(what('it does not know the compression; choose another'), facts);
  if (has(TOO_LARGE)) {
    const words = 'a message is larger than the topic takes; lower "producer.max_message_bytes", or raise max.message.bytes of the topic';
    return new PermanentError(what(words), { ...facts, tooLarge: true });
  }
  const refused = codes.find((code) => REFUSED.has(code));
  if (refused !== undefined) return new PermanentError(what(`it refuses the records for good (${refused})`), facts);
  const code = codes.findLast((each) => !each.startsWith('PLT_KFK_'));
  return new RetryableError(what(code === undefined ? message : `${message} (${code})`), facts);
}
