/**
 * The bounded queue between a pipeline and a backend, in memory or on disk, with retry. Imported as `#queue`.
 *
 * An exporter takes the fragments `sendingQueueSchema` and `retrySchema` into its schema, encodes batches into payloads,
 * and offers them; see `SendingQueue`.
 */
export { Backoff } from './backoff.ts';
export {
  checkSendingQueue,
  requestBytesMaxOf,
  retrySchema,
  sendingQueueSchema,
  type DeadLetterConfig,
  type RetryConfig,
  type SendingQueueConfig,
} from './config.ts';
export { countWaiting } from './names.ts';
export { type Payload, type Send, type SendResult, type Split } from './payload.ts';
export { draftsOf, offerDrafts, type Draft } from './requests.ts';
export { SendingQueue, type SendingQueueSettings } from './sending-queue.ts';
