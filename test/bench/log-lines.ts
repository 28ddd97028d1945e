/**
 * Log files for the benchmarks: the same on every run, with a sequence number in each line so that a sink can tell what
 * is missing and what came twice.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

export const SHAPES = ['nginx', 'json', 'json-hard', 'app'] as const;
export type Shape = (typeof SHAPES)[number];

const FLUSH_BYTES = 1 << 20;
const FIRST_MS = Date.UTC(2026, 0, 30, 12);
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const PATHS = ['/api/v1/items', '/api/v1/orders', '/cart/checkout', '/static/app.4f2c.js', '/login', '/search', '/healthz'];
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0', 'curl/8.9.1', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/139.0'];
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT'];
const STATUSES = [200, 200, 200, 200, 204, 301, 304, 404, 500];
const LEVELS = ['debug', 'info', 'info', 'info', 'info', 'warn', 'error'];
const LOGGERS = ['checkout.payment', 'catalog.search', 'auth.session', 'inventory.sync'];
const ACTIONS = ['payment authorised for order', 'cache refreshed for key', 'session opened for user'];
/** What an application says, by how much it differs from one time to the next. */
const MESSAGES: readonly ((random: (n: number) => number) => string)[] = [
  (random) => `Request for order ${random(1_000_000)} took ${random(3000)} ms`,
  (random) => `Retry ${random(5)} of upload to bucket media-${random(30)} after timeout`,
  (random) => `Loaded ${random(500)} rules from /etc/shop/rules.d/${random(40)}.yaml`,
  (random) => `Connection to 10.1.${random(256)}.${random(256)}:5432 closed by peer`,
  (random) => `User ${hex(random, 8)} signed in from ${random(223) + 1}.${random(256)}.${random(256)}.${random(256)}`,
  (random) => `Cache miss for key product:${random(90_000)}:price, reading through`,
  () => 'Health check passed',
];
const HARD: readonly Record<string, unknown>[] = [
  { path: 'C:\\srv\\a "b"\né' },
  { user: { id: 17, roles: ['admin', 'ops'], geo: { lat: 52.5, lon: 13.4 } } },
  { city: 'Zürich 東京 🚀' },
];

/** A small generator of whole numbers below `n`: mulberry32, so that a file depends on its seed alone. */
export function createRandom(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * n);
  };
}

export function lineOf(shape: Shape, sequence: number, random: (n: number) => number): string {
  const seq = String(sequence).padStart(9, '0');
  const one = <Item>(list: readonly Item[]): Item => list[random(list.length)] as Item;
  const time = new Date(FIRST_MS + sequence);
  if (shape === 'nginx') {
    const iso = time.toISOString();
    const stamp = `${iso.slice(8, 10)}/${MONTHS[time.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
    const client = `${random(223) + 1}.${random(256)}.${random(256)}.${random(256)}`;
    return `${client} - - [${stamp}] "${one(METHODS)} ${one(PATHS)}/${random(100_000)}?seq=${seq} HTTP/1.1" ${one(STATUSES)} ${random(200_000)} "https://shop.example.com/catalog" "${one(AGENTS)}" 0.${String(random(1000)).padStart(3, '0')}`;
  }
  if (shape === 'app') {
    const stamp = time.toISOString().replace('T', ' ').replace('.', ',').slice(0, 23);
    const level = one(LEVELS).toUpperCase().padEnd(5);
    return `${stamp} ${level} [worker-${random(16)}] ${one(LOGGERS)} - ${one(MESSAGES)(random)} seq=${seq}`;
  }
  const record: Record<string, unknown> = {
    ts: time.toISOString(),
    level: one(LEVELS),
    logger: one(LOGGERS),
    message: `${one(ACTIONS)} ${random(100_000)} in ${random(500)} ms seq=${seq}`,
    trace_id: hex(random, 32),
    span_id: hex(random, 16),
    host: `app-${random(40)}`,
    status: one(STATUSES),
  };
  if (shape === 'json-hard') Object.assign(record, { ratio: random(9000) / 1000, cached: random(2) === 1, parent: null }, HARD[random(10)]);
  return JSON.stringify(record);
}

export function writeLogFile(path: string, shape: Shape, records: number): void {
  const random = createRandom(1);
  const file = openSync(path, 'w');
  let text = '';
  for (let sequence = 0; sequence < records; sequence++) {
    text += `${lineOf(shape, sequence, random)}\n`;
    if (text.length > FLUSH_BYTES) {
      writeSync(file, text);
      text = '';
    }
  }
  writeSync(file, text);
  closeSync(file);
}

function hex(random: (n: number) => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += random(65_536).toString(16).padStart(4, '0');
  return text;
}

export function countLines(path: string): number {
  const chunk = Buffer.allocUnsafe(FLUSH_BYTES);
  const file = openSync(path, 'r');
  let lines = 0;
  for (let got = readSync(file, chunk); got > 0; got = readSync(file, chunk)) {
    for (let at = chunk.indexOf(10); at >= 0 && at < got; at = chunk.indexOf(10, at + 1)) lines++;
  }
  closeSync(file);
  return lines;
}
