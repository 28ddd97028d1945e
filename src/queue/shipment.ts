import { DestinationError, PermanentError, RetryableError, type Clock, type Host } from '#component';
import type { Backoff } from './backoff.ts';
import type { Books } from './books.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { Gate, Ticket } from './gate.ts';
import type { Item, Tally } from './item.ts';
import type { Payload, Send, SendResult, Split } from './payload.ts';

// Enough to single out one bad record of 500. A request that is taken shows that halving pays, and earns what the next
// halving costs; so a few bad records take none of the good ones along, and a backend that refuses everything is asked no
// more than this.
const BISECT_REQUESTS = 20;
const BISECT_REQUESTS_PER_TAKEN = 2;
const BISECT_REQUESTS_MAX = 200;
// So many failures in a row, from any items, mean that the backend as a whole is away.
const FAILURES_UNTIL_CLOSED = 3;

export interface ShipmentSettings {
  readonly exporter: string;
  readonly host: Host;
  readonly report: Host['report'];
  readonly send: Send;
  readonly split: Split;
  readonly gate: Gate;
  readonly backoff: Backoff;
  readonly books: Books;
  readonly deadLetter: DeadLetter;
  /** Whether to try again, and for how long; 0 means for ever. */
  readonly retries: boolean;
  readonly elapsedMsMax: number;
  readonly dropsOnDestinationError: boolean;
  /** An item outlives us: what cannot be sent must be dropped, since its source has moved on. */
  readonly isPersistent: boolean;
  /** Waits between two attempts; others may be sent meanwhile, unless the request is to keep its place. */
  readonly rest: (ms: number, keepsPlace: boolean) => Promise<void>;
  /** No more waiting: shutdown has begun. */
  readonly stopping: AbortSignal;
  /** No more requests: the deadline has passed. */
  readonly deadline: AbortSignal;
}

type Answer =
  | { readonly kind: 'taken'; readonly rejected: number }
  | { readonly kind: 'refused'; readonly problem: PermanentError; readonly payload: Payload }
  | { readonly kind: 'dropped'; readonly reason: string }
  /** Nothing was answered and nothing more will be tried. */
  | { readonly kind: 'left' };

interface Attempt {
  readonly payload: Payload;
  readonly ticket: Ticket;
  readonly tally: Tally;
  /** It has failed while others were answered: that it fails again says nothing of the backend. */
  readonly isStuck: boolean;
}

/** A body, or a way to get it when its turn comes. */
interface Part {
  rows: number;
  load: () => Promise<Payload | undefined>;
  /** The body stays in memory, also where the queue is on disk. */
  isLoaded: boolean;
}

/**
 * Brings items to the backend, each until every row is answered for: waits and tries again, halves what is too large, and
 * singles out what is refused.
 */
export class Shipment {
  readonly #settings: ShipmentSettings;
  readonly #clock: Clock;
  #failuresInRow = 0;
  /** Requests that were taken or refused, as opposed to failed. */
  #answers = 0;
  #isAtFault = false;

  constructor(settings: ShipmentSettings) {
    this.#settings = settings;
    this.#clock = settings.host.clock;
  }

  /** Returns the rows that were answered for; those missing have to be tried in another life. */
  async ship(item: Item, load: () => Promise<Buffer | undefined>): Promise<Tally> {
    const tally: Tally = { requests: 0, sent: 0, dropped: new Map() };
    const whole = async (): Promise<Payload | undefined> => {
      const body = await load();
      return body && { body, rows: item.rows, encoding: item.encoding, contentType: item.contentType };
    };
    // In the order of the rows: what is divided is replaced by its halves.
    const parts: Part[] = [{ rows: item.rows, load: whole, isLoaded: false }];
    let requests = 1;
    let requestsMax = BISECT_REQUESTS;
    for (let part = parts.shift(); part; part = parts.shift()) {
      const answer = await this.#answerTo(item, part, tally);
      if (answer.kind === 'left') return tally;
      if (answer.kind === 'dropped') this.#drop(tally, part.rows, answer.reason);
      if (answer.kind === 'taken') {
        this.#taken(tally, part.rows, answer.rejected);
        requestsMax = Math.min(requestsMax + BISECT_REQUESTS_PER_TAKEN, BISECT_REQUESTS_MAX);
      }
      if (answer.kind === 'refused') {
        const { tooLarge } = answer.problem;
        const halves = tooLarge || requests + 2 <= requestsMax ? await this.#halve(answer.payload) : undefined;
        if (halves && !tooLarge) requests += 2;
        if (halves) parts.unshift(...halves);
        else await this.#bury(tally, answer.payload, answer.problem);
      }
    }
    return tally;
  }

  async #halve(payload: Payload): Promise<Part[] | undefined> {
    if (payload.rows < 2) return undefined;
    const halves = await this.#settings.split(payload);
    return halves?.map((half) => ({ rows: half.rows, load: () => Promise.resolve(half), isLoaded: true }));
  }

  async #answerTo(item: Item, part: Part, tally: Tally): Promise<Answer> {
    const { gate, backoff, stopping, deadline, isPersistent, rest } = this.#settings;
    let isStuck = false;
    let answersBefore = this.#answers;
    for (let failures = 0; ;) {
      const ticket = await gate.enter({ sequence: item.sequence, failures });
      if (!ticket) return { kind: 'left' };
      const payload = await part.load();
      if (!payload) {
        gate.giveBack(ticket);
        // A disk that has not answered by the time of a stop may have the request still: the next life looks again.
        return stopping.aborted ? { kind: 'left' } : { kind: 'dropped', reason: 'damaged_on_disk' };
      }
      if (deadline.aborted) return { kind: 'left' };
      item.triedAt ??= this.#clock.monotonic();
      tally.requests++;
      isStuck ||= failures > 0 && this.#answers > answersBefore;
      const answer = await this.#attempt(part, { payload, ticket, tally, isStuck });
      if (!(answer instanceof Error)) return answer;
      // From here on the body is not referred to while waiting; a queue on disk reads it again.
      if (deadline.aborted) return { kind: 'left' };
      failures++;
      answersBefore = this.#answers;
      const waitMs = Math.max(backoff.delayMs(failures, retryAfterOf(answer)), gate.closedMs);
      if (answer instanceof RetryableError && this.#isOver(item, waitMs)) return this.#giveUp(item, answer);
      if (stopping.aborted) {
        gate.stop();
        return { kind: 'left' };
      }
      // On disk there may be many more requests than memory has room for; one that is in memory keeps others from following it.
      await rest(waitMs, isPersistent && part.isLoaded);
    }
  }

  /** The error is returned when the attempt is to be repeated. */
  async #attempt(part: Part, attempt: Attempt): Promise<Answer | RetryableError | DestinationError> {
    const { send, books, deadline, dropsOnDestinationError } = this.#settings;
    const { payload, ticket, tally } = attempt;
    try {
      const result = await send(payload, deadline);
      await this.#settleAnswered(part, result, tally);
      if (result.again) throw result.again.problem;
      const { rejected, message, refused } = result;
      this.#backendAnswered(ticket);
      books.request(rejected > 0 || refused ? 'partial' : 'taken');
      if (rejected > 0) this.#log('The backend refused a part of a request for good.', { rejected, rows: payload.rows, reason: message });
      return { kind: 'taken', rejected: Math.min(rejected, part.rows) };
    } catch (problem) {
      if (problem instanceof PermanentError) {
        this.#backendAnswered(ticket);
        books.request(problem.tooLarge ? 'too_large' : 'permanent');
        return { kind: 'refused', problem, payload };
      }
      if (problem instanceof DestinationError) {
        books.request('destination');
        if (!dropsOnDestinationError) return this.#destinationFailed(ticket, problem);
        this.#settings.gate.succeeded(ticket);
        this.#log('The destination is at fault; records are dropped as configured.', { rows: payload.rows, reason: problem.message });
        return { kind: 'dropped', reason: 'destination_error' };
      }
      if (problem instanceof RetryableError) {
        books.request('retryable');
        return this.#failed(attempt, problem);
      }
      // Anything else is no answer of a backend but our own mistake.
      if (!deadline.aborted) this.#settings.host.fatal(problem);
      return { kind: 'left' };
    }
  }

  /** Takes the rows out of a part that were answered for, when that is not all of them, or not the same for all. */
  async #settleAnswered(part: Part, { refused, again }: SendResult, tally: Tally): Promise<void> {
    if (refused) {
      await this.#bury(tally, refused.payload, refused.problem);
      part.rows -= refused.payload.rows;
    }
    if (!again) return;
    const { payload } = again;
    this.#taken(tally, part.rows - payload.rows, 0);
    part.rows = payload.rows;
    part.load = () => Promise.resolve(payload);
    part.isLoaded = true;
  }

  #backendAnswered(ticket: Ticket): void {
    const { gate, host, exporter, report } = this.#settings;
    const wasClosed = !gate.isOpen;
    const hadFailed = this.#failuresInRow > 0;
    gate.succeeded(ticket);
    this.#failuresInRow = 0;
    this.#answers++;
    if (hadFailed && !wasClosed) report('ok');
    if (!wasClosed || !gate.isOpen) return;
    this.#isAtFault = false;
    report('ok');
    host.log.info('The backend answers again.', { exporter, held: this.#settings.books.held });
  }

  #destinationFailed(ticket: Ticket, problem: DestinationError): DestinationError {
    const { backoff, books, exporter, gate, host, report } = this.#settings;
    gate.close(ticket, backoff.delayMs(gate.failuresWith(ticket)));
    report('permanent', problem.message);
    if (!this.#isAtFault) {
      const facts = { exporter, held: books.held, reason: problem.message };
      host.log.error('The destination does not accept us; everything is kept until that is mended.', facts, problem);
    }
    this.#isAtFault = true;
    return problem;
  }

  #failed({ ticket, isStuck }: Attempt, problem: RetryableError): RetryableError {
    const { backoff, books, exporter, gate, host, report, retries } = this.#settings;
    this.#failuresInRow = isStuck ? Math.max(1, this.#failuresInRow) : this.#failuresInRow + 1;
    const isThrottled = problem.retryAfterMs !== undefined;
    if (!retries || (!isThrottled && gate.isOpen && this.#failuresInRow < FAILURES_UNTIL_CLOSED)) {
      report('recoverable', problem.message);
      if (retries) host.log.warn('A request failed and is tried again.', { exporter, reason: problem.message });
      return problem;
    }
    const ms = backoff.delayMs(gate.failuresWith(ticket), problem.retryAfterMs);
    const isNew = gate.close(ticket, ms);
    this.#isAtFault = false;
    if (isNew) {
      report('recoverable', problem.message);
      const facts = { exporter, held: books.held, retry_ms: Math.round(ms), reason: problem.message };
      host.log.warn('The backend does not take requests; the queue keeps them and tries again.', facts);
    }
    return problem;
  }

  #isOver(item: Item, waitMs: number): boolean {
    const { elapsedMsMax, retries } = this.#settings;
    if (!retries) return true;
    return elapsedMsMax > 0 && this.#clock.monotonic() + waitMs - (item.triedAt ?? 0) > elapsedMsMax;
  }

  #giveUp(item: Item, problem: RetryableError): Answer {
    const { exporter, host, isPersistent, retries } = this.#settings;
    const facts = { exporter, rows: item.rows, reason: problem.message };
    const why = retries ? 'The time to try again is over' : 'A request failed, and "retry_on_failure" is switched off';
    if (isPersistent) {
      host.log.error(`${why}; records are lost.`, facts);
      return { kind: 'dropped', reason: 'retry_time_over' };
    }
    host.log.error(`${why}; records are given back to their source.`, facts);
    return { kind: 'left' };
  }

  #taken(tally: Tally, rows: number, rejected: number): void {
    if (rejected > 0) this.#drop(tally, rejected, 'partial_success');
    tally.sent += rows - rejected;
    this.#settings.books.sent(rows - rejected);
  }

  #drop(tally: Tally, rows: number, reason: string): void {
    tally.dropped.set(reason, (tally.dropped.get(reason) ?? 0) + rows);
    this.#settings.books.dropped(rows, reason);
  }

  async #bury(tally: Tally, payload: Payload, problem: PermanentError): Promise<void> {
    const deadLetter = await this.#settings.deadLetter.write(payload, problem.message);
    this.#log('The backend refuses records for good.', { rows: payload.rows, reason: problem.message, dead_letter: deadLetter ?? 'none' });
    this.#drop(tally, payload.rows, 'refused_by_backend');
  }

  #log(message: string, facts: Readonly<Record<string, string | number | undefined>>): void {
    this.#settings.host.log.error(message, { exporter: this.#settings.exporter, ...facts });
  }
}

function retryAfterOf(problem: RetryableError | DestinationError): number | undefined {
  return problem instanceof RetryableError ? problem.retryAfterMs : undefined;
}
