import type { Client } from '@elastic/elasticsearch';
import { DestinationError, RetryableError, type Counter, type Host } from '#component';
import { parseRetryAfter, withoutSecrets } from '#net';
import type { Payload, SendResult } from '#queue';
import { memberOf, oneLine, problemOfStatus, readBulkAnswer, reasonOf, type Asked } from './answer.ts';
import type { ElasticsearchConfig } from './config.ts';
import { ensureTemplate, type Ask } from './index-template.ts';
import type { Packer } from './payload.ts';

export interface SenderSettings {
  readonly id: string;
  readonly config: ElasticsearchConfig;
  readonly client: Client;
  readonly nodes: readonly URL[];
  readonly packer: Packer;
  /** Values that must not be repeated, should they be quoted to us. */
  readonly secrets: () => readonly string[];
  readonly host: Host;
}

// Only this is read of an answer, and an answer to many documents is long.
const FILTER = 'errors,error,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason';
// A shorter value would be found in words that have nothing to do with it.
const SECRET_CHARACTERS_MIN = 6;

/** Makes one attempt to send one request, and reads what became of each document. */
export class Sender {
  readonly #settings: SenderSettings;
  readonly #where: string;
  readonly #retriedStatuses: ReadonlySet<number>;
  readonly #sentBytes: Counter;
  #template: Promise<void> | undefined;

  constructor(settings: SenderSettings) {
    const { id, nodes, config, host } = settings;
    this.#settings = settings;
    this.#where = `${id}: ${nodes.map(withoutSecrets).join(', ')}`;
    this.#retriedStatuses = new Set(config.retry.retry_on_status);
    this.#sentBytes = host.metrics.counter('winnow_exporter_sent_bytes', 'Bytes of requests sent, repeated ones each time.');
  }

  /** Throws RetryableError, DestinationError or PermanentError. */
  async send(payload: Payload, signal: AbortSignal): Promise<SendResult> {
    const { config, packer } = this.#settings;
    const asked = this.#asked(payload.rows);
    if (config.index_template.enabled) await this.#haveTemplate(signal);
    this.#sentBytes.add(payload.body.length);
    const { status, body } = await this.#request(
      {
        method: 'POST',
        path: '/_bulk',
        query: { filter_path: FILTER, ...(config.pipeline !== '' && { pipeline: config.pipeline }) },
        body: payload.body,
        headers: { 'content-type': payload.contentType, ...(payload.encoding !== '' && { 'content-encoding': payload.encoding }) },
      },
      signal,
    );
    if (status >= 300) throw problemOfStatus(status, this.#hide(reasonOf(memberOf(body, 'error'))), asked);
    const { again, againProblem, refused, refusedProblem } = readBulkAnswer(body, asked);
    return {
      rejected: 0,
      ...(refusedProblem && { refused: { payload: await packer.pick(payload, refused), problem: refusedProblem } }),
      ...(againProblem && { again: { payload: await packer.pick(payload, again), problem: againProblem } }),
    };
  }

  #asked(rows: number): Asked {
    return { id: this.#where, rows, retriedStatuses: this.#retriedStatuses, hide: (text) => this.#hide(text) };
  }

  #hide(text: string): string {
    let shown = text;
    for (const secret of this.#settings.secrets()) {
      if (secret.length >= SECRET_CHARACTERS_MIN) shown = shown.replaceAll(secret, '[secret]');
    }
    return oneLine(shown);
  }

  /** One request of several that begin at once asks; a failure is asked again by the next. */
  #haveTemplate(signal: AbortSignal): Promise<void> {
    const { config, host } = this.#settings;
    const ask: Ask = async (what) => {
      const { status, body } = await this.#request(what, signal);
      if (status < 300 || (status === 404 && what.method === 'HEAD')) return status;
      const problem = problemOfStatus(status, this.#hide(reasonOf(memberOf(body, 'error'))), this.#asked(0));
      if (problem instanceof RetryableError || problem instanceof DestinationError) throw problem;
      // The records are not at fault: they wait until the template is mended.
      throw new DestinationError(
        `${this.#where}: ${status} for the index template; it says: ${this.#hide(reasonOf(memberOf(body, 'error')))}`,
      );
    };
    this.#template ??= ensureTemplate(config, ask, host.log).catch((problem: unknown) => {
      this.#template = undefined;
      throw problem;
    });
    return this.#template;
  }

  async #request({ method, path, query, body, headers }: Parameters<Ask>[0], signal: AbortSignal): Promise<Answer> {
    const { client, host } = this.#settings;
    try {
      const { statusCode, body: said } = await client.transport.request(
        { method, path, ...(query && { querystring: query }), ...(body && { body }) },
        // Not the types of the client, which name its version: an older server refuses them, and these requests are the same in all.
        { headers: { accept: 'application/json', 'content-type': 'application/json', ...headers }, signal, meta: true, maxRetries: 0 },
      );
      return { status: statusCode, body: said };
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw this.#problemOf(error);
      const retryAfterMs = parseRetryAfter(answer.retryAfter, host.clock.now());
      if (retryAfterMs === undefined || (answer.status !== 429 && answer.status !== 503)) return answer;
      throw new RetryableError(`${this.#where}: ${answer.status}: it asks for fewer requests`, { retryAfterMs });
    }
  }

  #problemOf(error: unknown): unknown {
    for (let at = error; at instanceof Error; at = at.cause ?? optionsCauseOf(at)) {
      if (at instanceof RetryableError || at instanceof DestinationError) return at;
      if (at.name === 'ProductNotSupportedError') {
        const message = `${this.#where}: what answers is not Elasticsearch of version 7.14 or later (no "x-elastic-product" in its answer); check the address`;
        return new DestinationError(message, { cause: error });
      }
      if (at.name === 'DeserializationError') {
        return new RetryableError(`${this.#where}: the answer is no JSON; check what stands before Elasticsearch`, { cause: error });
      }
      if (at.name === 'RequestAbortedError' || at.name === 'NoLivingConnectionsError' || at.name === 'ConnectionError') {
        return new RetryableError(`${this.#where}: ${this.#hide(at.message)}`, { cause: error });
      }
    }
    return error;
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The client keeps the cause of an error among its options. */
function optionsCauseOf(error: Error): unknown {
  return memberOf('options' in error ? error.options : undefined, 'cause');
}

/** An answer that the client throws, as it does from 400 on. */
function answerOf(error: unknown): (Answer & { readonly retryAfter: string | undefined }) | undefined {
  if (!(error instanceof Error) || error.name !== 'ResponseError' || !('meta' in error)) return undefined;
  const status = memberOf(error.meta, 'statusCode');
  const retryAfter = memberOf(memberOf(error.meta, 'headers'), 'retry-after');
  if (typeof status !== 'number') return undefined;
  const body = memberOf(error.meta, 'body');
  // What stands before Elasticsearch may answer in words of its own.
  const said = typeof body === 'string' ? { error: body } : body;
  return { status, body: said, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined };
}
