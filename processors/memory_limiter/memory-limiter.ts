import {
  RefusedError,
  Status,
  parseDuration,
  type Consumer,
  type Counter,
  type Host,
  type Processor,
  type Settings,
  type Timer,
} from '#component';
import type { LogBatch } from '#model';
import { limitsOf, limitsProblem, type Limits, type MemoryLimiterConfig } from './limits.ts';
import { createProcessMemory, type ProcessMemory } from './process-memory.ts';

const MIB = 1024 * 1024;
// A collection that frees less than a twentieth was not worth its pause; the next one waits twice as long.
const WORTHWHILE_SHARE = 0.05;

/** How often garbage may be collected. */
interface Pace {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Measures memory at a fixed interval and refuses batches from the soft limit on. A refusal loses nothing: the one that
 * offered the batch keeps it, and a file is read later.
 */
export class MemoryLimiter implements Processor {
  readonly mutates = false;
  readonly touches = 'rows';
  readonly #config: MemoryLimiterConfig;
  readonly #settings: Settings;
  readonly #next: Consumer;
  readonly #memory: ProcessMemory;
  readonly #intervalMs: number;
  readonly #softPace: Pace;
  readonly #hardPace: Pace;
  #limits: Limits = { softBytes: Infinity, hardBytes: Infinity };
  #host: Host | undefined;
  #accepted: Counter | undefined;
  #refused: Counter | undefined;
  #timer: Timer | undefined;
  #isRefusing = false;
  /** At the last check. */
  #bytes = 0;
  /** One batch may pass although batches are refused. */
  #mayPass = false;
  #collectedAt = -Infinity;
  #collectAfterMs = 0;

  constructor(config: MemoryLimiterConfig, settings: Settings, next: Consumer, memory: ProcessMemory = createProcessMemory()) {
    this.#config = config;
    this.#settings = settings;
    this.#next = next;
    this.#memory = memory;
    this.#intervalMs = parseDuration(config.check_interval);
    this.#softPace = paceOf(config.min_gc_interval_when_soft_limited, config.max_gc_interval_when_soft_limited);
    this.#hardPace = paceOf(config.min_gc_interval_when_hard_limited, config.max_gc_interval_when_hard_limited);
  }

  async start(host: Host): Promise<void> {
    this.#host = host;
    this.#limits = limitsOf(this.#config, this.#memory.totalBytes());
    const problem = limitsProblem(this.#limits);
    if (problem) throw new RangeError(`${this.#settings.id}: ${problem}`);
    const { metrics } = host;
    this.#accepted = metrics.counter('otelcol_processor_memory_limiter_accepted_log_records', 'Log records let through.');
    this.#refused = metrics.counter('otelcol_processor_memory_limiter_refused_log_records', 'Log records refused for lack of memory.');
    metrics.gauge('winnow_processor_memory_limiter_refusing', '1 while log records are refused.', () => (this.#isRefusing ? 1 : 0));
    const { softBytes, hardBytes } = this.#limits;
    host.log.info('The memory limiter is at work.', {
      soft_limit_mib: mib(softBytes),
      limit_mib: mib(hardBytes),
      check_interval_ms: this.#intervalMs,
    });
    this.#checkAndRepeat();
  }

  async consume(batch: LogBatch): Promise<void> {
    const rows = batch.liveRows;
    if (this.#isRefusing && !this.#mayPass) {
      this.#refused?.add(rows);
      throw new RefusedError('refused because the process takes too much memory', { retryAfterMs: this.#intervalMs });
    }
    this.#mayPass = false;
    await this.#next.consume(batch);
    this.#accepted?.add(rows);
  }

  async shutdown(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isRefusing = false;
    this.#host = undefined;
  }

  #checkAndRepeat(): void {
    const host = this.#host;
    if (!host) return;
    this.#check(host);
    this.#timer = host.clock.after(this.#intervalMs, () => this.#checkAndRepeat());
  }

  #check(host: Host): void {
    let bytes = host.isRehearsal ? 0 : this.#memory.residentBytes();
    if (bytes >= this.#limits.softBytes) bytes = this.#collect(host, bytes);
    const mustRefuse = bytes >= this.#limits.softBytes;
    // What does not fall while nothing comes is the program itself, and waiting would never end. So below the hard limit
    // one batch a check goes on, as long as memory does not grow by it.
    this.#mayPass = mustRefuse && this.#isRefusing && bytes < this.#limits.hardBytes && bytes <= this.#bytes;
    this.#bytes = bytes;
    if (mustRefuse === this.#isRefusing) return;
    this.#isRefusing = mustRefuse;
    const facts = { resident_mib: mib(bytes), soft_limit_mib: mib(this.#limits.softBytes) };
    if (mustRefuse) {
      host.log.warn('Memory is above the soft limit. Log records are refused until it has fallen; sources keep them.', facts);
      host.report(Status.recoverable, 'memory is above the soft limit');
    } else {
      this.#collectAfterMs = 0;
      host.log.info('Memory is below the soft limit again. Log records are taken.', facts);
      host.report(Status.ok);
    }
  }

  /** Collects garbage unless that was done a moment ago; returns the resident set afterwards. */
  #collect(host: Host, bytes: number): number {
    const { minMs, maxMs } = bytes >= this.#limits.hardBytes ? this.#hardPace : this.#softPace;
    const now = host.clock.monotonic();
    if (now - this.#collectedAt < Math.max(minMs, Math.min(this.#collectAfterMs, maxMs))) return bytes;
    this.#collectedAt = now;
    this.#memory.collectGarbage();
    const left = this.#memory.residentBytes();
    const isWorthwhile = bytes - left >= bytes * WORTHWHILE_SHARE;
    this.#collectAfterMs = isWorthwhile ? 0 : Math.max(this.#collectAfterMs * 2, minMs, this.#intervalMs);
    return left;
  }
}

function paceOf(min: string, max: string): Pace {
  return { minMs: parseDuration(min), maxMs: parseDuration(max) };
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
