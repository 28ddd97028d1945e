import type { AttributeValue } from '#model';
import type { Kind } from './component.ts';

/** Which component says it. */
export interface RecordOrigin {
  readonly kind: Kind;
  readonly id: string;
  readonly pipeline: string | undefined;
}

/** Something the agent says of itself: a line of its log, or an event such as an anomaly. */
export interface OwnRecord {
  readonly kind: 'log' | 'event';
  readonly timeMs: number;
  readonly severity: number;
  readonly severityText: string;
  /** Empty for a line of the log. */
  readonly eventName: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly origin?: RecordOrigin;
}

/** What the agent says of itself, for a receiver that makes a source of it. */
export interface OwnRecords {
  /** Attributes of the agent's resource. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  publish(record: OwnRecord): void;
  /**
   * The listener is called in the middle of what others do, so it only takes note. What the listener's own pipelines
   * say is left out, or each record might bring about another one. Returns what ends it.
   */
  subscribe(listener: (record: OwnRecord) => void): () => void;
}
