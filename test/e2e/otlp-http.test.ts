import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RefusedError, type Outcome } from '#component';
import { OtlpSink, type Fault } from '../helpers/otlp-sink.ts';
import { sequence, startExporter, type GivenConfig, type Rig } from '../helpers/otlp-exporter.ts';

/**
 * The exporter against a real backend, with each fault a backend can have. Always: nothing lost, nothing out of order,
 * nothing repeated but what was answered for and whose answer was lost.
 */
let sink: OtlpSink;
let rigs: Rig[] = [];

beforeEach(async () => {
  sink = await OtlpSink.start();
});

afterEach(async () => {
  for (const rig of rigs) await rig.stop(0);
  rigs = [];
  await sink.down();
});

async function start(given: GivenConfig = {}): Promise<Rig> {
  const rig = await startExporter({ endpoint: sink.url, ...given });
  rigs.push(rig);
  return rig;
}

/** Sends `total` records of one source in batches of `size`, and waits until all are answered for. */
async function sendAll(rig: Rig, total: number, size: number = 50): Promise<Outcome[]> {
  const outcomes: Promise<Outcome>[] = [];
  for (let from = 0; from < total; from += size) {
    const { accepted, outcome } = rig.send(sequence(from, Math.min(from + size, total)));
    outcomes.push(outcome);
    await accepted;
  }
  return Promise.all(outcomes);
}

function durableIn(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { durable }) => sum + durable, 0);
}

const whole = (records: number): object => ({ records, distinct: records, repeated: 0, outOfOrder: 0 });

describe.each(['proto', 'json'])('in %s', (encoding) => {
  test.each(['gzip', 'zstd', 'none', ''])('brings every record, in order, with compression "%s"', async (compression) => {
    const rig = await start({ encoding, compression });

    const outcomes = await sendAll(rig, 500);

    expect(durableIn(outcomes)).toBe(500);
    expect(sink.counts).toMatchObject(whole(500));
    expect(sink.bodies[499]).toBe(sequence(499, 500)[0]);
    const { headers, path } = sink.requests[0] ?? { headers: {}, path: '' };
    expect(path).toBe('/v1/logs');
    expect(headers['content-type']).toBe(encoding === 'json' ? 'application/json' : 'application/x-protobuf');
    expect(headers['content-encoding']).toBe(compression === 'none' || compression === '' ? undefined : compression);
    expect(headers['user-agent']).toMatch(/^winnow\/[0-9]/);
    expect(rig.host.metric('otelcol_exporter_sent_log_records')).toBe(500);
  });

  test('counts what a partial success rejects, and never sends it again', async () => {
    const rig = await start({ encoding });
    sink.fail({ kind: 'partial', rejected: 3, text: 'too old', times: 1 });

    const [outcome] = await sendAll(rig, 50);

    expect(outcome).toEqual({ durable: 47, dropped: new Map([['partial_success', 3]]), abandoned: 0 });
    expect(sink.counts).toMatchObject({ ...whole(47), requests: 1 });
    expect(rig.host.lines.some(({ facts }) => facts['reason'] === 'too old')).toBe(true);
  });

  test('singles out a record that is refused, and keeps the others', async () => {
    const rig = await start({ encoding });
    sink.refuses = (body) => body.startsWith('seq=23 ');

    const [outcome] = await sendAll(rig, 50);

    expect(outcome).toEqual({ durable: 49, dropped: new Map([['refused_by_backend', 1]]), abandoned: 0 });
    expect(sink.book.missing(50)).toEqual([23]);
    expect(sink.counts).toMatchObject(whole(49));
    expect(rig.host.lines.some(({ facts }) => String(facts['reason']).endsWith('it says: a record is not acceptable'))).toBe(true);
  });

  test('halves what is too large', async () => {
    const rig = await start({ encoding });
    sink.bytesMax = 2500;

    const [outcome] = await sendAll(rig, 50);

    expect(outcome).toEqual({ durable: 50, dropped: new Map(), abandoned: 0 });
    expect(sink.counts).toMatchObject(whole(50));
    expect(sink.requests.filter(({ status }) => status === 413).length).toBeGreaterThan(0);
  });
});

const passing: [string, Fault][] = [
  ['503 with Retry-After in seconds', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
  ['503 with Retry-After as a date', { kind: 'status', status: 503, headers: { 'retry-after': new Date(0).toUTCString() } }],
  ['429', { kind: 'status', status: 429 }],
  ['408', { kind: 'status', status: 408 }],
  ['500', { kind: 'status', status: 500 }],
  ['502', { kind: 'status', status: 502, text: '<html>', isPlain: true }],
  ['504', { kind: 'status', status: 504 }],
  ['connections that break', { kind: 'drop' }],
  ['401', { kind: 'status', status: 401 }],
  ['403', { kind: 'status', status: 403 }],
  ['404', { kind: 'status', status: 404 }],
  ['405', { kind: 'status', status: 405 }],
  ['407', { kind: 'status', status: 407 }],
  ['a redirect', { kind: 'status', status: 301, headers: { location: 'https://user:secret@new.example/v1/logs?key=secret' } }],
];

test.each(passing)('loses and repeats nothing over %s', async (_what, fault) => {
  const rig = await start();
  sink.fail({ ...fault, times: 5 });

  const outcomes = await sendAll(rig, 500);

  expect(durableIn(outcomes)).toBe(500);
  expect(sink.counts).toMatchObject(whole(500));
});

test('names the fault of the destination, tells no secret, and goes on when it is mended', async () => {
  const rig = await start({ headers: { authorization: 'Bearer 0123456789' } });
  sink.fail({ kind: 'status', status: 401, text: 'token 0123456789\u001b[2J is\nunknown' });

  const { accepted, outcome } = rig.send(sequence(0, 10));
  await accepted;
  await sink.until(() => sink.requests.length >= 3);
  sink.mend();

  expect(await outcome).toEqual({ durable: 10, dropped: new Map(), abandoned: 0 });
  const { status, message } = rig.host.reported.find((report) => report.status === 'permanent') ?? {};
  expect(status).toBe('permanent');
  expect(message).toBe(
    `otlp_http/test: 401 from ${sink.url}/v1/logs: it does not know us; check "headers" or "auth" for a missing or expired token; ` +
      'it says: token [secret] [2J is unknown',
  );
  expect(JSON.stringify(rig.host.lines)).not.toContain('0123456789');
  expect(sink.counts).toMatchObject(whole(10));
});

test('repeats only the requests whose answer was lost', async () => {
  const rig = await start();
  sink.fail({ kind: 'ackloss', times: 1 });

  const outcomes = await sendAll(rig, 200);

  expect(durableIn(outcomes)).toBe(200);
  expect(sink.counts).toMatchObject({ records: 250, distinct: 200, repeated: 50, outOfOrder: 0 });
});

test('takes 200 for an answer though its body cannot be read', async () => {
  const rig = await start();
  sink.fail({ kind: 'garbage', times: 1 });

  const outcomes = await sendAll(rig, 50);

  expect(durableIn(outcomes)).toBe(50);
  expect(sink.counts).toMatchObject({ ...whole(50), requests: 1 });
});

test('gives up an attempt after the timeout and makes another', async () => {
  const rig = await start({ timeout: '200ms' });
  sink.fail({ kind: 'silent', times: 1 });

  const outcomes = await sendAll(rig, 50);

  expect(durableIn(outcomes)).toBe(50);
  expect(sink.counts).toMatchObject({ ...whole(50), requests: 2 });
});

test('waits for a slow backend', async () => {
  const rig = await start();
  sink.fail({ kind: 'slow', delayMs: 50 });

  const outcomes = await sendAll(rig, 200);

  expect(durableIn(outcomes)).toBe(200);
  expect(sink.counts).toMatchObject(whole(200));
});

test('keeps everything while the backend is away, and sends it in order when it is back', async () => {
  const rig = await start();
  await sendAll(rig, 50);
  await sink.down();
  const later = Array.from({ length: 5 }, (_, i) => rig.send(sequence(50 + i * 50, 100 + i * 50)));
  for (const { accepted } of later) await accepted;
  await sink.up();

  const outcomes = await Promise.all(later.map(({ outcome }) => outcome));

  expect(durableIn(outcomes)).toBe(250);
  expect(sink.counts).toMatchObject(whole(300));
});

test('has one unanswered request of each source, and several sources at once', async () => {
  const rig = await start();
  sink.fail({ kind: 'slow', delayMs: 100 });

  const sent = [1, 2, 3].flatMap((source) => [0, 1].map((i) => rig.send([`${source}:${i}`], source)));
  await sink.until(() => sink.counts.connections === 3);
  await Promise.all(sent.map(({ outcome }) => outcome));

  expect(sink.counts.connections).toBe(3);
  for (const source of [1, 2, 3])
    expect(sink.bodies.filter((body) => body.startsWith(`${source}:`))).toEqual([`${source}:0`, `${source}:1`]);
});

test.each([{ request_bytes_max: 10_000 }, { sending_queue: { batch: { sizer: 'bytes', max_size: 10_000 } } }])(
  'cuts a large batch into requests of the size asked for: %j',
  async (asked) => {
    const rig = await start({ ...asked, compression: 'none' });

    const outcomes = await sendAll(rig, 1000, 1000);

    expect(durableIn(outcomes)).toBe(1000);
    expect(sink.counts).toMatchObject(whole(1000));
    expect(sink.requests.every(({ bytes }) => bytes <= 10_000)).toBe(true);
    expect(sink.requests.length).toBeLessThan(40);
  },
);

test('refuses a batch when the queue is full and is told not to wait', async () => {
  const rig = await start({ sending_queue: { queue_size: 1, block_on_overflow: false } });
  sink.fail({ kind: 'silent' });
  await rig.send(sequence(0, 10)).accepted;

  const refused = rig.send(sequence(10, 20));

  await expect(refused.accepted).rejects.toBeInstanceOf(RefusedError);
});

test('gives back to the source what no longer found room when a batch was half taken', async () => {
  const rig = await start({ request_bytes_max: 1024, sending_queue: { queue_size: 2, block_on_overflow: false } });
  sink.fail({ kind: 'silent' });

  const { accepted, outcome } = rig.send(sequence(0, 50));
  await accepted;
  sink.mend();
  await rig.stop(0);

  expect((await outcome).abandoned).toBe(50);
});

test('waits for each answer when there is to be no queue', async () => {
  const rig = await start({ sending_queue: { enabled: false } });
  sink.fail({ kind: 'slow', delayMs: 30 });

  const { accepted, outcome } = rig.send(sequence(0, 10));
  await accepted;

  expect(sink.counts).toMatchObject(whole(10));
  expect((await outcome).durable).toBe(10);
});

test('sends what it holds when it is shut down, and gives the rest back when the deadline has passed', async () => {
  const rig = await start();
  const first = rig.send(sequence(0, 10));
  await first.accepted;
  await rig.stop();
  expect((await first.outcome).durable).toBe(10);

  const other = await start();
  sink.fail({ kind: 'silent' });
  const second = other.send(sequence(10, 20));
  await second.accepted;
  await other.stop(50);

  expect(await second.outcome).toEqual({ durable: 0, dropped: new Map(), abandoned: 10 });
});

test('asks the authenticator before each request, and lets configured headers win', async () => {
  let token = 0;
  const authenticator = { authHeaders: () => ({ Authorization: `Bearer ${++token}`, 'X-Auth': String(token) }) };
  const rig = await startExporter(
    {
      endpoint: sink.url,
      auth: { authenticator: 'bearertokenauth' },
      headers: [
        { name: 'x-auth', value: 'mine' },
        { name: 'User-Agent', value: 'me' },
      ],
    },
    { extensions: { bearertokenauth: authenticator } },
  );
  rigs.push(rig);

  await sendAll(rig, 20, 10);

  const headers = sink.requests.map((request) => request.headers);
  expect(headers.map(({ authorization }) => authorization)).toEqual(['Bearer 1', 'Bearer 2']);
  expect(headers[0]).toMatchObject({ 'x-auth': 'mine', 'user-agent': 'me' });
});

test('sends user and password of the endpoint as basic authentication, and shows neither', async () => {
  const rig = await start({ endpoint: '', logs_endpoint: sink.url.replace('//', '//user:p%40ss@') + '/custom?x=1' });
  sink.fail({ kind: 'status', status: 404, times: 1 });

  await sendAll(rig, 10);

  expect(sink.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  expect(sink.requests[0]?.path).toBe('/custom?x=1');
  expect(JSON.stringify([rig.host.lines, rig.host.reported])).not.toContain('p%40ss');
});
