import type { Kind, OwnRecord, OwnRecords, RecordOrigin } from '#component';
import { severityOf } from './level.ts';
import type { Line, LineSink } from './line.ts';
import type { ResourceAttributes } from './settings.ts';

const KINDS: readonly string[] = ['receiver', 'processor', 'exporter', 'connector', 'extension'] satisfies readonly Kind[];

/** Passes on what the agent says of itself to whoever listens. While nobody does, it costs a call. */
export class OwnRecordBus implements OwnRecords {
  readonly resource: ResourceAttributes;
  readonly #listeners = new Set<(record: OwnRecord) => void>();

  constructor(resource: ResourceAttributes) {
    this.resource = resource;
  }

  /** For the agent's log. */
  readonly sink: LineSink = (line) => {
    if (this.#listeners.size > 0) this.publish(toRecord(line));
  };

  publish(record: OwnRecord): void {
    for (const listener of this.#listeners) listener(record);
  }

  subscribe(listener: (record: OwnRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function toRecord({ time, level, message, attributes }: Line): OwnRecord {
  const origin = originOf(attributes);
  return {
    kind: 'log',
    timeMs: time.getTime(),
    severity: severityOf(level),
    severityText: level.toUpperCase(),
    eventName: '',
    body: message,
    attributes,
    ...(origin && { origin }),
  };
}

/** Components' loggers say so themselves; see the host of a component. */
function originOf({ kind, component, pipeline }: Line['attributes']): RecordOrigin | undefined {
  if (!isKind(kind) || typeof component !== 'string') return undefined;
  return { kind, id: component, pipeline: typeof pipeline === 'string' ? pipeline : undefined };
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && KINDS.includes(kind);
}
