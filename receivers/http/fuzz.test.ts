import { gzipSync } from 'node:zlib';
import { request as httpRequest, Agent } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { start, stopAll } from '../../test/helpers/http-receiver-rig.ts';

afterEach(stopAll);

const line = '{"message":"a\\u00e9","ts":1769774400123,"level":"warn","n":[1,{"x":null}],"id":"7"}';
const lokiText = '{"streams":[{"stream":{"app":"x","level":"info"},"values":[["1769774400000000000","l\\n",{"m":"1"}],["1","b"]]}]}';
// A PushRequest of one stream {app="x"} with a line "ab" at second 1, as one literal of Snappy.
const lokiBytes = Buffer.from('17580a150a097b6170703d2278227d12080a02080112026162', 'hex');

/** Good requests; what the fuzzer sends are these with bytes changed. */
const SEEDS = [
  { path: '/logs', type: 'application/json', body: Buffer.from(`[${line},${line}]`) },
  { path: '/logs', type: 'application/x-ndjson', body: Buffer.from(`${line}\n${line}\n`) },
  { path: '/logs', type: '', body: gzipSync(`${line}\n`), encoding: 'gzip' },
  { path: '/logs', type: 'text/plain', body: Buffer.from('one\ntwo\r\n\nthree') },
  {
    path: '/i/_bulk',
    type: 'application/x-ndjson',
    body: Buffer.from(`{"create":{"_index":"a","_id":"1"}}\n${line}\n{"index":{}}\n${line}\n`),
  },
  { path: '/i/_doc/1', type: 'application/json', body: Buffer.from(line) },
  { path: '/loki/api/v1/push', type: 'application/json', body: Buffer.from(lokiText) },
  { path: '/loki/api/v1/push', type: 'application/x-protobuf', body: lokiBytes },
  { path: '/services/collector', type: '', body: Buffer.from(`{"time":"1.5","host":"h","event":${line},"fields":{"a":[1]}}{"event":"x"}`) },
  { path: '/services/collector/raw?host=a', type: '', body: Buffer.from('one\ntwo') },
  { path: '/services/collector/ack?channel=1', type: '', body: Buffer.from('{"acks":[1,2]}') },
] as const;

const STATUSES = new Set([200, 201, 204, 400, 413, 415, 429, 503]);
/** Of each of the seeds. Acceptance takes 10,000. */
const RUNS = Number(process.env['WINNOW_FUZZ_RUNS'] ?? 150);
const HEAP_BYTES_MAX = 32 * 1024 * 1024;

const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), byte: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), byte: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('punctuate' as const), at: fc.nat(), byte: fc.constantFrom(...Buffer.from('{}[]",:\\\n0-nt')) }),
);

function changed(seed: Buffer, changes: readonly (typeof change extends fc.Arbitrary<infer Change> ? Change : never)[]): Buffer {
  let body = Buffer.from(seed);
  for (const { kind, at: anywhere, byte } of changes) {
    const at = body.length === 0 ? 0 : anywhere % body.length;
    if (kind === 'cut') body = Buffer.concat([body.subarray(0, at), body.subarray(at + byte)]);
    else if (kind === 'repeat') body = Buffer.concat([body.subarray(0, at + byte), body.subarray(at)]);
    else if (body.length > 0) body[at] = byte;
  }
  return body;
}

// Goal: whatever is sent, the answer is one that is specified, nothing breaks, and every record that the pipeline has taken
// was settled before it was confirmed. Method: good requests of every kind with bytes changed, against a pipeline that
// refuses one batch in five.
test('whatever is sent is answered as specified, and the books balance', { timeout: 60_000 + RUNS * 200 }, async () => {
  const rig = await start({ max_batch_records: 2, max_decompressed_body_size: 20_000 });
  const agent = new Agent({ keepAlive: true });
  let offered = 0;
  let refused = 0;
  let isFuzzing = false;
  const consume = rig.sink.consume.bind(rig.sink);
  rig.sink.consume = async (batch) => {
    if (!isFuzzing) return consume(batch);
    offered += batch.liveRows;
    if (rig.sink.batches % 5 === 4 && refused <= offered / 5) {
      refused += batch.liveRows;
      throw new RefusedError('the test says no', { retryAfterMs: 1 });
    }
    await consume(batch);
  };
  const send = (path: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port: rig.receiver.port, host: '127.0.0.1', path, method: 'POST', headers, agent };
      const outgoing = httpRequest(options, (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)));
      outgoing.on('error', reject).end(body);
    });

  for (const { path, type, body, ...rest } of SEEDS) {
    const unchanged = await send(path, { 'content-type': type, ...('encoding' in rest && { 'content-encoding': rest.encoding }) }, body);
    expect([path, type, unchanged]).toEqual([path, type, path.startsWith('/loki') ? 204 : path.includes('/_doc') ? 201 : 200]);
  }

  isFuzzing = true;
  rig.sink.records.length = 0;
  let taken = 0;
  const collectGarbage = exposeGarbageCollector();
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  for (const seed of SEEDS) {
    const headers = {
      ...(seed.type !== '' && { 'content-type': seed.type }),
      ...('encoding' in seed && { 'content-encoding': seed.encoding }),
    };
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 0, maxLength: 4 }), async (changes) => {
        const waiting = setInterval(() => void rig.clock.advance(1), 1);
        const status = await send(seed.path, headers, changed(seed.body, changes)).finally(() => clearInterval(waiting));

        expect(STATUSES).toContain(status);
      }),
      { numRuns: RUNS },
    );
    taken += rig.sink.records.length;
    rig.sink.records.length = 0;
  }

  agent.destroy();
  expect(rig.host.fatals).toEqual([]);
  expect(rig.host.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(taken).toBe(offered - refused);
  expect(taken).toBeGreaterThan((RUNS * SEEDS.length) / 2);
  expect(rig.host.metric('winnow_receiver_pending_bytes')).toBe(0);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(HEAP_BYTES_MAX);
});

function exposeGarbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
