import { createHash } from 'node:crypto';
import type { AnomalyKind, AnomalyMethod, AnomalyType, Signal } from './signal.ts';

export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** Signals that belong together. */
export interface Incident {
  readonly id: string;
  readonly source: string;
  readonly type: AnomalyType;
  readonly kind: AnomalyKind;
  readonly method: AnomalyMethod;
  readonly subject: string;
  readonly start: number;
  readonly detectedAt: number;
  end: number;
  /** Largest evidence over threshold. */
  strength: number;
  expected: number;
  actual: number;
  readonly unit: string;
  example: string | undefined;
  records: number;
  signals: number;
  severity: Severity;
  /** Minutes that the online model found unusual while it was open. */
  votes: number;
  /** When a signal last came, growing or not. */
  aliveAt: number;
  /** Some of the sessions or traces concerned. */
  readonly sessions: string[];
  /** Ids of incidents of the same source at the same time. */
  readonly related: string[];
}

const SESSIONS_MAX = 10;

export type Phase = 'opened' | 'updated' | 'closed';
export type Tell = (incident: Incident, phase: Phase) => void;

export interface IncidentOptions {
  /** An incident is over when nothing was signalled for so long. */
  readonly quietMs: number;
  readonly openMax: number;
}

/** Makes incidents out of signals: one for each kind, source and subject until it has been quiet for a while. */
export class Incidents {
  readonly #options: IncidentOptions;
  readonly #tell: Tell;
  readonly #open = new Map<string, Incident>();

  constructor(options: IncidentOptions, tell: Tell) {
    this.#options = options;
    this.#tell = tell;
  }

  get open(): Iterable<Incident> {
    return this.#open.values();
  }

  /** The incident a signal belongs to; undefined when it only says that nothing grows any more and none is open. */
  raise(signal: Signal): Incident | undefined {
    const key = `${signal.source}\n${signal.kind}\n${signal.subject}`;
    const known = this.#open.get(key);
    if (known && signal.at - known.aliveAt <= this.#options.quietMs) return this.#update(known, signal);
    if (signal.isWaning === true) return undefined;
    if (known) this.#close(key, known);
    else if (this.#open.size >= this.#options.openMax) this.#closeFirst();
    const incident = this.#create(signal);
    this.#open.set(key, incident);
    this.#tell(incident, 'opened');
    return incident;
  }

  #create({
    source,
    type,
    kind,
    method,
    subject,
    at,
    start,
    strength,
    expected,
    actual,
    unit,
    example,
    records,
    session,
  }: Signal): Incident {
    const related: string[] = [];
    const id = createHash('sha256').update(`${source}\n${kind}\n${subject}\n${start}\n${at}`).digest('hex').slice(0, 16);
    for (const other of this.#open.values()) {
      if (other.source !== source || at - other.aliveAt > this.#options.quietMs) continue;
      related.push(other.id);
      if (other.related.length < 16) other.related.push(id);
    }
    const severity = severityOf(kind, { strength, expected, actual });
    return {
      id,
      source,
      type,
      kind,
      method,
      subject,
      start: Math.min(start, at),
      detectedAt: at,
      end: at,
      strength,
      expected,
      actual,
      unit,
      example,
      records,
      signals: 1,
      votes: 0,
      severity,
      aliveAt: at,
      sessions: session === undefined ? [] : [session],
      related,
    };
  }

  #update(incident: Incident, { kind, at, strength, expected, actual, example, records, session, isWaning }: Signal): Incident {
    incident.aliveAt = Math.max(incident.aliveAt, at);
    if (isWaning === true) return incident;
    incident.end = Math.max(incident.end, at);
    if (session !== undefined && incident.sessions.length < SESSIONS_MAX && !incident.sessions.includes(session))
      incident.sessions.push(session);
    incident.records += records;
    incident.signals++;
    if (strength >= incident.strength) {
      incident.strength = strength;
      incident.expected = expected;
      incident.actual = actual;
    }
    incident.example ??= example;
    const severity = severityOf(kind, incident);
    if (rank(severity) > rank(incident.severity)) {
      incident.severity = severity;
      this.#tell(incident, 'updated');
    }
    return incident;
  }

  /** The online model agrees with what is open for this source. */
  confirm(source: string): void {
    for (const incident of this.#open.values()) if (incident.source === source) incident.votes++;
  }

  /** Time has passed: what has been quiet is closed. */
  advance(now: number): void {
    for (const [key, incident] of this.#open) if (now - incident.aliveAt > this.#options.quietMs) this.#close(key, incident);
  }

  closeAll(): void {
    for (const [key, incident] of this.#open) this.#close(key, incident);
  }

  #closeFirst(): void {
    for (const [key, incident] of this.#open) {
      this.#close(key, incident);
      return;
    }
  }

  #close(key: string, incident: Incident): void {
    this.#open.delete(key);
    this.#tell(incident, 'closed');
  }

  save(): readonly (readonly [string, Incident])[] {
    return [...this.#open].map(([key, incident]) => [
      key,
      { ...incident, sessions: [...incident.sessions], related: [...incident.related] },
    ]);
  }

  load(open: readonly (readonly [string, Incident])[]): void {
    for (const [key, incident] of open)
      this.#open.set(key, { ...incident, sessions: [...incident.sessions], related: [...incident.related] });
  }
}

const RANKS: readonly Severity[] = ['low', 'medium', 'high', 'critical'];

function rank(severity: Severity): number {
  return RANKS.indexOf(severity);
}

// An error ratio above a tenth is high, as the alerts of most operators have it.
const ERROR_RATIO_HIGH = 0.1;

function severityOf(kind: AnomalyKind, { strength, expected, actual }: { strength: number; expected: number; actual: number }): Severity {
  switch (kind) {
    case 'error_ratio':
      return actual > 0.5 ? 'critical' : actual > ERROR_RATIO_HIGH ? 'high' : 'medium';
    case 'burst':
      return actual > 6 * expected ? 'high' : actual > 3 * expected ? 'medium' : 'low';
    case 'drop':
      return actual < 0.1 * expected ? 'high' : actual < 0.3 * expected ? 'medium' : 'low';
    case 'latency':
      return actual > 4 * expected ? 'high' : actual > 2 * expected ? 'medium' : 'low';
    default:
      return strength > 4 ? 'high' : strength > 1.5 ? 'medium' : 'low';
  }
}
