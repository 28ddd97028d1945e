import type { Observation } from '#anomaly';
import type { TemplateMiner } from '#mining';

const SEVERITIES: Readonly<Record<string, number>> = { trace: 1, debug: 5, info: 9, warn: 13, warning: 13, error: 17, fatal: 21 };
const BYTES_FIRST = 64 * 1024;
// A UTF-16 unit is at most three bytes of UTF-8.
const BYTES_A_UNIT = 3;

/** Turns lines of the stream into observations; one object is used for all of them. */
export class StreamReader {
  source = '';
  unreadable = 0;
  readonly observation: Observation;
  readonly #miner: TemplateMiner;
  #bytes = Buffer.alloc(BYTES_FIRST);

  constructor(miner: TemplateMiner) {
    this.#miner = miner;
    this.observation = {
      timeMs: 0,
      severity: 0,
      template: undefined,
      session: undefined,
      durationMs: undefined,
      bytes: this.#bytes,
      from: 0,
      to: 0,
    };
  }

  /** False when the line cannot be used. */
  read(line: Buffer): boolean {
    if (line.length === 0) return false;
    const fields = parseObject(line);
    const time = fields && timeOf(fields['ts']);
    if (!fields || time === undefined) {
      this.unreadable++;
      return false;
    }
    const { source, level, message, session, duration_ms: duration } = fields;
    this.source = typeof source === 'string' ? source : '';
    const text = typeof message === 'string' ? message : '';
    if (text.length * BYTES_A_UNIT > this.#bytes.length) this.#bytes = Buffer.alloc(text.length * BYTES_A_UNIT);
    const size = this.#bytes.write(text);
    const { observation } = this;
    observation.timeMs = time;
    observation.severity = typeof level === 'string' ? (SEVERITIES[level.toLowerCase()] ?? 0) : 0;
    observation.session = typeof session === 'string' ? session : undefined;
    observation.durationMs = typeof duration === 'number' ? duration : undefined;
    observation.bytes = this.#bytes;
    observation.to = size;
    observation.template = this.#miner.learn(this.#bytes, 0, size, this.source);
    return true;
  }
}

function parseObject(line: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : value;
  return typeof time === 'number' && Number.isFinite(time) ? time : undefined;
}
