import * as fc from 'fast-check';
import { Delivery, type SettledListener } from '#component';
import {
  LogBatch,
  ValueType,
  createResource,
  createScope,
  createSharedAttributes,
  type AttributeValue,
  type Origin,
  type Template,
} from '#model';

/** A row that a processor may meet, made of few numbers so that fast-check can make it simpler. */
export interface RowSeed {
  /** Which of the contents below. */
  readonly content: number;
  /** What varies in it; equal numbers make equal records. */
  readonly variant: number;
  readonly severity: number;
  /** Milliseconds of event time after the moment it is given; undefined for a record without a time. */
  readonly timeOffset: number | undefined;
  readonly origin: number;
  /** Dropped by somebody upstream: settled, and to be passed over. */
  readonly isDropped: boolean;
}

export const rowSeed: fc.Arbitrary<RowSeed> = fc.record({
  content: fc.nat({ max: 13 }),
  variant: fc.nat({ max: 3 }),
  severity: fc.constantFrom(0, 5, 9, 9, 9, 13, 17, 21),
  timeOffset: fc.constantFrom<number | undefined>(undefined, 0, 0, -1000, 1000, -3_600_000),
  origin: fc.nat({ max: 2 }),
  isDropped: fc.integer({ min: 0, max: 9 }).map((n) => n === 9),
});

/** Overwrites what a batch referred to. No row that comes out may say it. */
export const POISON = 'POISON';

const RESOURCES: readonly Origin[] = [
  createResource({ 'service.name': 'shop', 'host.name': 'a' }),
  createResource({ 'service.name': 'pay' }),
  createResource({}),
];
const SCOPE = createScope('contract', '1.0');
const SHARED = createSharedAttributes({ 'log.file.name': 'app.log', tier: 'web' });

const TEMPLATES: readonly Template[] = ['request <*> done', 'user <*> logged in', 'heartbeat', '<*> failed'].map((text, i) => ({
  id: String(i).padStart(16, '0'),
  text,
}));

const JAVA = 'java.lang.IllegalStateException: no stock';

/** Texts of kinds that processors look for: equal ones, templates, JSON, traces, secrets, long ones, bytes, none at all. */
function textOf(content: number, v: number): string | Uint8Array {
  const texts: readonly (string | Uint8Array)[] = [
    `request ${v} done`,
    `user u${v} logged in from 10.0.0.${v}`,
    `{"level":"info","message":"paid ${v}","user":{"id":${v},"name":"Ada"},"ts":"2026-01-30T14:39:06.711Z"}`,
    `${JAVA}${v}`,
    `\tat com.example.Shop.pay(Shop.java:${v})`,
    `GET /a?token=abcdef0123456789abcdef${v} password=hunter${v} https://u:p${v}@example.org/`,
    `ts=2026-01-30T14:39:06Z level=warn msg="slow query" took=${v}ms`,
    `<34>Oct 11 22:14:15 host su: failed for ${v}`,
    `10.0.0.${v} - - [30/Jan/2026:14:39:06 +0000] "GET /${v} HTTP/1.1" 200 12 "-" "curl/8"`,
    `long ${v} ${'{x: ['.repeat(40)}${'äß'.repeat(600)}`,
    '',
    Uint8Array.of(0xff, 0xfe, 0x61, v),
    'Traceback (most recent call last):',
    `heartbeat`,
  ];
  return texts[content % texts.length] ?? '';
}

export interface Parcel {
  readonly rows: readonly RowSeed[];
  /** Span ids of the rows, by which they are known again wherever they come out. */
  readonly ids: readonly string[];
  /** Live rows before these indexes have a Delivery of their own. */
  readonly splits: readonly number[];
}

/** A batch of these rows as a receiver would give it: bodies lie in one buffer, each part has its Delivery. */
export function createBatch({ rows, ids, splits }: Parcel, now: number, listener: (part: number) => SettledListener): LogBatch {
  const batch = new LogBatch();
  const texts = rows.map(({ content, variant }) => textOf(content, variant));
  const bytes = texts.map((text) => Buffer.from(text));
  batch.reset(Buffer.concat(bytes));
  let start = 0;
  for (const [i, seed] of rows.entries()) {
    const size = (bytes[i] as Buffer).length;
    const row = batch.addRow(typeof texts[i] === 'string' ? ValueType.string : ValueType.bytes, start, size);
    fillRow(batch, row, seed, { id: ids[i] as string, now });
    start += size;
  }
  giveDeliveries(batch, splits, listener);
  for (const [row, { isDropped }] of rows.entries()) if (isDropped) batch.drop(row, UPSTREAM);
  return batch;
}

/** The reason of rows that were dropped before the processor saw them. */
export const UPSTREAM = 'upstream';

function fillRow(batch: LogBatch, row: number, seed: RowSeed, { id, now }: { readonly id: string; readonly now: number }): void {
  const { content, variant, severity, timeOffset, origin } = seed;
  if (content === 6) batch.setBody(row, { message: `nested ${variant}`, list: [variant, { password: `hunter${variant}` }] });
  batch.timeMs[row] = timeOffset === undefined ? 0 : now + timeOffset;
  batch.observedMs[row] = now;
  batch.severity[row] = severity;
  batch.resourceOf[row] = batch.addResource(RESOURCES[origin] as Origin);
  if (origin === 1) batch.scopeOf[row] = batch.addScope(SCOPE);
  if (origin === 0) batch.sharedOf[row] = batch.addShared(SHARED);
  const attributes: readonly (readonly [string, AttributeValue])[] = [
    ['n', variant],
    ['session.id', `s${variant}`],
    ['http.status_code', '200'],
    ['authorization', `Bearer abcdefgh${variant}`],
    ['nested', { a: [variant] }],
  ];
  for (const [key, value] of attributes.slice(0, (content + variant) % 6)) batch.setAttribute(row, key, value);
  batch.spanIdColumn().set(Buffer.from(id, 'hex'), row * 8);
  // As a miner upstream would have named it; some rows come without.
  if (content % 3 > 0) batch.templateOf[row] = TEMPLATES[content % TEMPLATES.length];
}

function giveDeliveries(batch: LogBatch, splits: readonly number[], listener: (part: number) => SettledListener): void {
  const { length } = batch;
  const bounds = [0, ...new Set(splits.filter((at) => at > 0 && at < length)), length].toSorted((a, b) => a - b);
  for (const [part, from] of bounds.slice(0, -1).entries()) {
    const to = bounds[part + 1] as number;
    batch.deliveries.push(new Delivery(to - from, 1 + part, listener(part)));
    batch.deliveryOf.fill(part, from, to);
  }
}

/** Rows that somebody else puts in the batch after it was given back, over bytes that say so. */
export function poison(batch: LogBatch, bytes: Buffer): void {
  for (const part of [bytes, batch.space.side]) for (let at = 0; at < part.length; at++) part[at] = POISON.charCodeAt(at % POISON.length);
  batch.reset(Buffer.from(POISON));
  for (let i = 0; i < 3; i++) {
    const row = batch.addRow(ValueType.string, 0, POISON.length);
    batch.setAttribute(row, POISON, POISON);
    batch.severity[row] = 9;
  }
}
