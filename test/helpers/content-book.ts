import { createHash } from 'node:crypto';
import type { SunkLog } from './otlp-sink.ts';
import type { ProtoAnyValue, ProtoKeyValue } from './otlp-proto.ts';

const SHOWN = 20;

/** The first of each kind. */
export interface ContentDifference {
  /** Numbers that the other book has and this one has not. */
  readonly lost: readonly number[];
  /** Numbers whose content is not what the other book has. */
  readonly changed: readonly number[];
  readonly unknown: readonly number[];
  /** Records that came more than once. */
  readonly repeated: number;
}

/** What arrived, by the attribute `seq`: a hash of everything a record says, with its resource and scope. */
export class ContentBook {
  readonly #hashes = new Map<number, string>();
  readonly #changed = new Set<number>();
  #repeated = 0;

  get size(): number {
    return this.#hashes.size;
  }

  enter(logs: readonly SunkLog[]): void {
    for (const log of logs) {
      const { attributes = [] } = log.record;
      const seq = Number(attributes.find(({ key }) => key === 'seq')?.value?.intValue ?? -1);
      const hash = createHash('md5')
        .update(JSON.stringify(saidBy(log)))
        .digest('base64');
      const before = this.#hashes.get(seq);
      if (before !== undefined) this.#repeated++;
      if (before !== undefined && before !== hash) this.#changed.add(seq);
      this.#hashes.set(seq, hash);
    }
  }

  compareTo(expected: ContentBook): ContentDifference {
    const changed = new Set(this.#changed);
    for (const [seq, hash] of this.#hashes) if (expected.#hashes.has(seq) && expected.#hashes.get(seq) !== hash) changed.add(seq);
    const unknown = [...this.#hashes.keys()].filter((seq) => !expected.#hashes.has(seq));
    const lost = [...expected.#hashes.keys()].filter((seq) => !this.#hashes.has(seq));
    return {
      lost: lost.slice(0, SHOWN),
      changed: [...changed].slice(0, SHOWN),
      unknown: unknown.slice(0, SHOWN),
      repeated: this.#repeated,
    };
  }
}

/** With every member spelled out, so that a default on the wire and none are the same. */
function saidBy({ record, resource, scope }: SunkLog): unknown {
  const { timeUnixNano = '0', observedTimeUnixNano = '0', severityNumber = 0, severityText = '', eventName = '' } = record;
  const { droppedAttributesCount = 0, flags = 0, traceId = [], spanId = [], body, attributes } = record;
  return [
    [timeUnixNano, observedTimeUnixNano, severityNumber, severityText, eventName, droppedAttributesCount, flags],
    [Buffer.from(traceId).toString('hex'), Buffer.from(spanId).toString('hex')],
    body === undefined ? 'none' : saidByValue(body),
    saidByPairs(attributes),
    saidByPairs(resource?.attributes),
    [scope?.name ?? '', scope?.version ?? '', saidByPairs(scope?.attributes)],
  ];
}

function saidByPairs(pairs: readonly ProtoKeyValue[] = []): unknown {
  return pairs.map(({ key, value }) => [key, saidByValue(value ?? {})]);
}

function saidByValue(value: ProtoAnyValue): unknown {
  if (value.arrayValue) return ['list', (value.arrayValue.values ?? []).map((inner) => saidByValue(inner))];
  if (value.kvlistValue) return ['map', saidByPairs(value.kvlistValue.values)];
  if (value.bytesValue) return ['bytes', Buffer.from(value.bytesValue).toString('hex')];
  return Object.entries(value).map(([type, inner]) => [type, String(inner), Object.is(inner, -0)]);
}
