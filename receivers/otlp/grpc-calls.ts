import {
  ServerInterceptingCall,
  status as Code,
  type Metadata,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { parseDuration, parseSize, type Counter, type Host, type Timer } from '#component';
import { HttpProblem, type ServerAuthenticator } from '#net';
import { statusOf } from './grpc-answers.ts';
import type { GrpcServerConfig } from './grpc-config.ts';

// The library reads and decompresses a message before anybody can look at it, so what it holds is bounded by how many
// calls it reads at once: as many messages of the greatest length as fit in `max_pending_size`, but at least so many.
const READING_MIN = 32;
// When there are as many, a call that has been read for longer makes room: it may be one that never ends.
const SLOW_MS = 1000;
const SWEEP_MS = 250;

/** A call whose message has not come completely. */
interface Reading {
  readonly call: ServerInterceptingCallInterface;
  readonly since: number;
}

/**
 * Lets calls in, one by one: who may send, how many are read at once and for how long, how much waits behind.
 *
 *   head ─▶ authenticate, admit ─▶ read, decompress (the library) ─▶ handler
 */
export class GrpcCalls {
  readonly #drop: (peer: string) => void;
  readonly #readTimeoutMs: number;
  readonly #readingMax: number;
  readonly #pendingMax: number;
  readonly #reading = new Set<Reading>();
  readonly #counters = new Map<string, Counter>();
  #pendingBytes = 0;
  #isStopping = false;
  #host: Host | undefined;
  #authenticator: ServerAuthenticator | undefined;
  #sweep: Timer | undefined;

  /** `drop` ends a connection, by its peer, once what was said to it has left. */
  constructor(config: GrpcServerConfig, drop: (peer: string) => void) {
    this.#drop = drop;
    this.#readTimeoutMs = parseDuration(config.read_timeout);
    this.#pendingMax = parseSize(config.max_pending_size);
    this.#readingMax = Math.max(READING_MIN, Math.floor(this.#pendingMax / (config.max_recv_msg_size_mib * 1024 * 1024)));
  }

  start(host: Host, authenticator: ServerAuthenticator | undefined): void {
    this.#host = host;
    this.#authenticator = authenticator;
    const help = 'Bytes of requests that are read or wait for the pipeline.';
    host.metrics.gauge('winnow_receiver_pending_bytes', help, () => this.#pendingBytes, { protocol: 'grpc' });
  }

  /** From here on calls are answered UNAVAILABLE, also those that have come in part. */
  stop(): void {
    this.#isStopping = true;
    this.#sweep?.cancel();
    for (const reading of this.#reading) this.#refuse(reading, stopping());
  }

  /** Counts the bytes of a message that waits, or throws when too much does. Returns what gives them back. */
  hold(bytes: number): () => void {
    if (this.#isStopping) throw stopping();
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#pendingMax) throw tooMuch();
    this.#pendingBytes += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#pendingBytes -= bytes;
      isHeld = false;
    };
  }

  count(code: Code): void {
    const name = Code[code];
    let counter = this.#counters.get(name);
    if (!counter) {
      counter = this.#host?.metrics.counter('winnow_receiver_requests', 'Requests answered, by status.', { code: name });
      if (counter) this.#counters.set(name, counter);
    }
    counter?.add(1);
  }

  readonly intercept: ServerInterceptor = (_, call) => {
    const reading: Reading = { call, since: this.#host?.clock.monotonic() ?? 0 };
    let isAnswered = false;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => this.#receive(reading, metadata, () => proceed(metadata)),
          onReceiveMessage: (message, proceed) => proceed(message),
          onReceiveHalfClose: (proceed) => {
            this.#reading.delete(reading);
            proceed();
          },
          onCancel: () => {
            if (isAnswered || !this.#reading.delete(reading)) return;
            // The sender has gone, or the library has answered by itself: too long, too late, not to be decompressed.
            this.count(Code.CANCELLED);
            if (Number(call.getDeadline()) <= (this.#host?.clock.now() ?? 0)) this.#drop(call.getPeer());
          },
        }),
      sendStatus: (status, next) => {
        isAnswered = true;
        this.#reading.delete(reading);
        this.count(status.code ?? Code.UNKNOWN);
        next(status);
      },
    });
  };

  #receive(reading: Reading, metadata: Metadata, proceed: () => void): void {
    this.#reading.add(reading);
    if (!this.#authenticator) return this.#admit(reading, proceed);
    this.#authenticate(this.#authenticator, metadata).then(
      () => this.#admit(reading, proceed),
      (problem: unknown) => this.#refuse(reading, problem),
    );
  }

  async #authenticate(authenticator: ServerAuthenticator, metadata: Metadata): Promise<void> {
    const headers = Object.fromEntries(Object.entries(metadata.getMap()).filter(([, value]) => typeof value === 'string'));
    const decision = await authenticator.authenticate(headers as Record<string, string>);
    if (!decision.isAllowed) throw new HttpProblem(401, 'the credentials are missing or wrong');
  }

  #admit(reading: Reading, proceed: () => void): void {
    // It may have gone meanwhile.
    if (!this.#reading.has(reading)) return;
    if (this.#isStopping) return this.#refuse(reading, stopping());
    if (this.#pendingBytes >= this.#pendingMax) return this.#refuse(reading, tooMuch());
    if (this.#reading.size > this.#readingMax && !this.#makeRoom(reading)) return this.#refuse(reading, tooMuch());
    if (!this.#sweep) this.#sweepLater();
    proceed();
  }

  #makeRoom(newest: Reading): boolean {
    // The set is in the order of arrival.
    const [oldest] = this.#reading;
    if (!oldest || newest.since - oldest.since < SLOW_MS) return false;
    this.#breakOff(oldest, tooMuch());
    return true;
  }

  #refuseSlow(): void {
    this.#sweep = undefined;
    const now = this.#host?.clock.monotonic() ?? 0;
    for (const reading of this.#reading) {
      if (now - reading.since < this.#readTimeoutMs) break;
      this.#breakOff(reading, new HttpProblem(408, 'the request came too slowly'));
    }
    if (this.#reading.size > 0) this.#sweepLater();
  }

  #sweepLater(): void {
    this.#sweep = this.#host?.clock.after(SWEEP_MS, () => this.#refuseSlow());
  }

  /**
   * Refuses a call of which a part has come. The library holds that part until the sender ends its half of the call,
   * which may be never; so its connection goes too.
   */
  #breakOff(reading: Reading, problem: HttpProblem): void {
    this.#refuse(reading, problem);
    this.#drop(reading.call.getPeer());
  }

  /** Past the interceptor, since the handler has not begun. */
  #refuse(reading: Reading, problem: unknown): void {
    this.#reading.delete(reading);
    if (!(problem instanceof HttpProblem)) this.#host?.log.error('A request has met a fault of the agent.', {}, problem);
    const status = statusOf(problem);
    this.count(status.code);
    reading.call.sendStatus(status);
  }
}

function stopping(): HttpProblem {
  return HttpProblem.later(503, 'the agent stops; send again');
}

function tooMuch(): HttpProblem {
  return HttpProblem.later(429, 'too many requests wait for the pipeline; send again later');
}
